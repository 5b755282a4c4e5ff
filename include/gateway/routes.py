"""The addresses of orders and customers, and those for the administrator.

Each turns a request into jobs and an answer into a response.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse  # noqa: TC002 - FastAPI reads the annotation

from include.gateway.jobs import Job
from include.gateway.models import (
    BatchAnswer,
    CancelAnswer,
    CustomerAnswer,
    CustomerBatch,
    CustomerChange,
    CustomerRead,
    CustomerRequest,
    HoldRequest,
    OrderAnswer,
    OrderBatch,
    OrderRead,
    OrderRequest,
)
from include.gateway.order_rules import order_number
from include.gateway.responses import answered
from include.gateway.routing import BEARER, WRITES, KeyHeader, MaybeKeyHeader, Service, bare, many, problems

_CANCEL_CODE = re.compile(r"[A-Z0-9]{1,5}")

Division = Annotated[str, Path(pattern=r"^[0-9]{2}$", examples=["00"])]
CustomerNo = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$", examples=["0001009"])]
OrderNo = Annotated[str, Path(alias="SalesOrderNo", pattern=r"^[A-Za-z0-9-]{1,7}$", examples=["0000123"])]


orders = APIRouter(prefix="/SO/SalesOrder", tags=["SO"], dependencies=BEARER)
customers = APIRouter(prefix="/AR/Customer", tags=["AR"], dependencies=BEARER)
admin = APIRouter(prefix="/admin", tags=["admin"], dependencies=BEARER)


@orders.post(
    "", status_code=201, responses={201: {"model": OrderAnswer}, 200: {"model": OrderAnswer}, **WRITES}
)
def create_order(order: OrderRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Create an order, all or nothing. 200: it stood in Sage already."""
    return answered(gateway.carry_out(Job("create_order", key=bare(key), order=order)))


@orders.post("/batch", status_code=207, responses={207: {"model": BatchAnswer}, **problems(503)})
def create_orders(batch: OrderBatch, gateway: Service) -> JSONResponse:
    """Create up to 100 orders in one Sage session, each all or nothing."""
    jobs = [Job("create_order", key=record.idempotency_key, order=record.order) for record in batch.records]
    return many(jobs, gateway)


@orders.get("/{SalesOrderNo}", responses={200: {"model": OrderRead}, **problems(404, 503, 504)})
def read_order(number: OrderNo, gateway: Service) -> JSONResponse:
    """A live order, header and lines; a completed one has left the live tables."""
    return answered(gateway.carry_out(Job("read_order", number=_number(number))))


@orders.put("/{SalesOrderNo}", responses={200: {"model": OrderAnswer}, **WRITES, **problems(404)})
def change_order(
    number: OrderNo, order: OrderRequest, gateway: Service, key: MaybeKeyHeader = None
) -> JSONResponse:
    """Make a live order equal to the body. The key is optional: the same body twice changes nothing."""
    job = Job("change_order", key=bare(key or ""), number=_number(number), order=order)
    return answered(gateway.carry_out(job))


@orders.delete("/{SalesOrderNo}", responses={200: {"model": CancelAnswer}, **WRITES})
def cancel_order(
    number: OrderNo,
    gateway: Service,
    reason: Annotated[str, Query(pattern=r"^[A-Za-z0-9 _.-]{0,60}$")] = "",
) -> JSONResponse:
    """Delete an order that nobody has picked, printed or invoiced; a reason may be one of Sage's codes."""
    code = reason if _CANCEL_CODE.fullmatch(reason) else ""
    return answered(gateway.carry_out(Job("cancel_order", number=_number(number), reason=code)))


@orders.post("/{SalesOrderNo}/hold", responses={200: {"model": OrderAnswer}, **WRITES, **problems(404)})
def hold_order(
    number: OrderNo, hold: HoldRequest, gateway: Service, key: MaybeKeyHeader = None
) -> JSONResponse:
    """Put a live order on hold (status H); the reason may be one of Sage's cancel reason codes."""
    job = Job("hold_order", key=bare(key or ""), number=_number(number), reason=hold.reason)
    return answered(gateway.carry_out(job))


@orders.post("/{SalesOrderNo}/release", responses={200: {"model": OrderAnswer}, **WRITES, **problems(404)})
def release_order(
    number: OrderNo, hold: HoldRequest, gateway: Service, key: MaybeKeyHeader = None
) -> JSONResponse:
    """Take a live order off hold; with a reason only when it is held for that one."""
    job = Job("release_order", key=bare(key or ""), number=_number(number), reason=hold.reason)
    return answered(gateway.carry_out(job))


@customers.post(
    "", status_code=201, responses={201: {"model": CustomerAnswer}, 200: {"model": CustomerAnswer}, **WRITES}
)
def create_customer(customer: CustomerRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Create a customer. 200: one with the same contact id or key stood in Sage already."""
    return answered(gateway.carry_out(Job("create_customer", key=bare(key), customer=customer)))


@customers.post("/batch", status_code=207, responses={207: {"model": BatchAnswer}, **problems(503)})
def create_customers(batch: CustomerBatch, gateway: Service) -> JSONResponse:
    """Create up to 100 customers in one Sage session."""
    jobs = [
        Job("create_customer", key=record.idempotency_key, customer=record.customer)
        for record in batch.records
    ]
    return many(jobs, gateway)


@customers.get("/{division}/{number}", responses={200: {"model": CustomerRead}, **problems(404, 503, 504)})
def read_customer(division: Division, number: CustomerNo, gateway: Service) -> JSONResponse:
    """A customer; division and number are two fields."""
    return answered(gateway.carry_out(Job("read_customer", division=division, number=number)))


@customers.patch(
    "/{division}/{number}", responses={200: {"model": CustomerAnswer}, **WRITES, **problems(404)}
)
def change_customer(
    division: Division,
    number: CustomerNo,
    change: CustomerChange,
    gateway: Service,
    key: MaybeKeyHeader = None,
) -> JSONResponse:
    """Make the given columns of a customer equal to the body. The key is optional, as for orders."""
    customer = CustomerRequest(CustomerNo=number, fields=change.fields)
    job = Job("change_customer", key=bare(key or ""), division=division, number=number, customer=customer)
    return answered(gateway.carry_out(job))


@admin.post("/drain", responses=problems(503))
def drain(gateway: Service) -> dict[str, str]:
    """End all sessions and take no work: Sage wants to be alone. It stays so over a restart."""
    gateway.drain()
    return {"status": "draining"}


@admin.post("/resume", responses=problems())
def resume(gateway: Service) -> dict[str, str]:
    """Take work again."""
    gateway.resume()
    return {"status": "ok"}


def _number(text: str) -> str:
    return order_number(text) or text
