"""A35, C11: every write comes to a known end, once, wherever the process dies.

The target here is a few lines in memory with the gateway's promises (same key, same answer; it never
makes two records of one source id). The process's death is an exception that nobody catches, thrown at
each failpoint; what the ledger holds then is all that the next process has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from include import failpoints
from include.connectors.sage100 import GatewayIssue, OrderWrite, WriteResult
from include.ledger import Ledger, WriteState, migrate
from include.pipelines.delivery import Delivered, Delivery, Write, write_key
from include.pipelines.loading import adopted

PLACE = "load_orders"


class DeadError(BaseException):
    """The process is gone."""


@dataclass
class Target:
    """An ERP that remembers idempotency keys."""

    orders: dict[str, str] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)
    created: int = 0
    answer: Callable[[OrderWrite], WriteResult | None] = lambda _: None
    silent: bool = False

    def create(self, records: Sequence[OrderWrite]) -> list[WriteResult]:
        return [self._one(record) for record in records]

    def _one(self, record: OrderWrite) -> WriteResult:
        special = self.answer(record)
        if special is not None:
            return special
        key = record.idempotency_key
        if record.key not in self.orders:
            self.created += 1
            self.orders[record.key] = f"{self.created:07}"
        self.by_key[key] = self.orders[record.key]
        if self.silent:
            return WriteResult(key, "unknown")
        return WriteResult(key, "created", target_id=self.by_key[key])

    def confirmed(self, writes: Sequence[Write[OrderWrite]]) -> Mapping[str, str]:
        return {
            write.record_key: self.by_key[write.record.idempotency_key]
            for write in writes
            if write.record.idempotency_key in self.by_key
        }


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    book = Ledger.connect(url)
    yield book
    book.close()


@pytest.fixture
def target() -> Target:
    return Target()


def an_order(key: str = "so-1", version: str = "v1", total: str = "10") -> Write[OrderWrite]:
    return Write(key, version, f"SO-{key}", OrderWrite(key=key, header={"FreightAmt": total}))


def deliver(ledger: Ledger, target: Target, *writes: Write[OrderWrite]) -> Delivered:
    return Delivery(
        ledger=ledger,
        flow="flow",
        place=PLACE,
        entity="sales_order",
        source_system="zoho_inventory",
        target_system="sage100",
        send=target.create,
        adopted=adopted,
        confirmed=target.confirmed,
    ).deliver(writes)


def link_of(ledger: Ledger, key: str) -> str | None:
    link = ledger.crosswalk.find("sales_order", "zoho_inventory", [key], "sage100").get(key)
    return link.target_id if link else None


def test_a_write_is_committed_linked_and_audited(ledger: Ledger, target: Target) -> None:
    done = deliver(ledger, target, an_order()).done
    assert done["so-1"].target_id == "0000001"
    assert link_of(ledger, "so-1") == "0000001"
    assert [state.state for state in ledger.writes.get(_keys(an_order())).values()] == [WriteState.COMMITTED]


def test_the_same_fact_asked_twice_is_not_sent_twice(ledger: Ledger, target: Target) -> None:
    deliver(ledger, target, an_order())
    target.answer = lambda record: pytest.fail(f"{record.key} was sent again")
    assert deliver(ledger, target, an_order()).done["so-1"].target_id == "0000001"


def test_another_version_is_another_fact(ledger: Ledger, target: Target) -> None:
    deliver(ledger, target, an_order())
    deliver(ledger, target, an_order(version="v2", total="11"))
    assert target.created == 1
    assert len(target.by_key) == 2


@pytest.mark.parametrize("point", failpoints.POINTS)
def test_a_death_at_any_point_leaves_one_order_after_the_next_try(
    ledger: Ledger, target: Target, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def die(place: str, here: str) -> None:
        if (place, here) == (PLACE, point):
            raise DeadError

    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "reach", die)
        with pytest.raises(DeadError):
            deliver(ledger, target, an_order(), an_order("so-2"))
    done = deliver(ledger, target, an_order(), an_order("so-2")).done
    assert set(done) == {"so-1", "so-2"}
    assert target.created == 2
    assert (link_of(ledger, "so-1"), link_of(ledger, "so-2")) == ("0000001", "0000002")


@pytest.mark.parametrize("first", failpoints.POINTS)
@pytest.mark.parametrize("second", failpoints.POINTS)
def test_two_deaths_in_a_row_leave_one_order(
    ledger: Ledger, target: Target, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    for point in (first, second):

        def die(place: str, here: str, point: str = point) -> None:
            if (place, here) == (PLACE, point):
                raise DeadError

        with monkeypatch.context() as patch:
            patch.setattr(failpoints, "reach", die)
            try:
                deliver(ledger, target, an_order())
            except DeadError:
                continue
    assert deliver(ledger, target, an_order()).done["so-1"].target_id == "0000001"
    assert target.created == 1


def test_an_answer_that_never_came_is_read_back_before_anything_is_sent_again(
    ledger: Ledger, target: Target
) -> None:
    target.silent = True
    assert deliver(ledger, target, an_order()).done["so-1"].status == "adopted"
    assert target.created == 1


def test_what_cannot_be_read_back_is_in_doubt_and_resolved_later(ledger: Ledger, target: Target) -> None:
    target.answer = lambda record: WriteResult(record.idempotency_key, "unknown")
    assert deliver(ledger, target, an_order()).in_doubt == {"so-1"}
    assert [write.record_key for write in ledger.writes.in_doubt("flow")] == ["so-1"]
    target.answer = lambda _: None
    assert deliver(ledger, target, an_order()).done["so-1"].target_id == "0000001"
    assert ledger.writes.in_doubt("flow") == []


def test_a_refused_record_does_not_hold_up_its_siblings_and_may_be_asked_again(
    ledger: Ledger, target: Target
) -> None:
    def refuse(record: OrderWrite) -> WriteResult | None:
        if record.key != "so-1":
            return None
        return WriteResult(record.idempotency_key, "refused", errors=(GatewayIssue("credit_hold"),))

    target.answer = refuse
    first = deliver(ledger, target, an_order(), an_order("so-2"))
    assert set(first.refused) == {"so-1"}
    assert set(first.done) == {"so-2"}
    target.answer = lambda _: None
    assert "so-1" in deliver(ledger, target, an_order()).done


def test_a_new_question_after_a_refusal_has_a_new_key() -> None:
    order = an_order()
    assert write_key("flow", "sales_order", order, 0) != write_key("flow", "sales_order", order, 1)
    assert write_key("flow", "sales_order", order, 0) == write_key("flow", "sales_order", an_order(), 0)


def test_a_busy_target_makes_the_task_come_back(ledger: Ledger, target: Target) -> None:
    target.answer = lambda record: WriteResult(record.idempotency_key, "retry", retry_after=7.0)
    delivered = deliver(ledger, target, an_order())
    assert (delivered.later, delivered.retry_after) == ({"so-1"}, 7.0)


def _keys(*writes: Write[OrderWrite]) -> list[str]:
    return [write_key("flow", "sales_order", write, 0) for write in writes]


def test_what_is_only_a_newer_version_is_the_same_content() -> None:
    """Most edits in the shop change nothing that Sage is told; then Sage is told nothing."""
    first = Write(
        "so-1", "v1", "SO-1", OrderWrite(key="so-1", header={"UDF_ZOHO_VERSION": "v1", "FreightAmt": "1"})
    )
    later = Write(
        "so-1", "v2", "SO-1", OrderWrite(key="so-1", header={"UDF_ZOHO_VERSION": "v2", "FreightAmt": "1"})
    )
    other = Write(
        "so-1", "v2", "SO-1", OrderWrite(key="so-1", header={"UDF_ZOHO_VERSION": "v2", "FreightAmt": "2"})
    )
    aimed = Write(
        "so-1", "v1", "SO-1", OrderWrite(key="so-1", header=first.record.header, sales_order_no="0000001")
    )
    assert first.content_hash == later.content_hash == aimed.content_hash != other.content_hash
    keys = {write_key("flow", "sales_order", write, 0) for write in (first, later, other, aimed)}
    assert len(keys) == 4


def test_what_is_asked_of_credit_is_another_question_about_the_same_content() -> None:
    order = an_order()
    held = replace(order, record=replace(order.record, credit="hold", hold_reason="CRED"))
    assert held.content_hash == order.content_hash
    assert len(set(_keys(order, held))) == 2
