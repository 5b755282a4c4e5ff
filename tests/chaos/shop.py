"""The shop's hand: places, edits and cancels as the schedule says, and remembers what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.chaos.checker import Order
from tests.chaos.schedule import Deed
from tests.e2e.site import Site

VOID = {"order_status": "void", "status": "void"}


@dataclass
class Shop:
    """One shop's history.

    Attributes:
        history: what was done, by order id.
    """

    site: Site
    history: dict[str, Order] = field(default_factory=dict)
    _ids: dict[int, str] = field(default_factory=dict)

    def do(self, deed: Deed) -> None:
        """Carry one deed out."""
        getattr(self, f"_{deed.kind}")(deed.about)

    def _place(self, about: dict[str, Any]) -> None:
        asked = {"changes": {"shipping_charge": about["freight"]}, "announce": about["announce"]}
        [placed] = self.site.control("POST", "/zoho/salesorders", asked)["salesorders"]
        key = self._ids[about["order"]] = str(placed["salesorder_id"])
        self.history[key] = Order(placed["salesorder_number"])
        self._note(key, placed)

    def _edit(self, about: dict[str, Any]) -> None:
        key = self._ids[about["order"]]
        asked = {"changes": {"shipping_charge": about["freight"]}, "announce": about["announce"]}
        self._note(key, self.site.control("PUT", f"/zoho/salesorders/{key}", asked))

    def _cancel(self, about: dict[str, Any]) -> None:
        """Taken back in Zoho's pages; announced as every change is."""
        key = self._ids[about["order"]]
        voided = self.site.control("PUT", f"/zoho/salesorders/{key}", {"changes": VOID, "raw": True})
        self.history[key].cancelled = True
        self._note(key, voided)

    def _note(self, key: str, order: dict[str, Any]) -> None:
        total = Decimal(str(order["total"])).quantize(Decimal("0.01"), ROUND_HALF_UP)
        self.history[key].versions.append((str(order["last_modified_time"]), total))
