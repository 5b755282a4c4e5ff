"""A7, A34, A35: a process dies at every instruction that matters, and nothing is lost or doubled.

The worker is a process of its own that carries one order and kills itself (``SIGKILL``) at a failpoint;
the gateway dies at its own. Then the lease runs out, as it would after a crash, and the next run takes over.
The places are found by walking through each story once and noting what is passed: a write that is added
later is covered without being listed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count, product
from pathlib import Path

import pytest

from include.pipelines import failpoints
from include.pipelines.ports import CUSTOMER, ORDER, SOURCE, TARGET, World
from include.sandbox import northwind
from tests.pipeline.agreement import differences, wrong_customers
from tests.pipeline.house import House
from tests.pipeline.world import LEASE, Errand, run_once, start

pytestmark = pytest.mark.chaos

MakeWorld = Callable[..., World]
STORIES = ("created", "changed", "cancelled")
GATEWAY_POINTS = ("before_write", "after_write", "before_store", "before_answer")
KILLED = -9
NEWCOMER = next(place for place, order in enumerate(northwind.orders()) if not order.customer.in_sage)
"""The first of Northwind's orders whose customer Sage does not have."""
_fresh = count(1)


@pytest.fixture
def tell(house: House, new_world: MakeWorld) -> Callable[[str], tuple[World, str]]:
    """Prepares a story up to the write that shall be interrupted; gives the world and the order's id."""

    def prepared(story: str) -> tuple[World, str]:
        house.tidy(NEWCOMER + 1)
        *others, mine = house.zoho.orders()
        for each in others:
            house.zoho.delete(f"/zoho/salesorders/{each['salesorder_id']}")
        here, order = new_world(), str(mine["salesorder_id"])
        if story != "created":
            assert run_once(here)["loaded"] == 1
        if story == "changed":
            house.zoho.edit(order, shipping_charge="19.90")
        if story == "cancelled":
            house.zoho.void(order)
        return here, order

    return prepared


def passed(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The failpoints that one run passes, in order, each once."""
    seen: dict[tuple[str, str], None] = {}
    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "reach", lambda place, point: seen.setdefault((place, point)))
        run_once(world)
    return list(seen)


def die_at(house: House, where: tuple[str, str], tmp_path: Path) -> int:
    """One run in a process that kills itself; its exit code."""
    environment = {
        "TRADEBRIDGE_FAILPOINT": ":".join(where),
        "TRADEBRIDGE_FAILPOINT_ONCE": str(tmp_path / f"died-{next(_fresh)}"),
    }
    process = start(Errand(house.doors, house.clock.ahead, environment=environment))
    process.join(120)
    return int(process.exitcode)


def recover(house: House, here: World) -> None:
    """What happens by itself after a crash: leases run out, later runs carry on until nothing is left."""
    for _ in range(6):
        house.clock.pass_(seconds=LEASE.total_seconds() + 1)
        run = run_once(here)
        if run.green and not here.ledger.inbox.pending("zoho_orders_to_sage100"):
            return
    pytest.fail(f"not settled after six runs: {run}")


def assert_exact(house: House, here: World, order: str, story: str) -> None:
    """One order, one customer, linked, equal to the cent, and no effect twice."""
    assert house.sage.doubled() == []
    assert here.ledger.writes.in_doubt("zoho_orders_to_sage100") == []
    link = here.ledger.crosswalk.find(ORDER, SOURCE, [order], TARGET)[order]
    if story == "cancelled":
        assert house.sage.orders() == []
    else:
        assert [each["SalesOrderNo"] for each in house.sage.orders()] == [link.target_id]
        assert differences(house.zoho, house.sage, [order]) == []
        assert wrong_customers(house.sage) == []
    customer = house.zoho.order(order)["customer_id"]
    assert customer in here.ledger.crosswalk.find(CUSTOMER, SOURCE, [customer], TARGET)
    created = Counter(
        effect["kind"] for effect in house.sage.effects() if effect["kind"].endswith("_created")
    )
    assert created["order_created"] == 1
    assert created["customer_created"] == 1
    tally = here.ledger.inbox.tally("zoho_orders_to_sage100")
    assert set(tally) <= {"loaded", "unchanged", "duplicate"}


@pytest.mark.parametrize("story", STORIES)
def test_a_worker_killed_at_any_failpoint_leaves_one_exact_order(
    house: House,
    tell: Callable[[str], tuple[World, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    story: str,
) -> None:
    here, _ = tell(story)
    points = passed(here, monkeypatch)
    assert {point for _, point in points} == set(failpoints.POINTS)
    for where in points:
        here, order = tell(story)
        assert die_at(house, where, tmp_path) == KILLED, where
        recover(house, here)
        assert_exact(house, here, order, story)


def test_creation_passes_customers_and_orders(
    tell: Callable[[str], tuple[World, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The matrix above is not empty by accident."""
    places = set()
    for story in STORIES:
        here, _ = tell(story)
        places |= {place for place, _ in passed(here, monkeypatch)}
    assert places == {"create_customers", "load_orders", "change_orders", "cancel_orders"}


@pytest.mark.parametrize("point", GATEWAY_POINTS)
def test_a_gateway_killed_at_its_own_failpoints_leaves_one_exact_order(
    house: House, tell: Callable[[str], tuple[World, str]], tmp_path: Path, point: str
) -> None:
    here, order = tell("created")
    with house.another_gateway(FAILPOINT=point, FAILPOINT_ONCE=str(tmp_path / "died")):
        run_once(here)
        assert (tmp_path / "died").exists()
        if not house.runs("gateway"):
            house.revive("gateway")
        house.await_ready()
        recover(house, here)
    assert_exact(house, here, order, "created")


@pytest.mark.parametrize(("worker", "gateway"), list(product(failpoints.POINTS, GATEWAY_POINTS)))
def test_two_deaths_one_here_and_one_there_leave_one_exact_order(
    house: House,
    tell: Callable[[str], tuple[World, str]],
    tmp_path: Path,
    worker: str,
    gateway: str,
) -> None:
    """All pairs for one order: the gateway dies in the first try, the worker in the second."""
    here, order = tell("created")
    with house.another_gateway(FAILPOINT=gateway, FAILPOINT_ONCE=str(tmp_path / "gateway")):
        run_once(here)
        if not house.runs("gateway"):
            house.revive("gateway")
        house.await_ready()
        house.clock.pass_(seconds=LEASE.total_seconds() + 1)
        assert die_at(house, ("load_orders", worker), tmp_path) in {KILLED, 0}
        recover(house, here)
    assert_exact(house, here, order, "created")
