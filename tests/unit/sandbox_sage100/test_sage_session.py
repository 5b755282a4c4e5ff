"""Logon, company, task: SY_Session and the order of calls before any object is made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from include.sandbox.sage100.objects import ComError, Script
from tests.unit.sandbox_sage100.desk import PASSWORD, Ref, Sage, written


def fresh(home: Path) -> tuple[Script, object]:
    script = Script()
    script.Init(str(home))
    return script, script.NewObject("SY_Session")


def test_a_wrong_password_is_refused_and_takes_no_seat(home: Path, sage: Sage) -> None:
    _, session = fresh(home)
    assert session.nSetUser("tradebridge", "guess") == 0
    assert "logon" in session.sLastErrorMsg
    assert len(sage.rows("SELECT * FROM SY_Console")) == 1


def test_a_locked_user_cannot_log_on(home: Path, sage: Sage) -> None:
    sage.tell("UPDATE SY_User SET Locked = 'Y' WHERE UserLogon = 'tradebridge'")
    _, session = fresh(home)
    assert session.nSetUser("tradebridge", PASSWORD) == 0


def test_user_and_company_may_come_in_either_order(home: Path) -> None:
    _, session = fresh(home)
    assert session.nSetCompany("ABC") == 1
    assert session.nSetUser("TradeBridge", PASSWORD) == 1
    assert session.nLogon() == 1
    session.nCleanup()


@pytest.mark.parametrize("code", ["XYZ", "MAS_ABC", "", "../ABC"])
def test_an_unknown_company_is_refused(home: Path, code: str) -> None:
    _, session = fresh(home)
    assert session.nSetCompany(code) == 0
    assert "company" in session.sLastErrorMsg


def test_a_missing_home_raises(tmp_path: Path) -> None:
    with pytest.raises(ComError):
        Script().Init(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("missing", ["user", "company", "task"])
def test_no_object_is_made_before_logon_company_and_task(home: Path, missing: str) -> None:
    script, session = fresh(home)
    if missing != "user":
        session.nSetUser("tradebridge", PASSWORD)
    if missing != "company":
        session.nSetCompany("ABC")
    if missing != "task":
        session.nSetProgram(session.nLookupTask("SO_SalesOrder_ui"))
    with pytest.raises(ComError, match="Error 90"):
        script.NewObject("SO_SalesOrder_bus", session)
    session.nCleanup()


def test_an_unknown_object_or_task_does_not_exist(sage: Sage) -> None:
    assert sage.session.nLookupTask("SO_Nothing_ui") == 0
    with pytest.raises(ComError):
        sage.new("SO_Nothing_bus")


def test_a_task_may_be_denied_to_the_user(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    sage.switch(denied_tasks=("AR_Customer_ui",))
    other = more_sages()
    assert other.session.nSetProgram(other.session.nLookupTask("AR_Customer_ui")) == 0
    assert "not authorized" in other.session.sLastErrorMsg
    with pytest.raises(ComError):
        other.new("AR_Customer_bus")


@pytest.mark.parametrize("day", ["2026-11-21", "20261341", "1121", ""])
def test_a_date_is_eight_digits(sage: Sage, day: str) -> None:
    assert sage.session.nSetDate("S/O", day) == 0


def test_a_date_in_a_closed_period_is_refused(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    sage.switch(closed_through="20261031")
    session = more_sages().session
    assert session.nSetDate("S/O", "20261031") == 0
    assert "fiscal period" in session.sLastErrorMsg
    assert session.nSetDate("S/O", "20261101") == 1


def test_an_unknown_module_is_refused(sage: Sage) -> None:
    assert sage.session.nSetModule("X/Y") == 0


def test_seats_run_out_and_come_back(home: Path, sage: Sage) -> None:
    sage.switch(seats=1)
    _, session = fresh(home)
    assert session.nSetUser("tradebridge", PASSWORD) == 0
    assert session.sLastErrorMsg == "The maximum number of users has been reached."
    sage.session.nCleanup()
    assert session.nSetUser("tradebridge", PASSWORD) == 1
    session.nCleanup()


def test_the_console_shows_who_is_in(sage: Sage) -> None:
    seat = sage.row("SELECT * FROM SY_Console")
    assert (seat["UserKey"], seat["ProgramName"], seat["ModuleCode"]) == (
        "0000000002",
        "SO_SalesOrder_ui",
        "S/O",
    )


def test_in_exclusive_mode_nobody_logs_on_and_no_record_opens(home: Path, sage: Sage) -> None:
    number = written(sage)
    order = sage.orders
    sage.switch(exclusive=True)
    assert order.nSetKey(number) == 0
    assert "exclusive" in order.sLastErrorMsg
    _, session = fresh(home)
    assert session.nSetUser("tradebridge", PASSWORD) == 0
    assert "exclusive" in session.sLastErrorMsg


def test_another_thread_may_not_use_the_session(sage: Sage) -> None:
    caught: list[Exception] = []
    order = sage.orders

    def call() -> None:
        try:
            order.nGetNextSalesOrderNo(Ref())
        except ComError as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert len(caught) == 1
