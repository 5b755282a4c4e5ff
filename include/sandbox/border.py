"""The border between the network and one sandbox system: faults strike here, and every crossing is noted.

Answers are captured whole before they leave, so a fault can let a request take effect and then lose
the answer, cut it short or garble it, which is what makes a write's outcome unknown.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from include.sandbox.faults import Kind, Rule
from include.sandbox.requestlog import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from include.sandbox.control import Control

HTML_PAGE = (
    b"<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1></center>\r\n"
    b"<hr><center>ZGS</center>\r\n</body>\r\n</html>\r\n"
)
CUTS = frozenset({Kind.CLOSE_BEFORE, Kind.CLOSE_AFTER, Kind.HANG_AFTER})


class CutOffError(ConnectionError):
    """The connection was to be cut, and the server under us offers no way but to fail."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer on its way out."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def json_answer(status: int, payload: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer with a compact JSON body."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    named = {"content-type": "application/json;charset=UTF-8", **(headers or {})}
    return Answer(status, tuple((k.lower().encode(), v.encode()) for k, v in named.items()), body)


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


class Border:
    """Wraps one system's ASGI application."""

    def __init__(self, system: str, inner: ASGIApp, control: Control) -> None:
        self._system = system
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
            return _ordered(fault)
        if fault.kind is Kind.HTML:
            page = HTML_PAGE % (fault.status, fault.status)
            return Answer(fault.status, ((b"content-type", b"text/html"),), page)
        if fault.kind is Kind.CLOSE_BEFORE:
            return Answer(NO_ANSWER, (), b"")
        if fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.seconds)
        answer = await capture(self._inner, scope, receive)
        if fault.kind in {Kind.DELAY_AFTER, Kind.HANG_AFTER}:
            await asyncio.sleep(fault.seconds)
        if fault.kind is Kind.MALFORMED:
            return replace(answer, body=answer.body[: len(answer.body) * 2 // 3] + b'"]')
        return answer

    async def _send(self, answer: Answer, fault: Rule | None, send: Send) -> None:
        if fault and fault.kind in CUTS:
            await hang_up(send)
        elif fault and fault.kind is Kind.TRUNCATE:
            await deliver(answer, send, keep_back=max(1, len(answer.body) // 2))
            await hang_up(send)
        else:
            await deliver(answer, send)


def _ordered(fault: Rule) -> Answer:
    body = {"code": 1000, "message": "Internal error"} if fault.body is None else fault.body
    if isinstance(body, str):
        headers = {"content-type": "text/plain", **fault.headers}
        return Answer(
            fault.status, tuple((k.lower().encode(), v.encode()) for k, v in headers.items()), body.encode()
        )
    return json_answer(fault.status, body, fault.headers)
