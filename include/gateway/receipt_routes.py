"""The addresses of cash receipts."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse  # noqa: TC002 - FastAPI reads the annotation

from include.gateway.jobs import Job
from include.gateway.models import BatchAnswer
from include.gateway.receipt_models import ReceiptAnswer, ReceiptBatch, ReceiptRequest
from include.gateway.responses import answered
from include.gateway.routing import BEARER, WRITES, KeyHeader, Service, bare, many, problems

receipts = APIRouter(prefix="/AR/CashReceipt", tags=["AR"], dependencies=BEARER)


@receipts.post(
    "", status_code=201, responses={201: {"model": ReceiptAnswer}, 200: {"model": ReceiptAnswer}, **WRITES}
)
def create_receipt(receipt: ReceiptRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Enter money that came. 200: it was entered before, and perhaps posted since. Posting is a person's."""
    return answered(gateway.carry_out(Job("create_receipt", key=bare(key), receipt=receipt)))


@receipts.post("/batch", status_code=207, responses={207: {"model": BatchAnswer}, **problems(503)})
def create_receipts(batch: ReceiptBatch, gateway: Service) -> JSONResponse:
    """Enter up to 100 receipts in one Sage session, each all or nothing."""
    jobs = [
        Job("create_receipt", key=record.idempotency_key, receipt=record.receipt) for record in batch.records
    ]
    return many(jobs, gateway)
