"""A24, B58: what is worth an alert, judged without a database and by a clock that the test holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.ledger import Balance, BreakerState, FailedTask, Finding, FlowSigns, Rhythm
from include.pipelines.resync import Resync
from include.pipelines.watch import Condition, Limits, View, conditions, missed, steps

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
FLOW = "zoho_orders_to_sage100"
LIMITS = Limits()


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


def found(view: View) -> list[tuple[str, str]]:
    return [(condition.kind, condition.severity) for condition in conditions(view, LIMITS)]


def a_view(**signs: object) -> View:
    return View(now=NOW, flows=[FlowSigns(FLOW, **signs)])  # type: ignore[arg-type]


def missed_events(asked: datetime, done: datetime | None) -> View:
    return View(NOW, resyncs=[Resync(FLOW, asked, "the place has expired", done, "")])


WORTH_AN_ALERT = {
    "nothing is wrong": (a_view(), []),
    "events were missed": (missed_events(ago(hours=3), None), [("missed_events", "high")]),
    "missed events were made good at once": (
        missed_events(ago(minutes=14), ago(minutes=14)),
        [("missed_events", "high")],
    ),
    "missed events were made good long ago": (missed_events(ago(minutes=16), ago(minutes=15)), []),
    "a stream shows no life": (
        View(NOW, streams={"00D/data/AccountChangeEvent": ago(minutes=31)}),
        [("stream", "medium")],
    ),
    "a stream is quiet": (View(NOW, streams={"00D/data/AccountChangeEvent": ago(minutes=29)}), []),
    "an endpoint is away": (
        View(NOW, breakers=[BreakerState("sage100_gateway", opened_at=ago(minutes=1), until=NOW)]),
        [("outage", "high")],
    ),
    "a breaker counts failures and lets calls through": (
        View(NOW, breakers=[BreakerState("sage100_gateway", failures=4, failed_at=NOW)]),
        [],
    ),
    "a token is refused": (View(NOW, refused={"zoho_inventory": NOW}), [("credentials", "high")]),
    "credentials without a token are refused": (
        a_view(failures=[FailedTask("load_orders", "AuthenticationError", NOW)]),
        [("refused", "high")],
    ),
    "credentials were refused, and nobody has been refused since": (
        a_view(failures=[FailedTask("load_orders", "AuthenticationError", ago(hours=2))]),
        [],
    ),
    "a mapping does not load": (
        a_view(failures=[FailedTask("translate_orders", "MappingError", NOW)]),
        [("run_failed", "high")],
    ),
    "a run does not balance": (
        a_view(failures=[FailedTask("settle_orders", "UnbalancedError", NOW)]),
        [("run_failed", "high")],
    ),
    "a task gave up on an outage": (
        a_view(failures=[FailedTask("load_orders", "CircuitOpenError", NOW)]),
        [("not_recovering", "medium")],
    ),
    "a killed task": (
        a_view(failures=[FailedTask("load_orders", "ProcessLost", NOW)]),
        [("not_recovering", "medium")],
    ),
    "a few exceptions": (a_view(open_exceptions={"value.unknown": 50}, oldest_exception=ago(hours=23)), []),
    "many exceptions": (
        a_view(open_exceptions={"value.unknown": 26, "totals.mismatch": 25}, oldest_exception=NOW),
        [("exceptions", "medium")],
    ),
    "an old exception": (
        a_view(open_exceptions={"value.unknown": 1}, oldest_exception=ago(hours=25)),
        [("old_exceptions", "low")],
    ),
    "a young doubt": (a_view(doubts=1, oldest_doubt=ago(minutes=59)), []),
    "an old doubt": (a_view(doubts=1, oldest_doubt=ago(minutes=61)), [("in_doubt", "medium")]),
    "rows wait and runs take some": (a_view(waiting=900, claimed_at=ago(minutes=2)), []),
    "rows wait and nobody comes": (a_view(waiting=1, claimed_at=ago(hours=2)), [("queue", "medium")]),
    "rows wait and nobody ever came": (a_view(waiting=1), [("queue", "medium")]),
    "the flow is parked on purpose": (a_view(waiting=1, parked_until=NOW + timedelta(hours=1)), []),
    "the books do not balance": (
        View(NOW, balances=[Balance(FLOW, NOW, 3, False, {}, [Finding("kept_and_gone", 1, ("k",))])]),
        [("unbalanced", "high")],
    ),
    "the books balance": (View(NOW, balances=[Balance(FLOW, NOW, 3, True, {}, [])]), []),
}


@pytest.mark.parametrize("case", WORTH_AN_ALERT)
def test_what_is_worth_an_alert(case: str) -> None:
    view, expected = WORTH_AN_ALERT[case]
    assert found(view) == expected


def test_a_message_tells_codes_and_counts_and_no_customer() -> None:
    failure = FailedTask("load_orders", "MappingError", NOW)
    (condition,) = conditions(a_view(failures=[failure]), LIMITS)
    assert condition.message == (
        f"{FLOW}: load_orders failed with MappingError; nothing will mend it by itself"
    )


# Silence ----------------------------------------------------------------------------------------


def office_hours(weeks: int, *, last: datetime) -> Rhythm:
    """Five webhooks an hour, Monday to Friday from 9 to 17."""
    hours, at = {}, last.replace(minute=0) - timedelta(weeks=weeks)
    first = at
    while at <= last:
        if at.weekday() < 5 and 9 <= at.hour < 17:
            hours[at] = 5
        at += timedelta(hours=1)
    return Rhythm(last, first, hours)


def test_a_shop_that_closes_for_the_weekend_is_not_silent() -> None:
    friday = datetime(2026, 11, 13, 16, 50, tzinfo=UTC)
    rhythm = office_hours(4, last=friday)
    assert missed(rhythm, friday + timedelta(days=2)) < 2
    assert missed(rhythm, datetime(2026, 11, 16, 10, 0, tzinfo=UTC)) < LIMITS.silence


def test_the_same_shop_is_silent_when_monday_stays_quiet() -> None:
    friday = datetime(2026, 11, 13, 16, 50, tzinfo=UTC)
    assert missed(office_hours(4, last=friday), datetime(2026, 11, 16, 12, 0, tzinfo=UTC)) >= LIMITS.silence


def test_with_little_history_a_silence_is_measured_by_gaps() -> None:
    hours = {ago(hours=n + 1): 12 for n in range(30)}
    rhythm = Rhythm(ago(hours=1), ago(hours=30), hours)
    assert missed(rhythm, ago(minutes=30)) == 0.0
    assert missed(rhythm, NOW + timedelta(hours=2)) >= LIMITS.silence


def test_a_gap_that_was_seen_before_is_no_silence() -> None:
    hours = {ago(hours=30): 50, ago(hours=16): 50, ago(hours=14): 1}
    rhythm = Rhythm(ago(hours=14), ago(hours=30), hours)
    assert missed(rhythm, NOW) == 0.0
    assert missed(rhythm, NOW + timedelta(hours=8)) >= LIMITS.silence


def test_a_flow_without_webhooks_is_never_silent() -> None:
    assert found(a_view(rhythm=None)) == []
    few = Rhythm(ago(days=20), ago(days=21), {ago(days=21): 19})
    assert found(a_view(rhythm=few)) == []


def test_a_site_may_hear_of_the_first_record_that_is_set_aside() -> None:
    """B55, C31: as one alert, however many follow, which names the reason."""
    watchful, opened = replace(LIMITS, exceptions=0), []
    for number in (1, 2, 3):
        view = a_view(open_exceptions={"field.missing": number}, oldest_exception=NOW)
        found = conditions(view, watchful)
        opened.append([(each.key, each.message) for each in found])
    assert opened[0] == [(f"exceptions:{FLOW}", f"{FLOW}: 1 exception is open (1 field.missing)")]
    assert [key for ((key, _),) in opened] == [f"exceptions:{FLOW}"] * 3


def test_a_revoked_token_is_one_alert_however_many_tasks_it_fails() -> None:
    failed = [FailedTask("claim_batches", "AuthenticationError", NOW)] * 9
    view = View(NOW, [FlowSigns(FLOW, failed)], refused={"zoho_inventory": NOW})
    moves = {step.key: step.move.value for step in steps([], conditions(view, LIMITS), NOW, limits=LIMITS)}
    assert moves == {"credentials:zoho_inventory": "open", f"refused:{FLOW}": "begin"}


def test_one_cause_is_one_alert() -> None:
    """While something is down, what follows from it does not open."""
    symptom = Condition("queue:f", "queue", "medium", "rows wait", "f")
    outage = Condition("outage:x", "outage", "high", "x is away", hold=timedelta(minutes=5))
    alone = steps([], [symptom], NOW, limits=LIMITS)
    assert [step.move for step in alone] == ["open"]
    together = steps([], [outage, symptom], NOW, limits=LIMITS)
    assert {step.key: step.move.value for step in together} == {"outage:x": "begin", "queue:f": "begin"}
