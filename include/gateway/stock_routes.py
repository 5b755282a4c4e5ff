"""The addresses of items and of their quantities. An item is named in the query: codes hold slashes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse  # noqa: TC002 - FastAPI reads the annotation

from include.gateway.item_models import ITEM_CODE, ItemAnswer, ItemBatch, ItemRead, ItemRequest
from include.gateway.jobs import Job, Verb
from include.gateway.models import BatchAnswer
from include.gateway.quantity_models import QuantityQuery, QuantityRead
from include.gateway.responses import answered
from include.gateway.routing import BEARER, WRITES, KeyHeader, MaybeKeyHeader, Service, bare, many, problems

ItemCode = Annotated[str, Query(alias="ItemCode", pattern=ITEM_CODE, examples=["QUESO-CABRALES"])]

items = APIRouter(prefix="/CI/Item", tags=["CI"], dependencies=BEARER)
quantities = APIRouter(prefix="/IM/Quantity", tags=["IM"], dependencies=BEARER)


@items.post("", status_code=201, responses={201: {"model": ItemAnswer}, 200: {"model": ItemAnswer}, **WRITES})
def create_item(item: ItemRequest, key: KeyHeader, gateway: Service) -> JSONResponse:
    """Create an item. 200: one of its code stood in Sage already; warnings say where it differs."""
    return answered(gateway.carry_out(Job("create_item", key=bare(key), item=item)))


@items.put("", responses={200: {"model": ItemAnswer}, **WRITES, **problems(404)})
def change_item(item: ItemRequest, gateway: Service, key: MaybeKeyHeader = None) -> JSONResponse:
    """Make the given columns of an item equal to the body. The key is optional, as for orders."""
    return answered(gateway.carry_out(Job("change_item", key=bare(key or ""), item=item)))


@items.get("", responses={200: {"model": ItemRead}, **problems(404, 503, 504)})
def read_item(code: ItemCode, gateway: Service) -> JSONResponse:
    """An item as it stands."""
    return answered(gateway.carry_out(Job("read_item", number=code)))


@items.post("/batch", status_code=207, responses={207: {"model": BatchAnswer}, **problems(503)})
def create_items(batch: ItemBatch, gateway: Service) -> JSONResponse:
    """Create up to 100 items in one Sage session."""
    return _batch("create_item", batch, gateway)


@items.put("/batch", status_code=207, responses={207: {"model": BatchAnswer}, **problems(503)})
def change_items(batch: ItemBatch, gateway: Service) -> JSONResponse:
    """Change up to 100 items in one Sage session."""
    return _batch("change_item", batch, gateway)


@quantities.get("", responses={200: {"model": QuantityRead}, **problems(503, 504)})
def read_quantities(query: Annotated[QuantityQuery, Query()], gateway: Service) -> JSONResponse:
    """Quantities of items in warehouses, all or the named, in pages by one query each.

    What has no row in Sage has no quantity. The next page begins behind ``next``.
    """
    return answered(gateway.carry_out(Job("read_quantities", quantities=query)))


def _batch(verb: Verb, batch: ItemBatch, gateway: Service) -> JSONResponse:
    jobs = [Job(verb, key=record.idempotency_key, item=record.item) for record in batch.records]
    return many(jobs, gateway)
