"""From signs to alerts: what is wrong, for how long it must last, when it counts as over.

Pure: the same signs and the same live alerts give the same steps. A condition opens its alert once it
has lasted for its ``hold``; an alert is over when its condition has been away for ``calm``, twice as
long after every further opening of the same day, so that something that comes and goes is told of
a few times and not every few minutes. While a *root* (an outage, dead credentials) is on, and for a
while after it, *symptoms* do not open: one cause, one alert.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from include.errors import TransientError
from include.ledger import FlowSigns
from include.ledger.alerts import Move, Step
from include.ledger.signs import LOST_PROCESS
from include.pipelines import resync
from include.pipelines.change_events import PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from include.ledger import Alert, Balance, BreakerState, Ledger
    from include.ledger.signs import Rhythm
    from include.pipelines.resync import Resync

OUTAGE, CREDENTIALS = "outage", "credentials"
ROOTS = frozenset({OUTAGE, CREDENTIALS})
SYMPTOMS = frozenset({"refused", "not_recovering", "queue", "silence", "in_doubt"})
ENOUGH = 20
"""Webhooks before a flow is said to have a rhythm."""
WEEKS = 2
STANDS = timedelta(minutes=90)
"""How long a refusal counts: whoever still needs the credentials has been refused again by then."""
TOLD = timedelta(minutes=15)
"""How long a loss of events is worth telling, however fast it was made good."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is worth an alert; a site may set each."""

    outage: timedelta = timedelta(minutes=5)
    calm: timedelta = timedelta(minutes=5)
    longest_calm: timedelta = timedelta(hours=4)
    aftermath: timedelta = timedelta(minutes=30)
    refused: timedelta = timedelta(minutes=2)
    not_recovering: timedelta = timedelta(hours=2)
    exceptions: int = 50
    exception_age: timedelta = timedelta(hours=24)
    in_doubt: timedelta = timedelta(hours=1)
    queue: timedelta = timedelta(minutes=30)
    silence: float = 10.0
    stream: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class View:
    """Everything one look sees."""

    now: datetime
    flows: Sequence[FlowSigns] = ()
    breakers: Sequence[BreakerState] = ()
    refused: Mapping[str, datetime] = field(default_factory=dict)
    balances: Sequence[Balance] = ()
    resyncs: Sequence[Resync] = ()
    streams: Mapping[str, datetime] = field(default_factory=dict)
    """By org and topic, when the place in it moved last; a sign of life moves it, too."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now; ``since`` where the evidence says when it began."""

    key: str
    kind: str
    severity: str
    message: str
    flow: str = ""
    hold: timedelta = timedelta(0)
    since: datetime | None = None


def look(ledger: Ledger, flows: Sequence[str]) -> View:
    """Read every sign once."""
    return View(
        now=ledger.database.now(),
        flows=[_flow(ledger, flow) for flow in flows],
        breakers=ledger.breakers.states(),
        refused=ledger.signs.refused_credentials(),
        balances=[balance for flow in flows for balance in ledger.balances.list(flow, limit=1)],
        resyncs=resync.all_asked(ledger),
        streams={each.name.removeprefix(PLACES): each.updated_at for each in ledger.cursors.under(PLACES)},
    )


def _flow(ledger: Ledger, flow: str) -> FlowSigns:
    signs = ledger.signs
    by_code, oldest = signs.set_aside(flow)
    doubts, oldest_doubt = signs.doubts(flow)
    return FlowSigns(
        flow=flow,
        failures=signs.failures(flow),
        open_exceptions=by_code,
        oldest_exception=oldest,
        doubts=doubts,
        oldest_doubt=oldest_doubt,
        waiting=ledger.inbox.pending(flow),
        claimed_at=signs.claimed_at(flow),
        parked_until=signs.parked_until(flow),
        rhythm=signs.rhythm(flow),
    )


def conditions(view: View, limits: Limits) -> list[Condition]:
    """What is wrong in a view, one condition a key."""
    found = [*_outages(view, limits), *_dead_credentials(view)]
    for signs in view.flows:
        for judge in _JUDGES:
            found.extend(judge(signs, view, limits))
    found.extend([*_unbalanced(view), *_missed_events(view), *_dead_streams(view, limits)])
    return list({condition.key: condition for condition in found}.values())


def _outages(view: View, limits: Limits) -> Iterator[Condition]:
    for breaker in view.breakers:
        if breaker.opened_at is not None:
            yield Condition(
                f"outage:{breaker.name}", OUTAGE, "high", f"{breaker.name} does not answer",
                hold=limits.outage, since=breaker.opened_at,
            )  # fmt: skip


def _dead_credentials(view: View) -> Iterator[Condition]:
    for name in view.refused:
        yield Condition(
            f"credentials:{name}", CREDENTIALS, "high",
            f"{name} refuses our credentials: renew them in the connection",
        )  # fmt: skip


def _failed_runs(signs: FlowSigns, view: View, limits: Limits) -> Iterator[Condition]:
    """Red runs by what made them red: somebody must act, or it should have passed by now."""
    by_error = Counter(failure.error for failure in signs.failures)
    refused = [failure for failure in signs.failures if failure.error == "AuthenticationError"]
    if refused and view.now - max(failure.since for failure in refused) < STANDS:
        tasks = ", ".join(sorted({failure.task_id for failure in refused}))
        yield Condition(
            f"refused:{signs.flow}", "refused", "high",
            f"{signs.flow}: {tasks} failed, credentials are refused; renew them in the connection",
            signs.flow, limits.refused,
        )  # fmt: skip
    permanent = sorted({error for error in by_error if error not in _passing() | {"AuthenticationError"}})
    if permanent:
        tasks = ", ".join(sorted({f.task_id for f in signs.failures if f.error in permanent}))
        yield Condition(
            f"run_failed:{signs.flow}", "run_failed", "high",
            f"{signs.flow}: {tasks} failed with {', '.join(permanent)}; nothing will mend it by itself",
            signs.flow,
        )  # fmt: skip
    passing = [failure.since for failure in signs.failures if failure.error in _passing()]
    if passing:
        yield Condition(
            f"not_recovering:{signs.flow}", "not_recovering", "medium",
            f"{signs.flow}: {len(passing)} failed tasks, and nothing has gone through since",
            signs.flow, limits.not_recovering, min(passing),
        )  # fmt: skip


def _set_aside(signs: FlowSigns, view: View, limits: Limits) -> Iterator[Condition]:
    number = sum(signs.open_exceptions.values())
    if number > limits.exceptions:
        codes = ", ".join(f"{n} {code}" for code, n in sorted(signs.open_exceptions.items()))
        open_ones = "1 exception is" if number == 1 else f"{number} exceptions are"
        yield Condition(
            f"exceptions:{signs.flow}", "exceptions", "medium",
            f"{signs.flow}: {open_ones} open ({codes})", signs.flow,
        )  # fmt: skip
    if signs.oldest_exception and view.now - signs.oldest_exception > limits.exception_age:
        yield Condition(
            f"old_exceptions:{signs.flow}", "old_exceptions", "low",
            f"{signs.flow}: an exception has been open since {signs.oldest_exception:%Y-%m-%d %H:%M} UTC",
            signs.flow,
        )  # fmt: skip


def _doubts(signs: FlowSigns, view: View, limits: Limits) -> Iterator[Condition]:
    if signs.oldest_doubt and view.now - signs.oldest_doubt > limits.in_doubt:
        yield Condition(
            f"in_doubt:{signs.flow}", "in_doubt", "medium",
            f"{signs.flow}: {signs.doubts} writes without a known outcome, the oldest since "
            f"{signs.oldest_doubt:%Y-%m-%d %H:%M} UTC", signs.flow,
        )  # fmt: skip


def _queue(signs: FlowSigns, view: View, limits: Limits) -> Iterator[Condition]:
    moving = signs.claimed_at is not None and view.now - signs.claimed_at < limits.queue
    if signs.waiting and not moving and signs.parked_until is None:
        yield Condition(
            f"queue:{signs.flow}", "queue", "medium",
            f"{signs.flow}: {signs.waiting} rows wait and no run takes them; is the DAG paused?",
            signs.flow, limits.queue,
        )  # fmt: skip


def _silence(signs: FlowSigns, view: View, limits: Limits) -> Iterator[Condition]:
    rhythm = signs.rhythm
    if rhythm is not None and missed(rhythm, view.now) >= limits.silence:
        yield Condition(
            f"silence:{signs.flow}", "silence", "medium",
            f"{signs.flow}: no webhook since {rhythm.last:%Y-%m-%d %H:%M} UTC, "
            f"{missed(rhythm, view.now):.0f} times the usual gap", signs.flow,
        )  # fmt: skip


def _unbalanced(view: View) -> Iterator[Condition]:
    for balance in view.balances:
        if not balance.balanced:
            checks = ", ".join(f"{each.check} {each.rows}" for each in balance.findings)
            yield Condition(
                f"unbalanced:{balance.flow}", "unbalanced", "high",
                f"{balance.flow}: the books do not balance ({checks or 'the sum differs'})", balance.flow,
            )  # fmt: skip


def _missed_events(view: View) -> Iterator[Condition]:
    for each in view.resyncs:
        if each.done_at is None or view.now - each.asked_at < TOLD:
            after = "has compared" if each.done_at else "is to compare"
            yield Condition(
                f"missed_events:{each.flow}", "missed_events", "high",
                f"{each.reason}: events were missed, {each.flow} {after} everything", each.flow,
            )  # fmt: skip


def _dead_streams(view: View, limits: Limits) -> Iterator[Condition]:
    for name, moved in view.streams.items():
        if view.now - moved > limits.stream:
            yield Condition(
                f"stream:{name}", "stream", "medium",
                f"no sign of life from {name} since {moved:%Y-%m-%d %H:%M} UTC; does the triggerer run, is "
                "the DAG paused?",
            )  # fmt: skip


_JUDGES: tuple[Callable[[FlowSigns, View, Limits], Iterator[Condition]], ...] = (
    _failed_runs,
    _set_aside,
    _doubts,
    _queue,
    _silence,
)


def _passing() -> frozenset[str]:
    """Errors that pass by themselves, and those that only follow from another task's."""
    return frozenset({*_names(TransientError), LOST_PROCESS, "LeaseLostError", "UnfinishedError"})


def _names(error: type[Exception]) -> Iterator[str]:
    yield error.__name__
    for below in error.__subclasses__():
        yield from _names(below)


def missed(rhythm: Rhythm, now: datetime) -> float:
    """How many webhooks would usually have come since the last one.

    With two weeks of history the hours of the week are told apart: a shop that sleeps on Sundays is
    not silent then. With less, the silence is measured by the mean gap, and by the longest one seen
    before: nothing shorter than half as long again is unusual.
    """
    total = sum(rhythm.hours.values())
    if total < ENOUGH:
        return 0.0
    weeks = (rhythm.last - rhythm.first) / timedelta(weeks=1)
    if weeks < WEEKS:
        return _by_gap(rhythm, now, total)
    usual = Counter[int]()
    for hour, rows in rhythm.hours.items():
        usual[_of_week(hour)] += rows
    return sum(usual[_of_week(at)] / weeks * share for at, share in _hours(rhythm.last, now))


def _by_gap(rhythm: Rhythm, now: datetime, total: int) -> float:
    silent = now - rhythm.last
    hours = sorted(rhythm.hours)
    longest = max((later - earlier for earlier, later in pairwise(hours)), default=silent)
    if silent <= longest * 1.5:
        return 0.0
    return silent / max((rhythm.last - rhythm.first) / total, timedelta(minutes=1))


def _of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour


def _hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
    """The hours between two moments, at most four weeks of them, each with the part that lies between."""
    at = start
    for _ in range(28 * 24):
        if at >= end:
            return
        following = min(at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1), end)
        yield at, (following - at) / timedelta(hours=1)
        at = following


def steps(
    live: Sequence[Alert],
    found: Sequence[Condition],
    now: datetime,
    *,
    limits: Limits,
    lately: Sequence[Alert] = (),
) -> list[Step]:
    """What to do with which alert.

    Args:
        live: pending and open alerts.
        found: what is wrong now.
        now: the moment of the look.
        limits: how long what must last.
        lately: alerts opened in the last day, whatever became of them.
    """
    standing = {alert.key: alert for alert in live}
    present = {condition.key: condition for condition in found}
    held = _root_is_on(live, found, lately, now - limits.aftermath)
    openings = Counter(alert.key for alert in lately)
    seen = [
        _seen(standing.get(key), condition, now, inhibited=held and condition.kind in SYMPTOMS)
        for key, condition in present.items()
    ]
    return [*seen, *_gone([alert for alert in live if alert.key not in present], now, limits, openings)]


def _root_is_on(
    live: Sequence[Alert], found: Sequence[Condition], lately: Sequence[Alert], since: datetime
) -> bool:
    kinds = {condition.kind for condition in found} | {alert.kind for alert in live}
    ended = {a.kind for a in lately if a.recovered_at is not None and a.recovered_at >= since}
    return bool(ROOTS & (kinds | ended))


def _seen(alert: Alert | None, condition: Condition, now: datetime, *, inhibited: bool) -> Step:
    began = min(filter(None, (alert.first_seen if alert else now, condition.since)))
    ripe = now - began >= condition.hold and not inhibited
    if alert is not None and alert.state == "open":
        move = Move.SEE
    elif ripe:
        move = Move.OPEN
    else:
        move = Move.SEE if alert else Move.BEGIN
    return Step(
        move, condition.key, alert.id if alert else 0, condition.flow, condition.kind, condition.severity,
        condition.message,
    )  # fmt: skip


def _gone(
    absent: Sequence[Alert], now: datetime, limits: Limits, openings: Mapping[str, int]
) -> Iterator[Step]:
    for alert in absent:
        again = max(openings.get(alert.key, 1) - 1, 0)
        calm = min(limits.calm * 2 ** min(again, 10), limits.longest_calm)
        if alert.state == "pending":
            if now - alert.last_seen >= min(limits.calm, timedelta(minutes=2)):
                yield _about(Move.DROP, alert, alert.message)
        elif now - alert.last_seen >= calm:
            lasted = alert.last_seen - (alert.opened_at or alert.first_seen)
            yield _about(Move.RECOVER, alert, f"over after {_minutes(lasted)}: {alert.message}")


def _about(move: Move, alert: Alert, message: str) -> Step:
    return Step(move, alert.key, alert.id, alert.flow, alert.kind, alert.severity, message)


def _minutes(duration: timedelta) -> str:
    minutes = duration // timedelta(minutes=1)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
