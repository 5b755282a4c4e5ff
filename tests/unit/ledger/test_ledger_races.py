"""Many at once on PostgreSQL: no record held twice, nothing done twice, nothing left behind.

Threads stand for workers: what keeps them apart is in the database, not in this process.
"""

from __future__ import annotations

import os
import queue
import random
import threading
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.ledger import LeaseLostError, Ledger, Link, Outcome, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.ledger import InboxRow

FLOW = "zoho_orders_to_sage100"
LEASE = timedelta(minutes=1)
CUSTOMER = ("customer", "zoho_inventory", "c1", "sage100")


def together(number: int, work: Callable[[int], object]) -> list[object]:
    """Run ``work(0..number-1)`` in threads that start at the same moment."""
    barrier = threading.Barrier(number)

    def start(place: int) -> object:
        barrier.wait()
        return work(place)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(start, range(number)))


class Holders:
    """Knows which records are held, and fails the test when two hold one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self.most = 0

    def take(self, keys: tuple[str, ...]) -> None:
        with self._lock:
            twice = self._held & set(keys)
            assert not twice
            self._held |= set(keys)
            self.most = max(self.most, len(self._held))

    def leave(self, keys: tuple[str, ...]) -> None:
        with self._lock:
            self._held -= set(keys)


def test_eight_claimers_hold_no_record_twice_and_settle_every_row_once(pg_ledger: Ledger, a_delivery) -> None:
    """A7: 2,000 rows of 300 records, half of them arriving while the work goes on."""
    rows = [a_delivery(str(number % 300), f"v{number}") for number in range(2000)]
    pg_ledger.inbox.keep_many(FLOW, rows[:1000])
    holders, arrived, all_hold = Holders(), threading.Event(), threading.Barrier(8)
    counts: Counter[str] = Counter()

    def deliver() -> None:
        for start in range(1000, 2000, 50):
            pg_ledger.inbox.keep_many(FLOW, rows[start : start + 50])
        arrived.set()

    def carry(place: int) -> Counter[str]:
        settled: Counter[str] = Counter()
        first = True
        while True:
            last = arrived.is_set()
            batches = pg_ledger.inbox.claim(
                FLOW, batch_size=10, max_batches=2, lease=LEASE, run_id=f"run {place}"
            )
            for batch in batches:
                holders.take(batch.keys)
            if first:
                all_hold.wait()
                first = False
            for batch in batches:
                assert _in_order(pg_ledger.inbox.batch(batch.id))
                holders.leave(batch.keys)
                settled.update(pg_ledger.inbox.settle(batch.id, dict.fromkeys(batch.keys, Outcome.LOADED)))
            if not batches and last and not pg_ledger.inbox.pending(FLOW):
                return settled

    source = threading.Thread(target=deliver)
    source.start()
    for settled in together(8, carry):
        counts.update(settled)  # type: ignore[arg-type]
    source.join()
    assert counts.total() == 2000
    assert counts == pg_ledger.inbox.tally(FLOW)
    assert holders.most == 160


def _in_order(rows: list[InboxRow]) -> bool:
    versions: dict[str, list[int]] = {}
    for row in rows:
        versions.setdefault(row.record_key, []).append(int(row.version[1:]))
    return all(seen == sorted(seen) for seen in versions.values())


def test_workers_that_die_lose_nothing(pg_ledger: Ledger, a_delivery) -> None:
    """Leases run out under living and dead workers alike; each row is still settled by exactly one."""
    pg_ledger.inbox.keep_many(FLOW, [a_delivery(str(n % 40), f"v{n}") for n in range(200)])
    lease = timedelta(milliseconds=20)

    def carry(place: int) -> tuple[int, int]:
        dice, settled, lost = random.Random(place), 0, 0
        while pg_ledger.inbox.tally(FLOW).keys() - {"loaded", "duplicate"}:
            for batch in pg_ledger.inbox.claim(
                FLOW, batch_size=3, max_batches=2, lease=lease, run_id=str(place)
            ):
                if dice.random() < 0.3:
                    continue  # dies with the batch in hand
                time.sleep(dice.random() * 0.03)
                try:
                    counts = pg_ledger.inbox.settle(batch.id, dict.fromkeys(batch.keys, Outcome.LOADED))
                    settled += sum(counts.values())
                except LeaseLostError:
                    lost += 1
        return settled, lost

    results = together(6, carry)
    assert sum(settled for settled, _ in results) == 200  # type: ignore[misc]
    assert pg_ledger.inbox.tally(FLOW) == {"loaded": 40, "duplicate": 160}


def test_a_late_settle_and_a_new_claim_never_both_win(pg_ledger: Ledger, a_delivery) -> None:
    """The one who is told that he settled is the only one who carried."""
    verdicts: Counter[str] = Counter()
    for number in range(25):
        pg_ledger.inbox.keep(FLOW, a_delivery(str(number)))
        (late,) = pg_ledger.inbox.claim(
            FLOW, batch_size=1, max_batches=1, lease=timedelta(0), run_id="late", keys=[str(number)]
        )

        def race(place: int, number: int = number, late_id: str = late.id) -> str:
            if place == 0:
                try:
                    pg_ledger.inbox.settle(late_id, {str(number): Outcome.LOADED})
                except LeaseLostError:
                    return "refused"
                return "settled"
            again = pg_ledger.inbox.claim(
                FLOW, batch_size=1, max_batches=1, lease=LEASE, run_id="new", keys=[str(number)]
            )
            return "claimed" if again else "left alone"

        verdicts["+".join(together(2, race))] += 1  # type: ignore[arg-type]
    assert set(verdicts) <= {"settled+left alone", "refused+claimed"}


def test_a_late_settle_waits_for_a_claim_that_is_taking_its_rows(pg_ledger: Ledger, a_delivery) -> None:
    """It would otherwise overwrite the new lease the moment the claim commits."""
    pg_ledger.inbox.keep(FLOW, a_delivery("a"))
    (late,) = pg_ledger.inbox.claim(FLOW, batch_size=1, max_batches=1, lease=timedelta(0), run_id="late")
    pg_ledger.inbox.claim("another flow", batch_size=1, max_batches=1, lease=LEASE, run_id="sweep")
    with pg_ledger.database.begin("claim") as connection:
        pg_ledger.database.lock(connection, f"inbox:{FLOW}")
        settling = threading.Thread(target=pg_ledger.inbox.settle, args=(late.id, {"a": Outcome.LOADED}))
        settling.start()
        settling.join(0.2)
        assert settling.is_alive()
    settling.join()
    assert pg_ledger.inbox.tally(FLOW) == {"loaded": 1}


def test_two_flows_that_want_the_same_records_share_them_without_deadlock(
    pg_ledger: Ledger, a_delivery
) -> None:
    for flow in ("a", "b"):
        pg_ledger.inbox.keep_many(flow, [a_delivery(str(n), flow) for n in range(100)])
    holders = Holders()

    def carry(place: int) -> int:
        flow, done = "ab"[place % 2], 0
        while pg_ledger.inbox.tally(flow) != {"loaded": 100}:
            for batch in pg_ledger.inbox.claim(flow, batch_size=9, max_batches=3, lease=LEASE, run_id="r"):
                holders.take(batch.keys)
                holders.leave(batch.keys)
                done += sum(
                    pg_ledger.inbox.settle(batch.id, dict.fromkeys(batch.keys, Outcome.LOADED)).values()
                )
        return done

    assert sum(together(4, carry)) == 200  # type: ignore[arg-type]


def test_fifty_first_orders_of_one_customer_make_one_customer(pg_ledger: Ledger) -> None:
    """A34."""
    created: list[int] = []

    def first_order(place: int) -> bool:
        owner = f"batch {place}"
        won = pg_ledger.crosswalk.claim(*CUSTOMER, owner=owner, lease=LEASE)
        if won:
            created.append(place)
            pg_ledger.crosswalk.bind([Link(*CUSTOMER, target_id="01-000001")])
            pg_ledger.crosswalk.release_claim(*CUSTOMER, owner=owner)
        return won

    assert together(50, first_order).count(True) == 1
    assert len(created) == 1


def test_fifty_workers_refresh_a_token_once(pg_ledger: Ledger) -> None:
    """C33: also when minting needs the ledger while the others queue for it."""
    minted: list[int] = []

    def mint() -> Token:
        pg_ledger.budgets.take("zoho", per_minute=100, per_day=1000)
        minted.append(1)
        time.sleep(0.05)
        return Token(f"t{len(minted)}", datetime.now(UTC) + timedelta(hours=1))

    tokens = together(50, lambda _: pg_ledger.tokens.refresh("zoho", mint, older_than=None))
    assert (len(minted), {token.value for token in tokens}) == (1, {"t1"})  # type: ignore[attr-defined]


def test_processes_refresh_a_token_once_even_when_the_first_dies_minting(pg_ledger: Ledger) -> None:
    """C33: a crash while minting lets the next process mint at once."""
    read, write = os.pipe()

    def die() -> Token:
        os.write(write, b"d")
        os._exit(9)

    def mint() -> Token:
        os.write(write, b"m")
        time.sleep(0.1)
        return Token("fresh", datetime.now(UTC) + timedelta(hours=1))

    _wait(_fork(lambda: pg_ledger.tokens.refresh("zoho", die, older_than=None)))
    for child in [_fork(lambda: pg_ledger.tokens.refresh("zoho", mint, older_than=None)) for _ in range(4)]:
        assert _wait(child) == 0
    os.close(write)
    assert os.read(read, 100) == b"dm"
    os.close(read)
    stored = pg_ledger.tokens.get("zoho")
    assert stored is not None
    assert stored.value == "fresh"


def test_processes_never_claim_the_same_record(pg_ledger: Ledger, a_delivery) -> None:
    pg_ledger.inbox.keep_many(FLOW, [a_delivery(str(n % 60), f"v{n}") for n in range(300)])
    read, write = os.pipe()

    def carry() -> None:
        while batches := pg_ledger.inbox.claim(
            FLOW, batch_size=5, max_batches=1, lease=LEASE, run_id=str(os.getpid())
        ):
            for batch in batches:
                os.write(write, "".join(f"{key} " for key in batch.keys).encode())

    children = [_fork(carry) for _ in range(4)]
    assert [_wait(child) for child in children] == [0, 0, 0, 0]
    os.close(write)
    claimed = os.read(read, 65536).decode().split()
    os.close(read)
    assert sorted(claimed) == sorted(str(n) for n in range(60))


def test_sixteen_workers_never_exceed_a_budget(pg_ledger: Ledger) -> None:
    """A47."""
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def call(place: int) -> int:
        moments = [now + timedelta(seconds=place / 16 + step) for step in range(12)]
        return sum(
            pg_ledger.budgets.take("zoho", per_minute=75, per_day=1000, now=moment) == 0.0
            for moment in moments
        )

    assert sum(together(16, call)) == 75  # type: ignore[arg-type]
    assert pg_ledger.budgets.state("zoho").granted == 75


def test_no_call_is_granted_once_a_block_has_returned(pg_ledger: Ledger) -> None:
    """A47: zero calls while paused."""
    blocked = threading.Event()
    late: list[float] = []

    def call(place: int) -> None:
        if place == 0:
            time.sleep(0.02)
            pg_ledger.budgets.block("zoho", datetime.now(UTC) + timedelta(seconds=60))
            blocked.set()
            return
        for _ in range(30):
            known = blocked.is_set()
            if pg_ledger.budgets.take("zoho", per_minute=None, per_day=None) == 0.0 and known:
                late.append(time.monotonic())

    together(6, call)
    assert late == []
    assert pg_ledger.budgets.take("zoho", per_minute=None, per_day=None) > 50


def test_a_block_waits_for_the_grant_that_is_being_counted(pg_ledger: Ledger) -> None:
    """A47: once it has returned, nobody is about to be granted a call."""
    pg_ledger.budgets.take("zoho", per_minute=None, per_day=None)
    with pg_ledger.database.begin("take") as connection:
        connection.exec_driver_sql("SELECT * FROM budgets WHERE name = 'zoho' FOR UPDATE")
        until = datetime.now(UTC) + timedelta(seconds=60)
        blocking = threading.Thread(target=pg_ledger.budgets.block, args=("zoho", until))
        blocking.start()
        blocking.join(0.2)
        assert blocking.is_alive()
    blocking.join()
    assert pg_ledger.budgets.state("zoho").blocked_until is not None


def test_places_are_never_overbooked(pg_ledger: Ledger) -> None:
    inside, most, lock = [0], [0], threading.Lock()
    full = threading.Barrier(3)  # nobody leaves before every place is taken, however slow the machine is

    def work(_: int) -> None:
        with pg_ledger.budgets.slots("seats", 3, LEASE, wait=60):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            full.wait(60)
            with lock:
                inside[0] -= 1

    together(12, work)
    assert most[0] == 3


def test_a_burst_has_one_wake(pg_ledger: Ledger) -> None:
    """A11."""
    wakes = together(20, lambda _: pg_ledger.wakes.request(FLOW))
    assert sum(wake is not None for wake in wakes) == 1


def test_no_announcement_is_stranded_between_wake_and_claim(pg_ledger: Ledger, a_delivery) -> None:
    """A11: after the last wake is answered nothing is left, though no sweep ever runs."""
    bell: queue.Queue[bool] = queue.Queue()
    runs: list[int] = []

    def runner() -> None:
        while bell.get():
            pg_ledger.wakes.answer(FLOW, f"run {len(runs)}")
            rows = 0
            for batch in pg_ledger.inbox.claim(
                FLOW, batch_size=100, max_batches=10, lease=LEASE, run_id="run"
            ):
                pg_ledger.inbox.settle(batch.id, dict.fromkeys(batch.keys, Outcome.LOADED))
                rows += batch.rows
            runs.append(rows)

    def announce(place: int) -> None:
        for number in range(25):
            pg_ledger.inbox.keep(FLOW, a_delivery(f"{place}-{number}"))
            if pg_ledger.wakes.request(FLOW, ttl=timedelta(hours=1)):
                bell.put(item=True)

    engine = threading.Thread(target=runner)
    engine.start()
    together(8, announce)
    bell.put(item=False)
    engine.join()
    assert pg_ledger.inbox.tally(FLOW) == {"loaded": 200}
    assert sum(runs) == 200
    assert len(runs) < 200


def test_the_audit_chain_holds_under_many_writers(pg_ledger: Ledger) -> None:
    from include.ledger import Intent

    def commit(place: int) -> None:
        keys = [f"{place}-{n}" for n in range(5)]
        pg_ledger.writes.intend([Intent(key, FLOW, "sales_order", key, "v1", "hash") for key in keys])
        for key in keys:
            pg_ledger.writes.commit({key: key})

    together(8, commit)
    verdict = pg_ledger.audit.verify()
    assert (verdict.rows, verdict.broken_at) == (40, None)


def test_the_same_reasons_opened_by_many_are_one_row_each(pg_ledger: Ledger, an_exception) -> None:
    reasons = [an_exception(str(n)) for n in range(20)]

    def open_shuffled(place: int) -> frozenset[int]:
        return frozenset(pg_ledger.exceptions.open(random.Random(place).sample(reasons, 20)))

    assert len(set(together(8, open_shuffled))) == 1
    assert {row.attempts for row in pg_ledger.exceptions.list()} == {8}


def _fork(work: Callable[[], object]) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads at a fork
        child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001 - nothing of a child may reach pytest
        os._exit(1)
    os._exit(0)


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
