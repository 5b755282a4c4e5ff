"""What the watch and the books do as Airflow tasks: look, alert, tell, measure; balance every hour."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable, get_current_context

from include.errors import ConfigurationError, TransientError, UnbalancedError
from tradebridge.flows import FLOWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.ledger import Ledger
    from include.pipelines.watch import Limits, View
    from tradebridge.channels import Channel

log = logging.getLogger(__name__)

LIMITS = "tradebridge_watch"
"""Variable: limits that differ from the usual, durations in minutes: ``{"outage": 10, "silence": 20}``."""
AWAY = "tradebridge_ledger_away"
"""Variable in which an outage of the ledger is remembered: the ledger itself cannot."""
MEASURED = "watch/measured"


def watch(flows: Sequence[str]) -> dict[str, int]:
    """One look at everything, and its telling; returns what moved.

    Raises:
        TransientError: the ledger is away; its own outage is told past it.
    """
    from include.pipelines.notices import deliver
    from include.pipelines.notices import watch as look
    from tradebridge import connections
    from tradebridge.channels import channels

    known = channels()
    try:
        ledger = connections.ledger()
        view, moved = look(ledger, flows, limits(), {each.name: each.min_severity for each in known})
        ledger.exceptions.resolve("watch_flows", ["task:watch_flows"], how="a later look went through")
    except TransientError:
        ledger_is_away(known, datetime.now(UTC))
        raise
    ledger_is_back(known)
    told = deliver(ledger, {each.name: each.tell for each in known})
    measure(ledger, view)
    for step in moved:
        log.info("%s %s: %s", step.move.value, step.key, step.message)
    return {**told, "moved": len(moved)}


def limits() -> Limits:
    """The site's limits.

    Raises:
        ConfigurationError: the Variable names one that there is not.
    """
    from dataclasses import fields

    from include.pipelines.watch import Limits

    given: dict[str, Any] = Variable.get(LIMITS, default={}, deserialize_json=True)
    known = {field.name: getattr(Limits(), field.name) for field in fields(Limits)}
    if unknown := sorted(set(given) - set(known)):
        raise ConfigurationError(f"Variable {LIMITS}: there is no limit {', '.join(unknown)}")
    chosen: dict[str, Any] = {
        name: timedelta(minutes=float(value))
        if isinstance(known[name], timedelta)
        else type(known[name])(value)
        for name, value in given.items()
    }
    return Limits(**chosen)


def ledger_is_away(known: Sequence[Channel], now: datetime) -> None:
    """Remember since when, and tell once when it has lasted."""
    outage = Variable.get(AWAY, default=None, deserialize_json=True)
    if outage is None:
        Variable.set(AWAY, {"since": now.isoformat(), "told": []}, serialize_json=True)
        return
    since = datetime.fromisoformat(outage["since"])
    if now - since >= limits().outage:
        _tell_past(known, outage, since, "opened", "the ledger does not answer")


def ledger_is_back(known: Sequence[Channel]) -> None:
    """Tell those who were told of an outage of the ledger that it is over, then forget it."""
    outage = Variable.get(AWAY, default=None, deserialize_json=True)
    if outage is None:
        return
    since = datetime.fromisoformat(outage["since"])
    over = {**outage, "channels": [each.name for each in known if each.name not in outage["told"]]}
    heard = [each for each in known if each.name in outage["told"]]
    if not heard or _tell_past(heard, {**over, "told": []}, since, "recovered", "the ledger answers again"):
        Variable.delete(AWAY)


def _tell_past(
    known: Sequence[Channel], outage: dict[str, Any], since: datetime, transition: str, message: str
) -> bool:
    """Tell without a ledger to write it down in; says whether everybody has heard."""
    from include.ledger import Notice

    notice = Notice(
        id=0, alert_id=int(since.timestamp()), transition=transition, channel="", message=message,
        created_at=since, not_before=since, attempts=0, delivered_at=None, error="",
        key="outage:ledger", flow="", kind="outage", severity="high",
    )  # fmt: skip
    told = list(outage["told"])
    for channel in known:
        if channel.name in told:
            continue
        try:
            channel.tell(notice)
        except Exception as error:  # noqa: BLE001 - notifiers are others' code; the next look tries again
            log.warning("%s was not told: %s", channel.name, type(error).__name__)
        else:
            told.append(channel.name)
    if told != outage["told"] and transition == "opened":
        Variable.set(AWAY, {**outage, "told": told}, serialize_json=True)
    return len(told) == len(known)


def measure(ledger: Ledger, view: View) -> None:
    """Send the figures of one look."""
    from tradebridge import metrics

    for signs in view.flows:
        metrics.gauge("backlog", signs.waiting, flow=signs.flow)
        metrics.gauge("in_doubt", signs.doubts, flow=signs.flow)
        metrics.gauge("open_exceptions", sum(signs.open_exceptions.values()), flow=signs.flow)
        for code, number in signs.open_exceptions.items():
            metrics.gauge("open_exceptions_by_code", number, flow=signs.flow, code=code)
        _repairs(ledger, signs.flow, view.now)
    for breaker in view.breakers:
        metrics.gauge("circuit_open", int(breaker.opened_at is not None), endpoint=breaker.name)
    for name in ledger.budgets.names():
        state = ledger.budgets.state(name)
        metrics.gauge("budget_today", state.today, budget=name)
        metrics.gauge("budget_last_minute", state.last_minute, budget=name)
        metrics.gauge("calls_granted", state.granted, budget=name)
    by_severity = ledger.alerts.counts()
    for severity in ("low", "medium", "high"):
        number = sum(n for (_, each), n in by_severity.items() if each == severity)
        metrics.gauge("alerts_open", number, severity=severity)


def _repairs(ledger: Ledger, flow: str, now: datetime) -> None:
    """Minutes from exception to loaded, each repair once."""
    from tradebridge import metrics

    name = f"{MEASURED}/{flow}"
    since = ledger.cursors.get(name)
    if not ledger.cursors.advance(name, now.isoformat()) or since is None:
        return
    for code, duration in ledger.signs.repaired(flow, datetime.fromisoformat(since), now):
        metrics.seconds("time_to_repair", duration, flow=flow, code=code)


def balance(flow: str) -> dict[str, int]:
    """Balance one flow's books; the result is kept whatever it is.

    Raises:
        UnbalancedError: it does not add up; the message names what and the first keys.
    """
    from tradebridge import connections

    context = get_current_context()
    context["flow"] = flow  # type: ignore[typeddict-unknown-key]  # for map_index_template
    ledger = connections.ledger()
    days = int(context["params"]["days"])
    since = ledger.database.now() - timedelta(days=days) if days else None
    found = ledger.balances.check(flow, since=since)
    if not found.balanced:
        told = "; ".join(f"{each.check} ({each.rows}): {', '.join(each.keys)}" for each in found.findings)
        raise UnbalancedError(
            f"{flow}: received {found.received}, accounted for {sum(found.counts.values())}; {told}"
        )
    if all(newest.balanced for each in FLOWS for newest in ledger.balances.list(each, limit=1)):
        ledger.exceptions.resolve("balance_books", ["task:balance_flow"], how="the books balance again")
    return {"received": found.received, **found.counts}
