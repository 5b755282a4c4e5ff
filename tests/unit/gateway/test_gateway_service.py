"""Requests against real worker processes: hung, poisoned, idle, drained, many at once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.gateway.failpoints import ONCE_VARIABLE, VARIABLE, pass_by
from include.gateway.problems import Answer, ProblemError
from include.gateway.process_lock import ProcessLock, outlive
from include.gateway.service import Gateway
from tests.unit.gateway.conftest import Company, a_customer, codes, create

Open = Callable[..., Gateway]


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


def test_a_finished_request_is_answered_from_memory(open_gateway: Open, company: Company) -> None:
    """§3.3: already completed."""
    gateway = open_gateway()
    first = gateway.carry_out(create())
    again = gateway.carry_out(create())
    assert (first.status, again.status, again.replayed, again.body) == (201, 201, True, first.body)
    assert company.orders() == ["0000001"]


def test_another_order_under_the_same_key_is_refused(open_gateway: Open) -> None:
    """§3.3: payload validation."""
    gateway = open_gateway()
    gateway.carry_out(create("1", key="k"))
    answer = gateway.carry_out(create("2", key="k"))
    assert (answer.status, codes(answer.body)) == (422, [("key_reused", None, "Idempotency-Key")])


def test_a_hung_worker_is_killed_and_its_order_found_at_the_next_attempt(
    open_gateway: Open, company: Company
) -> None:
    """A35: time-out after the commit."""
    gateway = open_gateway(timeout_seconds=2.0)
    gateway.carry_out(create("0"))
    company.fault("SO.nWrite", "hang_after")
    assert gateway.carry_out(create("1")).status == 504
    assert gateway.health().workers[0].restarts == 1
    again = gateway.carry_out(create("1"))
    assert (again.status, again.body["status"]) == (200, "adopted")
    assert company.orders() == ["0000001", "0000002"]


def test_a_broken_session_costs_one_record_and_not_the_next(open_gateway: Open, company: Company) -> None:
    gateway = open_gateway()
    company.fault("SO.nSetKey", "raise")
    first = gateway.carry_out(create("1"))
    assert (first.status, codes(first.body)[0][0]) == (503, "session_lost")
    assert gateway.carry_out(create("1")).status == 201
    assert gateway.health().workers[0].restarts == 1


def test_a_bad_record_fails_alone_in_its_batch(open_gateway: Open, company: Company) -> None:
    """A17."""
    gateway = open_gateway()
    jobs = [create("1"), create("2", lines=[{"ItemCode": "NOPE"}]), create("3"), create("1")]
    answers = gateway.carry_out_batch(jobs)
    assert statuses(answers) == [201, 422, 201, 201]
    assert answers[3].replayed
    assert len(company.orders()) == 2


def test_a_session_that_breaks_in_the_middle_fails_that_record_and_the_batch_goes_on(
    open_gateway: Open, company: Company
) -> None:
    """A record that always breaks its session must not starve those behind it."""
    gateway = open_gateway()
    company.fault("SO.nSetValue", "raise", match="SO-2", times=9)
    company.fault("SO.nWrite", "raise_after", times=1)
    answers = gateway.carry_out_batch([create("1"), create("2"), create("3")])
    assert statuses(answers) == [504, 503, 201]
    again = gateway.carry_out_batch([create("1"), create("2"), create("3")])
    assert statuses(again) == [200, 503, 201]
    assert len(company.orders()) == 2


def test_a_batch_that_loses_worker_after_worker_is_given_back(open_gateway: Open, company: Company) -> None:
    gateway = open_gateway()
    company.fault("SO.nSetKey", "raise", times=99)
    answers = gateway.carry_out_batch([create(str(number)) for number in range(6)])
    assert statuses(answers) == [503] * 6
    assert gateway.health().workers[0].restarts == 3


def test_without_a_seat_the_rest_of_the_batch_is_told_to_come_back(
    open_gateway: Open, company: Company
) -> None:
    gateway = open_gateway()
    company.fault("SY.nSetUser", "refuse:The maximum number of users has been reached.")
    answers = gateway.carry_out_batch([create("1"), create("2")])
    assert [(a.status, a.retry_after, codes(a.body)[0][0]) for a in answers] == [(503, 15, "no_seat")] * 2
    assert gateway.health().status == "degraded"
    assert gateway.carry_out(create("1")).status == 201
    assert gateway.health().status == "ok"


def test_fifty_first_orders_of_one_contact_make_one_customer(open_gateway: Open, company: Company) -> None:
    """A34."""
    gateway = open_gateway(workers=2)
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda n: gateway.carry_out(a_customer(key=f"k{n}")), range(50)))
    assert sorted(statuses(answers)) == [200] * 49 + [201]
    assert {answer.body["CustomerNo"] for answer in answers} == {"0000001"}
    assert company.rows("SELECT count(*) FROM AR_Customer") == [(2,)]


def test_one_order_under_many_keys_at_once_is_written_once(open_gateway: Open, company: Company) -> None:
    gateway = open_gateway(workers=2)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: gateway.carry_out(create("1", key=f"k{n}")), range(8)))
    assert sorted(statuses(answers)) == [200] * 7 + [201]
    assert company.orders() == ["0000001"]


def test_one_key_many_times_at_once_is_written_once(open_gateway: Open, company: Company) -> None:
    """§3.3: in progress, parallel execution."""
    gateway = open_gateway(workers=2)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: gateway.carry_out(create("1")), range(8)))
    assert set(statuses(answers)) <= {201, 409}
    assert [answer.status for answer in answers if not answer.replayed].count(201) == 1
    assert company.orders() == ["0000001"]


def test_an_idle_session_is_dropped_and_frees_its_seat(open_gateway: Open) -> None:
    gateway = open_gateway(idle_seconds=0.1)
    gateway.carry_out(create())
    deadline = time.monotonic() + 10
    while gateway.health().seats.held and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gateway.health().seats.held == 0
    assert gateway.carry_out(create("2")).status == 201
    assert gateway.health().seats.held == 1


def test_a_drained_gateway_holds_nothing_and_stays_so_over_a_restart(
    open_gateway: Open, company: Company
) -> None:
    gateway = open_gateway()
    gateway.carry_out(create())
    gateway.drain()
    assert (gateway.health().status, gateway.health().seats.held) == ("draining", 0)
    for refused in (lambda: gateway.carry_out(create("2")), lambda: gateway.carry_out_batch([create("2")])):
        with pytest.raises(ProblemError) as problem:
            refused()
        assert (problem.value.status, problem.value.codes) == (503, "draining")
    gateway.close()
    later = open_gateway()
    assert later.health().status == "draining"
    later.resume()
    assert later.carry_out(create("2")).status == 201


def test_when_every_worker_is_busy_a_request_is_told_to_come_back(
    open_gateway: Open, company: Company
) -> None:
    gateway = open_gateway(queue_seconds=0, timeout_seconds=2.0)
    gateway.carry_out(create("0"))
    company.fault("SO.nWrite", "hang")
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(gateway.carry_out, create("1"))
        while gateway.health().workers[0].state != "busy":
            time.sleep(0.01)
        answer = gateway.carry_out(create("2"))
        assert (answer.status, codes(answer.body)[0][0]) == (503, "busy")
        assert slow.result().status == 504


def test_two_gateways_do_not_share_a_memory(open_gateway: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    open_gateway()
    monkeypatch.setattr(ProcessLock, "take", lambda self, *, seconds=0.0: False)
    with pytest.raises(RuntimeError, match="another gateway"):
        open_gateway()


def test_a_full_disk_means_come_back_and_nothing_is_begun(
    open_gateway: Open, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = open_gateway()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(gateway._store, "claim", full)
    with pytest.raises(ProblemError) as problem:
        gateway.carry_out(create())
    assert (problem.value.status, company.orders()) == (503, [])


def test_a_worker_that_outlived_its_gateway_is_ended(tmp_path: Path) -> None:
    """Otherwise it could write an order that a new gateway has just looked for in vain."""
    path = tmp_path / "worker-0.lock"
    program = (
        "import sys, time; from pathlib import Path; from include.gateway.process_lock import ProcessLock;"
        f"lock = ProcessLock(Path({str(path)!r})); lock.take(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as orphan:
        assert orphan.stdout is not None
        assert orphan.stdout.readline() == "held\n"
        outlive(path, seconds=0.05)
        assert orphan.wait(10) == -signal.SIGKILL


def test_a_failpoint_kills_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, how: killed.append((pid, how)))
    monkeypatch.setenv(VARIABLE, "before_store")
    monkeypatch.setenv(ONCE_VARIABLE, str(tmp_path / "once"))
    pass_by("before_answer")
    pass_by("before_store")
    pass_by("before_store")
    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_a_worker_that_cannot_start_leaves_no_doubt(open_gateway: Open, tmp_path: Path) -> None:
    """Not 504: nobody has begun anything."""
    patterns = tmp_path / "messages.toml"
    patterns.write_text("")
    gateway = open_gateway(messages=patterns)
    patterns.write_text("[[rule]]\ncode = 'x'\n")
    answer = gateway.carry_out(create())
    assert (answer.status, codes(answer.body)[0][0]) == (503, "worker_failed")
