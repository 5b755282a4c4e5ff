"""What stands before every Zoho call: token, scope, organisation, limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from include.sandbox.border import Answer, capture, deliver, json_answer
from include.sandbox.faults import Kind, Rule
from include.sandbox.zoho.envelope import HEADERS, Refusal, invalid_value
from include.sandbox.zoho.oauth import FULL_ACCESS
from include.sandbox.zoho.wire import ORGANIZATION_ID

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from include.sandbox.zoho.world import World

PREFIXES = ("/inventory/v1", "/api/v1")
SCHEMES = ("zoho-oauthtoken ", "bearer ")
VERBS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "DELETE": "DELETE"}
MODULES = {
    "items": "items",
    "item": "items",
    "itemdetails": "items",
    "contacts": "contacts",
    "customers": "contacts",
    "vendors": "contacts",
    "salesorders": "salesorders",
    "salesreturns": "salesreturns",
    "packages": "packages",
    "shipmentorders": "shipmentorders",
    "inventoryadjustments": "inventoryadjustments",
    "bills": "bills",
}
"""First path segment to scope module; everything else is ``settings``."""


def not_authorised() -> Refusal:
    """Bad token, expired token, missing scope: one answer for all."""
    return Refusal(401, 57, "You are not authorized to perform this operation")


class Gate:
    """Lets a call through to the application, or answers itself."""

    def __init__(self, inner: ASGIApp, world: World) -> None:
        self._inner = inner
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["path"] = scope["path"].rstrip("/") or "/"
        if scope["path"].startswith(PREFIXES):
            answer = await self._guarded(scope, receive)
        else:
            answer = await capture(self._inner, scope, receive)
        await deliver(answer, send)

    async def _guarded(self, scope: Scope, receive: Receive) -> Answer:
        organization = dict(parse_qsl(scope["query_string"].decode())).get("organization_id", ORGANIZATION_ID)
        try:
            self._world.limits.enter(organization)
            try:
                answer = await self._admitted(scope, receive)
            finally:
                self._world.limits.leave(organization)
        except Refusal as refusal:
            answer = json_answer(refusal.status, refusal.payload(), refusal.headers)
        extra = {**HEADERS, **self._world.limits.headers(organization)}
        headers = tuple((name.encode(), value.encode()) for name, value in extra.items())
        return Answer(answer.status, (*answer.headers, *headers), answer.body)

    async def _admitted(self, scope: Scope, receive: Receive) -> Answer:
        token = _token(scope)
        self._strike(scope.get("sandbox.fault"), token)
        self._authorise(scope, token)
        organization = self._organization(scope)
        self._world.limits.count(organization)
        if self._world.switches.present.latency_seconds:
            await asyncio.sleep(self._world.switches.present.latency_seconds)
        return await capture(self._inner, scope, receive)

    def _strike(self, fault: Rule | None, token: str) -> None:
        if fault is None:
            return
        if fault.kind is Kind.LIMIT:
            raise self._world.limits.refusal(fault.code)
        if fault.kind is Kind.EXPIRED_TOKEN:
            self._world.accounts.kill(token)
        if fault.kind is Kind.REVOKED_TOKEN:
            self._world.accounts.kill(token, with_parent=True)

    def _authorise(self, scope: Scope, token: str) -> None:
        granted = self._world.accounts.scope_of(token)
        if granted is None or not _covers(granted, scope["method"], scope["path"]):
            raise not_authorised()

    def _organization(self, scope: Scope) -> str:
        named = dict(parse_qsl(scope["query_string"].decode())).get("organization_id")
        if named is None and _segments(scope["path"])[:1] == ["organizations"]:
            return ORGANIZATION_ID
        if not named:
            raise invalid_value("organization_id")
        if named != ORGANIZATION_ID:
            raise Refusal(401, 6041, "This user is not associated with the organization")
        return str(named)


def _token(scope: Scope) -> str:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    header = next((v.decode("latin-1") for k, v in headers if k == b"authorization"), "")
    for scheme in SCHEMES:
        if header.lower().startswith(scheme):
            return header[len(scheme) :].strip()
    return ""


def _segments(path: str) -> list[str]:
    prefix = next(prefix for prefix in PREFIXES if path.startswith(prefix))
    return [segment for segment in path.removeprefix(prefix).split("/") if segment]


def _covers(granted: str, method: str, path: str) -> bool:
    """Whether a comma-separated scope list covers a call. Status changes need CREATE: they are POSTs."""
    scopes = {scope.strip().lower() for scope in granted.split(",")}
    module = MODULES.get((_segments(path) or [""])[0], "settings")
    wanted = {
        FULL_ACCESS,
        f"zohoinventory.{module}.all",
        f"zohoinventory.{module}.{VERBS.get(method, 'READ')}",
    }
    return bool(scopes & {scope.lower() for scope in wanted})
