"""Orders that are wrong: set aside with every reason, told to the right person, no burden to siblings.

Every spoilt order of the sandbox, damaged documents by the hundred, and the way back: an alias in Sage frees
what waited for it (A16, A39-A45, A49, issue 2 item 10).
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.ledger import ExceptionRow, ExceptionState
from include.pipelines.ports import World
from tests.pipeline.agreement import differences
from tests.pipeline.house import House
from tests.pipeline.outside import Json
from tests.pipeline.world import FLOW, Run, run_once

MakeWorld = Callable[..., World]
SOUND = 12

EXPECTED: dict[str, tuple[str, set[str]]] = {
    "unknown_sku": ("parked", {"reference.not_found"}),
    "no_sku": ("parked", {"reference.not_found"}),
    "long_sku": ("parked", {"reference.not_found"}),
    "zero_quantity": ("rejected", {"field.out_of_range", "totals.mismatch"}),
    "negative_quantity": ("rejected", {"field.out_of_range", "totals.mismatch"}),
    "text_quantity": ("rejected", {"field.invalid_format", "totals.mismatch"}),
    "huge_quantity": ("rejected", {"field.invalid_format", "totals.mismatch"}),
    "fine_quantity": ("rejected", {"field.invalid_format", "totals.mismatch"}),
    "negative_rate": ("rejected", {"field.out_of_range", "totals.mismatch"}),
    "text_rate": ("rejected", {"field.invalid_format", "totals.mismatch"}),
    "blank_date": ("rejected", {"field.missing"}),
    "impossible_date": ("rejected", {"field.invalid_format"}),
    "unknown_currency": ("parked", {"currency.no_rate"}),
    "total_off_by_a_cent": ("rejected", {"totals.mismatch"}),
    "no_lines": ("rejected", {"record.no_lines", "totals.mismatch"}),
    "null_lines": ("rejected", {"record.no_lines", "totals.mismatch"}),
    "duplicate_line_ids": ("rejected", {"record.duplicate", "totals.mismatch"}),
    "unknown_delivery_method": ("parked", {"reference.not_found"}),
    "unknown_payment_terms": ("parked", {"reference.not_found"}),
    "unknown_location": ("parked", {"reference.not_found"}),
    "unknown_order_status": ("parked", {"value.unknown"}),
    "unknown_country": ("parked", {"value.unknown"}),
    "no_customer_id": ("rejected", {"field.missing"}),
    "unknown_customer_id": ("loaded", set()),
    "long_reference": ("loaded", set()),
    "long_number": ("parked", {"field.too_long"}),
    "control_characters": ("rejected", {"field.invalid_format"}),
    "emoji": ("parked", {"target.refused"}),
    "broken_tax": ("loaded", set()),
    "discount_over_100": ("rejected", {"field.out_of_range", "totals.mismatch"}),
    "huge_notes": ("parked", {"field.too_long"}),
}
"""What becomes of each spoilt order, and why. A deleted customer is known by e-mail; a long reference is
shortened; a tax rate without a tax is no tax."""

NAMES: dict[str, tuple[str, str]] = {
    "unknown_sku": ("sku", "NW-9999"),
    "zero_quantity": ("quantity", "0"),
    "negative_quantity": ("quantity", "-5"),
    "text_quantity": ("quantity", "a dozen"),
    "huge_quantity": ("quantity", "123456789012345"),
    "fine_quantity": ("quantity", "0.123456789"),
    "negative_rate": ("rate", "-14"),
    "text_rate": ("rate", "fourteen"),
    "blank_date": ("date", ""),
    "impossible_date": ("date", "2026-02-30"),
    "unknown_currency": ("currency", "XXX"),
    "total_off_by_a_cent": ("total", ""),
    "no_lines": ("line_items", ""),
    "duplicate_line_ids": ("line_item_id", ""),
    "unknown_delivery_method": ("ship_via", "Pigeon Post"),
    "unknown_payment_terms": ("payment_terms", "Net 73"),
    "unknown_location": ("location", ""),
    "unknown_order_status": ("order_status", "teleported"),
    "unknown_country": ("billing_address.country", "Absurdistan"),
    "no_customer_id": ("customer_id", ""),
    "long_number": ("CustomerPONo", "SO-9999"),
    "emoji": ("BillToName", "U0001f950"),
    "discount_over_100": ("discount", "150"),
    "huge_notes": ("CommentText", "NNN"),
}
"""The field and the value that a message must name."""


class Spoilt:
    """One batch of sound and spoilt orders after two runs."""

    def __init__(self, house: House, world: World, placed: dict[str, Json], run: Run) -> None:
        self.house = house
        self.world = world
        self.run = run
        self._ids = {case: order["salesorder_id"] for case, order in placed.items()}
        self._numbers = {case: order["salesorder_number"] for case, order in placed.items()}

    @property
    def cases(self) -> list[str]:
        return list(self._ids)

    def id(self, case: str) -> str:
        return str(self._ids[case])

    def number(self, case: str) -> str:
        return str(self._numbers[case])

    def outcome(self, case: str) -> str | None:
        (row,) = self.world.ledger.inbox.history(self.id(case))
        return row.outcome

    def exceptions(self, case: str) -> list[ExceptionRow]:
        return list(self.world.ledger.exceptions.list(FLOW, "open", record_key=self.id(case)))


@pytest.fixture(scope="module")
def spoilt(house: House) -> Iterator[Spoilt]:
    """Emoji go last: its customer's other order must stand in Sage before."""
    from tests.pipeline.world import world

    house.tidy(SOUND)
    here = world(house.doors, house.clock)
    every = list(house.zoho.get("/zoho/spoilt"))
    placed = house.zoho.spoil(*(case for case in every if case != "emoji"))
    run = run_once(here)
    placed |= house.zoho.spoil("emoji")
    run_once(here)
    yield Spoilt(house, here, placed, run)
    here.ledger.close()
    here.reads.close()


def test_every_spoilt_case_of_the_sandbox_has_its_expectation(spoilt: Spoilt) -> None:
    assert set(spoilt.cases) == set(EXPECTED)
    assert len(EXPECTED) > 20
    assert set(NAMES) <= set(EXPECTED)


@pytest.mark.parametrize("case", EXPECTED)
def test_a_spoilt_order_comes_to_its_end_for_its_reasons(spoilt: Spoilt, case: str) -> None:
    outcome, codes = EXPECTED[case]
    found = spoilt.exceptions(case)
    assert (spoilt.outcome(case), {each.code for each in found}) == (outcome, codes)
    assert {each.record_label for each in found} <= {spoilt.number(case)}
    held = {order["UDF_ZOHO_ORDER_ID"] for order in spoilt.house.sage.orders()}
    assert (spoilt.id(case) in held) == (outcome == "loaded")


@pytest.mark.parametrize("case", NAMES)
def test_the_message_names_record_field_and_value_and_a_way_out(spoilt: Spoilt, case: str) -> None:
    field, value = NAMES[case]
    named = [each for each in spoilt.exceptions(case) if each.field == field and value in each.message]
    assert named, [(each.field, each.message) for each in spoilt.exceptions(case)]
    assert all(spoilt.number(case) in each.message and field in each.message for each in named)
    assert all(each.remedy.endswith(".") for each in named)


def test_nothing_of_the_run_is_red_and_the_sound_siblings_stand_in_sage(spoilt: Spoilt) -> None:
    sound = [order["salesorder_id"] for order in spoilt.house.zoho.orders()[:SOUND]]
    wanted = [outcome for case, (outcome, _) in EXPECTED.items() if case != "emoji"]
    assert spoilt.run.green
    assert spoilt.run["loaded"] == SOUND + wanted.count("loaded")
    assert (spoilt.run["parked"], spoilt.run["rejected"]) == (
        wanted.count("parked"),
        wanted.count("rejected"),
    )
    assert differences(spoilt.house.zoho, spoilt.house.sage, sound) == []


def test_who_typed_a_rejected_order_finds_one_note_on_it_and_nobody_else_does(spoilt: Spoilt) -> None:
    """A49; two runs have passed, and the notes still say everything once."""
    for case, (outcome, _) in EXPECTED.items():
        notes = spoilt.house.zoho.notes(spoilt.id(case))
        assert len(notes) == (outcome == "rejected"), case
        assert all(spoilt.number(case) in note and "Sage 100" in note for note in notes)


def test_an_unknown_sku_comes_with_suggestions(spoilt: Spoilt) -> None:
    """A39, A45."""
    (found,) = spoilt.exceptions("unknown_sku")
    suggested = json.loads(found.candidates)
    assert suggested
    assert all(each["value"].startswith("NW-") and each["label"] for each in suggested)


def test_a_rejected_order_that_is_announced_again_unchanged_gets_no_second_note(
    house: House, new_world: MakeWorld
) -> None:
    house.tidy(0)
    here = new_world()
    order = house.zoho.spoil("zero_quantity")["zero_quantity"]["salesorder_id"]
    run_once(here)
    (first,) = house.zoho.notes(order)
    (exception, *_) = here.ledger.exceptions.list(FLOW, "open", record_key=order)
    for _ in range(2):
        here.ledger.exceptions.start_retry([exception.id])
        assert run_once(here)["rejected"] == 1
    assert house.zoho.notes(order) == [first]
    again = here.ledger.exceptions.get(exception.id)
    assert again is not None
    assert (again.attempts, again.state) == (3, ExceptionState.OPEN)


def test_an_alias_in_sage_and_one_retry_free_all_orders_that_waited_for_it(
    house: House, new_world: MakeWorld
) -> None:
    """A45: inject, see the row, fix the alias, retry loads, and so do the siblings of the same SKU."""
    house.tidy(6)
    here = new_world()
    orders = [order["salesorder_id"] for order in house.zoho.orders()]
    for order in orders[:3]:
        first, *others = house.zoho.order(order)["line_items"]
        house.zoho.overwrite(order, line_items=[{**first, "sku": "BEVERAGE-ONE"}, *others])
    run = run_once(here)
    assert (run["loaded"], run["parked"]) == (3, 3)
    (one, *_) = here.ledger.exceptions.list(FLOW, "open")
    siblings = here.ledger.exceptions.siblings(one.id)
    assert {each.record_key for each in (one, *siblings)} == set(orders[:3])
    assert here.ledger.exceptions.counts_by_cause(FLOW) == {"reference.not_found|sku|BEVERAGE-ONE": 3}
    house.sage.enter("IM_AliasItem", AliasItemNo="BEVERAGE-ONE", ItemCode="NW-0001", Type="G")
    here.ledger.exceptions.start_retry([one.id, *(each.id for each in siblings)], actor="clerk")
    again = run_once(here)
    assert (again["received"], again["loaded"]) == (3, 3)
    assert here.ledger.exceptions.count(FLOW, "resolved") == 3
    for order in orders[:3]:
        number = house.sage.order_of(order)["SalesOrderNo"]
        assert house.sage.lines(number)[0]["ItemCode"] == "NW-0001"
    assert house.sage.doubled() == []


# Damaged documents ---------------------------------------------------------------------------------------

JUNK: list[Any] = [
    None, "", " ", 0, -1, 1e308, 10**40, "NaN", "Infinity", True, [], {}, [None], {"a": 1}, "\x00",
    "x" * 5000, "2026-13-45", "é€ß", "1,5", "5%", [[[]]], "null", "\ud7ff", "=cmd()", "0x1F", "١٢",
]  # fmt: skip


READ = Path("include/mappings/zoho_inventory/sales_order.yaml").read_text(encoding="utf-8")
"""A field whose name is not in it is not read: damage there would prove nothing."""


def paths(document: Any, trail: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document that the mapping reads."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in inner:
        if isinstance(name, str) and name not in READ:
            continue
        yield (*trail, name)
        if isinstance(value, dict | list):
            yield from paths(value, (*trail, name))


def damage(order: Json, chance: random.Random) -> Json:
    """A copy with one to three places taken out or filled with junk; but its id stays."""
    damaged = copy.deepcopy(order)
    for _ in range(chance.randint(1, 3)):
        *trail, last = chance.choice([trail for trail in paths(damaged) if trail != ("salesorder_id",)])
        holder = damaged
        for name in trail:
            holder = holder[name]
        if isinstance(holder, dict) and chance.random() < 0.3:
            del holder[last]
        else:
            holder[last] = chance.choice(JUNK)
    return damaged


@pytest.mark.parametrize("seed", [1, 2])
def test_no_damaged_document_stops_its_siblings(house: House, new_world: MakeWorld, seed: int) -> None:
    """Whatever Zoho sends, each order comes to an end and none takes the batch with it."""
    chance = random.Random(seed)
    house.tidy(100)
    sound, hurt = house.zoho.orders()[:10], house.zoho.orders()[10:]
    for order in hurt:
        order_id = order["salesorder_id"]
        whole = damage(house.zoho.order(order_id), chance)
        house.zoho.put(f"/zoho/documents/salesorders/{order_id}", whole)
    here = new_world()
    run = run_once(here)
    assert [str(error) for error in run.errors] == []
    assert run["returned"] == run["in_doubt"] == 0
    assert run["parked"] + run["rejected"] > 20
    assert run["loaded"] > 20
    ids = [order["salesorder_id"] for order in sound]
    assert differences(house.zoho, house.sage, ids) == []
    assert house.sage.doubled() == []
