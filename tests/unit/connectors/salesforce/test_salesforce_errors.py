"""C30-C34: what codes mean, and that nothing of a record comes out."""

from __future__ import annotations

import pytest

from include.canonical.reasons import Reason
from include.connectors.salesforce.batches import judged, read, worst
from include.connectors.salesforce.bulk import failure_of
from include.connectors.salesforce.errors import Verdict, judge, problem_of

NO_KEY = "Provided external ID field does not exist or is not accessible: K__c"


def one(code, message="", **more):
    return problem_of([{"errorCode": code, "message": message, **more}])


@pytest.mark.parametrize(
    ("status", "code", "message", "verdict"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", Verdict.DAY_SPENT),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", Verdict.BUSY),
        (401, "INVALID_SESSION_ID", "", Verdict.TOKEN_REFUSED),
        (400, "INVALID_QUERY_LOCATOR", "", Verdict.CURSOR_LOST),
        (400, "UNABLE_TO_LOCK_ROW", "", Verdict.NOT_NOW),
        (503, "SERVER_UNAVAILABLE", "", Verdict.NOT_NOW),
        (500, "UNKNOWN_EXCEPTION", "", Verdict.OUTAGE),
        (404, "NOT_FOUND", "The requested resource does not exist", Verdict.GONE),
        (404, "NOT_FOUND", NO_KEY, Verdict.OUR_MISTAKE),
        (400, "STRING_TOO_LONG", "", Verdict.REFUSED),
        (414, "", "", Verdict.OUR_MISTAKE),
        (502, "", "", Verdict.OUTAGE),
    ],
)  # fmt: skip
def test_a_call_is_judged_by_code_then_status(status, code, message, verdict) -> None:
    assert judge(status, one(code, message)) is verdict


@pytest.mark.parametrize("content", ["<html>canary", {"error": "canary"}, [], ["/services/x"], None, [7]])
def test_a_body_that_is_none_says_nothing(content) -> None:
    assert problem_of(content).codes == ()


def test_codes_and_fields_that_are_no_plain_names_are_dropped() -> None:
    problem = one("INES HARBOR <ines@example>", fields=["Email", "ines@example", 7])
    assert problem.codes == ()
    assert problem.fields == ("Email",)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("DUPLICATE_VALUE", "refused", Reason.DUPLICATE),
        ("DUPLICATES_DETECTED", "refused", Reason.DUPLICATE),
        ("REQUIRED_FIELD_MISSING", "refused", Reason.MISSING),
        ("STRING_TOO_LONG", "refused", Reason.TOO_LONG),
        ("INVALID_EMAIL_ADDRESS", "refused", Reason.INVALID_FORMAT),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "refused", Reason.UNKNOWN_VALUE),
        ("INVALID_CROSS_REFERENCE_KEY", "refused", Reason.NO_REFERENCE),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "refused", Reason.REFUSED),
        ("SOMETHING_NEW", "refused", Reason.REFUSED),
        ("UNABLE_TO_LOCK_ROW", "retry", Reason.REFUSED),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "retry", Reason.REFUSED),
    ],
)
def test_a_row_is_judged_by_its_code(code, status, reason) -> None:
    told = [{"success": False, "errors": [{"statusCode": code, "message": "canary", "fields": ["Name"]}]}]
    (done,) = read(told, 1, "changed")
    assert done.status == status
    assert [(each.code, each.reason, each.field) for each in done.errors] == [(code, reason, "Name")]
    assert "canary" not in done.errors[0].message


@pytest.mark.parametrize("told", [None, {}, [], [{"success": True}, {"success": True}], ["x"], [None]])
def test_an_answer_that_fits_no_rows_leaves_them_unknown(told) -> None:
    assert [each.status for each in read(told, 1, "changed")] == ["unknown"]


def test_a_row_that_fails_without_a_word_is_refused_with_one() -> None:
    (done,) = read([{"success": False}], 1, "changed")
    assert (done.status, done.errors[0].code) == ("refused", "UNKNOWN")


@pytest.mark.parametrize(
    ("said", "code", "fields"),
    [
        ("REQUIRED_FIELD_MISSING:Required fields: [Name]:Name --", "REQUIRED_FIELD_MISSING", ("Name",)),
        ("STRING_TOO_LONG:First Name: a:b\nc:FirstName,Name --", "STRING_TOO_LONG", ("FirstName", "Name")),
        ("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access: 001:--", "UNABLE_TO_LOCK_ROW", ()),
        ("DUPLICATE_VALUE:no tail", "DUPLICATE_VALUE", ()),
        ("canary", "", ()),
    ],
)  # fmt: skip
def test_a_bulk_error_gives_code_and_fields(said, code, fields) -> None:
    assert failure_of(said) == (code, fields)


def test_of_several_rows_the_worst_is_said() -> None:
    bad, locked = judged([("STRING_TOO_LONG", ["Name"])]), judged([("UNABLE_TO_LOCK_ROW", [])])
    (fine,) = read([{"success": True, "id": "1", "created": True}], 1, "changed")
    assert worst([fine, bad], "1").status == "refused"
    assert worst([bad, locked], "1").status == "retry"
    assert worst([fine], "1").status == "created"
    assert worst([], "1").status == "unchanged"
