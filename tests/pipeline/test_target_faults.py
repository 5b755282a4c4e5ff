"""What can go wrong while Sage is written to: nothing is lost, nothing happens twice, and what nobody knows
is looked up before it is asked again (A35, rule 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import delete, func, select, update

from include.errors import OutcomeUnknownError, TransientError
from include.ledger import WriteState
from include.ledger.tables import crosswalk, writes
from include.pipelines.doubts import announce_stranded
from include.pipelines.ports import ORDER, TARGET, World
from include.sandbox import northwind
from tests.pipeline.agreement import differences
from tests.pipeline.house import House
from tests.pipeline.world import FLOW, SOURCE, Run, run_once

MakeWorld = Callable[..., World]
ORDERS = 8
HIT = "SO-10250"


@pytest.fixture
def shop(house: House) -> Iterator[House]:
    """A few orders; the gateway has no session open, and afterwards no fault is left."""
    house.tidy(ORDERS)
    house.drain_gateway()
    house.drain_gateway("resume")
    yield house
    house.sage.mend()


@pytest.fixture(scope="module")
def impatient(house: House) -> Iterator[None]:
    """A gateway that gives Sage two seconds."""
    with house.another_gateway(TIMEOUT_SECONDS="2"):
        yield


def ids(house: House) -> list[str]:
    return [order["salesorder_id"] for order in house.zoho.orders()]


def later(house: House, world: World) -> Run:
    house.sage.mend()
    house.clock.pass_(minutes=5)
    return run_once(world)


def waiting(house: House) -> list[str]:
    """Orders that do not stand in Sage yet."""
    held = {order["UDF_ZOHO_ORDER_ID"] for order in house.sage.orders()}
    return sorted(set(ids(house)) - held)


def assert_all_carried_once(house: House, world: World) -> None:
    assert differences(house.zoho, house.sage, ids(house)) == []
    assert house.sage.doubled() == []
    assert [effect["kind"] for effect in house.sage.effects()].count("order_created") == ORDERS
    assert world.ledger.writes.in_doubt(FLOW) == []
    assert set(world.ledger.inbox.tally(FLOW)) == {"loaded"}


@dataclass(frozen=True)
class Passing:
    """A fault that passes by itself, and how many orders a run loads meanwhile."""

    kind: str
    loaded: int
    times: int | None = None


PASSING = {
    "a record that a user has open": Passing("lock_held", ORDERS - 1, times=2),
    "no seat": Passing("seat_exhausted", 0),
    "somebody needs Sage alone": Passing("exclusive_mode", 0),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes_by_itself_costs_time_and_no_order(
    shop: House, new_world: MakeWorld, fault: Passing
) -> None:
    here = new_world()
    shop.sage.fault(fault.kind, times=fault.times)
    run = run_once(here)
    (error,) = run.errors
    assert isinstance(error, TransientError)
    assert all(order in str(error) for order in waiting(shop)[:1])
    assert not isinstance(error, OutcomeUnknownError)
    assert (run["loaded"], run["returned"], run["in_doubt"]) == (fault.loaded, ORDERS - fault.loaded, 0)
    again = later(shop, here)
    assert (again["loaded"], again.green) == (ORDERS - fault.loaded, True)
    assert_all_carried_once(shop, here)


def test_a_gateway_that_is_drained_takes_nothing_and_is_asked_again(
    shop: House, new_world: MakeWorld
) -> None:
    here = new_world()
    shop.drain_gateway()
    run = run_once(here)
    assert (run["returned"], [type(error) for error in run.errors]) == (ORDERS, [TransientError])
    shop.drain_gateway("resume")
    assert later(shop, here)["loaded"] == ORDERS
    assert_all_carried_once(shop, here)


def test_a_gateway_that_is_not_there_puts_nothing_in_doubt(shop: House, new_world: MakeWorld) -> None:
    here = new_world()
    with shop.without("gateway"):
        run = run_once(here)
    assert (run["returned"], run["in_doubt"], len(run.errors)) == (ORDERS, 0, 1)
    assert later(shop, here)["loaded"] == ORDERS
    assert_all_carried_once(shop, here)


def parked_for(world: World) -> list[tuple[str, str]]:
    return [(each.code, each.record_label) for each in world.ledger.exceptions.list(FLOW, "open")]


def retry_all(world: World) -> Run:
    found = world.ledger.exceptions.list(FLOW, "open")
    world.ledger.exceptions.start_retry([each.id for each in found])
    return run_once(world)


def test_a_closed_period_parks_the_order_until_it_is_open(shop: House, new_world: MakeWorld) -> None:
    here = new_world()
    shop.sage.fault("closed_period", match=HIT)
    run = run_once(here)
    assert (run["loaded"], run["parked"], run.green) == (ORDERS - 1, 1, True)
    assert parked_for(here) == [("target.refused", HIT)]
    shop.sage.mend()
    assert retry_all(here)["loaded"] == 1
    assert_all_carried_once(shop, here)


def test_a_credit_hold_parks_all_orders_of_the_customer_until_it_is_lifted(
    shop: House, new_world: MakeWorld
) -> None:
    here = new_world()
    shop.sage.switch(credit_hold="refuse")
    run_once(here)
    (customer,) = {order.customer.code for order in northwind.orders() if f"SO-{order.number}" == HIT}
    held = next(order for order in shop.sage.orders() if order["CustomerPONo"] == HIT)
    key = held["customer"].split("-", 1)
    like = [f"SO-{order.number}" for order in northwind.orders() if order.customer.code == customer][:3]
    shop.sage.change("AR_Customer", key, CreditHold="Y")
    placed = [shop.zoho.place_one(like=number) for number in like]
    run = run_once(here)
    assert (run["received"], run["parked"]) == (3, 3)
    assert {code for code, _ in parked_for(here)} == {"target.credit_hold"}
    shop.sage.change("AR_Customer", key, CreditHold="N")
    assert retry_all(here)["loaded"] == 3
    assert differences(shop.zoho, shop.sage, placed) == []
    assert shop.sage.doubled() == []


# Unknown outcomes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unknown:
    """A fault after which nobody knows. ``stands``: Sage has the record all the same."""

    kind: str
    stands: bool


UNKNOWN = {
    "the session breaks at the write": Unknown("com_exception", stands=False),
    "Sage hangs and writes nothing": Unknown("hang_before_commit", stands=False),
    "Sage writes and hangs": Unknown("hang_after_commit", stands=True),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_outcome_is_read_back_before_anything_is_sent_again(
    shop: House, new_world: MakeWorld, fault: Unknown
) -> None:
    here = new_world()
    shop.sage.fault(fault.kind, match=HIT)
    run = run_once(here)
    if fault.stands:
        assert (run["loaded"], run.errors) == (ORDERS, ())
    else:
        assert (run["loaded"], run["in_doubt"]) == (ORDERS - 1, 1)
        assert [type(error) for error in run.errors] == [OutcomeUnknownError]
        (doubt,) = here.ledger.writes.in_doubt(FLOW)
        assert doubt.state is WriteState.IN_DOUBT
        again = later(shop, here)
        assert (again["loaded"], again.green) == (1, True)
    assert_all_carried_once(shop, here)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_a_task_that_is_tried_again_leaves_no_doubt(
    shop: House, new_world: MakeWorld, fault: Unknown
) -> None:
    """What Airflow does: the same batch, the same stage, once more."""
    here = new_world()
    shop.sage.fault(fault.kind, match=HIT)
    run = run_once(here, tries=2)
    assert (run["loaded"], run.green) == (ORDERS, True)
    assert_all_carried_once(shop, here)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("deed", ["edit", "void"])
def test_a_change_of_unknown_outcome_is_read_back_too(
    shop: House, new_world: MakeWorld, fault: Unknown, deed: str
) -> None:
    here = new_world()
    run_once(here)
    (order,) = [each["salesorder_id"] for each in shop.zoho.orders() if each["salesorder_number"] == HIT]
    if deed == "edit":
        shop.zoho.edit(order, shipping_charge="12.34")
    else:
        shop.zoho.void(order)
    number = shop.sage.order_of(order)["SalesOrderNo"]
    at = {"point": "nDelete"} if (deed, fault.kind) == ("void", "com_exception") else {}
    shop.sage.fault(fault.kind, match=number, **at)
    run = run_once(here)
    if not run.green:
        assert run["in_doubt"] == 1
        run = later(shop, here)
    assert (run["loaded"], run.green) == (1, True)
    kind = {"edit": "order_changed", "void": "order_cancelled"}[deed]
    assert len(shop.sage.effects(kind)) == 1
    if deed == "edit":
        assert differences(shop.zoho, shop.sage, [order]) == []
    else:
        assert order not in {each["UDF_ZOHO_ORDER_ID"] for each in shop.sage.orders()}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_a_customer_of_unknown_outcome_is_created_once(
    house: House, new_world: MakeWorld, fault: Unknown
) -> None:
    house.tidy(0)
    first = next(order for order in northwind.orders() if not order.customer.in_sage)
    order = house.zoho.place_one(like=f"SO-{first.number}")
    here = new_world()
    house.sage.fault(fault.kind)
    run = run_once(here)
    if not run.green:
        run = later(house, here)
    assert (run["loaded"], run.green) == (1, True)
    assert len(house.sage.effects("customer_created")) == 1
    assert differences(house.zoho, house.sage, [order]) == []


@pytest.mark.usefixtures("impatient")
def test_a_doubt_that_a_newer_version_overtakes_ends_with_it(shop: House, new_world: MakeWorld) -> None:
    """The order is edited before anybody could find out what became of it."""
    here = new_world()
    shop.sage.fault("com_exception", match=HIT)
    assert run_once(here)["in_doubt"] == 1
    (order,) = [each["salesorder_id"] for each in shop.zoho.orders() if each["salesorder_number"] == HIT]
    shop.zoho.edit(order, shipping_charge="3.21")
    run = later(shop, here)
    assert (run["received"], run["loaded"], run["duplicate"]) == (2, 1, 1)
    assert here.ledger.writes.in_doubt(FLOW) == []
    assert differences(shop.zoho, shop.sage, ids(shop)) == []
    assert shop.sage.doubled() == []


@pytest.mark.usefixtures("impatient")
def test_a_doubt_whose_order_was_left_out_is_looked_at_by_itself(shop: House, new_world: MakeWorld) -> None:
    """Nothing of the order would ever come again, and its write still gets an end."""
    here = new_world()
    shop.sage.fault("com_exception", match=HIT)
    assert run_once(here)["in_doubt"] == 1
    (doubt,) = here.ledger.writes.in_doubt(FLOW)
    here.ledger.exceptions.skip(FLOW, [doubt.record_key], how="left out", actor="ann")
    assert here.ledger.doubts.list(FLOW)[0].next_look is None
    assert_ended_by_itself(shop, here)


def test_a_doubt_about_an_order_that_stands_is_ended_by_a_look(shop: House, new_world: MakeWorld) -> None:
    """Killed after Sage had it and before we knew; its announcement has ended some other way."""
    here = new_world()
    assert run_once(here)["loaded"] == ORDERS
    order = ids(shop)[0]
    with here.ledger.database.begin("forget what was heard") as connection:
        connection.execute(update(writes).where(writes.c.record_key == order).values(state="sent"))
        connection.execute(delete(crosswalk).where(crosswalk.c.source_id == order))
    assert_ended_by_itself(shop, here)


@pytest.mark.parametrize("reached", [True, False], ids=["sage has it", "sage never saw it"])
def test_an_order_that_is_taken_back_before_its_creation_was_heard_of(
    shop: House, new_world: MakeWorld, *, reached: bool
) -> None:
    """Killed at its creation and cancelled in the shop: it stands nowhere, and no doubt is left."""
    here, order = new_world(), ids(shop)[0]
    run_once(here)
    number = shop.sage.order_of(order)["SalesOrderNo"]
    lose_what_was_heard_of_the_last_write(here, order)
    with here.ledger.database.begin("forget the link") as connection:
        connection.execute(delete(crosswalk).where(crosswalk.c.source_id == order))
    if not reached:
        shop.sage.change("SO_SalesOrderHeader", [number], UDF_ZOHO_ORDER_ID="", CustomerPONo="ELSEWHERE")
    shop.zoho.void(order)
    run = run_once(here)
    assert run.green
    assert run["loaded" if reached else "unchanged"] == 1
    standing = {each["UDF_ZOHO_ORDER_ID"] for each in shop.sage.orders()}
    assert order not in standing
    assert here.ledger.doubts.list(FLOW) == []


def test_what_a_lost_write_may_have_undone_is_told_again(shop: House, new_world: MakeWorld) -> None:
    """Sage took a change, we died, and the shop took the change back: our books say "told already"."""
    here, order = new_world(), ids(shop)[0]
    run_once(here)
    former = here.ledger.crosswalk.find(ORDER, SOURCE, [order], TARGET)[order]
    before = shop.zoho.order(order)["shipping_charge"]
    shop.zoho.edit(order, shipping_charge="7.77")
    run_once(here)
    lose_what_was_heard_of_the_last_write(here, order)
    here.ledger.crosswalk.bind([former])
    shop.zoho.edit(order, shipping_charge=before)
    run = run_once(here)
    assert run.green
    assert differences(shop.zoho, shop.sage, [order]) == []
    assert here.ledger.doubts.list(FLOW) == []


def lose_what_was_heard_of_the_last_write(world: World, order: str) -> None:
    newest = select(func.max(writes.c.created_at)).where(writes.c.record_key == order).scalar_subquery()
    with world.ledger.database.begin("forget what was heard") as connection:
        lost = update(writes).where(writes.c.record_key == order, writes.c.created_at == newest)
        connection.execute(lost.values(state="sent"))


def assert_ended_by_itself(shop: House, world: World) -> None:
    shop.sage.mend()
    shop.clock.pass_(minutes=31)
    assert announce_stranded(world) == 1
    assert run_once(world)["received"] == 1
    assert world.ledger.doubts.list(FLOW) == []
    assert differences(shop.zoho, shop.sage, ids(shop)) == []
    assert shop.sage.doubled() == []
    assert world.ledger.balances.check(FLOW).findings == []
