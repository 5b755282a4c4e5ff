"""What is read from Clarity and written to it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from include.connectors.clarity_ecommerce import wire
from include.connectors.clarity_ecommerce.wire import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from include.canonical.reasons import Reason
    from include.connectors.clarity_ecommerce.dialect import Dialect


class Kind(StrEnum):
    """Kinds of records, as dialects name them."""

    ORDERS = "orders"
    CUSTOMERS = "customers"
    PRODUCTS = "products"
    INVENTORY = "inventory"
    SHIPMENTS = "shipments"
    INVOICES = "invoices"
    PAYMENTS = "payments"
    PAYOUTS = "payouts"
    REFUNDS = "refunds"
    RETURNS = "returns"


@dataclass(frozen=True, slots=True)
class Record:
    """A record as Clarity shows it.

    Attributes:
        kind: what it is.
        id: what identifies it: the number, or the members of a compound key joined by ``|``.
        number: by which people know it.
        version: ``rowVersion``, ``""`` when this view of it has none (lists of orders).
        updated: time of change as Clarity wrote it.
        updated_at: the same in UTC, None when it cannot be read.
        raw: JSON with our names, every number and text as Clarity wrote it.
    """

    kind: Kind
    id: str
    number: str
    version: str
    updated: str
    updated_at: datetime | None
    raw: bytes = field(repr=False)

    @classmethod
    def of(cls, kind: Kind, raw: bytes, dialect: Dialect) -> Record:
        """The record in a raw JSON object.

        Raises:
            MalformedAnswerError: it has no id.
        """
        resource, window = dialect.resource(kind), dialect.window
        parts = [wire.scalar(wire.at(raw, name)) for name in resource.key]
        if raw[:1] != b"{" or not all(parts):
            raise MalformedAnswerError(f"a record of {kind} without {' and '.join(resource.key)}")
        updated = wire.scalar(wire.at(raw, window.updated))
        return cls(
            kind=kind,
            id="|".join(parts),
            number=wire.scalar(wire.at(raw, resource.number)) if resource.number else "",
            version=wire.scalar(wire.at(raw, window.version)),
            updated=updated,
            updated_at=wire.read_time(updated, window.zone),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Write:
    """One record for Clarity.

    Attributes:
        key: idempotency key, made of the business fact; the same fact always has the same one.
        content: the record's members with our names; of JSON's types, numbers ``int`` or ``Decimal``.
        id: of the record in Clarity (of an invoice its number); ``""`` creates one.
    """

    key: str
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)
    id: str = ""


@dataclass(frozen=True, slots=True)
class StockWrite:
    """What a warehouse holds of an item.

    Attributes:
        key: names the record among the results.
        sku: of the item.
        warehouse_code: Clarity's.
        quantities: ``quantityOnHand``, ``quantityAllocated``, ... ; ``int`` or ``Decimal``.
    """

    key: str
    sku: str
    warehouse_code: str
    quantities: Mapping[str, Any]


WriteStatus = Literal[
    "created", "adopted", "changed", "unchanged", "absent", "outdated", "refused", "unknown", "retry"
]
"""``adopted``: it stood there and equals ours. ``absent``: what was to be taken away never stood there.
``outdated``: Clarity has a newer value and keeps it.
``unknown``: it was sent and nobody can tell what came of it, read back before any retry. ``retry``: nothing
was written, ask again (after ``retry_after`` seconds). The others are final."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one record.

    Attributes:
        key: of the write.
        status: see :data:`WriteStatus`.
        id: of the record in Clarity, if known.
        version: that it has now, if known.
        code: Clarity's word for a refusal.
        reason: the same in our vocabulary; None unless refused.
        fields: paths of the refused members.
        retry_after: seconds to wait, if Clarity said so.
    """

    key: str
    status: WriteStatus
    id: str = ""
    version: str = ""
    code: str = ""
    reason: Reason | None = None
    fields: tuple[str, ...] = ()
    retry_after: float | None = None
