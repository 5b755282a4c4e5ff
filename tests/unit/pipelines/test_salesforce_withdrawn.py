"""A deal that is won no more, and one that is won again, by where its order stands in Zoho."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from include.errors import TransientError
from tests.unit.mappings.salesforce_records import (
    OPPORTUNITY_ID,
    opportunity,
)
from tests.unit.pipelines.salesforce_bench import Bench


@dataclass
class Orders:
    """Zoho's one order: its status, blank when it is gone."""

    status: str = "confirmed"
    away: bool = False

    def sales_orders(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        for key in ids:
            if self.away:
                yield key, TransientError("away")
            else:
                yield key, json.dumps({"order_status": self.status}).encode() if self.status else None


@pytest.fixture
def zoho() -> Orders:
    return Orders()


@pytest.fixture
def won(won: Bench, zoho: Any) -> Bench:
    """A deal that was carried, and then lost; the question it made is open."""
    won.world = replace(won.world, orders=zoho)
    won.put(opportunity())
    won.run()
    won.put(opportunity(IsWon=False), "2")
    won.run()
    won.told()
    return won


def test_a_sale_that_stands_clears_its_question(won: Bench) -> None:
    won.put(opportunity(), "3")
    won.run()
    assert (won.questions(), won.told()) == ({}, {})


@pytest.mark.parametrize("left_out", [False, True])
@pytest.mark.parametrize("status", ["void", ""])
def test_an_order_that_serves_no_more_is_no_sale(
    won: Bench, zoho: Orders, status: str, *, left_out: bool
) -> None:
    """C29: as the question advises: void it, leave this out. Won again is news until the order is open."""
    zoho.status = status
    if left_out:
        won.ledger.exceptions.skip(won.world.flow.name, [OPPORTUNITY_ID], "lost", actor="ana")
    won.put(opportunity(), "3")
    assert won.run()["parked"] == 1
    asked = [each for each in won.ledger.exceptions.list(state="open") if each.code == "target.locked"]
    zoho.status = "confirmed"
    won.ledger.exceptions.start_retry([each.id for each in asked])
    assert won.run()["parked"] == 0
    assert (won.questions(), won.told()) == ({}, {})


def test_nothing_is_cleared_while_zoho_cannot_say(won: Bench, zoho: Orders) -> None:
    zoho.away = True
    won.put(opportunity(), "3")
    with pytest.raises(TransientError):
        won.run()
    assert won.questions() == {OPPORTUNITY_ID: "record.withdrawn"}
