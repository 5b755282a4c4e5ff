"""A24, B58: the watch as a task; an outage of the ledger itself is told past the ledger, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Variable
from sqlalchemy import delete

from include.errors import ConfigurationError, TransientError, UnbalancedError
from include.ledger import Delivery, Ledger, NewException, Notice
from include.ledger.tables import inbox
from include.pipelines.watch import Limits
from tests.airflow.test_desk import FLOW
from tradebridge import channels, connections, failures, watching
from tradebridge.channels import Channel

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Airflow's Variables in a dict."""
    kept: dict[str, Any] = {}
    monkeypatch.setattr(Variable, "get", lambda key, default=None, **_: kept.get(key, default))
    monkeypatch.setattr(Variable, "set", lambda key, value, **_: kept.update({key: value}))
    monkeypatch.setattr(Variable, "delete", lambda key: kept.pop(key, None))
    return kept


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any]) -> list[tuple[str, str]]:
    """What the one channel of this site was told; it is deaf while ``variables["deaf"]``."""
    heard: list[tuple[str, str]] = []

    def tell(_self: Channel, notice: Notice) -> None:
        if variables.get("deaf"):
            raise ConnectionError
        heard.append((notice.transition, notice.key))

    monkeypatch.setattr(Channel, "tell", tell)
    monkeypatch.setattr(
        channels, "channels", lambda: [Channel("mail", "smtp", "smtp_default", "low", {"to": "x"})]
    )
    return heard


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch):
    """Let the watch look once a minute, with a ledger that answers or does not."""
    clock = SimpleNamespace(now=NOW)
    frozen = type("frozen", (datetime,), {"now": classmethod(lambda cls, tz=None: clock.now)})
    monkeypatch.setattr(watching, "datetime", frozen)
    working = connections.ledger

    def away(*_: object) -> Ledger:
        raise TransientError("ledger: away")

    def minutes(number: float, *, up: bool) -> None:
        monkeypatch.setattr(connections, "ledger", working if up else away)
        for _ in range(max(1, int(number))):
            try:
                watching.watch([FLOW])
            except TransientError:
                assert not up
            else:
                assert up
            clock.now += timedelta(minutes=min(number, 1))

    return minutes


def test_a_ledger_that_is_away_for_half_a_minute_is_silent(ledger: Ledger, told, variables, minutes) -> None:
    minutes(1, up=True)
    minutes(0.5, up=False)
    minutes(3, up=True)
    assert told == []
    assert variables == {}


def test_twenty_minutes_without_the_ledger_are_one_alert_and_one_recovery(
    ledger: Ledger, told, variables, minutes
) -> None:
    minutes(20, up=False)
    assert told == [("opened", "outage:ledger")]
    minutes(5, up=True)
    assert told == [("opened", "outage:ledger"), ("recovered", "outage:ledger")]
    assert variables == {}


def test_a_deaf_channel_hears_of_the_ledger_later(ledger: Ledger, told, variables, minutes) -> None:
    variables["deaf"] = True
    minutes(10, up=False)
    assert told == []
    variables["deaf"] = False
    minutes(1, up=False)
    variables["deaf"] = True
    minutes(3, up=True)
    variables["deaf"] = False
    minutes(3, up=True)
    assert told == [("opened", "outage:ledger"), ("recovered", "outage:ledger")]


def test_a_failed_task_becomes_an_alert_and_a_notice(ledger: Ledger, told, variables, minutes) -> None:
    """From Airflow's callback to the channel."""
    task = SimpleNamespace(dag_id=FLOW, task_id="translate_orders", run_id="r", try_number=1)
    failures.record_failed_task({"task_instance": task, "exception": KeyError("Ann Smith")})  # type: ignore[typeddict-item]
    minutes(2, up=True)
    assert told == [("opened", f"run_failed:{FLOW}")]
    (alert,) = ledger.alerts.list("open")
    assert "KeyError" in alert.message
    assert "Ann" not in alert.message


def test_two_runs_with_one_cause_are_siblings(ledger: Ledger) -> None:
    for run in ("r1", "r2"):
        task = SimpleNamespace(dag_id=FLOW, task_id="load_orders", run_id=run, try_number=9)
        failures.record_failed_task({"task_instance": task, "exception": None})  # type: ignore[typeddict-item]
    assert ledger.exceptions.counts_by_cause(FLOW) == {"task.failed|load_orders|ProcessLost": 2}


def test_limits_are_the_sites(variables: dict[str, Any]) -> None:
    assert watching.limits() == Limits()
    variables["tradebridge_watch"] = {"outage": 10, "exceptions": "7", "silence": 20}
    chosen = watching.limits()
    assert (chosen.outage, chosen.exceptions, chosen.silence) == (timedelta(minutes=10), 7, 20.0)
    variables["tradebridge_watch"] = {"outrage": 10}
    with pytest.raises(ConfigurationError, match="outrage"):
        watching.limits()


def test_books_that_do_not_balance_make_the_task_red_and_name_the_keys(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = {"params": {"days": 35}}
    monkeypatch.setattr(watching, "get_current_context", lambda: context)
    ledger.inbox.keep(FLOW, Delivery("zoho_inventory", "salesorder", "9", "d9", "v", b"{}"))
    ledger.exceptions.open(
        [NewException("balance_books", "task:balance_flow", "balance_flow", "task.failed", "parked")]
    )
    assert watching.balance(FLOW) == {
        "received": 1, "loaded": 0, "unchanged": 0, "parked": 0, "rejected": 0, "duplicate": 0,
        "in_doubt": 0, "in_flight": 1,
    }  # fmt: skip
    assert ledger.exceptions.count(state="open") == 0
    with ledger.database.begin("lose a row") as connection:
        connection.execute(delete(inbox))
    with pytest.raises(
        UnbalancedError, match=r"received 1, accounted for 0; kept_and_gone \(1\): received 20"
    ):
        watching.balance(FLOW)
    assert not ledger.balances.list(FLOW, limit=1)[0].balanced
