"""Every code of the reference's catalogue, and what we make of it."""

from __future__ import annotations

import pickle

import pytest

from include.canonical.reasons import Reason
from include.connectors.clarity_ecommerce import errors
from include.connectors.clarity_ecommerce.errors import RULES, Verdict, code_of, error_for, judge, reason_for
from include.connectors.clarity_ecommerce.wire import Problem, problem_of
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

CATALOGUE = [
    (200, "", Verdict.SUCCESS),
    (201, "", Verdict.SUCCESS),
    (204, "", Verdict.SUCCESS),
    (207, "", Verdict.SUCCESS),
    (400, "malformed_json", Verdict.REFUSED),
    (400, "unknown_parameter", Verdict.WRONG_PARAMETER),
    (401, "token_missing", Verdict.TOKEN_REFUSED),
    (401, "token_expired", Verdict.TOKEN_REFUSED),
    (401, "token_invalid", Verdict.TOKEN_REFUSED),
    (401, "key_invalid", Verdict.KEY_REFUSED),
    (401, "", Verdict.TOKEN_REFUSED),
    (403, "insufficient_scope", Verdict.FORBIDDEN),
    (403, "", Verdict.FORBIDDEN),
    (404, "order_not_found", Verdict.GONE),
    (404, "sku_not_found", Verdict.GONE),
    (410, "product_not_found", Verdict.GONE),
    (404, "", Verdict.WRONG_ADDRESS),
    (404, "path_unknown", Verdict.WRONG_ADDRESS),
    (405, "method_not_allowed", Verdict.WRONG_ADDRESS),
    (409, "duplicate", Verdict.DUPLICATE),
    (409, "invalid_status_transition", Verdict.ILLEGAL_MOVE),
    (409, "idempotency_key_reused", Verdict.KEY_REUSED),
    (409, "idempotency_in_progress", Verdict.IN_PROGRESS),
    (409, "something_new", Verdict.REFUSED),
    (412, "row_version_mismatch", Verdict.STALE),
    (412, "", Verdict.STALE),
    (413, "payload_too_large", Verdict.TOO_LARGE),
    (422, "validation_failed", Verdict.REFUSED),
    (429, "rate_limited", Verdict.RATE_LIMITED),
    (429, "concurrency_limited", Verdict.BUSY),
    (429, "", Verdict.RATE_LIMITED),
    (408, "", Verdict.OUTAGE),
    (425, "", Verdict.OUTAGE),
    (500, "internal_error", Verdict.OUTAGE),
    (502, "upstream_error", Verdict.OUTAGE),
    (503, "maintenance", Verdict.MAINTENANCE),
    (503, "", Verdict.OUTAGE),
    (504, "", Verdict.OUTAGE),
    (418, "", Verdict.REFUSED),
]


@pytest.mark.parametrize(("status", "code", "verdict"), CATALOGUE)
def test_the_catalogue_is_judged(status: int, code: str, verdict: Verdict) -> None:
    assert judge(status, code) is verdict


def test_every_rule_of_the_table_decides_something() -> None:
    decided = {
        next((rule for rule in RULES if rule.matches(status, code)), None)
        for status, code, verdict in CATALOGUE
        if verdict is not Verdict.SUCCESS
    }
    assert set(RULES) - decided == set()


KINDS = {
    Verdict.RATE_LIMITED: (RateLimitedError, RateLimitedError),
    Verdict.BUSY: (RateLimitedError, RateLimitedError),
    Verdict.MAINTENANCE: (TransientError, TransientError),
    Verdict.OUTAGE: (TransientError, OutcomeUnknownError),
    Verdict.IN_PROGRESS: (OutcomeUnknownError, OutcomeUnknownError),
    Verdict.TOKEN_REFUSED: (errors.UnauthorisedError, errors.UnauthorisedError),
    Verdict.KEY_REFUSED: (AuthenticationError, AuthenticationError),
    Verdict.FORBIDDEN: (AuthenticationError, AuthenticationError),
    Verdict.WRONG_ADDRESS: (ConfigurationError, ConfigurationError),
    Verdict.WRONG_PARAMETER: (ConfigurationError, ConfigurationError),
    Verdict.GONE: (errors.NotFoundError, errors.NotFoundError),
    Verdict.DUPLICATE: (errors.DuplicateError, errors.DuplicateError),
    Verdict.ILLEGAL_MOVE: (errors.IllegalMoveError, errors.IllegalMoveError),
    Verdict.KEY_REUSED: (errors.KeyReusedError, errors.KeyReusedError),
    Verdict.STALE: (errors.StaleError, errors.StaleError),
    Verdict.TOO_LARGE: (errors.TooLargeError, errors.TooLargeError),
    Verdict.REFUSED: (errors.ClarityError, errors.ClarityError),
}


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.SUCCESS])
@pytest.mark.parametrize("safe", [True, False])
def test_every_verdict_has_its_error_which_survives_a_pickle(verdict: Verdict, safe: bool) -> None:
    error = error_for(verdict, Problem("some_code"), doing="GET /x", status=400, retry_after=3.0, safe=safe)
    again = pickle.loads(pickle.dumps(error))
    assert type(error) is type(again) is KINDS[verdict][0 if safe else 1]
    assert str(error) == str(again)
    assert "GET /x" in str(error)
    assert "HTTP 400, code some_code" in str(error)


def test_a_refusal_names_codes_and_members_and_keeps_them_through_a_pickle() -> None:
    problem = Problem("validation_failed", ("lines[0].quantity", "trackingNumbers"), "70311")
    error = error_for(Verdict.REFUSED, problem, doing="POST /x", status=422, retry_after=None, safe=False)
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, PermanentError)
    assert (again.code, again.fields, again.existing_id) == (problem.code, problem.fields, "70311")
    assert str(again).endswith("members lines[0].quantity, trackingNumbers")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("sku_not_found", Reason.NO_REFERENCE),
        ("order_not_found", Reason.NO_REFERENCE),
        ("duplicate", Reason.DUPLICATE),
        ("invalid_status_transition", Reason.LOCKED_IN_TARGET),
        ("row_version_mismatch", Reason.LOCKED_IN_TARGET),
        ("validation_failed", Reason.REFUSED),
        ("", Reason.REFUSED),
    ],
)
def test_codes_become_reasons_of_the_house(code: str, reason: Reason) -> None:
    assert reason_for(code) is reason


@pytest.mark.parametrize("code", ["Gulf Coast Marine", "Ünknown", "x" * 61, "a b", "", "-x", "a\nb"])
def test_a_code_that_is_no_word_is_not_shown(code: str) -> None:
    assert code_of(code) == ""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>504</html>", Problem()),
        (b"", Problem()),
        (b"[]", Problem()),
        (b'{"code": 17, "errors": []}', Problem("17")),
        (b'{"code": null, "errors": {"a b": [], "ok": []}}', Problem("", ("ok",))),
        (b'{"code": "duplicate", "existingId": 70311}', Problem("duplicate", (), "70311")),
        (b'{"code": "duplicate", "existingId": "70311"}', Problem("duplicate", (), "70311")),
        (b'{"code": "duplicate", "existingId": {"a": 1}}', Problem("duplicate")),
        (b'{"code": "duplicate", "code": "rate_limited"}', Problem()),
    ],
)
def test_a_refusal_says_only_what_may_be_shown(body: bytes, problem: Problem) -> None:
    assert problem_of(body) == problem
