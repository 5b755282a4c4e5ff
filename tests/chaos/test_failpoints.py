"""A7, A34, A35, A49: a process dies at every instruction that matters, and nothing is lost or doubled.

The worker carries one order in a process of its own and kills itself (``SIGKILL``) at a failpoint; the
gateway dies at its own. Then leases run out, as they would after a crash, and the next run takes over. Where
a worker can die is found by walking through each story once and noting what is passed: what is added later
is covered without being listed here.

`make test` kills at every point of every write and at some of the others, `make chaos` at all of them, at
all pairs of points of writes, and at all pairs of the worker's writes with the gateway's points.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from include import failpoints
from include.pipelines.mirrors.flows import MIRROR_FLOWS
from include.pipelines.ports import World
from include.sandbox import northwind
from tests.chaos import test_failpoints_of_clarity, test_failpoints_of_salesforce
from tests.chaos.survival import (
    KILLED,
    LONG_ENOUGH,
    Marker,
    assert_exact,
    assert_told_once,
    one_run,
    runs_until_green,
)
from tests.pipeline.house import House
from tests.pipeline.world import FLOW, run_once, world

MakeWorld = Callable[..., World]
Crossing = tuple[str, str]
WRITTEN = ("created", "changed", "cancelled")
STORIES = (*WRITTEN, "refused")
GATEWAY_POINTS = ("before_write", "after_write", "before_store", "before_answer")
UNANSWERED = {("cancelled", "before_store"), ("cancelled", "before_answer")}
"""A cancellation has no key: the gateway looks in Sage and keeps no answer."""
SOME = 40
"""`make test` takes one in so many of what is no write; which ones, differs from story to story."""


def tell(house: House, here: World, story: str) -> str:
    """One order of a new customer, up to the run that shall be interrupted; gives its id."""
    house.tidy(0)
    if story == "refused":
        return str(house.zoho.spoil("negative_quantity")["negative_quantity"]["salesorder_id"])
    first = next(order for order in northwind.orders() if not order.customer.in_sage)
    order = house.zoho.place_one(like=f"SO-{first.number}")
    if story != "created":
        assert run_once(here)["loaded"] == 1
    if story == "changed":
        house.zoho.edit(order, shipping_charge="19.90")
    elif story == "cancelled":
        house.zoho.void(order)
    return order


@cache
def crossings(house: House, story: str) -> tuple[Crossing, ...]:
    """The failpoints (place, point) that a story passes, in order."""
    with failpoints.noted() as passed:
        here = world(house.doors, house.clock)
        tell(house, here, story)
        passed.clear()
        assert run_once(here)["rejected" if story == "refused" else "loaded"] == 1
        seen = tuple(passed)
    here.ledger.close()
    here.reads.close()
    return seen


def writes(house: House, story: str) -> list[Crossing]:
    """Those of them that belong to a write to a target: only a write has all four points."""
    passed = crossings(house, story)
    places = {place for place, point in passed if point == "after_remote_commit"}
    return [(place, point) for place, point in passed if place in places]


def others(house: House, story: str) -> list[Crossing]:
    """Calls of ports and steps of the ledger."""
    return [crossing for crossing in crossings(house, story) if crossing not in set(writes(house, story))]


def deadly(where: Crossing, marker: Marker) -> dict[str, str]:
    return {failpoints.VARIABLE: ":".join(where), failpoints.ONCE: str(marker.path)}


def assert_survived(house: House, here: World, story: str, order: str) -> None:
    if story == "refused":
        assert_told_once(house, here, order)
    else:
        assert_exact(house, here, [order], cancelled=story == "cancelled")


def test_the_stories_pass_every_write_every_port_and_the_ledger_at_all_points(house: House) -> None:
    """The tests below do not pass on nothing."""
    passed = {crossing for story in STORIES for crossing in crossings(house, story)}
    places = {"create_customers", "load_orders", "change_orders", "cancel_orders"}
    assert {place for story in STORIES for place, _ in writes(house, story)} == places
    assert passed >= {(place, point) for place in places for point in failpoints.POINTS}
    calls = {
        "source.list_sales_orders", "source.sales_orders", "notes.add_comment", "reads.orders_by_source",
        "writes.create_orders", "writes.change_order", "writes.cancel_order", "writes.create_customers",
    }  # fmt: skip
    assert passed >= {(call, point) for call in calls for point in failpoints.CALL}
    steps = {
        "keep_deliveries", "claim_batches", "intend_writes", "mark_writes", "commit_writes",
        "refresh_a_token", "settle_a_batch", "save_a_report",
    }  # fmt: skip
    assert passed >= {(f"ledger.{step}", point) for step in steps for point in failpoints.COMMIT}


def test_every_flow_has_its_stories() -> None:
    """A flow's DAG bears its name; a new one must be told here before this passes again."""
    folder = Path(__file__).resolve().parents[2] / "dags"
    flows = {file.stem for file in folder.glob("*.py") if "_to_" in file.stem or file.stem in MIRROR_FLOWS}
    assert flows == {FLOW} | test_failpoints_of_clarity.FLOWS | test_failpoints_of_salesforce.FLOWS


@pytest.mark.parametrize("story", WRITTEN)
def test_a_worker_killed_at_a_write_leaves_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, story: str
) -> None:
    here, marker = new_world(), Marker(tmp_path / "worker")
    for where in writes(house, story):
        with subtests.test(where=where):
            die_once(house, here, story, where, marker)


@pytest.mark.parametrize("story", STORIES)
def test_a_worker_killed_at_some_other_place_leaves_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, story: str
) -> None:
    here, marker = new_world(), Marker(tmp_path / "worker")
    for where in others(house, story)[STORIES.index(story) :: SOME]:
        with subtests.test(where=where):
            die_once(house, here, story, where, marker)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("story", STORIES)
def test_a_worker_killed_anywhere_leaves_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, story: str
) -> None:
    here, marker = new_world(), Marker(tmp_path / "worker")
    for where in others(house, story):
        with subtests.test(where=where):
            die_once(house, here, story, where, marker)


def die_once(house: House, here: World, story: str, where: Crossing, marker: Marker) -> None:
    order = tell(house, here, story)
    marker.arm()
    assert runs_until_green(house, deadly(where, marker)) == [KILLED, 0]
    assert_survived(house, here, story, order)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("story", WRITTEN)
def test_two_deaths_of_workers_one_after_the_other_leave_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, story: str
) -> None:
    """All pairs of points of writes. The second run may have no reason to come by where it is to die."""
    here, first, second = new_world(), Marker(tmp_path / "first"), Marker(tmp_path / "second")
    for where, then in product(writes(house, story), repeat=2):
        with subtests.test(where=where, then=then):
            order = tell(house, here, story)
            first.arm()
            second.arm()
            house.clock.ahead += LONG_ENOUGH
            assert one_run(house, deadly(where, first)) == KILLED
            codes = runs_until_green(house, deadly(then, second))
            assert codes == ([KILLED, 0] if second.struck else [0])
            assert_survived(house, here, story, order)


@pytest.mark.parametrize("point", GATEWAY_POINTS)
def test_a_gateway_killed_anywhere_leaves_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, point: str
) -> None:
    here, marker = new_world(), Marker(tmp_path / "gateway")
    with house.another_gateway(FAILPOINT=point, FAILPOINT_ONCE=str(marker.path)):
        for story in WRITTEN:
            if (story, point) in UNANSWERED:
                continue
            with subtests.test(story=story):
                order = tell(house, here, story)
                marker.arm()
                runs_until_green(house)
                assert marker.struck
                assert_survived(house, here, story, order)


@pytest.mark.chaos
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "deaths",
    [pair for pair in product(WRITTEN, GATEWAY_POINTS) if pair not in UNANSWERED],
    ids=lambda pair: f"{pair[0]}-{pair[1]}",
)
def test_two_deaths_one_here_and_one_there_leave_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, deaths: tuple[str, str]
) -> None:
    """All pairs for one order: worker and gateway are both to die, whichever comes to its place first."""
    story, point = deaths
    here, theirs, ours = new_world(), Marker(tmp_path / "gateway"), Marker(tmp_path / "worker")
    with house.another_gateway(FAILPOINT=point, FAILPOINT_ONCE=str(theirs.path)):
        for where in writes(house, story):
            with subtests.test(where=where):
                order = tell(house, here, story)
                theirs.arm()
                ours.arm()
                codes = runs_until_green(house, deadly(where, ours))
                assert theirs.struck
                assert KILLED in codes
                assert_survived(house, here, story, order)
