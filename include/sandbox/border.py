"""The border between the network and one sandbox system: faults strike here, and every crossing is noted.

Answers are captured whole before they leave, so a fault can let a request take effect and then lose
the answer, cut it short or garble it, which is what makes a write's outcome unknown.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from include.sandbox.faults import Kind, Rule
from include.sandbox.requestlog import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from include.sandbox.control import Control

HTML_PAGE = (
    b"<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1></center>\r\n"
    b"<hr><center>%b</center>\r\n</body>\r\n</html>\r\n"
)
CHUNKS = 8
"""Pieces in which a slow body comes."""
CUTS = frozenset({Kind.CLOSE_BEFORE, Kind.CLOSE_AFTER, Kind.HANG_AFTER})


class CutOffError(ConnectionError):
    """The connection was to be cut, and the server under us offers no way but to fail."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer on its way out."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Manner:
    """How one vendor's front looks when it fails before its application does."""

    server: str
    """What stands at the foot of its HTML pages."""
    error: Callable[[int], Answer]
    """The answer it gives for an HTTP status when a fault names no body."""


def json_answer(status: int, payload: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer with a compact JSON body."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    named = {"content-type": "application/json;charset=UTF-8", **(headers or {})}
    return Answer(status, tuple((k.lower().encode(), v.encode()) for k, v in named.items()), body)


def zoho_error(status: int) -> Answer:
    """Zoho's answer to its own failures."""
    return json_answer(status, {"code": 1000, "message": "Internal error"})


ZOHO = Manner("ZGS", zoho_error)


async def capture(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """Let an application handle a request and keep its answer instead of sending it."""
    start: MutableMapping[str, Any] = {}
    chunks: list[bytes] = []

    async def keep(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, keep)
    return Answer(start["status"], tuple((bytes(k), bytes(v)) for k, v in start["headers"]), b"".join(chunks))


async def hang_up(send: Send) -> None:
    """Cut the connection without another byte. ASGI has no word for it, uvicorn's transport has."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise CutOffError("the sandbox cuts this connection on purpose")
    transport.abort()
    await asyncio.sleep(0.01)


async def deliver(answer: Answer, send: Send, *, keep_back: int = 0) -> None:
    """Send an answer, or all of it but the last ``keep_back`` bytes."""
    headers = [pair for pair in answer.headers if pair[0] != b"content-length"]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = answer.body[: len(answer.body) - keep_back]
    await send({"type": "http.response.body", "body": body, "more_body": keep_back > 0})


async def trickle(answer: Answer, send: Send, seconds: float) -> None:
    """Send the head at once and the body in pieces, spread over so many seconds."""
    headers = [pair for pair in answer.headers if pair[0] != b"content-length"]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    size = len(answer.body) // CHUNKS + 1
    for start in range(0, size * CHUNKS, size):
        await asyncio.sleep(seconds / CHUNKS)
        piece = answer.body[start : start + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _doubled(body: bytes) -> bytes:
    """The first key once more, with null: most parsers keep the last."""
    key = body[1:].partition(b":")[0]
    return body.rstrip()[:-1] + b"," + key + b":null}"


GARBLED: dict[Kind, Callable[[bytes], bytes]] = {
    Kind.MALFORMED: lambda body: body[: len(body) * 2 // 3] + b'"]',
    Kind.BOM: lambda body: codecs.BOM_UTF8 + body,
    Kind.WRONG_CHARSET: lambda body: body.decode().encode("cp1252", "replace"),
    Kind.DUPLICATE_KEYS: _doubled,
}
"""What a fault makes of a whole body; the headers still promise what was there before."""


class Border:
    """Wraps one system's ASGI application."""

    def __init__(self, system: str, inner: ASGIApp, control: Control, manner: Manner = ZOHO) -> None:
        self._system = system
        self._manner = manner
        self._inner = inner
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP request under whatever fault stands for it."""
        started = time.perf_counter()
        seen = (scope["method"], scope["path"], scope.get("query_string", b"").decode("latin-1"))
        fault = self._control.faults.strike(self._system, seen[0], seen[1])
        scope["sandbox.fault"] = fault
        status = NO_ANSWER
        try:
            answer = await self._answer(scope, receive, fault)
            status = NO_ANSWER if fault and fault.kind in CUTS else answer.status
        finally:
            ms = (time.perf_counter() - started) * 1000
            outcome = (status, ms, fault.kind.value if fault else "")
            self._control.requests.note(self._control.clock.now(), self._system, seen, outcome)
        await self._send(answer, fault, send)

    async def _answer(self, scope: Scope, receive: Receive, fault: Rule | None) -> Answer:
        if fault is None:
            return await capture(self._inner, scope, receive)
        if fault.kind is Kind.STATUS:
            return _ordered(fault, self._manner)
        if fault.kind is Kind.HTML:
            page = HTML_PAGE % (fault.status, fault.status, self._manner.server.encode())
            return Answer(fault.status, ((b"content-type", b"text/html"),), page)
        if fault.kind is Kind.CLOSE_BEFORE:
            return Answer(NO_ANSWER, (), b"")
        if fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.seconds)
        answer = await capture(self._inner, scope, receive)
        if fault.kind in {Kind.DELAY_AFTER, Kind.HANG_AFTER}:
            await asyncio.sleep(fault.seconds)
        if fault.kind in GARBLED:
            return replace(answer, body=GARBLED[fault.kind](answer.body))
        return _ordered(fault, self._manner) if fault.kind is Kind.STATUS_AFTER else answer

    async def _send(self, answer: Answer, fault: Rule | None, send: Send) -> None:
        if fault and fault.kind in CUTS:
            await hang_up(send)
        elif fault and fault.kind is Kind.TRUNCATE:
            await deliver(answer, send, keep_back=max(1, len(answer.body) // 2))
            await hang_up(send)
        elif fault and fault.kind is Kind.SLOW_BODY:
            await trickle(answer, send, fault.seconds)
        else:
            await deliver(answer, send)


def _ordered(fault: Rule, manner: Manner) -> Answer:
    if fault.body is None:
        answer = manner.error(fault.status)
        extra = tuple((k.lower().encode(), v.encode()) for k, v in fault.headers.items())
        return replace(answer, headers=(*answer.headers, *extra))
    if isinstance(fault.body, str):
        headers = {"content-type": "text/plain", **fault.headers}
        named = tuple((k.lower().encode(), v.encode()) for k, v in headers.items())
        return Answer(fault.status, named, fault.body.encode())
    return json_answer(fault.status, fault.body, fault.headers)
