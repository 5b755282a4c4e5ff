"""Zoho's two hosts as one ASGI application: the API under both of its prefixes, OAuth beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from include.sandbox.zoho.envelope import MEDIA_TYPE, Refusal, endpoint, refused
from include.sandbox.zoho.gate import PREFIXES, Gate
from include.sandbox.zoho.oauth import FULL_ACCESS
from include.sandbox.zoho.routes_adjustments import AdjustmentRoutes
from include.sandbox.zoho.routes_contacts import ContactRoutes
from include.sandbox.zoho.routes_items import ItemRoutes
from include.sandbox.zoho.routes_orders import OrderRoutes
from include.sandbox.zoho.routes_packages import PackageRoutes, ShipmentRoutes
from include.sandbox.zoho.routes_persons import PersonRoutes
from include.sandbox.zoho.routes_settings import SettingsRoutes
from include.sandbox.zoho.wire import dumps

if TYPE_CHECKING:
    from starlette.requests import Request

    from include.sandbox.zoho.world import World

ROOTS = (*PREFIXES, "/oauth/v2")
"""Paths that belong to Zoho."""


def zoho_app(world: World) -> Gate:
    """The application behind its gate."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    parts = (
        OrderRoutes(world),
        PackageRoutes(world),
        ShipmentRoutes(world),
        ItemRoutes(world),
        AdjustmentRoutes(world),
        PersonRoutes(world),
        ContactRoutes(world),
        SettingsRoutes(world),
    )
    for routes in parts:
        for method, path, handler in routes.table():
            for prefix in PREFIXES:
                app.add_route(prefix + path, endpoint(handler), methods=[method])
    _oauth(app, world)
    app.add_exception_handler(HTTPException, _strayed)
    return Gate(app, world)


async def _strayed(request: Request, exc: Exception) -> Response:
    """A URL or a method that Zoho does not know."""
    if isinstance(exc, HTTPException) and exc.status_code == 405:
        message = f"The HTTP method {request.method} is not allowed for the requested resource"
        return refused(Refusal(405, 37, message))
    return refused(Refusal(404, 5, "Invalid URL Passed"))


def _oauth(app: FastAPI, world: World) -> None:
    async def token(request: Request) -> Response:
        domain = world.base_url or str(request.base_url).rstrip("/")
        status, answer = world.accounts.token(await _parameters(request), domain)
        return Response(dumps(answer), status, media_type=MEDIA_TYPE)

    async def revoke(request: Request) -> Response:
        asked = await _parameters(request)
        status, answer = world.accounts.revoke(asked.get("token", ""))
        return Response(dumps(answer), status, media_type=MEDIA_TYPE)

    async def consent(request: Request) -> Response:
        """The consent page, with somebody who always consents."""
        query = request.query_params
        server = world.base_url or str(request.base_url).rstrip("/")
        code = world.accounts.new_code(query.get("scope", FULL_ACCESS))
        back = {"code": code, "state": query.get("state", ""), "location": "us", "accounts-server": server}
        return RedirectResponse(f"{query.get('redirect_uri', server)}?{urlencode(back)}", 302)

    app.add_route("/oauth/v2/token", token, methods=["POST"])
    app.add_route("/oauth/v2/token/revoke", revoke, methods=["POST"])
    app.add_route("/oauth/v2/auth", consent, methods=["GET"])


async def _parameters(request: Request) -> dict[str, str]:
    """Query and form together: clients send either."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return {**dict(request.query_params), **{name: values[-1] for name, values in form.items()}}
