"""Who is asked when somebody looks a record up: by kind of record and system, a reader out of connections."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tradebridge import connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from include.connectors.sage100 import Reader
    from include.connectors.sage100.changes import ServerClock
    from include.connectors.zoho_inventory import ZohoReader
    from include.errors import TransientError
    from include.pipelines.lookup import Lookup
    from include.pipelines.mirrors.ports import Counterpart

    Answers = Iterator[tuple[str, bytes | TransientError | None]]

LOOKUPS = "lookups"
"""On whose behalf calls are made that serve a person; a connection may keep calls free for it."""
ENTITIES = {"customers": "customer", "orders": "sales_order", "items": "item"}
"""What may be looked up, as its address calls it and as the crosswalk does."""


@dataclass(frozen=True, slots=True)
class _One:
    """Records that are read one by one."""

    read: Callable[[str], bytes | None]

    def documents(self, keys: Sequence[str]) -> Answers:
        for key in keys:
            yield key, self.read(key)


@dataclass(frozen=True, slots=True)
class _Several:
    """Records that are read several at a time."""

    read: Callable[[Sequence[str]], Answers]

    def documents(self, keys: Sequence[str]) -> Answers:
        return self.read(keys)


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
    )


def _readers(kind: str) -> Mapping[str, Callable[[], Counterpart]]:
    readers: dict[str, dict[str, Callable[[], Counterpart]]] = {
        "customers": {
            "zoho_inventory": lambda: _One(_zoho().contact),
            "clarity_ecommerce": lambda: _clarity("customers"),
            "sage100": lambda: _sage().customer_records(_clock(), frozenset),
        },
        "orders": {
            "zoho_inventory": lambda: _Several(_zoho().sales_orders),
            "clarity_ecommerce": lambda: _clarity("orders"),
            "sage100": lambda: _sage().order_records(),
        },
        "items": {
            "zoho_inventory": lambda: _One(_zoho().item),
            "clarity_ecommerce": lambda: _clarity("products"),
            "sage100": lambda: _sage().item_records(_clock()),
        },
    }
    return readers[kind]


def _zoho() -> ZohoReader:
    from include.connectors.zoho_inventory import ZohoReader

    return ZohoReader(connections.zoho_client(flow=LOOKUPS))


def _clarity(kind: str) -> Counterpart:
    from include.connectors.clarity_ecommerce.records import Kind
    from include.connectors.clarity_ecommerce.sweeps import ClaritySweep

    return ClaritySweep(connections.clarity_client(flow=LOOKUPS), Kind(kind))


def _clock() -> ServerClock:
    from include.connectors.sage100.changes import ServerClock

    return ServerClock()


def _sage() -> Reader:
    return _sage_of(threading.get_ident())


@lru_cache(maxsize=32)
def _sage_of(_thread: int) -> Reader:
    """An ODBC connection serves one thread at a time."""
    return connections.sage_reader()
