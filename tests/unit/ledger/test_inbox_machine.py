"""Whatever happens in whatever order: every row that was kept is somewhere, and can be brought home."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from include.ledger import Batch, Delivery, LeaseLostError, Ledger, NewException, Outcome, migrate

FLOWS = ("to_sage", "to_salesforce")
KEYS = ("a", "b", "c")


class InboxMachine(RuleBasedStateMachine):
    """Two flows over three records, with workers that settle late, partly, twice or never."""

    template: Path
    batches = Bundle("batches")
    old = Bundle("old")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tb-inbox-"))
        shutil.copy(self.template, self.folder / "ledger.sqlite")
        self.now = datetime(2026, 11, 21, tzinfo=UTC)
        self.ledger = Ledger.connect(f"sqlite:///{self.folder}/ledger.sqlite", clock=lambda: self.now)
        self.kept = dict.fromkeys(FLOWS, 0)
        self.leases: dict[str, tuple[Batch, datetime]] = {}

    @rule(flow=st.sampled_from(FLOWS), key=st.sampled_from(KEYS), number=st.integers(0, 30))
    def keep(self, flow: str, key: str, number: int) -> None:
        delivery = Delivery("zoho", "salesorder", key, f"{key}:{number}", str(number), b"{}")
        self.kept[flow] += self.ledger.inbox.keep(flow, delivery)

    @rule(target=batches, flow=st.sampled_from(FLOWS), size=st.integers(1, 3), minutes=st.integers(1, 9))
    def claim(self, flow: str, size: int, minutes: int):
        due = self.ledger.inbox.pending(flow)
        lease = timedelta(minutes=minutes)
        claimed = self.ledger.inbox.claim(flow, batch_size=size, max_batches=3, lease=lease, run_id="r")
        held = [key for batch, until in self.leases.values() if until > self.now for key in batch.keys]
        keys = [key for batch in claimed for key in batch.keys]
        assert len(keys) == len(set(keys))
        assert not set(keys) & set(held)
        assert sum(batch.rows for batch in claimed) >= due
        self.leases.update({batch.id: (batch, self.now + lease) for batch in claimed})
        return multiple(*claimed)

    @rule(target=old, batch=consumes(batches), data=st.data())
    def settle(self, batch: Batch, data) -> Batch:
        keys = data.draw(st.sets(st.sampled_from(batch.keys), min_size=1))
        outcomes = {key: data.draw(st.sampled_from(Outcome)) for key in sorted(keys)}
        held, until = self.leases.get(batch.id, (None, self.now))
        if until > self.now:
            self._open_exceptions(batch.flow, outcomes, data.draw(st.booleans()))
        try:
            counts = self.ledger.inbox.settle(batch.id, outcomes)
        except LeaseLostError:
            assert until <= self.now
            return batch
        assert held is not None
        assert len(keys) <= sum(counts.values()) <= batch.rows
        rest = tuple(key for key in held.keys if key not in keys)
        self.leases[batch.id] = (Batch(batch.id, batch.flow, rest, batch.rows), until)
        return batch

    def _open_exceptions(self, flow: str, outcomes: dict[str, Outcome], crashed: bool) -> None:
        aside = {Outcome.PARKED: "parked", Outcome.REJECTED: "rejected"}
        if not crashed:
            self.ledger.exceptions.open(
                [
                    NewException(flow, key, key, "reference.not_found", aside[outcome])
                    for key, outcome in outcomes.items()
                    if outcome in aside
                ]
            )

    @rule(batch=old)
    def settle_again(self, batch: Batch) -> None:
        before = self.ledger.inbox.tally(batch.flow)
        settled = {row.record_key for row in self.ledger.inbox.batch(batch.id) if row.outcome}
        self.ledger.inbox.settle(batch.id, dict.fromkeys(settled, Outcome.UNCHANGED))
        assert self.ledger.inbox.tally(batch.flow) == before

    @rule(batch=st.one_of(batches, old), wait=st.integers(0, 5))
    def release(self, batch: Batch, wait: int) -> None:
        self.ledger.inbox.release(batch.id, not_before=self.now + timedelta(minutes=wait))
        self.leases.pop(batch.id, None)

    @rule(minutes=st.integers(1, 10))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def retry_everything(self) -> None:
        rows = self.ledger.exceptions.list(state="open")
        self.ledger.exceptions.start_retry([row.id for row in rows])

    @invariant()
    def every_row_is_somewhere(self) -> None:
        for flow in FLOWS:
            assert sum(self.ledger.inbox.tally(flow).values()) == self.kept[flow]

    def teardown(self) -> None:
        """Nothing is stranded: with every cause mended and every lease over, every row comes home."""
        try:
            self.retry_everything()
            self.now += timedelta(days=1)
            for flow in FLOWS:
                for _ in range(4):
                    claimed = self.ledger.inbox.claim(
                        flow, batch_size=9, max_batches=9, lease=timedelta(minutes=1), run_id="last"
                    )
                    for batch in claimed:
                        outcomes = dict.fromkeys(batch.keys, Outcome.LOADED)
                        self.ledger.exceptions.resolve(flow, batch.keys, how="carried")
                        self.ledger.inbox.settle(batch.id, outcomes)
                done = self.ledger.inbox.tally(flow)
                assert not {"pending", "leased", "parked", "in_doubt", "rejected"} & set(done)
                assert sum(done.values()) == self.kept[flow]
        finally:
            self.ledger.close()
            shutil.rmtree(self.folder)


@pytest.fixture(autouse=True, scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    InboxMachine.template = tmp_path_factory.mktemp("machine") / "empty.sqlite"
    migrate(f"sqlite:///{InboxMachine.template}")


TestInboxMachine = InboxMachine.TestCase
TestInboxMachine.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
