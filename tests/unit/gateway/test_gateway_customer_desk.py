"""Customers: the documented calls, and one customer per contact."""

from __future__ import annotations

from typing import Any

from include.gateway.models import CustomerRequest
from include.gateway.worker import Job, Worker
from tests.unit.gateway.conftest import Company, a_customer, codes
from tests.unit.gateway.fake_sage import TRANSCRIPT


def test_a_customer_is_written_under_division_and_next_number(worker: Worker) -> None:
    """A34: number policy and division; A19: order of calls."""
    answer = worker.reply(a_customer()).answer
    assert (answer.status, answer.body["ARDivisionNo"], answer.body["CustomerNo"]) == (201, "00", "0000001")
    assert [tuple(call) for call in TRANSCRIPT if call[0].startswith("AR.")] == [
        ("AR.nGetNextCustomerNo", ""),
        ("AR.nSetKeyValue", "ARDivisionNo$", "00"),
        ("AR.nSetKeyValue", "CustomerNo$", "0000001"),
        ("AR.nSetKey",),
        ("AR.nSetValue", "CustomerName$", "Vins et alcools"),
        ("AR.nSetValue", "TermsCode$", "01"),
        ("AR.nSetValue", "UDF_ZOHO_CONTACT_ID$", "77"),
        ("AR.nSetValue", "UDF_SYNC_KEY$", "contact-77"),
        ("AR.nWrite",),
    ]


def test_the_same_contact_is_adopted(worker: Worker, company: Company) -> None:
    worker.reply(a_customer(key="a"))
    again = worker.reply(a_customer(key="b")).answer
    assert (again.status, again.body["status"], again.body["CustomerNo"]) == (200, "adopted", "0000001")
    assert company.rows("SELECT count(*) FROM AR_Customer") == [(2,)]


def test_a_refused_customer_is_not_written(worker: Worker, company: Company) -> None:
    answer = worker.reply(a_customer(TermsCode="77")).answer
    assert (answer.status, codes(answer.body)) == (422, [("not_on_file", None, "TermsCode")])
    assert company.rows("SELECT count(*) FROM AR_Customer") == [(1,)]


def test_a_customer_needs_a_name_that_fits(worker: Worker) -> None:
    assert codes(worker.reply(a_customer(CustomerName=None)).answer.body) == [
        ("required", None, "CustomerName")
    ]
    assert codes(worker.reply(a_customer(CustomerName="x" * 31)).answer.body) == [
        ("too_long", None, "CustomerName")
    ]


def test_a_site_that_gives_no_numbers_wants_one(make_settings: Any) -> None:
    worker = Worker(make_settings(customer_numbers="given"))
    assert codes(worker.reply(a_customer()).answer.body) == [("required", None, "CustomerNo")]
    given = CustomerRequest(CustomerNo="D3600", fields={"CustomerName": "Vins"})
    answer = worker.reply(Job("create_customer", key="k", customer=given)).answer
    assert answer.body["CustomerNo"] == "D3600"
    worker.rest()


def test_a_taken_number_is_refused(worker: Worker) -> None:
    given = CustomerRequest(CustomerNo="0001001", fields={"CustomerName": "Vins"})
    answer = worker.reply(Job("create_customer", key="k", customer=given)).answer
    assert (answer.status, codes(answer.body)) == (422, [("invalid_value", None, "CustomerNo")])


def test_orders_and_customers_take_turns_in_one_session(worker: Worker) -> None:
    from tests.unit.gateway.conftest import create

    for job in (create("1"), a_customer(), create("2")):
        assert worker.reply(job).answer.status == 201
    modules = [call[1] for call in TRANSCRIPT if call[0] == "SY.nSetModule"]
    assert modules == ["S/O", "A/R", "S/O"]


def changed(**fields: str) -> Job:
    wanted = CustomerRequest(CustomerNo="0001001", fields=fields)
    return Job("change_customer", key="c", division="00", number="0001001", customer=wanted)


def test_given_columns_of_a_customer_are_changed_and_no_others(worker: Worker, company: Company) -> None:
    answer = worker.reply(changed(CustomerName="Alfreds Futterkiste")).answer
    assert (answer.status, answer.body["status"], answer.body["CustomerNo"]) == (200, "changed", "0001001")
    assert company.rows("SELECT CustomerName FROM AR_Customer") == [("Alfreds Futterkiste",)]
    assert [tuple(call) for call in TRANSCRIPT if call[0] in {"AR.nSetValue", "AR.nWrite"}] == [
        ("AR.nSetValue", "CustomerName$", "Alfreds Futterkiste"),
        ("AR.nWrite",),
    ]
    again = worker.reply(changed(CustomerName="Alfreds Futterkiste")).answer
    assert again.body["status"] == "unchanged"


def test_a_change_names_a_customer_that_is_there_and_leaves_its_number(worker: Worker) -> None:
    wanted = CustomerRequest(CustomerNo="9", fields={"CustomerName": "x"})
    missing = Job("change_customer", key="c", division="00", number="9", customer=wanted)
    assert worker.reply(missing).answer.status == 404
    answer = worker.reply(changed(CustomerNo="0001002")).answer
    assert codes(answer.body) == [("invalid_value", None, "CustomerNo")]
    answer = worker.reply(changed(CustomerName="x" * 31)).answer
    assert codes(answer.body) == [("too_long", None, "CustomerName")]


def test_a_customer_is_read_by_two_fields(worker: Worker) -> None:
    found = worker.reply(Job("read_customer", division="00", number="0001001")).answer
    assert found.body["fields"]["CustomerName"] == "Alfreds"
    assert worker.reply(Job("read_customer", division="01", number="0001001")).answer.status == 404
