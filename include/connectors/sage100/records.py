"""What goes to the gateway and what comes back, as values.

An idempotency key is made of the business fact by whoever keeps the write ledger, above any retry; here
a record without one is refused, because a repeated request could then make a twin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from decimal import Decimal

WriteStatus = Literal[
    "created", "adopted", "changed", "unchanged", "cancelled", "absent", "refused", "unknown", "retry"
]
"""``unknown``: it was sent and no usable answer came, read back before any retry. ``retry``: nothing was
written, ask again (after ``retry_after`` seconds). The others are final."""


CreditPolicy = Literal["refuse", "hold", "ignore"]
"""Of a new order that the customer's credit does not cover: refuse it, write it on hold, or do not ask."""


@dataclass(frozen=True, slots=True)
class OrderWrite:
    """One sales order for Sage.

    Attributes:
        key: the source's id of the order.
        idempotency_key: name of this write; the same fact always has the same one.
        header: columns of SO_SalesOrderHeader as text.
        lines: columns of SO_SalesOrderDetail as text, in order.
        expected_lines: how many lines must stand in Sage afterwards.
        expected_total: what the order must come to; ``None`` leaves it unchecked.
        sales_order_no: the live order to change or cancel; blank creates one under Sage's next number.
        credit: what the gateway does about a new order's credit; asking needs ``expected_total``.
        hold_reason: Sage's code for the reason, should the order be put on hold for its credit.
    """

    key: str
    idempotency_key: str = ""
    header: dict[str, str] = field(default_factory=dict)
    lines: list[dict[str, str]] = field(default_factory=list)
    expected_lines: int = 0
    expected_total: Decimal | None = None
    sales_order_no: str = ""
    credit: CreditPolicy = "ignore"
    hold_reason: str = ""

    @classmethod
    def to_cancel(cls, key: str, sales_order_no: str) -> Self:
        """The write that takes an order out of the live tables."""
        return cls(key=key, sales_order_no=sales_order_no)

    def body(self) -> dict[str, object]:
        """The request body; decimals as text."""
        expect = None
        if self.expected_total is not None:
            expect = {"lines": self.expected_lines, "total": format(self.expected_total, "f")}
        number = self.sales_order_no or None
        order: dict[str, object] = {"SalesOrderNo": number, "header": self.header, "lines": self.lines}
        order["expect"] = expect
        if self.credit != "ignore":
            order |= {"credit": self.credit, "hold_reason": self.hold_reason}
        return order


@dataclass(frozen=True, slots=True)
class CustomerWrite:
    """One customer for Sage, new or changed.

    Attributes:
        key: the source's id of the customer.
        idempotency_key: name of this write.
        fields: columns of AR_Customer as text; of a change only those that are ours to set.
        target_id: ``00-0001009`` (division, number) of the customer to change; blank creates one under
            Sage's next number.
    """

    key: str
    idempotency_key: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    target_id: str = ""

    def body(self) -> dict[str, object]:
        """The request body."""
        return {"CustomerNo": None, "fields": self.fields}


@dataclass(frozen=True, slots=True)
class ItemWrite:
    """One item for Sage, new or changed.

    Attributes:
        key: the source's id of the item.
        idempotency_key: name of this write.
        item_code: Sage's code.
        fields: columns of CI_Item as text; of a change only those that are ours to set.
    """

    key: str
    idempotency_key: str = ""
    item_code: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """The request body."""
        return {"ItemCode": self.item_code, "fields": self.fields}


@dataclass(frozen=True, slots=True)
class CashReceiptWrite:
    """Money from one customer for Sage.

    Attributes:
        key: the source's id of the payment.
        idempotency_key: name of this write.
        deposit: columns of AR_CashReceiptsDeposit: BankCode, DepositDate and DepositDesc find an open deposit
            or open one; DepositNo names one.
        header: columns of AR_CashReceiptsHeader: CustomerNo, CheckNo (the payment's reference), PaymentType,
            PostingAmt.
        lines: columns of AR_CashReceiptsDetail: what is paid. See :func:`on_account`.
    """

    key: str
    idempotency_key: str = ""
    deposit: dict[str, str] = field(default_factory=dict)
    header: dict[str, str] = field(default_factory=dict)
    lines: list[dict[str, str]] = field(default_factory=list)

    def body(self) -> dict[str, object]:
        """The request body."""
        return {"deposit": self.deposit, "header": self.header, "lines": self.lines}


def on_account(number: str, amount: str) -> dict[str, str]:
    """The line of money that pays no invoice yet, under a number of its own (an order's, say)."""
    return {"InvoiceNo": number, "InvoiceType": "PP", "AmountPosted": amount}


@dataclass(frozen=True, slots=True)
class ShipmentWrite:
    """Goods of one order that go: a shipment or an invoice, with its packages.

    Attributes:
        key: the source's id of the shipment.
        idempotency_key: name of this write.
        sales_order_no: the live order.
        header: further columns of SO_InvoiceHeader as text.
        shipped: quantity by the order's LineKey; ``None`` ships all that is open.
        packages: PackageNo (four digits), TrackingID and Weight of each.
    """

    key: str
    idempotency_key: str = ""
    sales_order_no: str = ""
    header: dict[str, str] = field(default_factory=dict)
    shipped: dict[str, str] | None = None
    packages: list[dict[str, str]] = field(default_factory=list)

    def body(self) -> dict[str, object]:
        """The request body."""
        lines = None
        if self.shipped is not None:
            lines = [{"OrderLineKey": key, "QuantityShipped": n} for key, n in self.shipped.items()]
        order: dict[str, object] = {"SalesOrderNo": self.sales_order_no, "header": self.header}
        return order | {"lines": lines, "packages": self.packages}


Write = OrderWrite | CustomerWrite | ItemWrite | CashReceiptWrite | ShipmentWrite
"""Whatever can be written in batches."""


@dataclass(frozen=True, slots=True)
class GatewayIssue:
    """One thing that Sage said about a record.

    Attributes:
        code: the gateway's word; ``reason_for`` turns it into ours.
        source: ``header``, ``line`` or ``session``.
        line: position of the line from 1, ``None`` when it is not about one.
        field: Sage's column, blank when it is not about one.
        value: what was to be written there.
        message: Sage's own words.
    """

    code: str
    source: str = "session"
    line: int | None = None
    field: str = ""
    value: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one record.

    Attributes:
        key: the record's idempotency key.
        target_id: ``0000123`` of an order, ``00-0001009`` (division, number) of a customer, the code of an
            item, ``00012-00-0001009-CH1`` (deposit, customer, check) of a cash receipt, the number of an
            invoice.
        warnings: Sage wrote it and remarked something.
        errors: why it was refused; never empty then.
        retry_after: seconds the gateway asks to wait.
        totals: Sage's own figures by name: of an order ``Total``, ``SalesTaxAmt``, ...; of a cash receipt
            ``Total``.
        on_hold: the order stands, and is on hold; the warnings say when that is for its credit.
    """

    key: str
    status: WriteStatus
    target_id: str = ""
    warnings: tuple[GatewayIssue, ...] = ()
    errors: tuple[GatewayIssue, ...] = ()
    retry_after: float | None = None
    totals: dict[str, Decimal] = field(default_factory=dict)
    on_hold: bool = False


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of a connection test, for a person."""

    ok: bool
    message: str
