"""What mirror flows ask of the outside world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from include.pipelines.ports import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    import pandas as pd

    from include.connectors.documents import Answer, Document
    from include.connectors.interval import Allowance
    from include.connectors.sage100.receipts import Owner, Receipt
    from include.errors import TransientError
    from include.pipelines.mirrors.flows import MirrorFlow
    from include.pipelines.ports import OrderSource, Ticket
    from include.translation import Reference


class Stub(Protocol):
    """A record that is new or different."""

    @property
    def key(self) -> str:
        """What names it at the source."""

    @property
    def version(self) -> str:
        """Changes when the content does."""


class Found(Protocol):
    """What a poll found."""

    @property
    def stubs(self) -> Sequence[Stub]:
        """Records that are new or different."""

    @property
    def gone(self) -> Sequence[str]:
        """Known keys that the source has no longer."""

    @property
    def watermark(self) -> datetime | None:
        """What to give as ``since`` next time."""


class RecordSource(Protocol):
    """Where records come from."""

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Found:
        """What differs from the known (version by key); ``since`` None compares everything."""

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each record's JSON bytes; None when it is gone, an error when it could not be served."""


class RecordTarget(Protocol):
    """Who is told."""

    def write(self, documents: Sequence[Document]) -> Sequence[Answer]:
        """Create or change records; one answer each, in their order."""

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Read back after an unknown outcome: target id by key, of those that stand there as asked."""


class Counterpart(Protocol):
    """The target's own records."""

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each record's JSON bytes by the target's id, as :meth:`RecordSource.documents`."""


class ShopCustomers(Protocol):
    """The shop's customers."""

    def numbers(self, ids: Iterable[str]) -> Mapping[str, str]:
        """The number that people know each by, by id; one that is no customer any more has none."""


class ErpCustomers(Protocol):
    """The ERP's customers, and what its codes are called."""

    def customers(self) -> pd.DataFrame:
        """All customers, as matching needs them."""

    def references(self) -> Mapping[str, pd.DataFrame]:
        """Reference tables by name, each a ``REFERENCE_FRAME``."""


class Unclaimed(Protocol):
    """Records that people made in the target, and that nothing of the source's is known by yet."""

    def find(self, codes: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """Names by target id of those that have a record's code, by the source's id."""


class KnownContact(Protocol):
    """A customer of the target's by what it may be known again."""

    @property
    def contact_id(self) -> str:
        """The target's id."""

    @property
    def names(self) -> Sequence[str]:
        """What it is called, and its firm."""

    @property
    def is_active(self) -> bool:
        """Whether the target's people use it."""

    @property
    def mark(self) -> str:
        """The source's record that we made it of, blank for none."""

    @property
    def emails(self) -> Sequence[str]:
        """Its own and its people's."""

    @property
    def phones(self) -> Sequence[str]:
        """Its own and its people's."""

    @property
    def postal_codes(self) -> Sequence[str]:
        """Of its addresses."""


class Contacts(Protocol):
    """The target's customers, among which new ones are looked for."""

    def listed(self) -> Sequence[KnownContact]:
        """All of them as a list shows them, without addresses and people."""

    def whole(self, ids: Iterable[str]) -> Sequence[KnownContact]:
        """Some of them whole; who is gone is absent."""


class Currencies(Protocol):
    """The target's currencies."""

    def ids(self) -> Mapping[str, str]:
        """Its ids by ISO 4217 code."""


class CashReads(Protocol):
    """What the ERP says of money."""

    def order_owners(self, orders: Iterable[str]) -> Mapping[str, Owner]:
        """Customers of orders by the ERP's number, live or in history."""

    def receipts_of(self, customers: Iterable[str]) -> Sequence[Receipt]:
        """All cash receipts of customers, entered or posted."""

    def receipts_since(self, day: date) -> Sequence[Receipt]:
        """Cash receipts of deposits since a day, entered or posted."""


class Marks(Protocol):
    """Fields in which the source's records say what became of them."""

    def write(
        self, orders: Mapping[str, tuple[str, str]], known: Mapping[str, Mapping[str, Any]], /
    ) -> Mapping[str, str]:
        """Say id and number of the target's record, by the source's; returns what came of each."""


class Schema(Protocol):
    """What an org's objects are made of."""

    def has(self, name: str, field: str) -> bool:
        """Whether we may read a field of an object."""

    def words(self, name: str, field: str) -> Collection[str]:
        """What a list offers to choose from."""


@dataclass(frozen=True, kw_only=True)
class MirrorWorld(Surroundings):
    """Everything a stage of a mirror flow may touch.

    Attributes:
        endpoints: the source's first.
        references: tables that the way in looks up, by name; asked for by each who looks something up.
        widths: characters that the target's columns hold, by (table, column), where it cuts texts.
        counterpart: what the target itself says, where both may change a record.
        orders: the shop's orders, where what it has sold matters.
        customers: the shop's, where it must be told whose a record is.
        cash: the ERP's, where it is told of money.
        currencies: the target's, where a record names one.
        unclaimed: the target's own records, among which new ones are looked for before they are made.
        contacts: the target's customers, likewise.
        erp: the ERP's customers, where the shop's are looked for among them.
        marks: the source's fields for what became of its records.
        schema: of the org on either side, where not every org has what a mapping names.
        allowances: what may still be spent of each call budget that a run draws on.
    """

    PORTS = (
        "source", "target", "orders", "customers", "counterpart", "cash", "erp", "currencies", "unclaimed",
        "contacts", "marks",
    )  # fmt: skip

    flow: MirrorFlow
    source: RecordSource
    target: RecordTarget
    references: Callable[[], Mapping[str, Reference]] = dict
    widths: Callable[[], Mapping[tuple[str, str], int]] = dict
    counterpart: Counterpart | None = None
    orders: OrderSource | None = None
    customers: ShopCustomers | None = None
    cash: CashReads | None = None
    erp: ErpCustomers | None = None
    currencies: Currencies | None = None
    schema: Schema | None = None
    marks: Marks | None = None
    unclaimed: Unclaimed | None = None
    contacts: Contacts | None = None
    allowances: tuple[Callable[[], Allowance], ...] = ()

    def carried(self, ticket: Ticket, keys: Sequence[str]) -> None:
        """Wake records of other flows that wait for these."""
        self.flow.carried(self, ticket, keys)
