"""``kill -9`` of a whole process in the middle of sixty orders changes nothing but the time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from include.pipelines.ports import World
from tests.chaos.survival import assert_exact, runs_until_green
from tests.pipeline.errands import Errand, start
from tests.pipeline.house import House
from tests.pipeline.world import LEASE

MakeWorld = Callable[..., World]
ORDERS, MORE = 60, 20
VICTIMS = ("gateway", "sandbox", "postgres")


def written(house: House) -> int:
    """How far a run has got with Sage."""
    return house.sage.number("SELECT count(*) FROM SO_SalesOrderHeader")


def fetched(house: House) -> int:
    """How far runs have got with Zoho."""
    return house.zoho.calls("/salesorders/{id}").total()


PROGRESS: dict[str, tuple[Callable[[House], int], ...]] = {
    "gateway": (written,),
    "sandbox": (fetched,),
    "postgres": (fetched, written),
}


def carry_and_kill(house: House, new_world: MakeWorld, victims: list[str], seed: int) -> int:
    """Sixty orders, some more for each further death; gives how many deaths struck a run in its middle."""
    house.tidy(ORDERS)
    house.zoho.post("/zoho/settings", {"latency_seconds": 0.05})
    house.sage.fault("latency_order", seconds=0.03)
    chance = random.Random(seed)
    in_the_middle = 0
    for number, victim in enumerate(victims):
        if number:
            house.zoho.place(count=MORE)
        progress = chance.choice(PROGRESS[victim])
        goal = progress(house) + chance.randint(1, MORE - 2 if number else ORDERS - 20)
        running = start(Errand(house.doors, house.clock.ahead, options={"batch_size": 20}))
        while running.is_alive() and progress(house) < goal:
            time.sleep(0.002)
        in_the_middle += running.is_alive()
        house.kill(victim)
        house.revive(victim)
        house.await_ready()
        running.join(120)
        house.clock.pass_(seconds=LEASE.total_seconds() + 1)
    runs_until_green(house)
    assert_exact(house, new_world(), [order["salesorder_id"] for order in house.zoho.orders()])
    return in_the_middle


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_process_killed_in_the_middle_costs_no_order_and_makes_none_twice(
    house: House, new_world: MakeWorld, victim: str
) -> None:
    assert carry_and_kill(house, new_world, [victim], seed=1) == 1


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(2, 8))
def test_everything_killed_one_after_the_other(
    house: House, new_world: MakeWorld, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    victims = [*VICTIMS, *VICTIMS]
    random.Random(seed).shuffle(victims)
    struck = carry_and_kill(house, new_world, victims, seed)
    with capsys.disabled():
        print(f"\nseed {seed}: {len(victims)} kills, {struck} in the middle of a run")  # noqa: T201 - the figure is the point
    assert struck > 1
