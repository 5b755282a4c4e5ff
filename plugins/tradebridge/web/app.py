"""The FastAPI app that Airflow's API server mounts under ``/tradebridge``.

An app mounted by a plugin is naked: Airflow protects none of its routes. So every router here says
how its callers prove who they are: the receiver by signature, everything else by Airflow's own login
(bearer token or the UI's cookie). ``tests/airflow`` walks all routes and asserts 401 without it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from include.errors import TransientError
from tradebridge.web import exceptions, health, limits, lookups, page, receiver, records
from tradebridge.web.body import BodyLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


LOGIN: dict[int | str, dict[str, Any]] = {
    400: {"description": "the body is not text"},
    401: {"description": "no login"},
    403: {"description": "not with this login"},
    404: {"description": "there is no such thing"},
    408: {"description": "the body came too slowly"},
    413: {"description": "the body is too long"},
    503: {"description": "the ledger is down"},
}
"""What every route but the receiver may answer besides its own."""


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Patrol from the start: rows may have waited while the API server was down."""
    from tradebridge.web.waker import waker

    waker()
    yield


async def _away(_request: Request, _error: Exception) -> JSONResponse:
    """The ledger did not answer; what it said may quote a host and is not for a page."""
    return JSONResponse({"detail": "the ledger is down; try again"}, 503, headers={"Retry-After": "5"})


def create_app() -> FastAPI:
    """Receiver, exceptions API, exceptions page."""
    app = FastAPI(
        title="Tradebridge",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # Senders of webhooks follow no redirect, and one that did would send the body twice.
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimits)
    app.add_exception_handler(TransientError, _away)
    app.include_router(receiver.router)
    for router in (
        exceptions.router,
        records.router,
        limits.router,
        health.router,
        page.router,
        lookups.router,
    ):
        app.include_router(router, dependencies=[Depends(get_user)], responses=LOGIN)

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(get_user)])
    def openapi() -> dict[str, object]:
        return app.openapi()

    return app
