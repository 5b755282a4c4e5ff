"""What a worker is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from include.gateway.invoice_models import InvoiceRequest
    from include.gateway.item_models import ItemRequest
    from include.gateway.models import CustomerRequest, OrderRequest, Strict
    from include.gateway.quantity_models import QuantityQuery
    from include.gateway.receipt_models import ReceiptRequest

Verb = Literal[
    "create_order",
    "change_order",
    "cancel_order",
    "hold_order",
    "release_order",
    "read_order",
    "create_customer",
    "change_customer",
    "read_customer",
    "create_item",
    "change_item",
    "read_item",
    "read_quantities",
    "create_receipt",
    "create_shipment",
    "create_invoice",
]


@dataclass(frozen=True, slots=True)
class Job:
    """One request; ``number`` and ``division`` name an existing record."""

    verb: Verb
    key: str = ""
    number: str = ""
    division: str = ""
    reason: str = ""
    order: OrderRequest | None = None
    customer: CustomerRequest | None = None
    item: ItemRequest | None = None
    receipt: ReceiptRequest | None = None
    invoice: InvoiceRequest | None = None
    quantities: QuantityQuery | None = None
    resumed: bool = False

    @property
    def record(self) -> Strict | None:
        """What is to be written, of whatever kind."""
        return self.order or self.customer or self.item or self.receipt or self.invoice

    @property
    def noun(self) -> str:
        """The kind of record, which says whose desk the job goes to."""
        return self.verb.partition("_")[2]

    def misses_its_record(self) -> ValueError:
        """The job came without what its verb needs: a mistake of the routes."""
        return ValueError(f"job {self.verb} lacks its record")
