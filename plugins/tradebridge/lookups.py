"""Who is asked when somebody looks a record up: by kind of record and system, a reader out of connections.

One look-up makes one call to each system. Zoho Inventory and Clarity eCommerce show one record a call, so of
several records that a name means there one is read anew.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from include.errors import TransientError
from tradebridge import connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from include.connectors.sage100 import Reader
    from include.connectors.sage100.changes import ServerClock
    from include.connectors.zoho_inventory import ZohoReader
    from include.pipelines.lookup import Lookup
    from include.pipelines.mirrors.ports import Counterpart

Client = TypeVar("Client")

LOOKUPS = "lookups"
"""On whose behalf calls are made that serve a person; a connection may keep calls free for it."""
ENTITIES = {"customers": "customer", "orders": "sales_order", "items": "item"}
"""What may be looked up, as its address calls it and as the crosswalk does."""


_MAKING = threading.Lock()
CLIENT_FRESH = 60.0
"""Seconds that a client is kept: its connections stay open, and a changed connection is soon heeded."""


@dataclass(frozen=True, slots=True)
class OneACall:
    """Records of a system that shows one a call: the first is read, of the others it is said how to."""

    read: Callable[[str], bytes | TransientError | None]

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each record's JSON, as :class:`Counterpart` says."""
        yield keys[0], self.read(keys[0])
        for key in keys[1:]:
            yield key, TransientError(f"a look-up reads one record of this system; look {key} up by its id")


@cache
def lookup(kind: str) -> Lookup:
    """Answers for one kind of record (a key of :data:`ENTITIES`); one a process."""
    from include.connectors.ports import utcnow
    from include.pipelines.lookup import Lookup

    return Lookup(
        ENTITIES[kind],
        crosswalk=lambda: connections.ledger().crosswalk,
        readers=_readers(kind),
        clock=utcnow,
        spellings=_spellings,
        coded_in="sage100" if kind == "items" else "",
    )


def _spellings(name: str) -> tuple[str, ...]:
    """A Salesforce id as reports (15 characters) and spreadsheets (all small) show it, in its whole."""
    from include.connectors.salesforce.records import whole_id

    return (whole_id(name),)


def _readers(kind: str) -> Mapping[str, Callable[[], Counterpart]]:
    readers: dict[str, dict[str, Callable[[], Counterpart]]] = {
        "customers": {
            "zoho_inventory": lambda: OneACall(_zoho().contact),
            "clarity_ecommerce": lambda: _clarity("customers"),
            "salesforce": lambda: _salesforce("customers"),
            "sage100": lambda: _sage().customer_records(_clock(), frozenset),
        },
        "orders": {
            "zoho_inventory": lambda: OneACall(_zoho().sales_order),
            "clarity_ecommerce": lambda: _clarity("orders"),
            "salesforce": lambda: _salesforce("orders"),
            "sage100": lambda: _sage().order_records(),
        },
        "items": {
            "zoho_inventory": lambda: OneACall(_zoho().item),
            "clarity_ecommerce": lambda: _clarity("products"),
            "salesforce": lambda: _salesforce("items"),
            "sage100": lambda: _sage().item_records(_clock()),
        },
    }
    return {system: partial(_make, make) for system, make in readers[kind].items()}


def _make(reader: Callable[[], Counterpart]) -> Counterpart:
    """One at a time: threads that load one package from two ends at once find half of it."""
    with _MAKING:
        return reader()


def _zoho() -> ZohoReader:
    from include.connectors.zoho_inventory import ZohoReader

    return ZohoReader(_client(connections.zoho_client, _age()))


def _clarity(kind: str) -> Counterpart:
    from include.connectors.clarity_ecommerce.records import Kind
    from include.connectors.clarity_ecommerce.sweeps import ClaritySweep

    sweep = ClaritySweep(_client(connections.clarity_client, _age()), Kind(kind))
    return OneACall(lambda key: dict(sweep.documents([key]))[key])


def _salesforce(kind: str) -> Counterpart:
    from include.connectors.salesforce import lookups

    kinds = {"customers": lookups.CUSTOMERS, "orders": lookups.ORDERS, "items": lookups.ITEMS}
    return lookups.SalesforceLookups(_client(connections.salesforce_client, _age()), kinds[kind])


def _age() -> int:
    return int(time.monotonic() // CLIENT_FRESH)


@lru_cache(maxsize=3)
def _client(make: Callable[..., Client], _age: int) -> Client:
    """One of each system; threads share it."""
    return make(flow=LOOKUPS)


def _clock() -> ServerClock:
    from include.connectors.sage100.changes import ServerClock

    return ServerClock()


def _sage() -> Reader:
    return _sage_of(threading.get_ident())


@lru_cache(maxsize=32)
def _sage_of(_thread: int) -> Reader:
    """An ODBC connection serves one thread at a time."""
    return connections.sage_reader()
