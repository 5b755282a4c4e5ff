"""A7, A34, A35: a process dies at every instruction that matters, and nothing is lost or doubled.

The worker carries one order in a process of its own and kills itself (``SIGKILL``) at a failpoint; the
gateway dies at its own. Then leases run out, as they would after a crash, and the next run takes over. Where
a worker can die is found by walking through each story once and noting what is passed: a write that is added
later is covered without being listed here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from include.pipelines import failpoints
from include.pipelines.ports import World
from include.sandbox import northwind
from tests.chaos.survival import KILLED, Marker, assert_exact, runs_until_green
from tests.pipeline.house import House
from tests.pipeline.world import run_once, world

MakeWorld = Callable[..., World]
STORIES = ("created", "changed", "cancelled")
GATEWAY_POINTS = ("before_write", "after_write", "before_store", "before_answer")
UNANSWERED = {("cancelled", "before_store"), ("cancelled", "before_answer")}
"""A cancellation has no key: the gateway looks in Sage and keeps no answer."""


def tell(house: House, here: World, story: str) -> str:
    """One order of a new customer, up to the write that shall be interrupted; gives its id."""
    house.tidy(0)
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
def crossings(house: House, story: str) -> tuple[tuple[str, str], ...]:
    """The failpoints (place, point) that a story passes, in order."""
    seen: dict[tuple[str, str], None] = {}
    here = world(house.doors, house.clock)
    tell(house, here, story)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(failpoints, "reach", lambda place, point: seen.setdefault((place, point)))
        assert run_once(here)["loaded"] == 1
    here.ledger.close()
    here.reads.close()
    return tuple(seen)


def deadly(where: tuple[str, str], marker: Marker) -> dict[str, str]:
    return {"TRADEBRIDGE_FAILPOINT": ":".join(where), "TRADEBRIDGE_FAILPOINT_ONCE": str(marker.path)}


def test_every_place_that_writes_is_passed_by_a_story_at_all_its_points(house: House) -> None:
    """The tests below do not pass on nothing."""
    passed = {crossing for story in STORIES for crossing in crossings(house, story)}
    places = {"create_customers", "load_orders", "change_orders", "cancel_orders"}
    assert passed == {(place, point) for place in places for point in failpoints.POINTS}


@pytest.mark.parametrize("story", STORIES)
def test_a_worker_killed_anywhere_leaves_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, story: str
) -> None:
    here, marker = new_world(), Marker(tmp_path / "worker")
    for where in crossings(house, story):
        with subtests.test(where=where):
            order = tell(house, here, story)
            marker.arm()
            assert runs_until_green(house, deadly(where, marker)) == [KILLED, 0]
            assert_exact(house, here, [order], cancelled=story == "cancelled")


@pytest.mark.parametrize("point", GATEWAY_POINTS)
def test_a_gateway_killed_anywhere_leaves_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, point: str
) -> None:
    here, marker = new_world(), Marker(tmp_path / "gateway")
    with house.another_gateway(FAILPOINT=point, FAILPOINT_ONCE=str(marker.path)):
        for story in STORIES:
            if (story, point) in UNANSWERED:
                continue
            with subtests.test(story=story):
                order = tell(house, here, story)
                marker.arm()
                runs_until_green(house)
                assert marker.struck
                assert_exact(house, here, [order], cancelled=story == "cancelled")


@pytest.mark.chaos
@pytest.mark.parametrize(
    "deaths",
    [pair for pair in product(STORIES, GATEWAY_POINTS) if pair not in UNANSWERED],
    ids=lambda pair: f"{pair[0]}-{pair[1]}",
)
def test_two_deaths_one_here_and_one_there_leave_one_exact_order(
    house: House, new_world: MakeWorld, subtests: pytest.Subtests, tmp_path: Path, deaths: tuple[str, str]
) -> None:
    """All pairs for one order: worker and gateway are both to die, whichever comes to its place first."""
    story, point = deaths
    here, theirs, ours = new_world(), Marker(tmp_path / "gateway"), Marker(tmp_path / "worker")
    with house.another_gateway(FAILPOINT=point, FAILPOINT_ONCE=str(theirs.path)):
        for where in crossings(house, story):
            with subtests.test(where=where):
                order = tell(house, here, story)
                theirs.arm()
                ours.arm()
                codes = runs_until_green(house, deadly(where, ours))
                assert theirs.struck
                assert KILLED in codes
                assert_exact(house, here, [order], cancelled=story == "cancelled")
