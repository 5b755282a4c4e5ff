"""A48: an endpoint that does not answer is left alone by all, and asked by one whether it does again."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import event

from include.errors import (
    CircuitOpenError,
    ConfigurationError,
    IntegrationError,
    RateLimitedError,
    TransientError,
    UnreachableError,
)
from include.ledger import BreakerPolicy, Breakers, Circuit, Ledger

NAME = "sage100_gateway:sage.example"
POLICY = BreakerPolicy(
    threshold=3,
    window=timedelta(minutes=5),
    cool_down=timedelta(seconds=30),
    longest=timedelta(minutes=2),
    fresh=timedelta(0),
)
DOWN = UnreachableError("no connection")


@pytest.fixture
def breakers(ledger: Ledger) -> Breakers:
    return Breakers(ledger.database, POLICY)


def call(breakers: Breakers, error: BaseException | None = None, subject: str = "") -> None:
    """One guarded call that ends with ``error``, which the caller sees like anybody else."""
    with suppress(type(error) if error else ()), breakers.guard(NAME, subject=subject):
        if error:
            raise error


def trip(breakers: Breakers) -> None:
    for _ in range(POLICY.threshold):
        call(breakers, DOWN)


def circuit(breakers: Breakers) -> Circuit:
    (state,) = breakers.states([NAME])
    return state.circuit(breakers.database.now())


def refused(breakers: Breakers) -> float:
    """Seconds that a caller is told to wait."""
    with pytest.raises(CircuitOpenError) as caught, breakers.guard(NAME):
        pytest.fail("a call was let through")
    assert caught.value.retry_after is not None
    return caught.value.retry_after


def test_failures_one_after_the_other_open_it(breakers: Breakers) -> None:
    for _ in range(POLICY.threshold - 1):
        call(breakers, DOWN)
        assert circuit(breakers) is Circuit.CLOSED
    call(breakers, DOWN)
    assert circuit(breakers) is Circuit.OPEN
    assert refused(breakers) == 30


def test_a_success_between_failures_starts_the_count_anew(breakers: Breakers) -> None:
    for _ in range(5):
        call(breakers, DOWN)
        call(breakers, DOWN)
        call(breakers)
    assert circuit(breakers) is Circuit.CLOSED


def test_failures_far_apart_do_not_add_up(breakers: Breakers, clock) -> None:
    for _ in range(5):
        call(breakers, DOWN)
        clock.pass_(minutes=6)
    assert circuit(breakers) is Circuit.CLOSED


@pytest.mark.parametrize(
    "answer", [RateLimitedError("429"), ConfigurationError("404"), IntegrationError("?")]
)
def test_a_refusal_is_an_answer(breakers: Breakers, answer: IntegrationError) -> None:
    for _ in range(POLICY.threshold + 1):
        call(breakers, answer)
    assert breakers.states() == []
    call(breakers, DOWN)
    call(breakers, answer)
    assert breakers.states()[0].failures == 0


def test_what_is_told_to_be_no_answer_counts_without_an_error(breakers: Breakers) -> None:
    for number in range(POLICY.threshold):
        with breakers.guard(NAME, subject=str(number)) as attempt:
            attempt.fail("HTTP 502")
    assert circuit(breakers) is Circuit.OPEN
    assert breakers.states()[0].reason == "HTTP 502"


def test_one_record_that_is_not_served_condemns_nobody(breakers: Breakers) -> None:
    for _ in range(10):
        call(breakers, TransientError("HTTP 500"), subject="/salesorders/1")
    assert circuit(breakers) is Circuit.CLOSED
    call(breakers, TransientError("HTTP 500"), subject="/salesorders/2")
    assert circuit(breakers) is Circuit.OPEN


def test_without_a_connection_the_record_does_not_matter(breakers: Breakers) -> None:
    for _ in range(POLICY.threshold):
        call(breakers, DOWN, subject="/salesorders/1")
    assert circuit(breakers) is Circuit.OPEN


def test_one_probe_after_the_pause_and_its_success_closes(breakers: Breakers, clock) -> None:
    trip(breakers)
    clock.pass_(seconds=30)
    assert circuit(breakers) is Circuit.HALF_OPEN
    with breakers.guard(NAME):
        assert refused(breakers) <= 5
    assert circuit(breakers) is Circuit.CLOSED
    call(breakers)
    assert breakers.states()[0].failures == 0


def test_every_probe_that_fails_doubles_the_pause_up_to_the_longest(breakers: Breakers, clock) -> None:
    trip(breakers)
    waits = [refused(breakers)]
    for _ in range(4):
        clock.pass_(seconds=waits[-1])
        call(breakers, DOWN)
        waits.append(refused(breakers))
    assert waits == [30, 60, 120, 120, 120]
    opened = breakers.states()[0].opened_at
    assert opened == datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_after_a_recovery_that_lasted_the_pause_is_short_again(breakers: Breakers, clock) -> None:
    trip(breakers)
    clock.pass_(seconds=30)
    call(breakers, DOWN)
    clock.pass_(seconds=60)
    call(breakers)
    clock.pass_(minutes=7)
    trip(breakers)
    assert refused(breakers) == 30


def test_who_only_seems_to_recover_is_left_alone_for_longer_each_time(breakers: Breakers, clock) -> None:
    """The gateway says it is well, and Sage behind it is not: each ping closes, each write fails."""
    waits = []
    for _ in range(5):
        trip(breakers)
        waits.append(refused(breakers))
        clock.pass_(seconds=waits[-1])
        call(breakers)
        assert circuit(breakers) is Circuit.CLOSED
    assert waits == [30, 60, 120, 120, 120]


def test_a_probe_that_dies_may_be_claimed_after_its_lease(breakers: Breakers, clock) -> None:
    trip(breakers)
    clock.pass_(seconds=30)
    dead = breakers.guard(NAME, lease=timedelta(minutes=1))
    dead.__enter__()
    assert 1 <= refused(breakers) <= 5
    clock.pass_(seconds=60)
    call(breakers)
    assert circuit(breakers) is Circuit.CLOSED


def test_a_probe_given_up_for_dead_cannot_open_what_another_has_closed(breakers: Breakers, clock) -> None:
    trip(breakers)
    clock.pass_(seconds=30)
    with suppress(UnreachableError), breakers.guard(NAME, lease=timedelta(minutes=1)):
        clock.pass_(minutes=2)
        call(breakers)
        raise DOWN
    assert circuit(breakers) is Circuit.CLOSED


def test_a_probe_that_says_nothing_is_given_back_at_once(breakers: Breakers, clock) -> None:
    trip(breakers)
    clock.pass_(seconds=30)
    call(breakers, KeyboardInterrupt())
    assert circuit(breakers) is Circuit.HALF_OPEN
    call(breakers)
    assert circuit(breakers) is Circuit.CLOSED


def test_calls_from_before_the_opening_change_nothing(breakers: Breakers, clock) -> None:
    with suppress(UnreachableError), breakers.guard(NAME):
        with breakers.guard(NAME):
            trip(breakers)
        assert circuit(breakers) is Circuit.OPEN
        clock.pass_(seconds=10)
        raise DOWN
    assert refused(breakers) == 20


def test_endpoints_do_not_share_by_accident(breakers: Breakers) -> None:
    trip(breakers)
    with breakers.guard("another"):
        pass
    assert [state.name for state in breakers.states()] == [NAME]


def test_a_healthy_endpoint_costs_one_read_a_second_and_no_write(ledger: Ledger, clock) -> None:
    breakers = Breakers(ledger.database)
    sent: list[str] = []
    event.listen(ledger.database.engine, "before_cursor_execute", lambda *told: sent.append(told[2]))
    for _ in range(3):
        for _ in range(20):
            call(breakers)
        clock.pass_(seconds=1)
    statements = [each for each in sent if "breakers" in each]
    assert len(statements) == 3
    assert all(each.lstrip().startswith("SELECT") for each in statements)


def test_an_outage_of_the_ledger_does_not_replace_what_the_call_has_said(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    breakers = Breakers(ledger.database)

    def away(*_: object, **__: object) -> None:
        raise TransientError("ledger: away")

    guard = breakers.guard(NAME)
    guard.__enter__()
    monkeypatch.setattr(ledger.database, "begin", away)
    assert guard.__exit__(type(DOWN), DOWN, None) is False


# Any history ----------------------------------------------------------------------------------------------


class BreakerMachine(RuleBasedStateMachine):
    """Several processes on one breaker, any interleaving; a model of what must hold beside it."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        self.ledgers = [Ledger.connect(self.url, clock=lambda: self.now) for _ in range(2)]
        self.houses = [Breakers(ledger.database, POLICY) for ledger in self.ledgers]
        with self.ledgers[0].database.begin("empty") as connection:
            connection.exec_driver_sql("DELETE FROM breakers")
        self.open_calls: list[tuple[object, bool, datetime]] = []
        self.blocked_until: datetime | None = None

    def teardown(self) -> None:
        # Else they ended whenever they are thrown away, in the midst of another history's transaction.
        for guard, *_ in self.open_calls:
            guard.__exit__(None, None, None)
        for ledger in self.ledgers:
            ledger.close()

    def standing(self) -> Circuit:
        states = self.houses[0].states([NAME])
        return states[0].circuit(self.now) if states else Circuit.CLOSED

    @rule(house=st.integers(0, 1))
    def begin(self, house: int) -> None:
        before = self.standing()
        guard = self.houses[house].guard(NAME, lease=timedelta(minutes=1))
        probing = any(
            probe and since + timedelta(minutes=1) > self.now for _, probe, since in self.open_calls
        )
        try:
            guard.__enter__()
        except CircuitOpenError:
            assert before is Circuit.OPEN or (before is Circuit.HALF_OPEN and probing)
        else:
            assert before is Circuit.CLOSED or (before is Circuit.HALF_OPEN and not probing)
            self.open_calls.append((guard, before is Circuit.HALF_OPEN, self.now))

    @precondition(lambda self: self.open_calls)
    @rule(data=st.data(), error=st.sampled_from([None, DOWN, TransientError("5xx"), RateLimitedError("429")]))
    def end(self, data: st.DataObject, error: IntegrationError | None) -> None:
        guard, probe, _ = self.open_calls.pop(data.draw(st.integers(0, len(self.open_calls) - 1)))
        before = self.standing()
        with suppress(IntegrationError):
            guard.__exit__(type(error) if error else None, error, None)
        after = self.standing()
        answered = error is None or isinstance(error, RateLimitedError)
        if before is not Circuit.CLOSED and after is Circuit.CLOSED:
            assert probe
            assert answered
        if before is not Circuit.OPEN and after is Circuit.OPEN:
            assert not answered
        if probe and answered:
            assert after is Circuit.CLOSED

    @rule(seconds=st.sampled_from([1, 29, 30, 61, 120, 400]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def never_shut_for_good(self) -> None:
        """Whatever happened, a call passes within the longest pause plus a dead probe's lease."""
        for state in self.houses[0].states([NAME]):
            assert state.until is None or state.until - self.now <= POLICY.longest


def test_any_history(sqlite_url: str) -> None:
    machine = type("Machine", (BreakerMachine,), {"url": sqlite_url})
    machine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
    machine.TestCase("runTest").runTest()


# Many at once ---------------------------------------------------------------------------------------------


def half_open(ledger: Ledger) -> Breakers:
    """A breaker under the real clock whose pause is over."""
    breakers = Breakers(
        ledger.database, BreakerPolicy(threshold=1, cool_down=timedelta(0), fresh=timedelta(0))
    )
    call(breakers, DOWN)
    return breakers


def test_of_fifty_threads_one_is_the_probe(pg_ledger: Ledger) -> None:
    breakers, gate, done = half_open(pg_ledger), threading.Barrier(50), threading.Event()

    def ask(_: int) -> bool:
        gate.wait()
        try:
            with breakers.guard(NAME):
                done.wait(30)
        except CircuitOpenError:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(ask, number) for number in range(50)]
        while sum(each.done() for each in asked) < 49:
            threading.Event().wait(0.01)
        done.set()
    assert sum(each.result() for each in asked) == 1
    assert circuit(breakers) is Circuit.CLOSED


def test_of_many_processes_one_is_the_probe(pg_ledger: Ledger, tmp_path: Path) -> None:
    breakers, context = half_open(pg_ledger), get_context("fork")
    gate = context.Barrier(10)

    def ask(number: int) -> None:
        gate.wait()
        try:
            with breakers.guard(NAME):
                (tmp_path / str(number)).touch()
                gate.wait()
        except CircuitOpenError:
            gate.wait()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads at a fork
        children = [context.Process(target=ask, args=(number,)) for number in range(10)]
        for child in children:
            child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 10
    assert len(list(tmp_path.iterdir())) == 1
    assert circuit(breakers) is Circuit.CLOSED
