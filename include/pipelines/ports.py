"""What the pipelines ask of the outside world.

Clients arrive as arguments; a test hands in something real and small, ``tradebridge.connections``
hands in the real systems.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

from include.failpoints import watched
from include.ledger import LeaseLostError
from include.pipelines.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from include.connectors.sage100 import ColumnSpec, CustomerWrite, OrderWrite, WriteResult
    from include.connectors.sage100.marks import ShopMarks
    from include.errors import TransientError
    from include.ledger import Ledger
    from include.pipelines.flows import OrderFlow
    from include.pipelines.staging import StagingPath

TARGET = "sage100"
ORDER = "sales_order"
CUSTOMER = "customer"
ITEM = "item"


class OrderStub(Protocol):
    """An order as a list announces it."""

    @property
    def id(self) -> str:
        """The shop's id."""

    @property
    def number(self) -> str:
        """The number that people know it by."""

    @property
    def version(self) -> str:
        """What changes whenever the order does, as the list tells it."""

    @property
    def modified_at(self) -> datetime | None:
        """Time of the last change, aware; None when it cannot be read."""


class OrderSource(Protocol):
    """Where orders come from."""

    def list_sales_orders(
        self,
        *,
        modified_since: datetime | None = None,
        modified_until: datetime | None = None,
        numbers: Sequence[str] | None = None,
    ) -> Iterator[OrderStub]:
        """Ids and versions of orders, oldest change first."""

    def sales_orders(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each order's own JSON bytes; ``None`` when it is gone, an error when it could not be served."""

    def ping(self) -> None:
        """The smallest call that shows whether the source serves us; raises when it does not."""


class SourceNotes(Protocol):
    """How the people at the source are told."""

    def add_comment(self, order_id: str, text: str, /) -> bool:
        """Write a note on an order unless the same note stands there; says whether it wrote."""


class ErpReads(Protocol):
    """What is read from the ERP, a constant number of queries a batch."""

    def references(self) -> Mapping[str, pd.DataFrame]:
        """Reference tables by name, each a ``REFERENCE_FRAME``."""

    def items(self, codes: Sequence[str] | None = None) -> pd.DataFrame:
        """The item catalogue."""

    def stock(self, codes: Sequence[str]) -> pd.DataFrame:
        """What lies of some items in each warehouse."""

    def aliases(self) -> pd.DataFrame:
        """Other names of items."""

    def customers(self) -> pd.DataFrame:
        """Customers as matching needs them."""

    def widths(self, tables: Iterable[str]) -> Mapping[tuple[str, str], ColumnSpec]:
        """Width and type of every column of the tables."""

    def orders_by_source(self, orders: Sequence[tuple[str, str]], marks: ShopMarks) -> pd.DataFrame:
        """Orders that already stand in the ERP, by (source id, customer PO), told by the shop's columns."""


class ErpWrites(Protocol):
    """What is written to the ERP; every answer is read, none is raised away."""

    def create_orders(self, records: Sequence[OrderWrite]) -> list[WriteResult]:
        """Create, or adopt what already stands there."""

    def change_order(self, record: OrderWrite) -> WriteResult:
        """Make the live order equal to the record."""

    def cancel_order(self, record: OrderWrite, *, reason: str) -> WriteResult:
        """Take the order out of the live tables if nothing of it has moved."""

    def create_customers(self, records: Sequence[CustomerWrite]) -> list[WriteResult]:
        """Create, or adopt what already stands there."""


def utcnow() -> datetime:
    """The clock a world runs by unless a test gives another."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Endpoint:
    """A system's door as the circuit breaker knows it; ``ping`` is the smallest call that shows it open."""

    name: str
    ping: Callable[[], object]


class Flow(Protocol):
    """What every flow says of itself."""

    @property
    def name(self) -> str:
        """Its DAG's id."""

    @property
    def noun(self) -> str:
        """What it carries, in the plural: ``orders``; part of its tasks' names."""

    @property
    def entity(self) -> str:
        """The same as the crosswalk calls it."""

    @property
    def source(self) -> str:
        """System id of where it carries from."""

    @property
    def target(self) -> str:
        """System id of where it carries to."""

    @property
    def batch_size(self) -> int:
        """Records (keys, not rows) a batch."""

    @property
    def event(self) -> str:
        """Under which its records are kept in the inbox when it announces them itself."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the stages of every flow may touch.

    Attributes:
        settings: site constants the mappings read (company currency, default division, ...).
        time_zone: the source organisation's zone, for dates without one.
        lease: how long a batch stays ours before another run may take it.
        endpoints: what must answer before a run claims anything.
    """

    PORTS: ClassVar[tuple[str, ...]] = ()
    """Where a world ends: every call of these leaves the process."""

    ledger: Ledger
    staging_root: StagingPath
    settings: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    lease: timedelta = timedelta(minutes=15)
    clock: Callable[[], datetime] = utcnow
    endpoints: tuple[Endpoint, ...] = ()

    def __post_init__(self) -> None:
        for name in self.PORTS:
            if (port := getattr(self, name)) is not None:
                object.__setattr__(self, name, watched(name, port))

    def staging(self, ticket: Ticket) -> Staging:
        """The staging folder of one batch."""
        return Staging(self.staging_root, flow=ticket.flow, run_id=ticket.run_id, batch_id=ticket.batch_id)

    def keep_lease(self, ticket: Ticket) -> None:
        """Before anything is sent: a load may take longer than the lease of its batch.

        Raises:
            LeaseLostError: we were away too long, and another run may have carried something newer.
        """
        if not self.ledger.inbox.renew(ticket.batch_id, self.lease):
            raise LeaseLostError(f"batch {ticket.batch_id} was taken by another run during the load")

    def remark(self, key: str, text: str) -> None:
        """Tell the people at the source that a record was rejected, where there is a place for it."""

    def carried(self, ticket: Ticket, keys: Sequence[str]) -> None:
        """Wake what waits for these records of a batch; told before the batch is settled."""


@dataclass(frozen=True, kw_only=True)
class World(Surroundings):
    """Everything a stage of an order flow may touch."""

    PORTS = ("source", "notes", "reads", "writes")

    flow: OrderFlow
    source: OrderSource
    notes: SourceNotes
    reads: ErpReads
    writes: ErpWrites

    def remark(self, key: str, text: str) -> None:
        """A note on the order itself."""
        self.notes.add_comment(key, f"This order could not be carried to Sage 100:\n{text}")


@dataclass(frozen=True)
class Ticket:
    """The batch a stage works on."""

    run_id: str
    batch_id: str
    flow: str


class Settled(Protocol):
    """What closing the books needs of a world."""

    @property
    def flow(self) -> Flow:
        """Whose books."""

    @property
    def ledger(self) -> Ledger:
        """Where they are kept."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Gives the present."""

    def staging(self, ticket: Ticket) -> Staging:
        """The staging folder of one batch."""

    def remark(self, key: str, text: str) -> None:
        """Tell the people at the source."""

    def carried(self, ticket: Ticket, keys: Sequence[str]) -> None:
        """Wake what waits for these records."""


def distinct(values: Iterable[str]) -> list[str]:
    """Each value once, in order of first appearance."""
    return list(dict.fromkeys(values))
