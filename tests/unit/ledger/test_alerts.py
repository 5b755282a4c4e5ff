"""A24, B58: one alert, one recovery, each told once on every channel, nothing lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.ledger import BreakerState, Ledger, Notice
from include.ledger.alerts import Move, Step
from include.ledger.watch_tables import alerts, notices
from include.pipelines import notices as watching
from include.pipelines.notices import deliver
from include.pipelines.watch import Condition, Limits, steps
from tests.unit.ledger.conftest import FLOW, Clock

CHANNELS = {"mail": "high", "chat": "low"}
LIMITS = Limits()


class Channel:
    """Hears notices; may be deaf."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.deaf = False

    def __call__(self, notice: Notice) -> None:
        if self.deaf:
            raise ConnectionError("the text may quote a secret")
        self.heard.append((notice.transition, notice.key))


@pytest.fixture
def mail() -> Channel:
    return Channel()


@pytest.fixture
def look(ledger: Ledger, clock: Clock, mail: Channel):
    """One minute's look at what is wrong, and its telling."""

    def look(*conditions: Condition) -> list[Step]:
        lately = ledger.alerts.opened_since(clock.now - timedelta(days=1))
        moved = ledger.alerts.apply(
            steps(ledger.alerts.live(), conditions, clock.now, limits=LIMITS, lately=lately), CHANNELS
        )
        deliver(ledger, {"mail": mail})
        return moved

    return look


def an_outage(severity: str = "high") -> Condition:
    return Condition("outage:sage100", "outage", severity, "sage100 does not answer", hold=LIMITS.outage)


def lasting(look, clock: Clock, minutes: float, *conditions: Condition) -> None:
    for _ in range(round(minutes * 2)):
        look(*conditions)
        clock.pass_(seconds=30)


def test_thirty_seconds_are_silent(ledger: Ledger, look, clock: Clock, mail: Channel) -> None:
    lasting(look, clock, 0.5, an_outage())
    lasting(look, clock, 30)
    assert mail.heard == []
    assert ledger.alerts.list() == ledger.alerts.live() == []


def test_twenty_minutes_are_one_alert_and_one_recovery(
    ledger: Ledger, look, clock: Clock, mail: Channel
) -> None:
    lasting(look, clock, 20, an_outage())
    assert mail.heard == [("opened", "outage:sage100")]
    lasting(look, clock, 60)
    assert mail.heard == [("opened", "outage:sage100"), ("recovered", "outage:sage100")]
    (alert,) = ledger.alerts.list()
    assert (alert.severity, alert.state, alert.count) == ("high", "recovered", 40)
    assert alert.notified_at == alert.opened_at


def test_the_whole_look_reads_the_breakers(ledger: Ledger, clock: Clock, monkeypatch, mail: Channel) -> None:
    """The same twenty minutes from the breaker's table on."""
    began = clock.now
    for minute in range(90):
        down = minute < 20
        states = [BreakerState("sage100", opened_at=began, until=clock.now)] if down else []
        monkeypatch.setattr(type(ledger.breakers), "states", lambda self, names=None, s=states: s)
        watching.watch(ledger, [FLOW], LIMITS, CHANNELS)
        deliver(ledger, {"mail": mail})
        clock.pass_(minutes=1)
    assert Counter(transition for transition, _ in mail.heard) == {"opened": 1, "recovered": 1}


def test_something_that_comes_and_goes_all_day_is_told_a_few_times(look, clock: Clock, mail: Channel) -> None:
    """Ten minutes down, ten minutes up, seventy-two times."""
    for _ in range(72):
        for wrong in ([an_outage()], []):
            for _ in range(5):
                look(*wrong)
                clock.pass_(minutes=2)
    assert 2 <= len(mail.heard) <= 6


def test_what_follows_from_an_outage_is_not_told(look, clock: Clock, mail: Channel) -> None:
    stuck = Condition("not_recovering:f", "not_recovering", "high", "f: 3 failed tasks", "f")
    lasting(look, clock, 20, an_outage(), stuck)
    lasting(look, clock, 20, stuck)
    assert [key for _, key in mail.heard] == ["outage:sage100"] * 2
    lasting(look, clock, 30, stuck)
    assert mail.heard[-1] == ("opened", "not_recovering:f")


def test_a_channel_hears_what_is_severe_enough_for_it(ledger: Ledger, look, clock: Clock) -> None:
    lasting(look, clock, 6, an_outage("medium"))
    assert {notice.channel for notice in ledger.alerts.undelivered()} == {"chat"}


def test_a_deaf_channel_hears_everything_later_in_order_and_once(
    ledger: Ledger, look, clock: Clock, mail: Channel
) -> None:
    mail.deaf = True
    lasting(look, clock, 20, an_outage())
    lasting(look, clock, 20)
    waiting = [notice for notice in ledger.alerts.undelivered() if notice.channel == "mail"]
    assert [notice.transition for notice in waiting] == ["opened", "recovered"]
    assert waiting[0].error == "ConnectionError"
    assert waiting[0].attempts > 1
    assert waiting[1].attempts == 0
    mail.deaf = False
    lasting(look, clock, 90)
    assert [transition for transition, _ in mail.heard] == ["opened", "recovered"]


def test_a_process_that_dies_while_telling_tells_again(ledger: Ledger, look, clock: Clock, mail) -> None:
    lasting(look, clock, 4.5, an_outage())
    ledger.alerts.apply([Step(Move.OPEN, "k", 0, "f", "run_failed", "high", "m")], {"mail": "low"})
    (notice,) = ledger.alerts.undelivered()
    assert ledger.alerts.attempt(notice)
    assert not ledger.alerts.attempt(notice), "another look must not tell it at the same time"
    assert deliver(ledger, {"mail": mail}) == {"delivered": 0, "failed": 0}
    clock.pass_(minutes=2)
    assert deliver(ledger, {"mail": mail}) == {"delivered": 1, "failed": 0}
    assert deliver(ledger, {"mail": mail}) == {"delivered": 0, "failed": 0}


def test_two_looks_at_once_open_one_alert(ledger: Ledger) -> None:
    step = Step(Move.OPEN, "k", 0, "f", "run_failed", "high", "m")
    assert [ledger.alerts.apply([step], CHANNELS) for _ in range(2)] == [[step], []]
    assert len(ledger.alerts.undelivered()) == 2


def test_what_is_over_and_told_is_forgotten_after_a_while(
    ledger: Ledger, look, clock: Clock, mail: Channel
) -> None:
    lasting(look, clock, 20, an_outage())
    lasting(look, clock, 20)
    assert ledger.alerts.prune(clock.now) == 0, "the chat has not been told"
    deliver(ledger, {"chat": mail})
    assert ledger.alerts.prune(clock.now) == 1
    assert ledger.alerts.list() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    weather=st.lists(
        st.tuples(st.sets(st.sampled_from(["outage:a", "outage:b", "queue:f"])), st.integers(1, 40)),
        max_size=40,
    ),
    deaf=st.sets(st.integers(0, 40)),
)
def test_whatever_comes_and_goes(sqlite_url: str, weather, deaf) -> None:
    """Never two live alerts of a key, every recovery follows its opening, told in that order, once."""
    clock, channel = Clock(), Channel()
    ledger = Ledger.connect(sqlite_url, clock=clock)
    with ledger.database.begin("empty") as connection:
        connection.execute(sqlalchemy.delete(notices))
        connection.execute(sqlalchemy.delete(alerts))
    for number, (wrong, minutes) in enumerate(weather):
        channel.deaf = number in deaf
        found = [
            Condition(key, key.partition(":")[0], "high", "m", hold=LIMITS.outage) for key in sorted(wrong)
        ]
        lately = ledger.alerts.opened_since(clock.now - timedelta(days=1))
        live = ledger.alerts.live()
        assert len({alert.key for alert in live}) == len(live)
        ledger.alerts.apply(steps(live, found, clock.now, limits=LIMITS, lately=lately), {"mail": "low"})
        deliver(ledger, {"mail": channel})
        clock.pass_(minutes=minutes)
    for _ in range(40):
        channel.deaf = False
        lately = ledger.alerts.opened_since(clock.now - timedelta(days=1))
        ledger.alerts.apply(
            steps(ledger.alerts.live(), [], clock.now, limits=LIMITS, lately=lately), {"mail": "low"}
        )
        deliver(ledger, {"mail": channel})
        clock.pass_(minutes=30)
    assert ledger.alerts.live() == ledger.alerts.undelivered() == []
    for key in {key for _, key in channel.heard}:
        told = [transition for transition, each in channel.heard if each == key]
        assert told == ["opened", "recovered"] * (len(told) // 2)
    ledger.close()
