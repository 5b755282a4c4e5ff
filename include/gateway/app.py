"""The HTTP face of the gateway. Routes translate between HTTP and jobs and decide nothing.

``/openapi.json`` and ``/docs`` need a token like everything else, because they tell an intruder what
can be written into the ERP; a setting opens them for development.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from include.gateway.door import Door
from include.gateway.invoice_routes import invoices, shipments
from include.gateway.models import Health  # noqa: TC001 - FastAPI reads the annotation
from include.gateway.problems import ProblemError, problem
from include.gateway.receipt_routes import receipts
from include.gateway.responses import PROBLEM, answered
from include.gateway.routes import admin, customers, orders
from include.gateway.service import Gateway
from include.gateway.stock_routes import items, quantities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from include.gateway.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The application; it opens its state and starts workers with the server, not here."""
    gateway = Gateway(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(gateway.open)
        try:
            yield
        finally:
            await run_in_threadpool(gateway.close)

    app = FastAPI(
        title="Tradebridge gateway to Sage 100",
        version="1.0.0",
        description=__doc__,
        lifespan=lifespan,
        swagger_ui_oauth2_redirect_url=None,
        redoc_url=None,
    )
    app.state.gateway = gateway
    for router in (orders, shipments, invoices, customers, receipts, items, quantities, admin):
        app.include_router(router)
    _add_health(app, gateway)
    _add_problem_handlers(app)
    _say_problem_in_openapi(app)
    open_paths = {"/health"} | ({"/docs", "/openapi.json"} if settings.public_docs else set())
    app.add_middleware(
        Door, tokens=settings.tokens, open_paths=open_paths, max_body_bytes=settings.max_body_bytes
    )
    return app


def _add_health(app: FastAPI, gateway: Gateway) -> None:
    @app.get("/health", tags=["admin"])
    async def health() -> Health:
        """Whether the gateway lives. It asks no worker, so it answers while Sage hangs."""
        return gateway.health()


def _add_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(ProblemError)
    def _problem(_: Request, error: ProblemError) -> JSONResponse:
        return answered(error.as_answer())

    @app.exception_handler(RequestValidationError)
    def _unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        """Places and rules only: what was sent may be a customer's data."""
        found = [_place(each) for each in error.errors()]
        return JSONResponse(
            problem(400, "the request is not as documented", errors=found), 400, media_type=PROBLEM
        )

    @app.exception_handler(HTTPException)
    def _http(_: Request, error: HTTPException) -> JSONResponse:
        body = problem(error.status_code, str(error.detail))
        return JSONResponse(body, error.status_code, headers=error.headers, media_type=PROBLEM)

    @app.exception_handler(Exception)
    def _broken(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse(problem(500, "see the gateway's log"), 500, media_type=PROBLEM)


def _place(error: dict[str, Any]) -> dict[str, Any]:
    place = ".".join(str(part) for part in error["loc"])
    return {
        "code": "invalid_request",
        "source": "session",
        "line": None,
        "field": place.encode("ascii", "backslashreplace").decode(),
        "value": None,
        "message": str(error["type"]),
    }


def _say_problem_in_openapi(app: FastAPI) -> None:
    """FastAPI documents errors as plain JSON; ours are problem documents."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            for path in schema["paths"].values():
                for operation in path.values():
                    _rename_error_media(operation["responses"])
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]


def _rename_error_media(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status >= "400" and "application/json" in response.get("content", {}):
            response["content"] = {PROBLEM: response["content"]["application/json"]}
