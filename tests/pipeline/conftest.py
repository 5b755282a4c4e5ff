"""The house that these tests live in, and clients of it. The chaos tests live there too."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.flows import SALESFORCE_FLOWS, MirrorFlow
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import World
from tests.pipeline.clarity import Clarity, MakeMirror, mirror_world, orders_world
from tests.pipeline.house import House
from tests.pipeline.salesforce import Carry, Goods, Org, worlds
from tests.pipeline.world import Run, run_once, world


@cache
def _the_house() -> House:
    """One for all: two rooms of tests in one session must not have a set of processes each."""
    # Not pytest's own folder: root's PostgreSQL runs as somebody who may not enter that.
    run = Path(tempfile.mkdtemp(prefix="tb-house-"))
    run.chmod(0o755)
    return House(run)


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """PostgreSQL, the sandbox and the gateway, running."""
    the_house = _the_house()
    try:
        the_house.open()
        yield the_house
    finally:
        the_house.close()
        shutil.rmtree(the_house.machine.run, ignore_errors=True)


@pytest.fixture
def new_world(house: House) -> Iterator[Callable[..., World]]:
    """Makes clients of everything, as a process of ours has them; their connections end with the test."""
    made: list[World] = []

    def make(**zoho: object) -> World:
        made.append(world(house.doors, house.clock, **zoho))
        return made[-1]

    yield make
    for each in made:
        each.ledger.close()
        each.reads.close()


@pytest.fixture
def mirror(house: House, clarity: Clarity) -> Iterator[MakeMirror]:
    """Makes the world of a mirror flow, in a house whose test has opened Clarity's shop."""
    made: list[MirrorWorld] = []

    def make(flow: MirrorFlow) -> MirrorWorld:
        made.append(mirror_world(house.doors, house.clock, flow))
        return made[-1]

    yield make
    for each in made:
        each.ledger.close()


@pytest.fixture
def orders(house: House, clarity: Clarity) -> Iterator[World]:
    """The world of Clarity's orders, likewise."""
    made = orders_world(house.doors, house.clock)
    yield made
    made.ledger.close()
    made.reads.close()


@pytest.fixture
def org(house: House) -> Org:
    """Salesforce's org, and people at work in it, in a world made new."""
    house.tidy()
    return Org(house.doors.zoho)


@pytest.fixture
def zoho(org: Org) -> Goods:
    """Zoho beside that org, and people at work there."""
    return Goods(org.url)


@pytest.fixture
def worlds_of(house: House, org: Org) -> Iterator[dict[str, MirrorWorld]]:
    """Worlds of all flows between the two, by name."""
    with worlds(house) as make:
        yield {flow.name: make(flow) for flow in SALESFORCE_FLOWS}


@pytest.fixture
def carry(worlds_of: dict[str, MirrorWorld]) -> Carry:
    """Runs one of these flows, in which nothing may fail."""

    def carry(flow: MirrorFlow, request: Request | None = None) -> Run:
        run = run_once(worlds_of[flow.name], request)
        assert run.green, (flow.name, run.errors, run.met)
        return run

    return carry
