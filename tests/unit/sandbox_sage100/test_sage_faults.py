"""Faults on order: each kind strikes where it should, as often as it should, and is obeyed at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from include.sandbox.sage100 import database, faults
from include.sandbox.sage100.objects import ComError, Script
from tests.unit.sandbox_sage100.desk import PASSWORD, Ref, Sage, add_line, an_order, fill, written


def order_fault(sage: Sage, **fault: object) -> faults.Fault:
    with database.opened(database.company_file(sage.home)) as db:
        return faults.add(db, faults.NewFault.model_validate(fault))


def logon(home: Path) -> tuple[object, int]:
    pauses: list[float] = []
    script = Script(pause=pauses.append)
    script.Init(str(home))
    session = script.NewObject("SY_Session")
    return session, session.nSetUser("tradebridge", PASSWORD)


def count(sage: Sage) -> int:
    return len(sage.rows("SELECT * FROM SO_SalesOrderHeader"))


def test_latency_of_orders_and_lines_lasts_until_it_is_deleted(sage: Sage) -> None:
    slow = order_fault(sage, kind="latency_order", seconds=2)
    order_fault(sage, kind="latency_line", seconds=0.2)
    written(sage, [("NW-0001", 1), ("NW-0002", 1)])
    written(sage, [("NW-0001", 1)])
    assert sage.pauses == [0.2, 0.2, 2, 0.2, 2]
    with database.opened(database.company_file(sage.home)) as db:
        assert [(f.hits, f.times) for f in faults.standing(db)] == [(2, None), (3, None)]
        assert faults.remove(db, slow.id) == 1


def test_latency_of_the_logon(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    order_fault(sage, kind="latency_logon", seconds=3)
    assert more_sages().pauses == [3]


def test_no_seat_as_often_as_ordered(sage: Sage, home: Path) -> None:
    order_fault(sage, kind="seat_exhausted", times=2)
    answers = [logon(home) for _ in range(3)]
    assert [answer for _, answer in answers] == [0, 0, 1]
    answers[2][0].nCleanup()


def test_a_com_exception_ends_the_session_for_good(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    order, number = an_order(sage)
    order_fault(sage, kind="com_exception")
    with pytest.raises(ComError):
        order.nWrite()
    for call in (order.nClear, order.oLines.nAddLine, sage.session.nLogon):
        with pytest.raises(ComError, match="failed before"):
            call()
    assert count(sage) == 0
    order.nCleanup()
    sage.session.nCleanup()
    fresh = more_sages()
    assert fresh.orders.nSetKey(number) == 2


def test_a_com_exception_can_be_aimed_at_a_method_and_a_record(sage: Sage) -> None:
    order_fault(sage, kind="com_exception", point="oLines.nWrite", match="NW-0003")
    order, _ = an_order(sage)
    with pytest.raises(ComError):
        add_line(order, "NW-0003", 1)


def test_a_fault_waits_for_the_record_it_is_meant_for(sage: Sage) -> None:
    order_fault(sage, kind="closed_period", match="SO-10249")
    written(sage)
    order, _ = an_order(sage)
    fill(order, {"UDF_ZOHO_ORDER_ID$": "SO-10249"})
    assert order.nWrite() == 0
    assert "fiscal period" in order.sLastErrorMsg
    assert order.nWrite() == 1


@pytest.mark.parametrize("match", ["0000001", "PO-0000001", "0001001"])
def test_order_customer_and_po_number_are_matched(sage: Sage, match: str) -> None:
    order_fault(sage, kind="closed_period", match=match)
    order, _ = an_order(sage)
    assert order.nWrite() == 0


def test_a_hang_before_the_commit_writes_nothing(sage: Sage) -> None:
    order, _ = an_order(sage)
    order_fault(sage, kind="hang_before_commit")
    with pytest.raises(ComError):
        order.nWrite()
    assert sage.pauses == [faults.HANG_SECONDS]
    assert count(sage) == 0


def test_a_hang_after_the_commit_has_written(sage: Sage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    order, _ = an_order(sage)
    monkeypatch.setattr(sage.session, "pause", lambda _seconds: seen.append(count(sage)))
    order_fault(sage, kind="hang_after_commit", seconds=5)
    assert order.nWrite() == 1
    assert seen == [1]


def test_a_held_lock_opens_the_next_time(sage: Sage) -> None:
    number = written(sage)
    order_fault(sage, kind="lock_held", match=number)
    order = sage.orders
    assert order.nSetKey("0000099") == 2
    assert order.nSetKey(number) == 0
    assert "in use" in order.sLastErrorMsg
    assert order.nSetKey(number) == 1


def test_exclusive_mode_for_one_call(sage: Sage, home: Path) -> None:
    order_fault(sage, kind="exclusive_mode", times=2)
    session, answer = logon(home)
    assert answer == 0
    assert "exclusive" in session.sLastErrorMsg
    assert sage.orders.nSetKey("1") == 0
    assert sage.orders.nSetKey("1") == 2


def test_a_closed_period_refuses_the_session_date(sage: Sage) -> None:
    order_fault(sage, kind="closed_period")
    assert sage.session.nSetDate("S/O", "20261121") == 0
    assert sage.session.nSetDate("S/O", "20261121") == 1


def test_faults_hit_customers_as_well(sage: Sage) -> None:
    order_fault(sage, kind="com_exception", point="AR_Customer_bus.nGetNextCustomerNo")
    sage.orders.nGetNextSalesOrderNo(Ref())
    with pytest.raises(ComError):
        sage.new("AR_Customer_bus").nGetNextCustomerNo(Ref())


@pytest.mark.parametrize(
    "wrong", [{"kind": "flood"}, {"kind": "latency_order"}, {"kind": "lock_held", "times": 0}]
)
def test_a_fault_that_says_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        faults.NewFault.model_validate(wrong)
