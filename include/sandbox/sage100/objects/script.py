# ruff: noqa: N802 - Sage's own names
"""``ProvideX.Script``: where every program that writes to Sage 100 begins."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100.objects.answers import ComError
from include.sandbox.sage100.objects.business import BusinessObject
from include.sandbox.sage100.objects.cash_receipt import CashReceipts, Deposit
from include.sandbox.sage100.objects.customer import Customer
from include.sandbox.sage100.objects.invoice import Invoice, InvoiceTracking, Shipment
from include.sandbox.sage100.objects.item import Item
from include.sandbox.sage100.objects.journal import SalesJournal
from include.sandbox.sage100.objects.sales_order import SalesOrder
from include.sandbox.sage100.objects.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable


class ShipTo(BusinessObject):
    """SO_ShipToAddress_bus, so far with the dictionary's rules alone."""

    bus: ClassVar[str] = "SO_ShipToAddress_bus"
    main: ClassVar[str] = "SO_ShipToAddress"


OBJECTS: dict[str, type[BusinessObject] | type[SalesJournal]] = {
    made.bus: made
    for made in (
        SalesOrder,
        Customer,
        Item,
        ShipTo,
        Invoice,
        Shipment,
        InvoiceTracking,
        Deposit,
        CashReceipts,
        SalesJournal,
    )
}
"""What ``NewObject`` makes beside the session. The task of ``X_bus`` or ``X_upd`` is ``X_ui``."""


def _utcnow() -> datetime:
    return datetime.now(UTC)


class Script:
    """The COM object. ``clock`` and ``pause`` are for tests."""

    def __init__(
        self, clock: Callable[[], datetime] = _utcnow, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._home: Path | None = None

    def Init(self, home: str) -> int:
        """Say where Sage is: the directory that holds ``MAS_<company>.sqlite``.

        Raises:
            ComError: there is no such directory.
        """
        if not Path(home).is_dir():
            raise ComError(f"Error 12: {home} is not a directory")
        self._home = Path(home)
        return 1

    def NewObject(self, name: str, session: Session | None = None) -> Session | BusinessObject | SalesJournal:
        """Make ``SY_Session``, or a business object in a session that has company, user and task.

        Raises:
            ComError: error 90 for an unknown name, a session that is not ready or a user without the right.
        """
        if self._home is None:
            raise ComError("Error 90: Init has not been called")
        if name == "SY_Session":
            return Session(self._home, self._clock, self._pause)
        made = OBJECTS.get(name)
        if made is None or session is None or session.poisoned or not session.ready:
            raise ComError(f"Error 90 in NewObject {name}")
        if f"{name.rpartition('_')[0]}_ui" in session.settings.denied_tasks:
            raise ComError(f"Error 90 in NewObject {name}")
        return made(session)
