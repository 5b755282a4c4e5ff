"""B57: which lines need stock at all, and how much of it is there for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from include.errors import ConfigurationError
from include.ledger import Delivery, Ledger, migrate
from include.pipelines.flows import ZOHO_ORDERS
from include.pipelines.plan import DETAILS, HEADERS, PLAN
from include.pipelines.ports import Ticket, World
from include.pipelines.staging import rows
from include.pipelines.stock_queue import on_back_order, out_of_stock

MakeWorld = Callable[..., World]
TICKET = Ticket(run_id="run", batch_id="batch", flow=ZOHO_ORDERS.name)
ITEMS = [
    # ItemCode, ProductType, SalesUnitOfMeasure, StandardUnitOfMeasure
    ("TEA", "F", "EACH", "EACH"),
    ("HAMPER", "K", "EACH", "EACH"),
    ("BEER", "F", "CASE", "EACH"),
]
LEVELS = [
    # ItemCode, WarehouseCode, QuantityOnHand, QuantityOnSalesOrder, QuantityOnBackOrder
    ("TEA", "000", 9, 3, 1),
    ("TEA", "001", 2, 0, 0),
]


def frame(names: str, told: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = {name: [row[place] for row in told] for place, name in enumerate(names.split())}
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MakeWorld]:
    """A real ledger; Sage's items and levels are tables."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    ledger = Ledger.connect(url)
    items = frame("ItemCode ProductType SalesUnitOfMeasure StandardUnitOfMeasure", ITEMS)
    exact = [(*row[:2], *map(Decimal, row[2:])) for row in LEVELS]
    levels = frame("ItemCode WarehouseCode QuantityOnHand QuantityOnSalesOrder QuantityOnBackOrder", exact)
    nobody: Any = SimpleNamespace()
    reads: Any = SimpleNamespace(
        items=lambda codes: items[items.ItemCode.isin(codes)],
        stock=lambda codes: levels[levels.ItemCode.isin(codes)],
    )

    def make(**settings: str) -> World:
        return World(
            flow=ZOHO_ORDERS, ledger=ledger, source=nobody, notes=nobody, reads=reads, writes=nobody,
            staging_root=tmp_path, settings=settings,
        )  # fmt: skip

    yield make
    ledger.close()


def stage(
    world: World, *lines: tuple[str, str | None, str, int], action: str = "create", kind: str = "S"
) -> None:
    """One order, O1, of lines: item, type, warehouse, units."""
    arrival = Delivery(ZOHO_ORDERS.source, ZOHO_ORDERS.event, "O1", "d1", "v1", b"")
    world.ledger.inbox.keep_many(ZOHO_ORDERS.name, [arrival])
    staging = world.staging(TICKET)
    staging.write(PLAN, frame("key number action", [("O1", "SO-1", action)]))
    staging.write(HEADERS, frame("key OrderType WarehouseCode", [("O1", kind, "001")]))
    told = [("O1", place, *line[:3], Decimal(line[3])) for place, line in enumerate(lines, start=1)]
    staging.write(DETAILS, frame("key position ItemCode ItemType WarehouseCode QuantityOrdered", told))


def short(world: World, aside: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    return [(row["line"], row["message"]) for row in rows(out_of_stock(world, TICKET, aside))]


def test_what_is_promised_to_others_is_not_there(world: MakeWorld) -> None:
    here = world(out_of_stock="hold")
    stage(here, ("TEA", "1", "000", 5))
    assert short(here) == []
    stage(here, ("TEA", "1", "000", 6))
    assert short(here) == [(1, "order SO-1: 6 of TEA wanted, 5 left for it in warehouse 000")]


def test_a_line_without_a_warehouse_is_of_its_orders(world: MakeWorld) -> None:
    here = world(out_of_stock="hold")
    stage(here, ("TEA", "1", "", 3))
    assert short(here) == [(1, "order SO-1: 3 of TEA wanted, 2 left for it in warehouse 001")]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(("HAMPER", "1", "000", 9), id="kit"),
        pytest.param(("BEER", "1", "000", 9), id="sold in another unit"),
        pytest.param(("/SHIP", "5", "000", 9), id="charge"),
        pytest.param(("/C", "4", "000", 9), id="comment"),
        pytest.param(("UNKNOWN", None, "000", 9), id="no item"),
    ],
)
def test_not_every_line_needs_stock(world: MakeWorld, line: tuple[str, str | None, str, int]) -> None:
    here = world(out_of_stock="hold")
    stage(here, line, ("TEA", "1", "000", 99))
    assert [place for place, _ in short(here)] == [2]


@pytest.mark.parametrize("order", [{"kind": "Q"}, {"action": "change"}, {"action": "cancel"}])
def test_nor_does_every_order(world: MakeWorld, order: dict[str, str]) -> None:
    here = world(out_of_stock="hold")
    stage(here, ("TEA", "1", "000", 99), **order)
    assert short(here) == []


def test_who_goes_no_further_takes_nothing(world: MakeWorld) -> None:
    here = world(out_of_stock="hold")
    stage(here, ("TEA", "1", "000", 99))
    assert short(here, aside=("O1",)) == []


def test_a_part_is_what_is_there(world: MakeWorld) -> None:
    here = world(out_of_stock="part")
    stage(here, ("TEA", "1", "000", 4), ("TEA", "1", "000", 4))
    assert short(here) == []
    staging = here.staging(TICKET)
    lines = on_back_order(staging, staging.read(DETAILS))
    assert [row["QuantityBackordered"] for row in rows(lines)] == [None, Decimal(3)]


def test_by_default_nobody_looks(world: MakeWorld) -> None:
    here = world()
    stage(here, ("TEA", "1", "000", 99))
    assert short(here) == []
    with pytest.raises(ConfigurationError, match="'hold' or 'part' or 'back_order'"):
        out_of_stock(world(out_of_stock="wait"), TICKET, ())
