"""The gateway's answers as it sends them: tolerant of more members, strict on those we act on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.connectors.sage100.records import GatewayIssue

Figures = dict[str, Decimal]
"""TaxableAmt, NonTaxableAmt, DiscountAmt, FreightAmt, SalesTaxAmt, Total."""


class Answer(BaseModel):
    """Base of what the gateway sends; it may learn to send more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Issue(Answer):
    """A warning or an error."""

    code: str = Field(min_length=1)
    source: str = "session"
    line: int | None = None
    field: str | None = None
    value: str | None = None
    message: str = ""

    def as_issue(self) -> GatewayIssue:
        """The same without nulls."""
        return GatewayIssue(
            self.code, self.source, self.line, self.field or "", self.value or "", self.message
        )


class Standing(Answer):
    """A record that stands in Sage (or does not any more), whatever its kind."""

    warnings: tuple[Issue, ...] = ()

    @property
    def target_id(self) -> str:
        """How the crosswalk names the record."""
        raise NotImplementedError

    @property
    def figures(self) -> Figures:
        """Sage's own totals, if the kind has any."""
        return {}

    @property
    def on_hold(self) -> bool:
        """Whether Sage keeps the record from being worked on."""
        return False


class WrittenOrder(Standing):
    """201 or 200 of an order that was created, adopted or changed."""

    status: Literal["created", "adopted", "changed", "unchanged"]
    SalesOrderNo: str = Field(min_length=1)
    OrderStatus: str = ""
    totals: Figures = {}

    @property
    def target_id(self) -> str:
        """The order's number."""
        return self.SalesOrderNo

    @property
    def figures(self) -> Figures:
        """Read back from Sage."""
        return dict(self.totals)

    @property
    def on_hold(self) -> bool:
        """Status H."""
        return self.OrderStatus == "H"


class CancelledOrder(Standing):
    """200 of a cancellation."""

    status: Literal["cancelled", "absent"]
    SalesOrderNo: str = ""

    @property
    def target_id(self) -> str:
        """The order's number."""
        return self.SalesOrderNo


class WrittenCustomer(Standing):
    """201 or 200 of a customer."""

    status: Literal["created", "adopted", "changed", "unchanged"]
    ARDivisionNo: str = Field(min_length=2, max_length=2)
    CustomerNo: str = Field(min_length=1)

    @property
    def target_id(self) -> str:
        """Division and number: a number alone names several customers."""
        return f"{self.ARDivisionNo}-{self.CustomerNo}"


class WrittenItem(Standing):
    """201 or 200 of an item."""

    status: Literal["created", "adopted", "changed", "unchanged"]
    ItemCode: str = Field(min_length=1)

    @property
    def target_id(self) -> str:
        """The item's code."""
        return self.ItemCode


class WrittenReceipt(Standing):
    """201 or 200 of a cash receipt."""

    status: Literal["created", "adopted"]
    DepositNo: str = Field(min_length=1)
    ARDivisionNo: str = Field(min_length=2, max_length=2)
    CustomerNo: str = Field(min_length=1)
    CheckNo: str
    amount: Decimal

    @property
    def target_id(self) -> str:
        """The four parts of its key."""
        return "-".join((self.DepositNo, self.ARDivisionNo, self.CustomerNo, self.CheckNo))

    @property
    def figures(self) -> Figures:
        """What was received."""
        return {"Total": self.amount}


class WrittenInvoice(Standing):
    """201 or 200 of a shipment or an invoice."""

    status: Literal["created", "adopted"]
    InvoiceNo: str = Field(min_length=1)

    @property
    def target_id(self) -> str:
        """The invoice's number."""
        return self.InvoiceNo


class StockQuantity(Answer):
    """What lies in one warehouse of one item, in its standard unit of measure."""

    ItemCode: str = Field(min_length=1)
    WarehouseCode: str
    QuantityOnHand: Decimal
    QuantityOnSalesOrder: Decimal
    QuantityOnBackOrder: Decimal
    QuantityInShipping: Decimal
    QuantityOnPurchaseOrder: Decimal
    QuantityAvailable: Decimal


class StockKey(Answer):
    """Behind which row the next page begins."""

    ItemCode: str = Field(min_length=1)
    WarehouseCode: str


class StockPage(Answer):
    """One page of quantities."""

    quantities: tuple[StockQuantity, ...]
    next: StockKey | None


class ItemRow(Answer):
    """An item as Sage's table holds it."""

    fields: dict[str, str | None]


class Problem(Answer):
    """Any refusal (RFC 9457)."""

    title: str = ""
    detail: str = ""
    errors: tuple[Issue, ...] = ()
    retry_after: float | None = Field(default=None, ge=0)


class RecordAnswer(Answer):
    """What a single request for this record of a batch would have answered."""

    idempotency_key: str
    status: int
    body: dict[str, Any]


class BatchAnswer(Answer):
    """207: one answer per record."""

    results: tuple[RecordAnswer, ...]


class Health(Answer):
    """Liveness."""

    status: Literal["ok", "degraded", "draining"]
    workers: tuple[dict[str, Any], ...] = ()
    seats: dict[str, Any] = {}
