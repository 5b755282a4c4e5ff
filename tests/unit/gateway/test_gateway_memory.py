"""The answer store: the draft's table, and what a killed process leaves behind (§3.3)."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.gateway.idempotency import AnswerStore, Verdict, fingerprint_of
from include.gateway.key_locks import KeyLocks
from include.gateway.problems import Answer
from include.gateway.process_lock import ProcessLock, outlive

DONE = Answer(201, {"SalesOrderNo": "0000001"})


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def a_store(path: Path, clock: Clock) -> AnswerStore:
    store = AnswerStore(path / "answers.sqlite", answer_seconds=100, refusal_seconds=10, clock=clock)
    store.open()
    return store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[AnswerStore]:
    store = a_store(tmp_path, clock)
    yield store
    store.close()


def test_a_new_key_goes_and_is_running_for_the_next(store: AnswerStore) -> None:
    assert store.claim("k", "f").verdict is Verdict.GO
    assert store.claim("k", "f").verdict is Verdict.RUNNING


def test_a_finished_key_gets_the_stored_answer(store: AnswerStore) -> None:
    store.claim("k", "f")
    store.finish("k", "f", DONE)
    claim = store.claim("k", "f")
    assert (claim.verdict, claim.answer) == (Verdict.REPLAY, Answer(201, DONE.body, replayed=True))


def test_another_payload_is_reused_whether_finished_or_running(store: AnswerStore) -> None:
    store.claim("k", "f")
    assert store.claim("k", "other").verdict is Verdict.REUSED
    store.finish("k", "f", DONE)
    assert store.claim("k", "other").verdict is Verdict.REUSED


def test_an_unknown_outcome_is_resumed(store: AnswerStore) -> None:
    store.claim("k", "f")
    store.leave_unknown("k", "f")
    assert store.claim("k", "f").verdict is Verdict.RESUME


def test_what_did_nothing_is_forgotten(store: AnswerStore) -> None:
    store.claim("k", "f")
    store.forget("k")
    assert store.claim("k", "other").verdict is Verdict.GO


def test_a_row_of_a_dead_process_is_resumed(store: AnswerStore, tmp_path: Path, clock: Clock) -> None:
    store.claim("k", "f")
    next_life = a_store(tmp_path, clock)
    assert next_life.claim("k", "f").verdict is Verdict.RESUME
    next_life.close()


def test_answers_expire_and_refusals_sooner(store: AnswerStore, clock: Clock) -> None:
    for key, answer in (("done", DONE), ("refused", Answer(422, {}))):
        store.claim(key, "f")
        store.finish(key, "f", answer)
    clock.now += 11
    assert store.claim("refused", "f").verdict is Verdict.GO
    assert store.claim("done", "f").verdict is Verdict.REPLAY
    clock.now += 100
    assert store.claim("done", "other").verdict is Verdict.GO


def test_a_request_that_outlives_its_expiry_is_still_running(store: AnswerStore, clock: Clock) -> None:
    store.claim("k", "f")
    clock.now += 1000
    assert store.claim("k", "f").verdict is Verdict.RUNNING


def test_one_of_many_at_once_goes(store: AnswerStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        verdicts = [claim.verdict for claim in threads.map(lambda _: store.claim("k", "f"), range(32))]
    assert sorted(verdicts) == [Verdict.GO] + [Verdict.RUNNING] * 31


def test_a_store_that_cannot_note_the_end_does_not_block_the_key(store: AnswerStore) -> None:
    store.claim("k", "f")
    store._db.execute("ALTER TABLE answer RENAME TO hidden")  # type: ignore[union-attr]
    with pytest.raises(sqlite3.Error):
        store.finish("k", "f", DONE)
    store._db.execute("ALTER TABLE hidden RENAME TO answer")  # type: ignore[union-attr]
    assert store.claim("k", "f").verdict is Verdict.RESUME


def test_the_fingerprint_does_not_see_the_order_of_members() -> None:
    assert fingerprint_of("v", {"a": 1, "b": [2]}) == fingerprint_of("v", {"b": [2], "a": 1})
    assert (
        len({fingerprint_of("v", {"a": 1}), fingerprint_of("w", {"a": 1}), fingerprint_of("v", {"a": "1"})})
        == 3
    )


def test_names_are_taken_together_or_not_at_all() -> None:
    locks = KeyLocks()
    with locks.hold(["a", "b"], seconds=0) as first, locks.hold(["b", "c"], seconds=0) as second:
        assert (first, second) == (True, False)
        with locks.hold(["c"], seconds=0) as third:
            assert third
    with locks.hold(["a", "b", "c"], seconds=0) as after:
        assert after


def test_who_waits_for_a_name_gets_it_when_it_is_free() -> None:
    locks, entered, leave = KeyLocks(), threading.Event(), threading.Event()

    def first() -> None:
        with locks.hold(["a"], seconds=0):
            entered.set()
            leave.wait(5)

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(first)
        entered.wait(5)
        threading.Timer(0.05, leave.set).start()
        with locks.hold(["a"], seconds=5) as got:
            assert got
        running.result()


def test_a_lock_file_has_one_holder(tmp_path: Path) -> None:
    held, other = ProcessLock(tmp_path / "l"), ProcessLock(tmp_path / "l")
    assert held.take()
    assert not other.take(seconds=0.05)
    held.give_back()
    assert other.take()
    other.give_back()


def test_a_free_lock_is_not_waited_for(tmp_path: Path) -> None:
    outlive(tmp_path / "l", seconds=0)
    assert (tmp_path / "l").exists()
