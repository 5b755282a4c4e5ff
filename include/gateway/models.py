"""Requests and answers of the API. Column names are Sage's; decimals travel as text, dates as ISO.

A number with a fraction must be text: JSON's own numbers pass through a binary float on most
clients, and an amount may not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

if TYPE_CHECKING:
    from pydantic.config import JsonDict

MAX_BATCH = 100
KEY_PATTERN = r"^[A-Za-z0-9_.:|/+=-]{1,64}$"
"""An idempotency key also has to fit into UDF_SYNC_KEY."""

ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Text = Annotated[StrictStr, Field(max_length=2048)]
Value = Text | Annotated[StrictInt, Field(ge=-(10**12), le=10**12)] | None
Fields = dict[ColumnName, Value]
OrderNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,7}$")]
Key = Annotated[str, Field(pattern=KEY_PATTERN)]
ReasonCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{0,5}$")]
"""One of the site's cancel reason codes, which are also the reasons of a hold; blank for none."""

_ORDER_EXAMPLE: JsonDict = {
    "SalesOrderNo": None,
    "header": {
        "ARDivisionNo": "00",
        "CustomerNo": "0001009",
        "OrderDate": "2026-11-20",
        "ShipExpireDate": "2026-11-27",
        "CustomerPONo": "SO-10248",
        "FreightAmt": "32.38",
        "UDF_ZOHO_ORDER_ID": "4815000000044220",
    },
    "lines": [{"ItemCode": "QUESO-CABRALES", "QuantityOrdered": "12", "UnitPrice": "14.00"}],
    "expect": {"lines": 1, "total": "200.38"},
}
_CUSTOMER_EXAMPLE: JsonDict = {
    "CustomerNo": None,
    "fields": {"ARDivisionNo": "00", "CustomerName": "Vins et alcools Chevalier", "TermsCode": "01"},
}


class Strict(BaseModel):
    """Base of what is sent to us: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Expect(Strict):
    """What the order must come to in Sage; compared after the write."""

    lines: int = Field(ge=0, le=1000)
    total: Annotated[str, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$")]

    @property
    def amount(self) -> Decimal:
        """The total as a number."""
        return Decimal(self.total)


class OrderRequest(Strict):
    """One sales order, whole. Columns that are absent or null are left to Sage's defaults."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ORDER_EXAMPLE]})

    SalesOrderNo: OrderNumber | None = None
    header: Fields
    lines: list[Fields] = Field(min_length=1, max_length=1000)
    expect: Expect | None = None
    credit: Literal["refuse", "hold", "ignore"] = "ignore"
    """Of a new order whose customer is on credit hold or would owe more than the limit: refuse it, write it
    on hold, or leave it to Sage's own check."""
    hold_reason: ReasonCode = ""


class HoldRequest(Strict):
    """Why an order is held, or was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "STOCK"}]})

    reason: ReasonCode = ""


class CustomerRequest(Strict):
    """One customer. ``CustomerNo`` null: Sage gives the next number."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CUSTOMER_EXAMPLE]})

    CustomerNo: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,20}$")] | None = None
    fields: Fields


class CustomerChange(Strict):
    """Columns of a customer that is there; those that are absent or null stay as they are."""

    fields: Fields


class OrderRecord(Strict):
    """One order of a batch."""

    idempotency_key: Key
    order: OrderRequest


class CustomerRecord(Strict):
    """One customer of a batch."""

    idempotency_key: Key
    customer: CustomerRequest


class OrderBatch(Strict):
    """Orders that share one Sage session; each is all or nothing by itself."""

    records: list[OrderRecord] = Field(min_length=1, max_length=MAX_BATCH)


class CustomerBatch(Strict):
    """Customers that share one Sage session."""

    records: list[CustomerRecord] = Field(min_length=1, max_length=MAX_BATCH)


class FindingOut(BaseModel):
    """A warning or an error; ``line`` counts from 1."""

    code: str
    source: Literal["header", "line", "session"]
    line: int | None = None
    field: str | None = None
    value: str | None = None
    message: str


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FindingOut] = []
    retry_after: int | None = None
    SalesOrderNo: str | None = None


class Totals(BaseModel):
    """Sage's own figures, read back."""

    TaxableAmt: str
    NonTaxableAmt: str
    DiscountAmt: str
    FreightAmt: str
    SalesTaxAmt: str
    Total: str


class OrderAnswer(BaseModel):
    """An order that stands in Sage."""

    status: Literal["created", "adopted", "changed", "unchanged"]
    SalesOrderNo: str
    OrderStatus: str
    lines: int
    totals: Totals
    warnings: list[FindingOut] = []


class CancelAnswer(BaseModel):
    """An order that does not stand in Sage any more."""

    status: Literal["cancelled", "absent"]
    SalesOrderNo: str
    warnings: list[FindingOut] = []


class CustomerAnswer(BaseModel):
    """A customer that stands in Sage."""

    status: Literal["created", "adopted", "changed", "unchanged"]
    ARDivisionNo: str
    CustomerNo: str
    warnings: list[FindingOut] = []


class OrderRead(BaseModel):
    """A live order as Sage's tables hold it."""

    header: dict[str, str | None]
    lines: list[dict[str, str | None]]


class CustomerRead(BaseModel):
    """A customer as Sage's tables hold it."""

    fields: dict[str, str | None]


class RecordResult(BaseModel):
    """What became of one record of a batch; ``body`` is what the single request would have answered."""

    idempotency_key: str
    status: int
    body: dict[str, Any]
    replayed: bool = False


class BatchAnswer(BaseModel):
    """One result per record, in the order of the request."""

    results: list[RecordResult]


class WorkerHealth(BaseModel):
    """One worker process."""

    slot: int
    state: Literal["stopped", "idle", "busy"]
    session: bool
    restarts: int


class Seats(BaseModel):
    """Sage seats: held now, and the most this gateway will take."""

    held: int
    limit: int


class Health(BaseModel):
    """Liveness; no business data."""

    status: Literal["ok", "degraded", "draining"]
    workers: list[WorkerHealth]
    seats: Seats
