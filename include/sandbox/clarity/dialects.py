"""Three ways to speak to the same shop.

``v1`` is the proposed contract. ``phoenix`` imitates what the vendor's architecture pages say of the
present platform: ``/<area>/<entity>``, paging from 0, filter suffixes, times without a zone, JWT from a
log-in; no version in the path, no ETag, no idempotency. ``cef_legacy`` imitates what is seen of the older
one: its root, ``Size`` and ``StartIndex``, PascalCase. Log-in paths, envelopes and legacy write routes are
nowhere documented: those here are examples, and no tenant is bound by them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from include.sandbox.border import Answer
from include.sandbox.clarity.exchange import Pairs, Reply, Request, read_json
from include.sandbox.clarity.listing import OFFSET
from include.sandbox.clarity.oauth import Caller, basic, unauthorized
from include.sandbox.clarity.problem import Problem
from include.sandbox.clarity.wire import Json, dumps

if TYPE_CHECKING:
    from include.sandbox.clarity.settings import ClaritySettings
    from include.sandbox.clarity.world import World

MEDIA_TYPE = "application/json; charset=utf-8"
COOKIE = "ss-id"
ZONED = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z"')
SINGULAR = {
    "orders": "order",
    "customers": "customer",
    "products": "product",
    "inventories": "inventory",
    "shipments": "shipment",
    "invoices": "invoice",
    "payments": "payment",
    "refunds": "refund",
    "returns": "return",
}
LEGACY = {
    ("Ordering", "SalesOrder"): "orders",
    ("Accounts", "Account"): "customers",
    ("Products", "Product"): "products",
    ("Inventory", "InventoryLevel"): "inventory",
    ("Shipping", "Shipment"): "shipments",
    ("Invoicing", "SalesInvoice"): "invoices",
    ("Payments", "Payment"): "payments",
    ("Returning", "SalesReturn"): "returns",
}
VERBS = {"Create": "POST", "Update": "PATCH", "Replace": "PUT"}
AS_THEY_ARE = frozenset({"Attributes", "ExternalIds", "attributes", "externalIds"})
"""Members whose own keys belong to the tenant."""


class Dialect:
    """``v1``, and what the others share with it."""

    name = "v1"
    root = "/api/v1"
    conditional = True
    """ETag, If-Match and Idempotency-Key."""
    free_filters = False

    def segments(self, request: Request) -> tuple[str, list[str]]:
        """Method and path in ``v1``'s terms."""
        return request.method, [
            unquote(step) for step in request.path[len(self.root) :].strip("/").split("/")
        ]

    def query(self, pairs: Pairs, present: ClaritySettings) -> Pairs:
        """Parameters in ``v1``'s terms."""
        return pairs

    def body(self, raw: bytes, *, strict: bool) -> Any:
        """The body in ``v1``'s terms."""
        return read_json(raw, strict=strict) if raw.strip() else {}

    def caller(self, request: Request, world: World) -> Caller:
        """Who calls.

        Raises:
            Problem: 401.
        """
        mode = world.switches.present.auth
        bearer, key = _bearer(request), request.headers.get("x-api-key", "")
        if mode == "both":
            world.accounts.by_key(_given(key))
            return world.accounts.by_token(_given(bearer))
        if bearer and mode != "api_key":
            return world.accounts.by_token(bearer)
        if key and mode != "oauth2":
            return world.accounts.by_key(key)
        return world.accounts.by_token(_given(""))

    def log_in(self, request: Request, world: World) -> Answer | None:
        """The answer to a log-in call; None when this is none. ``v1`` has the token endpoint instead."""
        del request, world
        return None

    def render(self, reply: Reply, present: ClaritySettings) -> str:
        """The body of an answer."""
        del present
        if reply.page is not None:
            return f'{{"data":[{",".join(reply.page.rows)}],{dumps(reply.page.meta)[1:]}'
        return dumps(reply.payload if reply.bare else {"data": reply.payload})


class Phoenix(Dialect):
    """The present platform, as far as its architecture pages describe it."""

    name = "phoenix"
    root = "/api"
    conditional = False
    free_filters = True

    def segments(self, request: Request) -> tuple[str, list[str]]:
        """``/products/product/7`` is ``/products/7``."""
        method, (area, *rest) = super().segments(request)
        if not rest or SINGULAR.get(area) != rest[0]:
            raise Problem(404, "path_not_found", "No such path.")
        return method, ["inventory" if area == "inventories" else area, *rest[1:]]

    def caller(self, request: Request, world: World) -> Caller:
        """A bearer token from the log-in."""
        return world.accounts.by_token(_given(_bearer(request)))

    def log_in(self, request: Request, world: World) -> Answer | None:
        """``POST /api/auth/login`` with user name and password."""
        if request.path != f"{self.root}/auth/login":
            return None
        asked = read_json(request.raw, strict=False)
        token = world.accounts.log_in(str(asked.get("username")), str(asked.get("password")))
        if token is None:
            raise unauthorized("credentials_invalid", "User name or password is wrong.")
        return _json(dumps({"token": token, "expiresIn": world.switches.present.token_seconds}))

    def render(self, reply: Reply, present: ClaritySettings) -> str:
        """No envelope around one record; an undocumented one around a list; no zones."""
        if reply.page is None:
            return ZONED.sub(r'"\1"', dumps(reply.payload))
        meta = {name: reply.page.meta.get(name) for name in ("pageIndex", "pageSize", "totalCount")}
        text = f'{{"{present.phoenix_rows}":[{",".join(reply.page.rows)}],{dumps(meta)[1:]}'
        return ZONED.sub(r'"\1"', text)


class Legacy(Dialect):
    """The framework under DNN, as far as its storefront shows it."""

    name = "cef_legacy"
    root = "/DesktopModules/ClarityEcommerce/API-Storefront"
    conditional = False
    free_filters = True

    def segments(self, request: Request) -> tuple[str, list[str]]:
        """``GET Ordering/SalesOrders`` lists, ``.../SalesOrder/ID/7`` reads, verbs write."""
        _, steps = super().segments(request)
        area, entity, *rest = [*steps, "", ""]
        resource = LEGACY.get((area, entity.removesuffix("s")))
        rest = [step for step in rest if step and step != "ID"]
        if resource is None:
            raise Problem(404, "path_not_found", "No such path.")
        if rest and rest[0] in VERBS:
            verb, *ids = rest
            return VERBS[verb], [resource, *ids]
        return request.method, [resource, *rest]

    def query(self, pairs: Pairs, present: ClaritySettings) -> Pairs:
        """``Size`` and ``StartIndex``, every other name an exact filter.

        Raises:
            Problem: 400, a filter by range: which of them a tenant has, only its metadata page says.
        """
        given = dict(pairs)
        size = given.get("Size", "100")
        start = given.get("StartIndex", "1" if present.legacy_start == "page" else "0")
        found = [(_camel(name), value) for name, value in pairs if name not in {"Size", "StartIndex"}]
        if any(name.endswith(("Min", "Max")) for name, _ in found):
            raise Problem(400, "unknown_parameter", "This list has no such filter.")
        if present.legacy_start == "page":
            page = int(start) - 1 if start.isdecimal() and start != "0" else 0
            return [*found, ("pageSize", size), ("pageIndex", str(page))]
        return [*found, ("pageSize", size), (OFFSET, start)]

    def body(self, raw: bytes, *, strict: bool) -> Any:
        """Members in camelCase."""
        return _renamed(super().body(raw, strict=strict), _camel)

    def caller(self, request: Request, world: World) -> Caller:
        """Basic, or the session cookie of a log-in."""
        header = request.headers.get("authorization", "")
        if basic(header):
            found = world.accounts.by_basic(header)
            if found is None:
                raise unauthorized("credentials_invalid", "User name or password is wrong.")
            return found
        cookies = dict(
            pair.strip().split("=", 1) for pair in request.headers.get("cookie", "").split(";") if "=" in pair
        )
        return world.accounts.by_token(_given(cookies.get(COOKIE, "")))

    def log_in(self, request: Request, world: World) -> Answer | None:
        """``POST .../Authentication/SignIn`` opens a session."""
        if request.path != f"{self.root}/Authentication/SignIn":
            return None
        asked = read_json(request.raw, strict=False)
        token = world.accounts.log_in(str(asked.get("Username")), str(asked.get("Password")))
        if token is None:
            raise unauthorized("credentials_invalid", "User name or password is wrong.")
        return _json(dumps({"Succeeded": True}), **{"Set-Cookie": f"{COOKIE}={token}; Path=/; HttpOnly"})

    def render(self, reply: Reply, present: ClaritySettings) -> str:
        """PascalCase throughout."""
        del present
        if reply.page is None:
            return dumps(_renamed(reply.payload, _pascal))
        rows = [_renamed(json.loads(row), _pascal) for row in reply.page.rows]
        return dumps({"Results": rows, "TotalCount": reply.page.meta["totalCount"]})


V1, PHOENIX, CEF_LEGACY = Dialect(), Phoenix(), Legacy()
DIALECTS = (V1, PHOENIX, CEF_LEGACY)


def dialect_of(path: str, present: ClaritySettings) -> Dialect | None:
    """Whose path this is, if that generation answers here."""
    found = next((one for one in DIALECTS if path.startswith(f"{one.root}/")), None)
    return found if found and found.name in present.dialects else None


def _given(credential: str) -> str:
    if not credential:
        raise unauthorized("token_missing", "No credentials were sent.")
    return credential


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _json(text: str, **headers: str) -> Answer:
    named = {"content-type": MEDIA_TYPE, "cache-control": "no-store", **headers}
    return Answer(200, tuple((k.lower().encode(), v.encode()) for k, v in named.items()), text.encode())


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _renamed(value: Any, rename: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(one, rename) for one in value]
    if not isinstance(value, dict):
        return value
    renamed: Json = {}
    for name, inner in value.items():
        renamed[rename(name)] = inner if name in AS_THEY_ARE else _renamed(inner, rename)
    return renamed
