"""Runs in processes of their own, of any flow: they may be killed, and several go at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

from include.pipelines.announce import Request
from include.pipelines.flows import CLARITY_ORDERS
from include.pipelines.mirrors.flows import MIRROR_FLOWS, SALESFORCE_FLOWS
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import World
from tests.pipeline.clarity import mirror_world, orders_world
from tests.pipeline.house import Clock, Doors
from tests.pipeline.salesforce import org_world
from tests.pipeline.world import FLOW, run_once, world


@dataclass(frozen=True, slots=True)
class Errand:
    """A run for another process, with what is to be found in its environment.

    ``request`` None: look for whatever is new, as a scheduled run does.
    """

    doors: Doors
    ahead: timedelta
    request: Request | None = None
    options: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    flow: str = FLOW


def world_of(flow: str, doors: Doors, clock: Clock) -> World | MirrorWorld:
    """The world of a flow, by its name."""
    if flow == FLOW:
        return world(doors, clock)
    if flow == CLARITY_ORDERS.name:
        return orders_world(doors, clock)
    found = MIRROR_FLOWS[flow]
    make = org_world if found in SALESFORCE_FLOWS else mirror_world
    return make(doors, clock, found)


def start(errand: Errand) -> Any:
    """Start a process that makes one run; ``exitcode`` 0: it was green, 1: it was not, -9: it was killed."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.pipeline.errands", "tests.pipeline.warm"])
    process = context.Process(target=_go, args=(errand,), daemon=True)
    process.start()
    return process


def _go(errand: Errand) -> None:
    os.environ.update(errand.environment)
    here = world_of(errand.flow, errand.doors, Clock(errand.ahead))
    run = run_once(here, errand.request, **errand.options)
    raise SystemExit(0 if run.green else 1)
