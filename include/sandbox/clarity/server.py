"""Clarity's front: what stands between the wire and a handler.

A handler runs in one transaction on the event loop's thread, so its effect, its log lines, its events and its
kept answer are there together or not at all.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from include.sandbox.border import Answer, deliver
from include.sandbox.clarity.dialects import MEDIA_TYPE, V1, Dialect, dialect_of
from include.sandbox.clarity.exchange import BODY_LIMIT, Call, Page, Reply, Request, Route
from include.sandbox.clarity.idempotency import Keys
from include.sandbox.clarity.oauth import NOBODY
from include.sandbox.clarity.problem import Problem, problem_answer
from include.sandbox.clarity.store import By
from include.sandbox.clarity.wire import dumps
from include.sandbox.faults import Kind

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from include.sandbox.clarity.oauth import Accounts
    from include.sandbox.clarity.world import World

PREFIX = "/clarity"
"""The tenant's address below the sandbox's: Zoho's second root is ``/api/v1`` too."""
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
WRITES = frozenset({"POST", "PUT", "PATCH"})
FORM = "application/x-www-form-urlencoded"


class Server:
    """The ASGI application of one tenant."""

    def __init__(self, world: World, routes: list[Route]) -> None:
        self._world = world
        self._routes = routes
        self._keys = Keys(world.control.database, world.control.clock, world.switches)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = await _received(scope, receive)
        trace = request.headers.get("x-request-id") or str(uuid.uuid4())
        try:
            answer = await self._answer(request, trace)
        except Problem as problem:
            answer = problem_answer(problem)
        headers = (*answer.headers, (b"x-request-id", trace.encode("latin-1", "replace")))
        await deliver(Answer(answer.status, headers, answer.body), send)

    async def _answer(self, request: Request, trace: str) -> Answer:
        if len(request.raw) > BODY_LIMIT:
            raise Problem(413, "payload_too_large", "The body is larger than 2 MB.")
        if request.path == TOKEN_PATH:
            return token(request, self._world.accounts)
        dialect = dialect_of(request.path, self._world.switches.present)
        if dialect is None:
            raise Problem(404, "path_not_found", "No such path.")
        if request.method == "POST":
            entered = dialect.log_in(request, self._world)
            if entered is not None:
                return entered
        method, segments = dialect.segments(request)
        route, ids = self._route(method, segments)
        if not route.scope:
            return self._handled(dialect, route, Call(ids, request.query, {}, {}, NOBODY, By("anonymous")))
        return await self._guarded(dialect, route, ids, request, trace)

    def _route(self, method: str, segments: list[str]) -> tuple[Route, dict[str, str]]:
        allowed = []
        for route in self._routes:
            ids = route.match(segments)
            if ids is not None and route.method == method:
                return route, ids
            if ids is not None:
                allowed.append(route.method)
        if allowed:
            headers = {"Allow": ", ".join(sorted(set(allowed)))}
            raise Problem(405, "method_not_allowed", f"{method} is not allowed here.", headers=headers)
        raise Problem(404, "path_not_found", "No such path.")

    async def _guarded(
        self, dialect: Dialect, route: Route, ids: dict[str, str], request: Request, trace: str
    ) -> Answer:
        self._strike_token(dialect, request)
        caller = dialect.caller(request, self._world)
        if route.scope not in caller.scopes:
            raise Problem(403, "insufficient_scope", f"Scope {route.scope} is required.")
        limits = self._world.limits
        limits.enter(caller.client)
        try:
            if request.fault and request.fault.kind is Kind.LIMIT:
                raise limits.refusal(caller.client, 17, request.fault.retry_after)
            limits.count(caller.client)
            key = request.headers.get("idempotency-key", "") if dialect.conditional else ""
            call = Call(
                ids=ids,
                query=self._query(dialect, route, request),
                body=self._body(dialect, request),
                headers=request.headers if dialect.conditional else {},
                caller=caller,
                by=By(caller.actor, trace, key),
                strict=self._world.switches.present.strict,
                free_filters=dialect.free_filters,
            )
            answer = await self._once(dialect, route, call, request)
        finally:
            limits.leave(caller.client)
        extra = tuple((k.lower().encode(), v.encode()) for k, v in limits.headers(caller.client).items())
        return Answer(answer.status, (*answer.headers, *extra), answer.body)

    def _strike_token(self, dialect: Dialect, request: Request) -> None:
        fault = request.fault
        if fault and fault.kind in {Kind.EXPIRED_TOKEN, Kind.REVOKED_TOKEN}:
            token = request.headers.get("authorization", "").rpartition(" ")[2]
            kill = (
                self._world.accounts.expire
                if fault.kind is Kind.EXPIRED_TOKEN
                else self._world.accounts.revoke
            )
            kill(token)
            dialect.caller(request, self._world)

    def _query(self, dialect: Dialect, route: Route, request: Request) -> list[tuple[str, str]]:
        present = self._world.switches.present
        pairs = dialect.query(request.query, present) if route.listing else request.query
        if dialect is V1 and present.strict:
            for name, _ in pairs:
                if name not in route.params and not (route.listing and route.listing.knows(name)):
                    raise Problem(400, "unknown_parameter", f"Unknown parameter '{name}'.")
        elif dialect is V1 and route.listing:
            pairs = [pair for pair in pairs if route.listing.knows(pair[0])]
        return pairs

    def _body(self, dialect: Dialect, request: Request) -> object:
        if request.method not in WRITES:
            return {}
        strict = self._world.switches.present.strict
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if strict and request.raw and not (media == "application/json" or media.endswith("+json")):
            raise Problem(415, "unsupported_media_type", "The body must be application/json.")
        return dialect.body(request.raw, strict=strict)

    async def _once(self, dialect: Dialect, route: Route, call: Call, request: Request) -> Answer:
        claim = self._keys.claim(call.caller.client, request) if dialect.conditional else None
        try:
            if self._world.switches.present.latency_seconds:
                await asyncio.sleep(self._world.switches.present.latency_seconds)
            with self._world.control.database.transaction():
                kept = self._keys.stored(claim) if claim else None
                if kept is not None:
                    status, headers, body = kept
                    replayed = {**headers, "idempotent-replayed": "true"}
                    return Answer(status, tuple((k.encode(), v.encode()) for k, v in replayed.items()), body)
                answer = self._handled(dialect, route, call, request)
                if claim and answer.status < 300:
                    self._keys.keep(claim, answer)
                return answer
        finally:
            self._keys.release(claim)

    def _handled(self, dialect: Dialect, route: Route, call: Call, request: Request | None = None) -> Answer:
        reply = route.handler(call)
        if request and request.fault and reply.page:
            reply = Reply(page=_struck(reply.page, request.fault.kind), headers=reply.headers)
        headers = {"content-type": MEDIA_TYPE, **reply.headers}
        if not dialect.conditional:
            headers.pop("ETag", None)
        body = b"" if reply.status == 204 else dialect.render(reply, self._world.switches.present).encode()
        return Answer(reply.status, tuple((k.lower().encode(), v.encode()) for k, v in headers.items()), body)


def _struck(page: Page, kind: Kind) -> Page:
    """A page that repeats its first row at the end, or has lost it."""
    if kind is Kind.REPEAT_ROW:
        return Page([*page.rows, *page.rows[:1]], page.meta)
    if kind is Kind.HIDE_ROW:
        return Page(page.rows[1:], page.meta)
    return page


async def _received(scope: Scope, receive: Receive) -> Request:
    chunks, size = [], 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if not message.get("more_body") or size > BODY_LIMIT:
            break
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    path = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    return Request(
        method=scope["method"],
        path=path.removeprefix(PREFIX),
        query=parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers},
        raw=b"".join(chunks),
        fault=scope.get("sandbox.fault"),
    )


def token(request: Request, accounts: Accounts) -> Answer:
    """The token endpoint, RFC 6749."""
    media = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method != "POST":
        raise Problem(405, "method_not_allowed", "Use POST.", headers={"Allow": "POST"})
    if media == FORM:
        asked = dict(parse_qsl(request.raw.decode("latin-1")))
        status, body, headers = accounts.token(request.headers.get("authorization", ""), asked)
    else:
        status, body, headers = 400, {"error": "invalid_request", "error_description": f"Use {FORM}."}, {}
    named = {"content-type": "application/json; charset=utf-8", **headers}
    return Answer(
        status, tuple((k.lower().encode(), v.encode()) for k, v in named.items()), dumps(body).encode()
    )
