"""The addresses of shipments and invoices: both draw a live order into an entry, which a person posts."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse  # noqa: TC002 - FastAPI reads the annotation

from include.gateway.invoice_models import InvoiceAnswer, InvoiceBatch, InvoiceRequest
from include.gateway.jobs import Job, Verb
from include.gateway.models import BatchAnswer
from include.gateway.responses import answered
from include.gateway.routing import BEARER, WRITES, KeyHeader, Service, bare, many, problems

shipments = APIRouter(prefix="/SO/Shipment", tags=["SO"], dependencies=BEARER)
invoices = APIRouter(prefix="/SO/Invoice", tags=["SO"], dependencies=BEARER)
_ANSWERS = {201: {"model": InvoiceAnswer}, 200: {"model": InvoiceAnswer}, **WRITES, **problems(404)}
_BATCH = {207: {"model": BatchAnswer}, **problems(503)}


@shipments.post("", status_code=201, responses=_ANSWERS)
def create_shipment(invoice: InvoiceRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Enter what the warehouse ships of an order, with its packages. 200: this key has done so."""
    return answered(gateway.carry_out(Job("create_shipment", key=bare(key), invoice=invoice)))


@shipments.post("/batch", status_code=207, responses=_BATCH)
def create_shipments(batch: InvoiceBatch, gateway: Service) -> JSONResponse:
    """Enter up to 100 shipments in one Sage session."""
    return _many("create_shipment", batch, gateway)


@invoices.post("", status_code=201, responses=_ANSWERS)
def create_invoice(invoice: InvoiceRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Enter an invoice of an order. 200: this key has done so."""
    return answered(gateway.carry_out(Job("create_invoice", key=bare(key), invoice=invoice)))


@invoices.post("/batch", status_code=207, responses=_BATCH)
def create_invoices(batch: InvoiceBatch, gateway: Service) -> JSONResponse:
    """Enter up to 100 invoices in one Sage session."""
    return _many("create_invoice", batch, gateway)


def _many(verb: Verb, batch: InvoiceBatch, gateway: Service) -> JSONResponse:
    jobs = [Job(verb, key=record.idempotency_key, invoice=record.invoice) for record in batch.records]
    return many(jobs, gateway)
