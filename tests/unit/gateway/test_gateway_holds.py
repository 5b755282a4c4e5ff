"""An order put on hold and taken off it: for its own reason, and never in another's way."""

from __future__ import annotations

from typing import Any

import pytest

from include.gateway.problems import Answer
from include.gateway.service import Gateway
from include.gateway.worker import Job, Worker
from tests.unit.gateway.conftest import Company, codes, create
from tests.unit.gateway.fake_sage import TRANSCRIPT


def status(company: Company) -> tuple[Any, ...]:
    return company.rows("SELECT OrderStatus, CancelReasonCode FROM SO_SalesOrderHeader")[0]


def tell(worker: Worker, verb: str, reason: str = "", **also: str) -> Answer:
    return worker.reply(Job(verb, number="0000001", reason=reason, **also)).answer  # type: ignore[arg-type]


def test_an_order_is_held_and_released(worker: Worker, company: Company) -> None:
    """B57: only the header moves; the lines are not touched."""
    worker.reply(create())
    TRANSCRIPT.clear()
    held = tell(worker, "hold_order", "STOCK")
    assert (held.body["status"], held.body["OrderStatus"], status(company)) == (
        "changed",
        "H",
        ("H", "STOCK"),
    )
    assert tell(worker, "hold_order", "STOCK").body["status"] == "unchanged"
    free = tell(worker, "release_order", "STOCK")
    assert (free.body["status"], free.body["OrderStatus"], status(company)) == ("changed", "N", ("N", ""))
    assert tell(worker, "release_order", "STOCK").body["status"] == "unchanged"
    assert [call[0] for call in TRANSCRIPT if call[0].startswith("SO.n") or call[0].startswith("lines")] == [
        "SO.nSetKey", "SO.nSetValue", "SO.nSetValue", "SO.nWrite",
    ] * 2  # fmt: skip


def test_what_another_reason_holds_stays_on_hold(worker: Worker, company: Company) -> None:
    """Stock that came does not release an order which a clerk suspects."""
    worker.reply(create())
    tell(worker, "hold_order", "FRAUD")
    again = tell(worker, "hold_order", "STOCK")
    assert (again.body["status"], [w["code"] for w in again.body["warnings"]]) == (
        "unchanged",
        ["held_otherwise"],
    )
    refused = tell(worker, "release_order", "STOCK")
    assert (refused.status, codes(refused.body)) == (422, [("held_otherwise", None, "CancelReasonCode")])
    assert status(company) == ("H", "FRAUD")
    assert tell(worker, "release_order").body["OrderStatus"] == "N"


@pytest.mark.parametrize("verb", ["hold_order", "release_order"])
def test_an_order_that_is_gone_is_not_held(worker: Worker, verb: str) -> None:
    assert tell(worker, verb).status == 404


def test_an_invoiced_order_is_not_held(worker: Worker, company: Company) -> None:
    worker.reply(create())
    company.rows("UPDATE SO_SalesOrderHeader SET CurrentInvoiceNo = '0100001'")
    answer = tell(worker, "hold_order", "STOCK")
    assert (answer.status, codes(answer.body)) == (422, [("locked_in_erp", None, None)])


def test_a_site_may_release_to_open(make_settings: Any, company: Company) -> None:
    worker = Worker(make_settings(released_status="O"))
    worker.reply(create())
    tell(worker, "hold_order", "STOCK")
    assert tell(worker, "release_order").body["OrderStatus"] == "O"
    worker.rest()


def test_a_hold_under_a_key_is_remembered_with_its_reason(open_gateway: Any) -> None:
    gateway: Gateway = open_gateway()
    gateway.carry_out(create())
    hold = Job("hold_order", key="h", number="0000001", reason="STOCK")
    first, again = gateway.carry_out(hold), gateway.carry_out(hold)
    assert (first.body["status"], again.replayed) == ("changed", True)
    other = gateway.carry_out(Job("hold_order", key="h", number="0000001", reason="CREDT"))
    assert codes(other.body) == [("key_reused", None, "Idempotency-Key")]
