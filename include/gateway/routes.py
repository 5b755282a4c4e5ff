"""The addresses of the API: each turns a request into jobs and an answer into a response."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from include.gateway.jobs import Job
from include.gateway.models import (
    BatchAnswer,
    CancelAnswer,
    CustomerAnswer,
    CustomerBatch,
    CustomerRead,
    CustomerRequest,
    HoldRequest,
    OrderAnswer,
    OrderBatch,
    OrderRead,
    OrderRequest,
    Problem,
    RecordResult,
)
from include.gateway.order_rules import order_number
from include.gateway.responses import answered
from include.gateway.service import Gateway

if TYPE_CHECKING:
    from include.gateway.problems import Answer

_KEY = r'^"?[A-Za-z0-9_.:|/+=-]{1,64}"?$'
_CANCEL_CODE = re.compile(r"[A-Z0-9]{1,5}")

KeyHeader = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="Same request, same key. The answer to a request that was carried out is repeated for "
        "168 hours, a refusal for 15 seconds (a site may set both). A key that was used for another request "
        "meanwhile is a 422.",
    ),
]
MaybeKeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", pattern=_KEY)]
OrderNo = Annotated[str, Path(alias="SalesOrderNo", pattern=r"^[A-Za-z0-9-]{1,7}$", examples=["0000123"])]


def _gateway(request: Request) -> Gateway:
    return cast("Gateway", request.app.state.gateway)


Service = Annotated[Gateway, Depends(_gateway)]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in (400, 401, 413, *statuses)}


_WRITES = _problems(409, 422, 423, 503, 504)
_bearer = [
    Security(HTTPBearer(auto_error=False, description="One of the gateway's tokens; checked at the door"))
]
orders = APIRouter(prefix="/SO/SalesOrder", tags=["SO"], dependencies=_bearer)
customers = APIRouter(prefix="/AR/Customer", tags=["AR"], dependencies=_bearer)
admin = APIRouter(prefix="/admin", tags=["admin"], dependencies=_bearer)


@orders.post(
    "", status_code=201, responses={201: {"model": OrderAnswer}, 200: {"model": OrderAnswer}, **_WRITES}
)
def create_order(order: OrderRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Create an order, all or nothing. 200: it stood in Sage already."""
    return answered(gateway.carry_out(Job("create_order", key=_bare(key), order=order)))


@orders.post("/batch", status_code=207, responses={207: {"model": BatchAnswer}, **_problems(503)})
def create_orders(batch: OrderBatch, gateway: Service) -> JSONResponse:
    """Create up to 100 orders in one Sage session, each all or nothing."""
    jobs = [Job("create_order", key=record.idempotency_key, order=record.order) for record in batch.records]
    return _many(jobs, gateway.carry_out_batch(jobs))


@orders.get("/{SalesOrderNo}", responses={200: {"model": OrderRead}, **_problems(404, 503, 504)})
def read_order(number: OrderNo, gateway: Service) -> JSONResponse:
    """A live order, header and lines; a completed one has left the live tables."""
    return answered(gateway.carry_out(Job("read_order", number=_number(number))))


@orders.put("/{SalesOrderNo}", responses={200: {"model": OrderAnswer}, **_WRITES, **_problems(404)})
def change_order(
    number: OrderNo, order: OrderRequest, gateway: Service, key: MaybeKeyHeader = None
) -> JSONResponse:
    """Make a live order equal to the body. The key is optional: the same body twice changes nothing."""
    job = Job("change_order", key=_bare(key or ""), number=_number(number), order=order)
    return answered(gateway.carry_out(job))


@orders.delete("/{SalesOrderNo}", responses={200: {"model": CancelAnswer}, **_WRITES})
def cancel_order(
    number: OrderNo,
    gateway: Service,
    reason: Annotated[str, Query(pattern=r"^[A-Za-z0-9 _.-]{0,60}$")] = "",
) -> JSONResponse:
    """Delete an order that nobody has picked, printed or invoiced; a reason may be one of Sage's codes."""
    code = reason if _CANCEL_CODE.fullmatch(reason) else ""
    return answered(gateway.carry_out(Job("cancel_order", number=_number(number), reason=code)))


@orders.post("/{SalesOrderNo}/hold", responses={200: {"model": OrderAnswer}, **_WRITES, **_problems(404)})
def hold_order(
    number: OrderNo, hold: HoldRequest, gateway: Service, key: MaybeKeyHeader = None
) -> JSONResponse:
    """Put a live order on hold (status H); the reason may be one of Sage's cancel reason codes."""
    job = Job("hold_order", key=_bare(key or ""), number=_number(number), reason=hold.reason)
    return answered(gateway.carry_out(job))


@orders.post("/{SalesOrderNo}/release", responses={200: {"model": OrderAnswer}, **_WRITES, **_problems(404)})
def release_order(
    number: OrderNo, hold: HoldRequest, gateway: Service, key: MaybeKeyHeader = None
) -> JSONResponse:
    """Take a live order off hold; with a reason only when it is held for that one."""
    job = Job("release_order", key=_bare(key or ""), number=_number(number), reason=hold.reason)
    return answered(gateway.carry_out(job))


@customers.post(
    "", status_code=201, responses={201: {"model": CustomerAnswer}, 200: {"model": CustomerAnswer}, **_WRITES}
)
def create_customer(customer: CustomerRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Create a customer. 200: one with the same contact id or key stood in Sage already."""
    return answered(gateway.carry_out(Job("create_customer", key=_bare(key), customer=customer)))


@customers.post("/batch", status_code=207, responses={207: {"model": BatchAnswer}, **_problems(503)})
def create_customers(batch: CustomerBatch, gateway: Service) -> JSONResponse:
    """Create up to 100 customers in one Sage session."""
    jobs = [
        Job("create_customer", key=record.idempotency_key, customer=record.customer)
        for record in batch.records
    ]
    return _many(jobs, gateway.carry_out_batch(jobs))


@customers.get("/{division}/{number}", responses={200: {"model": CustomerRead}, **_problems(404, 503, 504)})
def read_customer(
    division: Annotated[str, Path(pattern=r"^[0-9]{2}$", examples=["00"])],
    number: Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$", examples=["0001009"])],
    gateway: Service,
) -> JSONResponse:
    """A customer; division and number are two fields."""
    return answered(gateway.carry_out(Job("read_customer", division=division, number=number)))


@admin.post("/drain", responses=_problems(503))
def drain(gateway: Service) -> dict[str, str]:
    """End all sessions and take no work: Sage wants to be alone. It stays so over a restart."""
    gateway.drain()
    return {"status": "draining"}


@admin.post("/resume", responses=_problems())
def resume(gateway: Service) -> dict[str, str]:
    """Take work again."""
    gateway.resume()
    return {"status": "ok"}


def _bare(key: str) -> str:
    """The draft writes keys in quotes; most clients do not."""
    return key.removeprefix('"').removesuffix('"')


def _number(text: str) -> str:
    return order_number(text) or text


def _many(jobs: list[Job], answers: list[Answer]) -> JSONResponse:
    results = [
        RecordResult(
            idempotency_key=job.key, status=answer.status, body=dict(answer.body), replayed=answer.replayed
        )
        for job, answer in zip(jobs, answers, strict=True)
    ]
    return JSONResponse(BatchAnswer(results=results).model_dump(), 207)
