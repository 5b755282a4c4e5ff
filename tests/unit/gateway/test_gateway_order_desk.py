"""Look before the write, compare after it, and change no more than must be."""

from __future__ import annotations

from typing import Any

import pytest

from include.gateway.worker import Job, Worker
from tests.unit.gateway.conftest import Company, an_order, codes, create
from tests.unit.gateway.fake_sage import TRANSCRIPT


def change(number: str, **changes: Any) -> Job:
    return Job("change_order", key="key-v2", number=number, order=an_order(**changes))


def writes() -> list[str]:
    return [name for name, *_ in TRANSCRIPT if name.endswith((".nWrite", ".nDelete", ".nAddLine"))]


def test_the_same_order_under_another_key_is_adopted_without_a_session(
    worker: Worker, company: Company
) -> None:
    """A35: Sage would only warn about the second one."""
    first = worker.reply(create(key="first")).answer
    TRANSCRIPT.clear()
    again = worker.reply(create(key="second")).answer
    assert (again.status, again.body) == (200, first.body | {"status": "adopted"})
    assert company.orders() == ["0000001"]
    assert TRANSCRIPT == []


def test_an_order_typed_by_hand_with_the_same_po_number_is_not_ours(worker: Worker, company: Company) -> None:
    company.rows(
        "INSERT INTO SO_SalesOrderHeader (SalesOrderNo, ARDivisionNo, CustomerNo, CustomerPONo, UDF_SYNC_KEY,"
        " UDF_ZOHO_ORDER_ID) VALUES ('0000900', '00', '0001001', 'SO-1', '', '')"
    )
    assert worker.reply(create()).answer.status == 201
    assert len(company.orders()) == 2


def test_without_udfs_the_po_number_decides(make_settings: Any, company: Company) -> None:
    worker = Worker(make_settings(sync_key_column="", order_id_columns=()))
    header = {"UDF_ZOHO_ORDER_ID": None}
    assert worker.reply(create(key="a", header=header)).answer.status == 201
    assert worker.reply(create(key="b", header=header)).answer.body["status"] == "adopted"
    worker.rest()


def test_without_a_po_number_the_udf_decides(worker: Worker) -> None:
    header = {"CustomerPONo": None}
    assert worker.reply(create(key="a", header=header)).answer.status == 201
    assert worker.reply(create(key="b", header=header)).answer.body["status"] == "adopted"


def test_a_customer_number_without_its_zeros_finds_the_same_order(worker: Worker, company: Company) -> None:
    worker.reply(create(key="a"))
    assert worker.reply(create(key="b", header={"CustomerNo": "1001"})).answer.status == 200
    assert company.orders() == ["0000001"]


def test_a_shipped_order_is_not_created_again(worker: Worker, company: Company) -> None:
    """Completed orders leave the live tables; only the history knows them."""
    company.rows(
        "INSERT INTO SO_SalesOrderHistoryHeader (SalesOrderNo, OrderStatus, ARDivisionNo, CustomerNo,"
        " CustomerPONo, FreightAmt) VALUES ('0000005', 'C', '00', '0001001', 'SO-1', '5.00'),"
        " ('0000004', 'X', '00', '0001001', 'SO-1', '0')"
    )
    company.rows("INSERT INTO SO_SalesOrderHistoryDetail VALUES ('0000005', '000001', '', '30.00')")
    answer = worker.reply(create(expect={"lines": 1, "total": "35.00"})).answer
    assert (answer.status, answer.body["SalesOrderNo"], answer.body["totals"]["Total"]) == (
        200,
        "0000005",
        "35.00",
    )
    assert [warning["code"] for warning in answer.body["warnings"]] == ["completed"]
    assert company.orders() == []


def test_a_cancelled_order_may_come_again(worker: Worker, company: Company) -> None:
    company.rows(
        "INSERT INTO SO_SalesOrderHistoryHeader (SalesOrderNo, OrderStatus, ARDivisionNo, CustomerNo,"
        " CustomerPONo) VALUES ('0000004', 'X', '00', '0001001', 'SO-1')"
    )
    assert worker.reply(create()).answer.status == 201


def test_what_is_not_what_was_expected_is_taken_back(worker: Worker, company: Company) -> None:
    answer = worker.reply(create(expect={"lines": 3, "total": "35.01"})).answer
    assert answer.status == 422
    assert codes(answer.body) == [("read_back_differs", None, "lines"), ("read_back_differs", None, "Total")]
    assert company.orders() == []


def test_what_cannot_be_taken_back_is_named(worker: Worker, company: Company) -> None:
    company.fault("SO.nDelete", "refuse:The record is in use by another user.")
    answer = worker.reply(create(expect={"lines": 2, "total": "35.01"})).answer
    assert (answer.status, answer.body["SalesOrderNo"]) == (422, "0000001")
    assert company.orders() == ["0000001"]


def test_a_cent_is_within_a_tolerance_that_allows_it(make_settings: Any) -> None:
    worker = Worker(make_settings(total_tolerance="0.01"))
    assert worker.reply(create(expect={"lines": 2, "total": "35.01"})).answer.status == 201
    worker.rest()


def test_a_confirmed_write_that_cannot_be_read_is_unknown(worker: Worker, company: Company) -> None:
    company.fault("SO.nWrite", "lose")
    assert worker.reply(create()).answer.status == 504


def test_a_warning_on_the_write_that_saved_nothing_is_a_refusal(worker: Worker, company: Company) -> None:
    """Whether -1 saves is unverified: the read-back decides."""
    company.fault("SO.nSetValue", "warn:The customer is on credit hold.", match="CustomerNo$")
    company.fault("SO.nWrite", "lose")
    answer = worker.reply(create()).answer
    assert (answer.status, codes(answer.body)) == (422, [("credit_hold", None, "CustomerNo")])


def test_a_resumed_attempt_that_finds_its_own_order_wrong_asks_for_a_person(
    worker: Worker, company: Company
) -> None:
    worker.reply(create())
    company.rows("UPDATE SO_SalesOrderHeader SET FreightAmt = '1.00'")
    assert worker.reply(create(resumed=True)).answer.status == 422
    adopted = worker.reply(create(resumed=False)).answer
    assert [warning["code"] for warning in adopted.body["warnings"]] == ["read_back_differs"]
    assert company.orders() == ["0000001"]


def test_what_cannot_be_is_said_before_a_session_is_opened(worker: Worker) -> None:
    header = {
        "CustomerNo": None, "ShipToName": "x" * 31, "OrderDate": "20.11.2026", "FreightAmt": "ten",
        "Nope": "1",        "Comment": "\u0160koda", "UDF_ZOHO_VERSION": "\u732b",
    }  # fmt: skip
    answer = worker.reply(create(header=header, lines=[{"QuantityOrdered": "NaN"}])).answer
    assert sorted(codes(answer.body), key=str) == sorted(
        [
            ("required", None, "CustomerNo"),
            ("too_long", None, "ShipToName"),
            ("invalid_value", None, "OrderDate"),
            ("invalid_value", None, "FreightAmt"),
            ("invalid_value", None, "Nope"),
            ("invalid_value", None, "Comment"),
            ("invalid_value", None, "UDF_ZOHO_VERSION"),
            ("invalid_value", 1, "QuantityOrdered"),
            ("required", 1, "ItemCode"),
        ],
        key=str,
    )
    assert TRANSCRIPT == []


def test_a_promised_udf_that_is_missing_stops_everything(make_settings: Any) -> None:
    """Without it every look-up would find nothing."""
    worker = Worker(make_settings(sync_key_column="UDF_OTHER"))
    answer = worker.reply(create()).answer
    assert (answer.status, codes(answer.body)[0][0]) == (503, "misconfigured")
    worker.rest()


def test_a_source_without_sages_tables_is_a_wrong_setting(make_settings: Any, tmp_path: Any) -> None:
    worker = Worker(make_settings(odbc=f"Driver=SQLite3;Database={tmp_path}/empty.sqlite;"))
    answer = worker.reply(create()).answer
    assert (answer.status, codes(answer.body)[0][0]) == (503, "misconfigured")
    worker.rest()


def test_an_unchanged_order_is_not_touched(worker: Worker) -> None:
    worker.reply(create())
    TRANSCRIPT.clear()
    answer = worker.reply(change("0000001")).answer
    assert (answer.status, answer.body["status"], TRANSCRIPT) == (200, "unchanged", [])


def test_only_the_changed_line_is_written(worker: Worker, company: Company) -> None:
    worker.reply(create())
    TRANSCRIPT.clear()
    lines = [
        {"ItemCode": "WIDGET", "QuantityOrdered": "3", "UnitPrice": "10"},
        {"ItemCode": "GADGET", "QuantityOrdered": "4"},
    ]
    answer = worker.reply(change("0000001", lines=lines, expect={"lines": 2, "total": "40.00"})).answer
    assert (answer.body["status"], answer.body["totals"]["Total"]) == ("changed", "40.00")
    assert writes() == ["lines.nWrite", "SO.nWrite"]
    assert company.rows("SELECT LineKey, QuantityOrdered FROM SO_SalesOrderDetail") == [
        ("000001", 3),
        ("000002", 4),
    ]
    assert company.rows("SELECT UDF_SYNC_KEY FROM SO_SalesOrderHeader") == [("key-v2",)]


def test_from_the_first_other_item_on_lines_are_replaced_in_order(worker: Worker, company: Company) -> None:
    worker.reply(create())
    lines = [
        {"ItemCode": code, "QuantityOrdered": "1", "UnitPrice": "1"}
        for code in ("GADGET", "WIDGET", "GADGET")
    ]
    answer = worker.reply(change("0000001", lines=lines, expect={"lines": 3, "total": "3.00"})).answer
    assert answer.body["status"] == "changed"
    order = company.rows("SELECT ItemCode FROM SO_SalesOrderDetail ORDER BY LineSeqNo")
    assert order == [("GADGET",), ("WIDGET",), ("GADGET",)]


def test_a_refused_change_leaves_the_order_as_it_was(worker: Worker, company: Company) -> None:
    worker.reply(create())
    before = company.rows("SELECT * FROM SO_SalesOrderDetail")
    answer = worker.reply(change("0000001", lines=[{"ItemCode": "GADGET"}, {"ItemCode": "NOPE"}])).answer
    assert (answer.status, codes(answer.body)) == (422, [("not_on_file", 2, "ItemCode")])
    assert company.rows("SELECT * FROM SO_SalesOrderDetail") == before


@pytest.mark.parametrize(
    "touched",
    [
        "SalesOrderPrinted = 'Y'",
        "PickingSheetPrinted = 'Y'",
        "CurrentInvoiceNo = '0000077'",
        "OrderStatus = 'C'",
    ],
)
def test_what_is_printed_picked_or_invoiced_is_let_alone(
    worker: Worker, company: Company, touched: str
) -> None:
    worker.reply(create())
    company.rows(f"UPDATE SO_SalesOrderHeader SET {touched}")
    lines = [{"ItemCode": "WIDGET", "QuantityOrdered": "9"}]
    for job in (change("0000001", lines=lines), Job("cancel_order", number="0000001")):
        answer = worker.reply(job).answer
        assert (answer.status, codes(answer.body)[0][0]) == (422, "locked_in_erp")
    assert company.orders() == ["0000001"]


def test_a_udf_may_be_set_on_a_printed_order(worker: Worker, company: Company) -> None:
    worker.reply(create())
    company.rows("UPDATE SO_SalesOrderHeader SET SalesOrderPrinted = 'Y'")
    answer = worker.reply(change("0000001", header={"UDF_ZOHO_VERSION": "v2"})).answer
    assert answer.body["status"] == "changed"


def test_an_order_that_is_not_there_cannot_be_changed_or_read(worker: Worker) -> None:
    assert worker.reply(change("0000009")).answer.status == 404
    assert worker.reply(Job("read_order", number="0000009")).answer.status == 404


def test_cancelling_deletes_and_twice_is_fine(worker: Worker, company: Company) -> None:
    worker.reply(create())
    job = Job("cancel_order", number="0000001", reason="DUP")
    assert worker.reply(job).answer.body["status"] == "cancelled"
    assert worker.reply(job).answer.body["status"] == "absent"
    assert company.orders() == []


def test_cancelling_a_shipped_order_is_refused(worker: Worker, company: Company) -> None:
    company.rows("INSERT INTO SO_SalesOrderHistoryHeader (SalesOrderNo, OrderStatus) VALUES ('0000005', 'C')")
    answer = worker.reply(Job("cancel_order", number="0000005")).answer
    assert (answer.status, codes(answer.body)[0][0]) == (422, "locked_in_erp")


def test_components_of_a_kit_are_not_counted_as_lines(worker: Worker, company: Company) -> None:
    worker.reply(create())
    company.rows(
        "INSERT INTO SO_SalesOrderDetail (SalesOrderNo, LineKey, LineSeqNo, ItemCode, SalesKitLineKey,"
        " ExtensionAmt) VALUES ('0000001', '000003', '00000000000025', 'BOLT', '000002', '0')"
    )
    answer = worker.reply(create(key="other")).answer
    assert (answer.body["lines"], answer.body["warnings"]) == (2, [])
    assert worker.reply(change("0000001")).answer.body["status"] == "unchanged"


def test_an_order_is_read_as_text(worker: Worker) -> None:
    worker.reply(create())
    body = worker.reply(Job("read_order", number="0000001")).answer.body
    assert (body["header"]["OrderDate"], body["header"]["NonTaxableAmt"]) == ("2026-11-20", "35")
    assert [line["QuantityOrdered"] for line in body["lines"]] == ["3", "2"]
