"""The dialect (A19): which calls are made, in which order, and that no answer goes unheard."""

from __future__ import annotations

from typing import Any

import pytest

from include.gateway.worker import Worker
from tests.unit.gateway.conftest import Company, codes, create
from tests.unit.gateway.fake_sage import TRANSCRIPT


def calls(kind: str) -> list[tuple[Any, ...]]:
    return [
        (name.removeprefix(f"{kind}."), *rest) for name, *rest in TRANSCRIPT if name.startswith(f"{kind}.")
    ]


def test_an_order_is_written_by_the_documented_sequence(worker: Worker, company: Company) -> None:
    """A19, A35: reference 4.1, steps 3 to 12."""
    header = {"Comment": "gift", "TermsCode": "01", "ShipToName": "Elsewhere"}
    lines = [
        {
            "UDF_NOTE": "n",
            "UnitPrice": "10.00",
            "CommentText": "soft",
            "QuantityOrdered": "3",
            "ItemCode": "WIDGET",
        }
    ]
    reply = worker.reply(create(header=header, lines=lines, expect=None))

    assert reply.answer.status == 201
    assert [name for name, *_ in calls("SY")] == [
        "nSetUser", "nSetCompany", "nSetDate", "nSetModule", "nLookupTask", "nSetProgram",
    ]  # fmt: skip
    assert calls("SO") == [
        ("nGetNextSalesOrderNo", ""),
        ("nSetKey", "0000001"),
        ("nSetValue", "ARDivisionNo$", "00"),
        ("nSetValue", "CustomerNo$", "0001001"),
        ("nSetValue", "OrderDate$", "20261120"),
        ("nSetValue", "CustomerPONo$", "SO-1"),
        ("nSetValue", "ShipToName$", "Elsewhere"),
        ("nSetValue", "TermsCode$", "01"),
        ("nSetValue", "Comment$", "gift"),
        ("nSetValue", "UDF_ZOHO_ORDER_ID$", "48151"),
        ("nSetValue", "UDF_SYNC_KEY$", "key-1"),
        ("nWrite",),
    ]
    assert calls("lines") == [
        ("nAddLine",),
        ("nSetValue", "ItemCode$", "WIDGET"),
        ("nSetValue", "QuantityOrdered", 3.0),
        ("nSetValue", "UnitPrice", 10.0),
        ("nSetValue", "CommentText$", "soft"),
        ("nSetValue", "UDF_NOTE$", "n"),
        ("nWrite",),
    ]
    assert company.orders() == ["0000001"]


def test_the_session_is_kept_for_the_next_order(worker: Worker) -> None:
    worker.reply(create("1"))
    worker.reply(create("2"))
    assert [name for name, *_ in calls("SY")].count("nSetUser") == 1


def test_all_errors_of_header_and_lines_come_at_once_and_nothing_is_written(
    worker: Worker, company: Company
) -> None:
    """A35: all or nothing, every reason."""
    lines = [{"ItemCode": "NOPE"}, {"ItemCode": "WIDGET", "QuantityOrdered": "1"}, {"ItemCode": "NOPE2"}]
    reply = worker.reply(create(header={"TermsCode": "77"}, lines=lines))

    assert reply.answer.status == 422
    assert codes(reply.answer.body) == [
        ("not_on_file", None, "TermsCode"),
        ("not_on_file", 1, "ItemCode"),
        ("not_on_file", 3, "ItemCode"),
    ]
    assert company.orders() == []
    assert calls("SO")[-1] == ("nClear",)
    assert ("nWrite",) not in calls("SO")


def test_after_a_refused_customer_the_header_is_not_set_any_further(worker: Worker) -> None:
    reply = worker.reply(create(header={"CustomerNo": "NOBODY", "TermsCode": "77"}))
    assert codes(reply.answer.body) == [("not_on_file", None, "CustomerNo")]


@pytest.mark.parametrize(
    "at",
    [
        "SO.nGetNextSalesOrderNo",
        "SO.nSetKey",
        "SO.nSetValue",
        "SO.nWrite",
        "lines.nAddLine",
        "lines.nSetValue",
        "lines.nWrite",
    ],
)
@pytest.mark.parametrize("answer", ["empty", "refuse:The thing is not on file."])
def test_a_refused_or_empty_answer_of_any_call_aborts_the_order(
    worker: Worker, company: Company, at: str, answer: str
) -> None:
    """A19: null counts as failure; A35: nothing is written."""
    company.fault(at, answer)
    reply = worker.reply(create())
    assert reply.answer.status == 422
    assert company.orders() == []


def test_the_message_of_a_line_is_taken_from_the_lines_object(worker: Worker, company: Company) -> None:
    company.fault("lines.nWrite", "refuse:The WarehouseCode is not on file.")
    errors = worker.reply(create()).answer.body["errors"]
    assert [(e["source"], e["line"], e["message"]) for e in errors] == [
        ("line", 1, "The WarehouseCode is not on file.")
    ]


def test_a_warning_is_kept_apart_and_the_order_stands(worker: Worker, company: Company) -> None:
    """The one verified text of Sage, on the column where it was seen."""
    text = "This customer PO number already exists on one or more sales orders or invoices."
    company.fault("SO.nSetValue", f"warn:{text}", match="CustomerPONo$")
    reply = worker.reply(create())
    assert reply.answer.status == 201
    assert [(w["code"], w["field"]) for w in reply.answer.body["warnings"]] == [
        ("duplicate_po", "CustomerPONo")
    ]
    assert company.orders() == ["0000001"]


def test_a_number_that_somebody_typed_is_passed_over(worker: Worker, company: Company) -> None:
    company.rows("INSERT INTO SO_SalesOrderHeader (SalesOrderNo) VALUES ('0000001')")
    assert worker.reply(create()).answer.body["SalesOrderNo"] == "0000002"


def test_a_lock_is_tried_once_more_and_then_told(worker: Worker, company: Company) -> None:
    company.fault("SO.nSetKey", "refuse:The record is in use by another user.")
    assert worker.reply(create("1")).answer.status == 201
    company.fault("SO.nSetKey", "refuse:The record is in use by another user.", times=2)
    answer = worker.reply(create("2")).answer
    assert (answer.status, answer.retry_after) == (423, 15)


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ("The maximum number of users has been reached.", 503, "no_seat"),
        ("The company is in exclusive use.", 503, "exclusive"),
        ("The password is wrong.", 503, "logon_refused"),
        ("", 503, "logon_refused"),
    ],
)
def test_a_logon_that_fails_means_come_back_and_holds_no_seat(
    worker: Worker, company: Company, message: str, status: int, code: str
) -> None:
    company.fault("SY.nSetUser", f"refuse:{message}")
    reply = worker.reply(create())
    assert (reply.answer.status, codes(reply.answer.body)[0][0], reply.session) == (status, code, False)
    assert ("nCleanup",) in calls("SY")
    assert worker.reply(create()).answer.status == 201


def test_a_user_without_the_right_is_told_so(worker: Worker, company: Company) -> None:
    company.fault("SY.nSetProgram", "empty")
    reply = worker.reply(create())
    assert (reply.answer.status, codes(reply.answer.body)) == (422, [("not_authorised", None, None)])


def test_an_exception_before_the_write_is_no_doubt_and_poisons_the_session(
    worker: Worker, company: Company
) -> None:
    company.fault("lines.nSetValue", "raise")
    reply = worker.reply(create())
    assert (reply.answer.status, reply.poisoned, company.orders()) == (503, True, [])


@pytest.mark.parametrize(("do", "written"), [("raise", []), ("raise_after", ["0000001"])])
def test_an_exception_in_the_write_leaves_the_outcome_unknown(
    worker: Worker, company: Company, do: str, written: list[str]
) -> None:
    company.fault("SO.nWrite", do)
    reply = worker.reply(create())
    assert (reply.answer.status, reply.poisoned, company.orders()) == (504, True, written)
