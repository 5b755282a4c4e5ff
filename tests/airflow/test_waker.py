"""A11: something pending becomes a run, a burst becomes few, and no row is stranded."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from include.ledger import Delivery, Ledger, Outcome
from tradebridge.flows import FLOWS
from tradebridge.web import waker

FLOW = "zoho_orders_to_sage100"


def a_delivery(number: int) -> Delivery:
    return Delivery("zoho_inventory", "salesorder", f"k{number % 50}", f"d{number}", str(number), b"{}")


def carry(ledger: Ledger, run_id: str) -> int:
    """What a run's first and last task do to the inbox; returns rows carried."""
    ledger.wakes.answer(FLOW, run_id)
    batches = ledger.inbox.claim(
        FLOW, batch_size=20, max_batches=2, lease=timedelta(minutes=1), run_id=run_id
    )
    rows = 0
    for batch in batches:
        received = ledger.inbox.batch(batch.id)
        rows += len(received)
        ledger.inbox.settle(batch.id, dict.fromkeys({row.record_key for row in received}, Outcome.LOADED))
    return rows


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    started: list[str] = []
    monkeypatch.setattr(waker, "_is_paused", lambda dag_id: False)
    monkeypatch.setattr(waker, "trigger_dag", lambda dag_id, *, run_id, **_: started.append(run_id))
    return started


def test_nothing_pending_starts_nothing(ledger: Ledger, runs: list[str]) -> None:
    assert waker.wake(FLOW) is None
    assert runs == []


def test_a_burst_of_a_thousand_is_one_run_until_it_is_answered(ledger: Ledger, runs: list[str]) -> None:
    ledger.inbox.keep_many(FLOW, [a_delivery(n) for n in range(1000)])
    for _ in range(50):
        waker.wake(FLOW)
    assert len(runs) == 1


def test_a_row_after_the_answer_gets_a_run_of_its_own(ledger: Ledger, runs: list[str]) -> None:
    ledger.inbox.keep(FLOW, a_delivery(1))
    waker.wake(FLOW)
    ledger.wakes.answer(FLOW, runs[0])
    ledger.inbox.keep(FLOW, a_delivery(2))
    waker.wake(FLOW)
    assert len(runs) == 2
    assert len(set(runs)) == 2


def test_a_paused_flow_is_left_asleep(
    ledger: Ledger, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waker, "_is_paused", lambda dag_id: True)
    ledger.inbox.keep(FLOW, a_delivery(1))
    assert waker.wake(FLOW) is None
    assert ledger.wakes.outstanding(FLOW) is None


def test_a_run_that_could_not_be_started_is_asked_for_again_at_once(
    ledger: Ledger, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("metadata database away")

    ledger.inbox.keep(FLOW, a_delivery(1))
    with monkeypatch.context() as patch:
        patch.setattr(waker, "trigger_dag", refuse)
        with pytest.raises(RuntimeError):
            waker.wake(FLOW)
    assert waker.wake(FLOW) is not None


def test_no_row_is_stranded_whatever_the_interleaving(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight posters, runs that start in threads of their own: when all is quiet, all is carried."""
    monkeypatch.setattr(waker, "_is_paused", lambda dag_id: False)
    carried, running, lock = [], [], threading.Lock()

    def start(dag_id: str, *, run_id: str, **_: object) -> None:
        def work() -> None:
            rows = carry(ledger, run_id)
            with lock:
                carried.append(rows)

        thread = threading.Thread(target=work)
        thread.start()
        running.append(thread)

    monkeypatch.setattr(waker, "trigger_dag", start)

    def post(worker: int) -> None:
        for number in range(25):
            ledger.inbox.keep(FLOW, a_delivery(worker * 1000 + number))
            waker.wake(FLOW)

    posters = [threading.Thread(target=post, args=(worker,)) for worker in range(8)]
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join()
    for _ in range(200):  # the patrol: it looks once a second whether anybody rings or not
        while running:
            running.pop().join()
        if not ledger.inbox.pending(FLOW):
            break
        waker.wake(FLOW)
    assert ledger.inbox.tally(FLOW).keys() <= {"loaded", "duplicate"}
    assert sum(ledger.inbox.tally(FLOW).values()) == 200 == sum(carried)
    assert len(carried) < 200


def test_a_parked_flow_is_woken_when_its_time_is_over(
    ledger: Ledger, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = ledger.database.now()
    ledger.parking.park(FLOW, now + timedelta(hours=1), reason="Zoho says: blocked for an hour")
    ledger.inbox.keep(FLOW, a_delivery(1))
    for _ in range(10):
        assert waker.wake(FLOW) is None
    assert ledger.wakes.outstanding(FLOW) is None
    monkeypatch.setattr(ledger.database, "now", lambda: now + timedelta(hours=1))
    assert waker.wake(FLOW) is not None


CATALOGUE = "zoho_catalog_to_salesforce"


def test_what_a_scheduled_run_leaves_starts_the_next_one(
    ledger: Ledger, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C9: 100 records at 40 a run end without waiting for another night; one run at a time, none too many."""
    at_work = [True]
    monkeypatch.setattr(waker, "_is_at_work", lambda dag_id: at_work[0])

    def run(run_id: str) -> int:
        ledger.wakes.answer(CATALOGUE, run_id)
        batches = ledger.inbox.claim(
            CATALOGUE, batch_size=10, max_batches=4, lease=timedelta(minutes=1), run_id=run_id
        )
        assert waker.wake(CATALOGUE) is None
        for batch in batches:
            ledger.inbox.settle(batch.id, dict.fromkeys(batch.keys, Outcome.LOADED))
        return sum(batch.rows for batch in batches)

    ledger.inbox.keep_many(
        CATALOGUE,
        [Delivery("zoho_inventory", "item", str(n), str(n), "1", b"") for n in range(100)],
    )
    carried = [run("scheduled__1")]
    at_work[0] = False
    while woken := waker.wake(CATALOGUE):
        assert waker.wake(CATALOGUE) is None
        at_work[0] = True
        carried.append(run(woken))
        at_work[0] = False
    assert carried == [40, 40, 20]
    assert len(runs) == 2


def test_every_flow_is_on_the_patrol(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    patrol = waker.Waker()
    monkeypatch.setattr(waker, "wake", seen.append)
    monkeypatch.setattr(waker, "PATROL", 0.01)
    for flow in FLOWS:
        ledger.inbox.keep(flow, a_delivery(1))
    monkeypatch.setattr(patrol, "_stop", _Once())
    patrol._patrol()
    assert sorted(seen) == sorted(FLOWS)


def test_a_flow_without_rows_costs_no_look_of_its_own(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(waker, "wake", seen.append)
    patrol = waker.Waker()
    patrol._look()
    ledger.inbox.keep(FLOW, a_delivery(1))
    patrol._look()
    assert carry(ledger, "r1") == 1
    patrol._look()
    assert seen == [FLOW]


class _Once(threading.Event):
    """Not set when it is looked at first, and set from then on."""

    def is_set(self) -> bool:
        seen = super().is_set()
        self.set()
        return seen
