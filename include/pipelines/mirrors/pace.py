"""When a source is polled next: often while much changes there, now and then while it is quiet.

The schedule knocks every minute; most knocks of a quiet hour find that it is not time yet. How often records
change is learnt from what polls announced (:class:`include.connectors.interval.Pace`). When calls run short,
polls become as rare as makes the rest last until the budget is filled again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from include.connectors.interval import Pace
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from include.pipelines.mirrors.ports import MirrorWorld

CURSOR = "{flow}/next_poll"
SHORTEST, LONGEST = "poll_shortest", "poll_longest"
"""Settings: bounds of the interval, in seconds."""
USUAL = {SHORTEST: 60, LONGEST: 300}
SLACK = timedelta(seconds=30)
"""Half the schedule's minute: a run begins a moment after its minute, never to the second."""


class _Polled(msgspec.Struct):
    """The last poll: when it was, when the next one is due, and changes per second as believed."""

    at: datetime
    due: datetime
    rate: float


_DECODER = msgspec.json.Decoder(_Polled)


def is_due(world: MirrorWorld) -> bool:
    """Whether it is time to poll; so it is when nobody has polled yet."""
    last = _last(world)
    return last is None or world.clock() + SLACK >= last.due


def polled(world: MirrorWorld, began: datetime, changes: int) -> None:
    """Learn from a poll, and note when the next one is due.

    Args:
        world: whose source was polled.
        began: when.
        changes: how many it announced. All that the very first one found is no change.

    Raises:
        ConfigurationError: the site's bounds are no seconds, or the wrong way round.
    """
    last, pace = _last(world), _pace(world)
    rate = 0.0 if last is None else last.rate
    if last is not None and began > last.at:
        rate = pace.observed(rate, changes, began - last.at)
    # The scarcest budget decides.
    wait = max((pace.interval(rate, left()) for left in world.allowances), default=pace.interval(rate))
    told = msgspec.json.encode(_Polled(began, began + wait, rate)).decode()
    world.ledger.cursors.advance(CURSOR.format(flow=world.flow.name), told, force=True)


def _last(world: MirrorWorld) -> _Polled | None:
    told = world.ledger.cursors.get(CURSOR.format(flow=world.flow.name))
    return _DECODER.decode(told) if told else None


def _pace(world: MirrorWorld) -> Pace:
    try:
        shortest, longest = (
            timedelta(seconds=float(world.settings.get(name) or usual)) for name, usual in USUAL.items()
        )
    except (ValueError, OverflowError):
        raise ConfigurationError(f"settings {SHORTEST} and {LONGEST} must be seconds") from None
    if not timedelta(0) < shortest <= longest:
        raise ConfigurationError(f"setting {SHORTEST} must be above 0 and at most {LONGEST}")
    return Pace(shortest=shortest, longest=longest)
