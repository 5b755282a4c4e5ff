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
    """

    key: str
    idempotency_key: str = ""
    header: dict[str, str] = field(default_factory=dict)
    lines: list[dict[str, str]] = field(default_factory=list)
    expected_lines: int = 0
    expected_total: Decimal | None = None
    sales_order_no: str = ""

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
        return {"SalesOrderNo": number, "header": self.header, "lines": self.lines, "expect": expect}


@dataclass(frozen=True, slots=True)
class CustomerWrite:
    """One customer for Sage, under Sage's next number.

    Attributes:
        key: the source's id of the customer.
        idempotency_key: name of this write.
        fields: columns of AR_Customer as text.
    """

    key: str
    idempotency_key: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """The request body."""
        return {"CustomerNo": None, "fields": self.fields}


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
        target_id: ``0000123`` of an order, ``00-0001009`` (division, number) of a customer.
        warnings: Sage wrote it and remarked something.
        errors: why it was refused; never empty then.
        retry_after: seconds the gateway asks to wait.
        totals: Sage's own figures of an order by name (``Total``, ``SalesTaxAmt``, ...).
    """

    key: str
    status: WriteStatus
    target_id: str = ""
    warnings: tuple[GatewayIssue, ...] = ()
    errors: tuple[GatewayIssue, ...] = ()
    retry_after: float | None = None
    totals: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of a connection test, for a person."""

    ok: bool
    message: str
