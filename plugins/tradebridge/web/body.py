"""A request's body, within limits that a stranger cannot exceed: size, time, coding, memory.

FastAPI reads a body before it asks who sent it, and of a webhook nobody has proved anything yet either.
So every limit is met as early as it can be: what a header announces is refused before the first byte,
and what no header announces as soon as it is too much. A refused sender is cut off (``Connection:
close``), or its remaining bytes would have to be read.

Headers are the server's to limit, and a sender that dribbles headers is the proxy's to cut.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request, status
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 1_048_576
"""Bytes. Zoho's default payload of a 100-line order is about 150 kB."""
MAX_BODIES = 64 * MAX_BODY
"""Bytes of all webhooks' bodies that this process holds at once."""
SECONDS = 10.0
"""For the whole body. A sender that takes longer sends it again; one that means harm is cut."""
RETRY_AFTER = 5

MEDIA_TYPES = ("", "application/json", "application/x-www-form-urlencoded", "text/plain", "text/json")
"""What webhooks come as. Senders mislabel JSON, so the label only tells what need not be tried."""

REFUSALS: dict[int | str, dict[str, str]] = {
    400: {"description": "signed, but no record can be made out of it (kept in the exceptions table)"},
    401: {"description": "signature missing or wrong"},
    404: {"description": "no such system or event"},
    408: {"description": f"the body did not come within {SECONDS:.0f} seconds"},
    413: {"description": f"body larger than {MAX_BODY} bytes"},
    415: {"description": "a coded (compressed) body, or one of another media type"},
    503: {"description": "not kept; Retry-After says when to come back"},
}


class BodyLimits:
    """ASGI middleware: no body of any route is longer than ``MAX_BODY`` or slower than ``SECONDS``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what is announced as too long; count and time the rest while it is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or len(length) > 12 or int(length) > MAX_BODY:
            error = _too_long()
            answer = JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)
            await answer(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)


def _limited(receive: Receive) -> Receive:
    """``receive``, until the body has ended; afterwards it only waits for the sender to go."""
    read, more = 0, True
    deadline = asyncio.get_running_loop().time() + SECONDS

    async def limited() -> Message:
        nonlocal read, more
        if not more:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise refusal(status.HTTP_408_REQUEST_TIMEOUT, "the body came too slowly") from None
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
        if read > MAX_BODY:
            raise _too_long()
        return message

    return limited


class Memory:
    """Bytes of webhooks' bodies that are held now."""

    def __init__(self) -> None:
        self.held = 0

    def take(self, size: int) -> None:
        """Count bytes in.

        Raises:
            HTTPException: 503, all requests together hold too many.
        """
        if self.held + size > MAX_BODIES:
            raise refusal(status.HTTP_503_SERVICE_UNAVAILABLE, "try again", {"Retry-After": str(RETRY_AFTER)})
        self.held += size

    def give_back(self, size: int) -> None:
        """Count bytes out."""
        self.held -= size


memory = Memory()


async def raw_body(request: Request) -> AsyncIterator[bytes]:
    """A webhook's body as it came, held until the answer is given.

    Raises:
        HTTPException: 400 the sender hung up, 415 coded or of another type, 503 too many at once;
            408 and 413 by :class:`BodyLimits`.
    """
    _refuse_by_headers(request)
    body = bytearray()
    try:
        async for part in request.stream():
            memory.take(len(part))
            body += part
        yield bytes(body)
    except ClientDisconnect:
        raise refusal(status.HTTP_400_BAD_REQUEST, "the body was cut off") from None
    finally:
        memory.give_back(len(body))


def _refuse_by_headers(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise refusal(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "send it uncompressed", {"Accept-Encoding": "identity"}
        )
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in MEDIA_TYPES and not (media.startswith("application/") and media.endswith("+json")):
        raise refusal(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "send JSON", {"Accept": ", ".join(MEDIA_TYPES[1:3])}
        )


def _too_long() -> HTTPException:
    return refusal(status.HTTP_413_CONTENT_TOO_LARGE, f"body larger than {MAX_BODY} bytes")


def refusal(code: int, detail: str, headers: dict[str, str] | None = None) -> HTTPException:
    """A refusal that ends the connection: its body need not be read to the end."""
    return HTTPException(code, detail, headers={"Connection": "close", **(headers or {})})
