"""Tell what is to be told: each notice once a channel, in order, again when it did not get through."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from include.pipelines.watch import conditions, look, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.ledger import Ledger, Notice, Step
    from include.pipelines.watch import Limits, View

    Tell = Callable[[Notice], None]

log = logging.getLogger(__name__)


def watch(
    ledger: Ledger, flows: Sequence[str], limits: Limits, channels: Mapping[str, str]
) -> tuple[View, Sequence[Step]]:
    """One look: read the signs, move the alerts, write down whom to tell; returns what moved.

    Args:
        ledger: where all of it is kept.
        flows: DAG ids to look at.
        limits: what is worth an alert.
        channels: name → least severity.
    """
    view = look(ledger, flows)
    lately = ledger.alerts.opened_since(view.now - timedelta(days=1))
    planned = steps(ledger.alerts.live(), conditions(view, limits), view.now, limits=limits, lately=lately)
    return view, ledger.alerts.apply(planned, channels)


def deliver(ledger: Ledger, channels: Mapping[str, Tell]) -> dict[str, int]:
    """Tell what waits, oldest first; returns how many notices were ``delivered`` and ``failed``.

    A channel that fails is left alone for the rest of this round, and what comes after a notice that
    failed waits behind it: a recovery is never told before its alert.
    """
    counts = {"delivered": 0, "failed": 0}
    stopped = set[str]()
    for notice in ledger.alerts.undelivered():
        tell = channels.get(notice.channel)
        if tell is None or notice.channel in stopped:
            continue
        if not ledger.alerts.attempt(notice):
            stopped.add(notice.channel)
            continue
        try:
            tell(notice)
        except Exception as error:  # noqa: BLE001 - notifiers are others' code; whatever they raise, it was not told
            log.warning("notice %s was not told on %s: %s", notice.id, notice.channel, type(error).__name__)
            ledger.alerts.failed(notice, type(error).__name__)
            stopped.add(notice.channel)
            counts["failed"] += 1
        else:
            ledger.alerts.delivered(notice)
            counts["delivered"] += 1
    return counts
