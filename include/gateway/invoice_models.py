"""Shipments and invoices of an order as they are sent and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.gateway.models import MAX_BATCH, Fields, FindingOut, Key, OrderNumber, Strict

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_EXAMPLE: JsonDict = {
    "SalesOrderNo": "0000123",
    "header": {"ShipVia": "SPEEDY"},
    "lines": [{"OrderLineKey": "000001", "QuantityShipped": "12"}],
    "packages": [{"PackageNo": "0001", "TrackingID": "1Z999AA10123456784"}],
}


class ShippedLine(Strict):
    """How much of one line of the order goes."""

    OrderLineKey: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    QuantityShipped: Annotated[str, Field(pattern=r"^[0-9]{1,8}(\.[0-9]{1,6})?$")]


class Package(Strict):
    """One package; the other columns are those of SO_InvoiceTracking."""

    PackageNo: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    TrackingID: Annotated[str, Field(max_length=30)] = ""
    Weight: Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,2})?$")] | None = None


class InvoiceRequest(Strict):
    """An order drawn into an entry. ``lines`` null: all of it goes; a line that is not named stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    SalesOrderNo: OrderNumber
    header: Fields = Field({})
    lines: list[ShippedLine] | None = Field(None, min_length=1, max_length=1000)
    packages: list[Package] = Field([], max_length=1000)


class InvoiceRecord(Strict):
    """One entry of a batch."""

    idempotency_key: Key
    invoice: InvoiceRequest


class InvoiceBatch(Strict):
    """Entries that share one Sage session; each is all or nothing by itself."""

    records: list[InvoiceRecord] = Field(min_length=1, max_length=MAX_BATCH)


class InvoiceAnswer(BaseModel):
    """An entry that stands in Sage, or was posted since; ``packages`` counts those that stand with it."""

    status: Literal["created", "adopted"]
    stage: Literal["entered", "posted"]
    InvoiceNo: str
    SalesOrderNo: str
    packages: int
    warnings: list[FindingOut] = []
