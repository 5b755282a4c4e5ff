"""How often the outside world is asked: the shops' APIs for changed orders, Sage's tables for a batch."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.connectors.sage100 import OdbcSettings, Reader, connect
from include.pipelines.announce import Request, announce
from include.pipelines.ports import Ticket
from include.pipelines.settle import settle
from tests.bench.figures import Figure, Section
from tests.pipeline.clarity import ONE_ORDER, ORDER_LIST, orders_world, shop
from tests.pipeline.house import House
from tests.pipeline.world import FLOW, LEASE, STAGES, SWEEP, run_once, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.connectors.sage100.odbc import Connection
    from include.pipelines.ports import World
    from tests.bench.sizes import Sizes

EVERYTHING = Request(since=datetime(2020, 1, 1, tzinfo=UTC))
LIST, DETAIL = "/inventory/v1/salesorders", "/inventory/v1/salesorders/{id}"
PAGE = 200


def measure(sizes: Sizes) -> Section:
    """The stages of the flow on the sandbox and the gateway, without Airflow."""
    with open_house() as house:
        figures = [*_zoho(house, sizes), *_clarity(house, sizes), *_odbc(house, sizes)]
    return Section("calls", "counted by the sandbox's request log and at the ODBC connection", figures)


@contextmanager
def open_house() -> Iterator[House]:
    run = Path(tempfile.mkdtemp(prefix="tradebridge-bench-"))
    run.chmod(0o755)
    house = House(run)
    try:
        house.open()
        yield house
    finally:
        house.close()
        shutil.rmtree(run, ignore_errors=True)


def _carry(here: World, asked: Request) -> None:
    """What is asked for, in as many runs as it takes."""
    while run_once(here, asked)["received"]:
        asked = Request()


# Zoho -------------------------------------------------------------------------------------------------


def _zoho(house: House, sizes: Sizes) -> list[Figure]:
    """A window of changed orders carried once, then swept again with nothing changed."""
    house.tidy(sizes.window)
    here = world(house.doors, house.clock)
    pages = -(-sizes.window // PAGE)
    house.zoho.delete("/requests")
    _carry(here, EVERYTHING)
    first = _asked(house)
    house.zoho.delete("/requests")
    run_once(here, EVERYTHING)
    again = _asked(house)
    here.ledger.close()
    return [
        Figure("orders changed in the window", sizes.window),
        Figure("list calls for the window", first[LIST], at_most=pages),
        Figure("detail calls for the window", first[DETAIL], at_most=sizes.window),
        Figure("any other call for the window", _others(first), at_most=0),
        Figure("list calls when nothing has changed", again[LIST], at_most=pages),
        Figure("any other call when nothing has changed", again[DETAIL] + _others(again), at_most=0),
    ]


def _asked(house: House) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in house.zoho.get("/requests")["counts"]:
        if row["shape"].startswith("/inventory"):
            found[row["shape"]] += int(row["n"])
    return found


def _others(found: Counter[str]) -> int:
    return found.total() - found[LIST] - found[DETAIL]


# Clarity ----------------------------------------------------------------------------------------------


def _clarity(house: House, sizes: Sizes) -> list[Figure]:
    """Orders announced by webhook and carried, then listed by a sweep, and by another one."""
    house.tidy()
    clarity = shop(house)
    clarity.open()
    here = orders_world(house.doors, house.clock)
    count, pages = sizes.announced, -(-sizes.announced // here.source.client.settings.rows_asked)
    placed = [order["orderNumber"] for order in clarity.place(count=count, announce=False)]
    here.ledger.inbox.keep_many(here.flow.name, map(clarity.announcement, placed))
    clarity.delete("/requests")
    _carry(here, Request())
    _carry(here, SWEEP)
    first = clarity.calls()
    clarity.delete("/requests")
    run_once(here, SWEEP)
    again = clarity.calls()
    here.ledger.close()
    return [
        Figure("Clarity: orders announced by webhook and swept", count),
        Figure("Clarity: detail calls", first[ONE_ORDER], at_most=count),
        Figure("Clarity: list calls of the sweep", first[ORDER_LIST], at_most=pages),
        Figure("Clarity: any other call", first.total() - first[ONE_ORDER] - first[ORDER_LIST], at_most=0),
        Figure(
            "Clarity: calls for 1,000 orders",
            first.total() * 1000 / count,
            at_most=(count + pages) * 1000 / count,
        ),
        Figure("Clarity: list calls when nothing has changed", again[ORDER_LIST], at_most=pages),
        Figure("Clarity: any other call then", again.total() - again[ORDER_LIST], at_most=0),
    ]


# Sage -------------------------------------------------------------------------------------------------


def _odbc(house: House, sizes: Sizes) -> list[Figure]:
    counts = {size: _queries(house, size) for size in sizes.batches}
    figures = [Figure(f"ODBC queries for a batch of {size}", count.total()) for size, count in counts.items()]
    figures += [Figure(f"  of them in {stage}", n) for stage, n in counts[max(counts)].items()]
    spread = max(count.total() for count in counts.values()) - min(count.total() for count in counts.values())
    return [*figures, Figure("largest batch against smallest: more queries", spread, at_most=0)]


def _queries(house: House, size: int) -> Counter[str]:
    """Queries by stage; each stage has a connection of its own, as each task has."""
    house.tidy(size)
    here = world(house.doors, house.clock)
    announce(here, "bench", EVERYTHING)
    batch, *_ = here.ledger.inbox.claim(FLOW, batch_size=size, max_batches=1, lease=LEASE, run_id="bench")
    counted: Counter[str] = Counter()
    for stage in STAGES:
        stage(_with_counted_reads(here, house, counted, stage.__name__), Ticket("bench", batch.id, FLOW))
    settle(here, run_id="bench", batches=[batch.id])
    here.ledger.close()
    return counted


def _with_counted_reads(here: World, house: House, counted: Counter[str], stage: str) -> World:
    odbc = OdbcSettings(driver="SQLite3", database=house.doors.sage_database).connection_string()
    return replace(here, reads=Reader(partial(_counting, partial(connect, odbc), counted, stage)))


def _counting(dial: Any, counted: Counter[str], stage: str) -> Connection:
    return _Counting(dial(), counted, stage)  # type: ignore[return-value]


class _Counting:
    """A connection whose cursors count what they are asked; a look into the dictionary is a query too."""

    def __init__(self, inner: Any, counted: Counter[str], stage: str) -> None:
        self._inner, self._counted, self._stage = inner, counted, stage

    def cursor(self) -> Any:
        return _Counting(self._inner.cursor(), self._counted, self._stage)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in {"execute", "columns"}:
            return found

        def asked(*arguments: Any, **named: Any) -> Any:
            self._counted[self._stage] += 1
            return found(*arguments, **named)

        return asked
