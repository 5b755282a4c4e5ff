"""Salesforce's front: what stands between the wire and a handler."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.sandbox.border import Answer, Manner, deliver
from include.sandbox.faults import Kind
from include.sandbox.salesforce.dispatch import Dispatcher, refusal
from include.sandbox.salesforce.errors import ApiError
from include.sandbox.salesforce.exchange import JSON, Caller, Reply
from include.sandbox.salesforce.limits import exceeded
from include.sandbox.salesforce.store import dumps

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from include.sandbox.faults import Rule
    from include.sandbox.salesforce.world import World

ROOTS = ("/services/", "/id/")
"""Where Salesforce's paths begin."""
ASYNC = "/services/async/"
"""Bulk API 1.0: another header for the session, other errors."""
BODY_LIMIT = 160 * 1024 * 1024
HEAD_LIMIT = 16_384
"""Bytes of address and headers together."""
NOBODY = Caller("")
CALL_OPTIONS = re.compile(r"client\s*=\s*([^,;]+)")
ASYNC_CODES = {
    "INVALID_SESSION_ID": (400, "InvalidSessionId", "Invalid session id"),
    "REQUEST_LIMIT_EXCEEDED": (400, "ExceededQuota", "TotalRequests Limit exceeded."),
}
OWN_FAILURES = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    500: (
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)",
    ),
    503: ("SERVER_UNAVAILABLE", "Server too busy"),
}


def own_failure(status: int) -> Answer:
    """The server's answer to its own failure."""
    code, message = OWN_FAILURES.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    return _answer(Reply([{"message": message, "errorCode": code}], status))


MANNER = Manner("sfdcedge", own_failure)


class Server:
    """The ASGI application of one org."""

    def __init__(self, world: World, dispatcher: Dispatcher) -> None:
        self._world = world
        self._dispatcher = dispatcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raw = await _body(receive)
        await deliver(_answer(self._reply(scope, raw)), send)

    def _reply(self, scope: Scope, raw: bytes) -> Reply:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        # ASGI's path is decoded already, and a slash within an external id would be one between two segments.
        path = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        headers["x-forwarded-proto"] = scope["scheme"]
        fault: Rule | None = scope.get("sandbox.fault")
        too_large = _too_large(
            len(path) + len(query), sum(len(k) + len(v) for k, v in headers.items()), len(raw)
        )
        if too_large:
            return refusal(too_large)
        try:
            method = _method(scope["method"], query)
            route, _ = self._dispatcher.find(method, path)
            url = f"{path}?{query}" if query else path
            if route.open:
                return self._dispatcher.call(method, url, NOBODY, raw=raw, headers=headers)
            caller = self._enter(path, headers, fault)
        except ApiError as exc:
            return self._refused(path, exc)
        reply = self._dispatcher.call(method, url, caller, raw=raw, headers=headers)
        if fault is not None:
            reply = _struck(reply, fault.kind)
        return replace(reply, headers={**reply.headers, **self._world.limits.headers()})

    def _enter(self, path: str, headers: dict[str, str], fault: Rule | None) -> Caller:
        bearer = headers.get("authorization", "").partition(" ")
        is_async = path.startswith(ASYNC)
        session = headers.get("x-sfdc-session", "") if is_async else bearer[2].strip()
        accounts, limits = self._world.accounts, self._world.limits
        if fault and fault.kind in {Kind.EXPIRED_TOKEN, Kind.REVOKED_TOKEN}:
            (accounts.expire if fault.kind is Kind.EXPIRED_TOKEN else accounts.revoke)(session)
        caller = accounts.caller(session)
        if fault and fault.kind is Kind.LIMIT:
            raise exceeded()
        limits.enter()
        named = CALL_OPTIONS.search(headers.get("sforce-call-options", ""))
        return replace(caller, client=named[1].strip() if named else "")

    def _refused(self, path: str, exc: ApiError) -> Reply:
        if path.startswith(ASYNC):
            status, code, message = ASYNC_CODES.get(exc.code, (exc.http, exc.code, exc.message))
            return Reply({"exceptionCode": code, "exceptionMessage": message}, status)
        reply = refusal(exc)
        limits = self._world.limits.headers() if exc.http == 403 else {}
        return replace(reply, headers={**reply.headers, **limits})


def _too_large(address: int, headers: int, body: int) -> ApiError | None:
    if address > HEAD_LIMIT:
        return ApiError(414, "URI_TOO_LONG", "The URI is longer than the server takes.")
    if address + headers > HEAD_LIMIT:
        return ApiError(
            431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "The headers are longer than the server takes."
        )
    if body > BODY_LIMIT:
        return ApiError(413, "REQUEST_TOO_LARGE", "The request is larger than the server takes.")
    return None


def _method(method: str, query: str) -> str:
    """Clients that cannot PATCH say so in the query string."""
    found = re.search(r"(?:^|&)_HttpMethod=(\w+)", query)
    return found[1].upper() if found and method == "POST" else method


def _struck(reply: Reply, kind: Kind) -> Reply:
    """A page that repeats its first row at the end, or has lost it."""
    page: Any = reply.payload
    if kind not in {Kind.REPEAT_ROW, Kind.HIDE_ROW} or not isinstance(page, dict) or "records" not in page:
        return reply
    rows = page["records"]
    rows = [*rows, *rows[:1]] if kind is Kind.REPEAT_ROW else rows[1:]
    return replace(reply, payload={**page, "records": rows})


def _answer(reply: Reply) -> Answer:
    body = reply.raw
    if body is None:
        body = b"" if reply.status == 204 else dumps(reply.payload).encode()
    headers = {"content-type": JSON, **{name.lower(): value for name, value in reply.headers.items()}}
    if reply.status == 204:
        del headers["content-type"]
    return Answer(reply.status, tuple((k.encode(), v.encode()) for k, v in headers.items()), body)


async def _body(receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if not message.get("more_body") or size > BODY_LIMIT:
            return b"".join(chunks)
