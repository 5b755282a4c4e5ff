"""Every row of Zoho's error catalogue, and what we make of it."""

from __future__ import annotations

import pickle

import pytest

from include.connectors.zoho_inventory.errors import (
    LIMITS,
    RULES,
    DuplicateError,
    NotFoundError,
    UnauthorisedError,
    Verdict,
    ZohoError,
    error_for,
    judge,
)
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

CATALOGUE = [
    (200, 0, "success", Verdict.SUCCESS),
    (201, 0, "Sales Order has been created.", Verdict.SUCCESS),
    (200, None, "", Verdict.SUCCESS),
    (400, 2, "Invalid value passed for organization_id", Verdict.WRONG_ORGANISATION),
    (400, 2, "Invalid value passed for page", Verdict.REFUSED),
    (400, 4, "Invalid value passed for bill_number", Verdict.REFUSED),
    (404, 5, "Invalid URL Passed", Verdict.WRONG_ADDRESS),
    (401, 14, "Invalid value passed for authtoken.", Verdict.UNAUTHORISED),
    (400, 15, "Please ensure that the name has less than 100 characters.", Verdict.REFUSED),
    (405, 37, "The HTTP method PUT is not allowed for the requested resource", Verdict.WRONG_ADDRESS),
    (
        429,
        43,
        "you have been blocked for some time as you have exceeded the maximum number of requests per minute.",
        Verdict.BLOCKED,
    ),
    (200, 43, "blocked", Verdict.BLOCKED),
    (429, 44, "your organization has been blocked", Verdict.MINUTE_SPENT),
    (429, None, "exceeded the maximum number of requests per minute", Verdict.MINUTE_SPENT),
    (
        429,
        45,
        "The API call for this organization has exceeded the maximum call rate limit of 5000.",
        Verdict.DAY_SPENT,
    ),
    (400, 45, "", Verdict.DAY_SPENT),
    (
        429,
        None,
        "The API call for this organization has exceeded the maximum call rate limit of 1000.",
        Verdict.DAY_SPENT,
    ),
    (429, 1070, "You have reached the maximum number of in process requests allowed.", Verdict.BUSY),
    (200, 1070, "You have reached the maximum number of in process requests allowed.", Verdict.BUSY),
    (400, 1070, "", Verdict.BUSY),
    (400, None, "You have reached the maximum number of in process requests allowed.", Verdict.BUSY),
    (429, None, "", Verdict.SLOW_DOWN),
    (401, 57, "You are not authorized to perform this operation", Verdict.UNAUTHORISED),
    (400, 57, "You are not authorized to perform this operation", Verdict.UNAUTHORISED),
    (401, None, "", Verdict.UNAUTHORISED),
    (403, None, "", Verdict.FORBIDDEN),
    (500, 1000, "Internal error", Verdict.OUTAGE),
    (200, 1000, "Internal error", Verdict.OUTAGE),
    (500, None, "", Verdict.OUTAGE),
    (502, None, "", Verdict.OUTAGE),
    (503, 0, "success", Verdict.OUTAGE),
    (408, None, "", Verdict.OUTAGE),
    (400, 1001, 'Item "X" already exists.', Verdict.DUPLICATE),
    (400, 3062, 'The customer "X" already exists. Please specify a different name.', Verdict.DUPLICATE),
    (400, 13011, "A bill with this number has already been created for this vendor.", Verdict.DUPLICATE),
    (400, 36004, "This sales order number already exists.", Verdict.DUPLICATE),
    (400, 99999, "This thing Already Exists", Verdict.DUPLICATE),
    (404, 1002, "Invoice does not exist.", Verdict.GONE),
    (400, 1002, "Sales Order does not exist.", Verdict.GONE),
    (400, 2006, "Item does not exist", Verdict.GONE),
    (404, 88888, "Package does not exist.", Verdict.GONE),
    (404, None, "", Verdict.WRONG_ADDRESS),
    (400, 2049, "item is part of other transactions", Verdict.REFUSED),
    (400, 3032, "IGST has to be applied as this is an interstate transaction", Verdict.REFUSED),
    (401, 6041, "This user is not associated with this organisation", Verdict.WRONG_ORGANISATION),
    (400, 9017, "This user is not associated with any organization.", Verdict.WRONG_ORGANISATION),
    (400, 13009, "Please enter the account", Verdict.REFUSED),
    (400, 37135, "already delivered", Verdict.REFUSED),
    (400, 71510, "reverse charge", Verdict.REFUSED),
    (200, 4711, "something new", Verdict.REFUSED),
]


@pytest.mark.parametrize(("status", "code", "message", "verdict"), CATALOGUE)
def test_the_catalogue_is_judged(status: int, code: int | None, message: str, verdict: Verdict) -> None:
    assert judge(status, code, message) is verdict


def test_every_rule_of_the_table_decides_something() -> None:
    decided = {
        next((rule for rule in RULES if rule.matches(status, code, message.lower())), None)
        for status, code, message, verdict in CATALOGUE
        if verdict is not Verdict.SUCCESS
    }
    assert set(RULES) - decided == set()


KINDS = {
    Verdict.UNAUTHORISED: UnauthorisedError,
    Verdict.FORBIDDEN: AuthenticationError,
    Verdict.WRONG_ORGANISATION: ConfigurationError,
    Verdict.WRONG_ADDRESS: ConfigurationError,
    Verdict.DUPLICATE: DuplicateError,
    Verdict.GONE: NotFoundError,
    Verdict.OUTAGE: TransientError,
    Verdict.REFUSED: ZohoError,
} | dict.fromkeys(LIMITS, RateLimitedError)


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.SUCCESS])
def test_every_verdict_has_its_error_which_survives_a_pickle(verdict: Verdict) -> None:
    error = error_for(verdict, doing="GET /x", status=400, code=7, retry_after=3.0, safe=True)
    again = pickle.loads(pickle.dumps(error))
    assert type(error) is type(again) is KINDS[verdict]
    assert str(error) == str(again)
    assert "GET /x" in str(error)
    assert "HTTP 400, code 7" in str(error)


def test_an_outage_of_a_write_leaves_the_outcome_unknown() -> None:
    error = error_for(Verdict.OUTAGE, doing="POST /x", status=502, code=None, retry_after=None, safe=False)
    assert type(error) is OutcomeUnknownError


def test_a_refusal_is_permanent_and_keeps_the_code() -> None:
    error = error_for(
        Verdict.DUPLICATE, doing="POST /x", status=400, code=36004, retry_after=None, safe=False
    )
    assert isinstance(error, PermanentError)
    assert error.code == 36004
