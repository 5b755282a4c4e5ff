"""What Zoho refuses, in our vocabulary; and what becomes of the records behind one."""

from __future__ import annotations

from typing import Any

import pytest

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Document
from include.connectors.zoho_inventory.errors import DuplicateError, NotFoundError, ZohoError, field_of
from include.connectors.zoho_inventory.refusals import after_effect, one_by_one, refusal_of
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    IntegrationError,
    OutcomeUnknownError,
    RateLimitedError,
    UnreachableError,
)

DOCUMENTS = [Document(str(n), "{}", "", f"k{n}") for n in range(4)]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Invalid value passed for contact_name", "contact_name"),
        ("Invalid value passed for bill_number.", "bill_number"),
        ("Please ensure that the contact_name has less than 200 characters.", "contact_name"),
        ('The customer "Invalid value passed for x" already exists.', ""),
        ("Invalid value passed for Mr. Smith of 5 Main Street", ""),
        ("", ""),
    ],
)
def test_a_refusal_names_its_field_and_nothing_of_a_customers(message: str, field: str) -> None:
    assert field_of(message) == field


@pytest.mark.parametrize(
    ("error", "members", "reason", "field"),
    [
        (ZohoError("m", code=4, field="date"), {}, Reason.MISSING, "date"),
        (ZohoError("m", code=4, field="date"), {"date": ""}, Reason.MISSING, "date"),
        (ZohoError("m", code=4, field="date"), {"date": "x"}, Reason.INVALID_FORMAT, "date"),
        (ZohoError("m", code=4, field="rate"), {"line_items": [{"rate": 0}]}, Reason.INVALID_FORMAT, "rate"),
        (ZohoError("m", code=4, field="rate"), {"line_items": [{"rate": 0}, {}]}, Reason.MISSING, "rate"),
        (ZohoError("m", code=4), {}, Reason.REFUSED, ""),
        (ZohoError("m", code=15, field="notes"), {}, Reason.TOO_LONG, "notes"),
        (NotFoundError("m", code=2006), {}, Reason.NO_REFERENCE, ""),
        (NotFoundError("m"), {}, Reason.NO_REFERENCE, ""),
        (DuplicateError("m", code=3062), {}, Reason.DUPLICATE, "contact_name"),
        (DuplicateError("m", code=1001), {}, Reason.DUPLICATE, ""),
        (ZohoError("m", code=36012), {}, Reason.REFUSED, ""),
        (ZohoError("m"), {}, Reason.REFUSED, ""),
    ],
)
def test_a_refusal_has_a_reason(
    error: ZohoError, members: dict[str, Any], reason: Reason, field: str
) -> None:
    """C31."""
    refusal = refusal_of(error, members)
    assert (refusal.reason, refusal.field) == (reason, field)
    assert refusal.code == ("none" if error.code is None else str(error.code))


def answered(*outcomes: IntegrationError | None) -> list[str]:
    left = list(outcomes)

    def write(document: Document) -> Answer:
        error = left.pop(0)
        if error is not None:
            raise error
        return Answer(document.idempotency_key, "created", "1")

    answers = one_by_one(DOCUMENTS[: len(outcomes)], write)
    assert [answer.key for answer in answers] == [f"k{n}" for n in range(len(outcomes))]
    return [answer.status for answer in answers]


def test_one_records_trouble_is_its_own() -> None:
    assert answered(None, ZohoError("m", code=4), OutcomeUnknownError("m"), None) == [
        "created",
        "refused",
        "unknown",
        "created",
    ]


@pytest.mark.parametrize(
    "error",
    [
        RateLimitedError("m", retry_after=9.0),
        UnreachableError("m"),
        AuthenticationError("m"),
        ConfigurationError("m"),
    ],
)
def test_what_stops_one_stops_all_behind_it(error: IntegrationError) -> None:
    assert answered(None, error, None) == ["created", "retry", "retry"]
    with pytest.raises(type(error)):
        answered(error, None)


def test_what_fails_after_the_effect_leaves_it_unfinished() -> None:
    with pytest.raises(OutcomeUnknownError) as caught, after_effect():
        raise RateLimitedError("m", retry_after=60.0)
    assert caught.value.retry_after == 60.0
    with pytest.raises(ZohoError), after_effect():
        raise ZohoError("m", code=4)
