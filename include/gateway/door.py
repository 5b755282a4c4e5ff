"""Who may come in and how much they may carry, before anything is parsed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from include.gateway.problems import problem

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pydantic import SecretStr
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Door:
    """ASGI middleware: a bearer token on all but the open paths, and a cap on the body.

    All tokens are compared, each in constant time and by digest, so that neither the length nor the
    place of a token can be measured.
    """

    def __init__(
        self, app: ASGIApp, *, tokens: Sequence[SecretStr], open_paths: Collection[str], max_body_bytes: int
    ) -> None:
        self._app = app
        self._digests = [_digest(token.get_secret_value().encode()) for token in tokens]
        self._open = {("GET", path) for path in open_paths}
        self._cap = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or answer 401 or 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if (scope["method"], scope["path"]) not in self._open and not self._known(headers):
            await _refuse(send, 401, "send Authorization: Bearer <token>", [(b"www-authenticate", b"Bearer")])
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 12 or int(length) > self._cap:
            await _refuse(send, 413, f"a body may have {self._cap} bytes", [])
            return
        await self._with_cap(scope, receive, send)

    def _known(self, headers: dict[bytes, bytes]) -> bool:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        given = _digest(token.strip())
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        return scheme.lower() == b"bearer" and any(matches)

    async def _with_cap(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes: a chunked body announces no length."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._cap:
                await _refuse(send, 413, f"a body may have {self._cap} bytes", [])
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


async def _refuse(send: Send, status: int, detail: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = json.dumps(problem(status, detail)).encode()
    headers = [
        *headers,
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
