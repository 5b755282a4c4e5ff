"""The FastAPI app that Airflow's API server mounts under ``/tradebridge``.

An app mounted by a plugin is naked: Airflow protects none of its routes. So every router here says
how its callers prove who they are: the receiver by signature, everything else by Airflow's own login
(bearer token or the UI's cookie). ``tests/airflow`` walks all routes and asserts 401 without it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI

from tradebridge.web import exceptions, limits, page, receiver, records

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Patrol from the start: rows may have waited while the API server was down."""
    from tradebridge.web.waker import waker

    waker()
    yield


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
    app.include_router(receiver.router)
    app.include_router(exceptions.router, dependencies=[Depends(get_user)])
    app.include_router(records.router, dependencies=[Depends(get_user)])
    app.include_router(limits.router, dependencies=[Depends(get_user)])
    app.include_router(page.router, dependencies=[Depends(get_user)])

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(get_user)])
    def openapi() -> dict[str, object]:
        return app.openapi()

    return app
