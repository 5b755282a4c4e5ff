"""What happens to an order after it was carried: edited, taken back, overtaken, deleted (rule 3)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from include.ledger import Delivery, ExceptionState
from include.pipelines.announce import Request, delivery_id
from include.pipelines.ports import ORDER, TARGET, World
from tests.pipeline.agreement import differences
from tests.pipeline.house import House
from tests.pipeline.world import FLOW, SOURCE, run_once

MakeWorld = Callable[..., World]


@pytest.fixture
def carried(house: House, new_world: MakeWorld) -> tuple[World, str]:
    """A world in which one order has been carried, and the order's id."""
    house.tidy(1)
    here = new_world()
    assert run_once(here)["loaded"] == 1
    return here, house.zoho.orders()[0]["salesorder_id"]


def open_codes(world: World, key: str) -> list[tuple[str, str]]:
    found = world.ledger.exceptions.list(FLOW, "open", record_key=key)
    return sorted((each.code, each.disposition) for each in found)


def kinds(house: House) -> list[str]:
    return [effect["kind"] for effect in house.sage.effects() if effect["kind"].startswith("order_")]


def test_an_edit_in_zoho_changes_the_order_in_sage(house: House, carried: tuple[World, str]) -> None:
    here, order = carried
    first, *others = house.zoho.order(order)["line_items"]
    number = house.sage.order_of(order)["SalesOrderNo"]
    house.zoho.edit(
        order,
        line_items=[
            *({"line_item_id": line["line_item_id"]} for line in others),
            {"item_id": first["item_id"], "rate": "17.375", "quantity": 3, "discount": "12.50%"},
        ],
        shipping_charge="19.90",
        delivery_method="United Package",
    )
    assert run_once(here)["loaded"] == 1
    assert differences(house.zoho, house.sage, [order]) == []
    assert house.sage.order_of(order)["SalesOrderNo"] == number
    assert kinds(house) == ["order_created", "order_changed"]
    assert run_once(here)["received"] == 0


def test_many_edits_between_two_runs_are_one_change(house: House, carried: tuple[World, str]) -> None:
    here, order = carried
    for quantity in (5, 6, 7):
        line = house.zoho.order(order)["line_items"][0]["line_item_id"]
        house.zoho.edit(order, line_items=[{"line_item_id": line, "quantity": quantity}])
        run_sweep_without_carrying(here)
    run = run_once(here)
    assert (run["received"], run["loaded"], run["duplicate"]) == (3, 1, 2)
    assert kinds(house) == ["order_created", "order_changed"]
    assert differences(house.zoho, house.sage, [order]) == []


def run_sweep_without_carrying(world: World) -> None:
    run_once(world, max_batches=0)


def test_an_order_voided_in_zoho_is_cancelled_in_sage(house: House, carried: tuple[World, str]) -> None:
    here, order = carried
    number = house.sage.order_of(order)["SalesOrderNo"]
    house.zoho.void(order)
    assert run_once(here)["loaded"] == 1
    assert house.sage.orders() == []
    assert house.sage.number(
        "SELECT count(*) FROM SO_SalesOrderHistoryHeader WHERE SalesOrderNo = ? AND OrderStatus = 'X'", number
    )
    assert kinds(house) == ["order_created", "order_cancelled"]
    again = run_once(here, Request(numbers=(house.zoho.orders()[0]["salesorder_number"],)))
    assert (again["received"], again["unchanged"]) == (1, 1)
    assert kinds(house) == ["order_created", "order_cancelled"]


@pytest.mark.parametrize("mark", ["picked", "printed", "invoiced"])
@pytest.mark.parametrize("deed", ["void", "edit"])
def test_what_sage_is_shipping_is_left_alone_and_a_person_is_told(
    house: House, carried: tuple[World, str], mark: str, deed: str
) -> None:
    here, order = carried
    before = house.sage.order_of(order)
    house.sage.mark(before["SalesOrderNo"], mark)
    if deed == "void":
        house.zoho.void(order)
    else:
        house.zoho.edit(order, shipping_charge="77.00")
    assert run_once(here)["parked"] == 1
    assert open_codes(here, order) == [("target.locked", "parked")]
    assert house.sage.total(house.sage.order_of(order)) == house.sage.total(before)
    assert kinds(house) == ["order_created"]


@pytest.mark.parametrize("status", ["draft", "void"])
def test_what_is_no_order_yet_or_any_more_is_not_written(
    house: House, new_world: MakeWorld, status: str
) -> None:
    house.tidy(0)
    here = new_world()
    order = house.zoho.place_one(confirm=False)
    if status == "void":
        house.zoho.void(order)
    run = run_once(here)
    assert (run["received"], run["unchanged"]) == (1, 1)
    assert house.sage.effects() == []


def test_a_draft_is_carried_once_it_is_confirmed(house: House, new_world: MakeWorld) -> None:
    house.tidy(0)
    here = new_world()
    order = house.zoho.place_one(confirm=False)
    run_once(here)
    house.zoho.overwrite(order, order_status="confirmed", status="confirmed")
    assert run_once(here)["loaded"] == 1
    assert differences(house.zoho, house.sage, [order]) == []


def test_a_newer_event_waits_behind_a_parked_order_and_neither_is_lost(
    house: House, new_world: MakeWorld
) -> None:
    """Rule 3: the newer one never overtakes the parked older one."""
    house.tidy(0)
    here = new_world()
    order = house.zoho.spoil("unknown_sku")["unknown_sku"]["salesorder_id"]
    assert run_once(here)["parked"] == 1
    line = {**house.zoho.order(order)["line_items"][0], "sku": "NW-0011"}
    house.zoho.overwrite(order, line_items=[line, *house.zoho.order(order)["line_items"][1:]])
    assert run_once(here)["received"] == 0
    assert here.ledger.inbox.waiting(FLOW) == [(order, 1)]
    assert house.sage.effects() == []
    (open_one,) = here.ledger.exceptions.list(FLOW, "open")
    assert here.ledger.exceptions.start_retry([open_one.id]) == [order]
    run = run_once(here)
    assert (run["received"], run["loaded"], run["duplicate"]) == (2, 1, 1)
    resolved = here.ledger.exceptions.get(open_one.id)
    assert resolved is not None
    assert resolved.state is ExceptionState.RESOLVED


def test_a_rejected_order_is_carried_by_itself_once_it_is_right_at_the_source(
    house: House, new_world: MakeWorld
) -> None:
    house.tidy(0)
    here = new_world()
    order = house.zoho.spoil("zero_quantity")["zero_quantity"]["salesorder_id"]
    assert run_once(here)["rejected"] == 1
    assert run_once(here)["received"] == 0
    first, *others = house.zoho.order(order)["line_items"]
    right = (first["item_total"] / first["rate"]).quantize(Decimal(1))
    lines = [{"line_item_id": line["line_item_id"]} for line in (first, *others)]
    lines[0]["quantity"] = str(right)
    house.zoho.edit(order, line_items=lines)
    run = run_once(here)
    assert (run["received"], run["loaded"], run["duplicate"]) == (2, 1, 1)
    assert differences(house.zoho, house.sage, [order]) == []
    assert here.ledger.exceptions.count(FLOW, "open") == 0


def test_an_order_deleted_before_it_was_fetched_is_rejected_and_its_siblings_go_on(
    house: House, new_world: MakeWorld
) -> None:
    house.tidy(3)
    here = new_world()
    run_sweep_without_carrying(here)
    gone = house.zoho.orders()[1]["salesorder_id"]
    house.zoho.delete(f"/zoho/salesorders/{gone}")
    run = run_once(here)
    assert (run["received"], run["loaded"], run["rejected"], run.green) == (3, 2, 1, True)
    assert open_codes(here, gone) == [("record.not_found_at_source", "rejected")]


def test_an_order_that_a_clerk_typed_under_the_same_po_number_is_for_a_person(
    house: House, carried: tuple[World, str]
) -> None:
    here, order = carried
    held = house.sage.order_of(order)
    house.sage.change("SO_SalesOrderHeader", [held["SalesOrderNo"]], UDF_ZOHO_ORDER_ID="", UDF_SYNC_KEY="")
    with here.ledger.database.begin("forget") as connection:
        connection.exec_driver_sql("DELETE FROM crosswalk; DELETE FROM writes")
    run = run_once(here, Request(numbers=(held["CustomerPONo"],)))
    assert run["parked"] == 1
    assert open_codes(here, order) == [("reference.ambiguous", "parked")]
    assert kinds(house) == ["order_created"]


def test_an_order_that_sage_completed_is_not_brought_to_life_again(
    house: House, carried: tuple[World, str]
) -> None:
    """A crosswalk that was lost must not ship the goods twice."""
    here, order = carried
    number = house.sage.order_of(order)["SalesOrderNo"]
    house.zoho.void(order)
    run_once(here)
    house.zoho.overwrite(order, order_status="confirmed", status="confirmed")
    with here.ledger.database.begin("forget") as connection:
        connection.exec_driver_sql("DELETE FROM crosswalk; DELETE FROM writes")
    assert run_once(here)["parked"] == 1
    assert open_codes(here, order) == [("target.locked", "parked")]
    assert f"Sage order {number}" in here.ledger.exceptions.list(FLOW, "open")[0].message
    assert house.sage.orders() == []


def test_a_ledger_that_lost_its_memory_finds_its_orders_in_sage(house: House, new_world: MakeWorld) -> None:
    """Look-up before create: without crosswalk and write ledger Sage itself is asked."""
    house.tidy(10)
    here = new_world()
    run_once(here)
    before = house.sage.effects()
    with here.ledger.database.begin("forget") as connection:
        connection.exec_driver_sql(
            "DELETE FROM crosswalk; DELETE FROM writes; DELETE FROM inbox; DELETE FROM cursors"
        )
    run = run_once(here)
    assert (run["received"], run["unchanged"]) == (10, 10)
    assert house.sage.effects() == before
    ids = [order["salesorder_id"] for order in house.zoho.orders()]
    assert len(here.ledger.crosswalk.find(ORDER, SOURCE, ids, TARGET)) == 10


def test_a_late_announcement_of_an_older_version_does_not_hide_a_newer_one(
    house: House, carried: tuple[World, str]
) -> None:
    """Webhooks overtake each other: v2 and then v1 arrive while Sage holds v1."""
    here, order = carried
    old = house.zoho.order(order)["last_modified_time"]
    house.zoho.edit(order, shipping_charge="5.55")
    run_sweep_without_carrying(here)
    event = here.flow.event
    late = Delivery(SOURCE, event, order, delivery_id(event, order, old, request="late"), old, b"{}")
    assert here.ledger.inbox.keep(FLOW, late)
    run = run_once(here)
    assert (run["received"], run["loaded"], run["duplicate"]) == (2, 1, 1)
    assert differences(house.zoho, house.sage, [order]) == []


def test_a_run_that_was_away_too_long_does_not_write_over_the_one_that_took_its_place(
    house: House, new_world: MakeWorld
) -> None:
    """Its lease runs out in the middle of the load; the order is edited, and another run carries the edit."""
    house.tidy(0)
    orders = [order["salesorder_id"] for order in house.zoho.place(count=30)]
    slow, quick = new_world(), new_world()
    run_once(slow)
    for order in orders:
        house.zoho.edit(order, shipping_charge="1.00")
    run_sweep_without_carrying(slow)
    change = slow.writes.change_order
    changed: list[str] = []

    def away(record):
        if len(changed) == 25:
            for order in orders:
                house.zoho.edit(order, shipping_charge="2.00")
            house.clock.pass_(minutes=16)
            assert run_once(quick)["loaded"] == len(orders)
        changed.append(record.key)
        return change(record)

    slow.writes.change_order = away  # type: ignore[method-assign]
    run = run_once(slow)
    assert [type(error).__name__ for error in run.errors] == ["LeaseLostError"]
    assert {house.sage.order_of(order)["FreightAmt"] for order in orders[26:]} == {2}
    run_once(
        quick,
        Request(numbers=tuple(order["salesorder_number"] for order in house.zoho.orders()), recheck=True),
    )
    assert differences(house.zoho, house.sage, orders) == []


def test_a_recheck_puts_right_what_a_clerk_changed_however_often(
    house: House, carried: tuple[World, str]
) -> None:
    """The same content was written and answered before; neither ledger nor gateway may just say so again."""
    here, order = carried
    held = house.sage.order_of(order)
    ask = Request(numbers=(held["CustomerPONo"],), recheck=True)
    for freight in (1, 2, 1):
        house.sage.change("SO_SalesOrderHeader", [held["SalesOrderNo"]], FreightAmt=freight)
        assert differences(house.zoho, house.sage, [order]) != []
        assert run_once(here, ask)["loaded"] == 1
        assert differences(house.zoho, house.sage, [order]) == []
    assert run_once(here, ask)["unchanged"] == 1
