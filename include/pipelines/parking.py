"""While a system is away the flow waits, and no worker does.

Three things send a flow to the car park: a circuit that is open, a block that a remote has put on us, and
a budget that is spent. A short wait is left to the task's own retries. The first task of a run
asks before it claims anything, so rows stay in the inbox; a batch that meets the trouble half-way is
deferred, and goes back there when the run is settled. When the time is over, the first task *pings* what
did not answer: one small call that no bad record can spoil shows whether the flow may go on.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from include.errors import CircuitOpenError, RateLimitedError, TransientError
from include.ledger import Circuit

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.ledger import ParkedFlow
    from include.pipelines.ports import Surroundings, Ticket

log = logging.getLogger(__name__)

PARK_FROM = 45.0
"""Seconds: a limit that passes sooner is waited for by the task. A block of a minute parks the flow, also for
who meets it some seconds late."""


class ParkedError(TransientError):
    """The flow is parked; ``retry_after`` says for how long."""


def begin(
    world: Surroundings, flow: str, announce: Callable[[], object], *, asked: bool
) -> ParkedFlow | None:
    """Announce what a run asks for, unless the flow must wait.

    Args:
        world: the systems.
        flow: which flow.
        announce: puts into the inbox what the run asks for.
        asked: somebody has asked this very run for certain records.

    Returns:
        The flow's stay in the car park; ``None`` when the run may claim.

    Raises:
        TransientError: something else is wrong, or the flow must wait and somebody has asked for certain
            orders: the request has no other place to wait in than this run.
    """
    try:
        _look(world, flow)
        announce()
    except TransientError as error:
        parked = park(world, flow, error)
        if parked is None or asked:
            raise
        return parked
    world.ledger.parking.lift(flow)
    return None


def park(world: Surroundings, flow: str, error: TransientError) -> ParkedFlow | None:
    """Park the flow if that is what the error calls for."""
    if isinstance(error, ParkedError):
        return world.ledger.parking.get(flow)
    if not parks(error):
        return None
    until = world.clock() + timedelta(seconds=max(error.retry_after or 0.0, 1.0))
    parked = world.ledger.parking.park(flow, until, reason=str(error))
    log.warning("%s is parked until %s: %s", flow, f"{parked.until:%Y-%m-%d %H:%M:%S} UTC", parked.reason)
    return parked


def parks(error: TransientError) -> bool:
    """Whether the error speaks of a wait that no worker should spend."""
    if isinstance(error, CircuitOpenError | ParkedError):
        return True
    return isinstance(error, RateLimitedError) and (error.retry_after or 0.0) >= PARK_FROM


def defer(world: Surroundings, ticket: Ticket, error: TransientError) -> ParkedFlow | None:
    """Park the flow and stop one of its batches, if that is what the error calls for."""
    parked = park(world, ticket.flow, error)
    if parked is not None:
        world.ledger.parking.defer(ticket.batch_id)
    return parked


def _look(world: Surroundings, flow: str) -> None:
    """Whether the flow may go on.

    Raises:
        ParkedError: it is parked.
        CircuitOpenError: one of its endpoints does not answer.
        RateLimitedError: one of them answers, and refuses.
    """
    parked = world.ledger.parking.get(flow)
    if parked is not None:
        wait = (parked.until - world.clock()).total_seconds()
        raise ParkedError(f"{flow} is parked: {parked.reason}", retry_after=wait)
    pings = {endpoint.name: endpoint.ping for endpoint in world.endpoints}
    for known in world.ledger.breakers.states(list(pings)):
        state = known
        if state.circuit(world.clock()) is Circuit.HALF_OPEN:
            _ping(state.name, pings[state.name])
            (state,) = world.ledger.breakers.states([state.name])
        wait = state.wait(world.clock())
        if wait > 0:
            raise CircuitOpenError(f"{state.name} does not answer: {state.reason}", retry_after=wait)


def _ping(name: str, ping: Callable[[], object]) -> None:
    """Let the breaker find out; only that a limit is met is news of its own."""
    try:
        ping()
    except RateLimitedError:
        raise
    except TransientError as error:
        log.info("%s still does not answer: %s", name, error)
