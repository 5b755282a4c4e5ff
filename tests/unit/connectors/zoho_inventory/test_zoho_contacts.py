"""Contacts written, seen from the wire: what is asked after each answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests.models import PreparedRequest

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Document
from include.connectors.zoho_inventory import ZohoContacts
from include.connectors.zoho_inventory.contacts import LOOKS

from .conftest import Bench, Reply

KEY = "0018d00002XyAbCAAV"
FIELDS = [{"api_name": "cf_salesforce_id"}, {"api_name": "cf_x"}]
PREFERENCES: Reply = (200, {}, {"code": 0, "preferences": {"customfields": {"contact": FIELDS}}})
LOST: Reply = (502, {}, {"code": 1000, "message": "Internal error"})
TAKEN: Reply = (400, {}, {"code": 3062, "message": 'The customer "Secret Name" already exists.'})


def contact(**members: Any) -> dict[str, Any]:
    marks = {"cf_salesforce_id": KEY, "cf_salesforce_id_unformatted": KEY}
    whole = {"contact_id": "77", "contact_name": "X", "status": "active", "contact_persons": []}
    return {**whole, "custom_field_hash": marks, **members}


def said(**members: Any) -> Reply:
    return 200, {}, {"code": 0, "message": "ok", "contact": contact(**members)}


def rows(*found: dict[str, Any]) -> Reply:
    return 200, {}, {"code": 0, "message": "ok", "contacts": list(found), "page_context": {}}


def asked(bench: Bench) -> list[str]:
    return [f"{r.method} {urlsplit(r.url).path.removeprefix('/inventory/v1')}" for r in bench.zoho.asked]


def body(request: PreparedRequest) -> dict[str, Any]:
    return dict(json.loads(request.body or b"{}"))


def writing(bench: Bench, *replies: Reply, slept: list[float] | None = None, **members: Any) -> Answer:
    bench.zoho.replies(PREFERENCES, *replies)
    target = members.pop("target_id", "")
    document = Document(KEY, json.dumps({"contact_name": "X", **members}), target, "k")
    sleep: Callable[[float], None] = (slept if slept is not None else []).append
    (answer,) = ZohoContacts(bench.client(attempts=1), sleep=sleep).write([document])
    return answer


def test_a_new_contact_bears_our_mark(bench: Bench) -> None:
    answer = writing(bench, said(), credit_limit=1.10)
    assert (answer.status, answer.target_id, answer.key) == ("created", "77", "k")
    sent = bench.zoho.asked[-1]
    assert body(sent)["custom_fields"] == [{"api_name": "cf_salesforce_id", "value": KEY}]
    assert b'"credit_limit":1.1' in (sent.body or b"")


def test_a_mark_that_the_document_brings_is_not_doubled(bench: Bench) -> None:
    writing(bench, said(), cf_salesforce_id=KEY)
    assert body(bench.zoho.asked[-1])["custom_fields"] == [{"api_name": "cf_salesforce_id", "value": KEY}]


def test_a_change_of_fields_alone_asks_for_nothing_first(bench: Bench) -> None:
    bench.zoho.replies(said())
    document = Document(KEY, '{"notes": "n"}', "77", "k")
    assert ZohoContacts(bench.client()).write([document])[0].status == "changed"
    assert asked(bench) == ["PUT /contacts/77"]
    assert body(bench.zoho.asked[0]) == {"notes": "n"}


def test_a_lost_answer_is_looked_for_by_mark_then_by_name(bench: Bench) -> None:
    """C11: filters that Zoho may ignore are looked at again on the rows."""
    stranger = contact(contact_id="1", custom_field_hash={"cf_salesforce_id": "other"})
    slept: list[float] = []
    answer = writing(
        bench, LOST, rows(stranger), rows(), rows(stranger), rows(contact()), said(), slept=slept
    )
    assert (answer.status, answer.target_id) == ("created", "77")
    assert slept == [LOOKS[1]]
    looks = [parse_qs(urlsplit(r.url).query) for r in bench.zoho.asked[2:6]]
    assert [("cf_salesforce_id" in look, "contact_name" in look) for look in looks] == [
        (True, False),
        (False, True),
        (True, False),
        (False, True),
    ]


def test_what_nobody_finds_is_unknown(bench: Bench) -> None:
    slept: list[float] = []
    assert writing(bench, LOST, rows(), slept=slept).status == "unknown"
    assert slept == list(LOOKS[1:])
    assert asked(bench).count("POST /contacts") == 1


def test_a_name_taken_by_ours_is_made_equal(bench: Bench) -> None:
    answer = writing(bench, TAKEN, rows(contact()), said())
    assert (answer.status, answer.target_id) == ("adopted", "77")
    assert asked(bench)[-1] == "PUT /contacts/77"


def test_a_name_taken_by_another_is_refused_and_zohos_words_stay_there(bench: Bench) -> None:
    other = contact(contact_id="1", contact_name="x", custom_field_hash={})
    answer = writing(bench, TAKEN, rows(), rows(other))
    (refusal,) = answer.errors
    assert (refusal.code, refusal.reason, refusal.field) == ("3062", Reason.DUPLICATE, "contact_name")
    assert "Secret Name" not in refusal.message
    assert "contact 1 " in refusal.message


def test_a_contact_that_changed_hands_while_written_is_not_told_off(bench: Bench) -> None:
    """A switch that must wait leaves the contact unfinished, not unwritten."""
    blocked: Reply = (429, {"Retry-After": "3600"}, {"code": 43, "message": "blocked"})
    answer = writing(bench, said(), blocked, is_active=False)
    assert (answer.status, answer.retry_after) == ("unknown", 3600.0)


@pytest.mark.parametrize(("status", "calls"), [("active", 1), ("inactive", 0)])
def test_the_status_is_asked_for_where_it_differs(bench: Bench, status: str, calls: int) -> None:
    """C25."""
    ok: Reply = (200, {}, {"code": 0, "message": "ok"})
    assert writing(bench, said(status=status), ok, is_active=False).status == "created"
    assert asked(bench).count("POST /contacts/77/inactive") == calls


def test_a_value_that_zoho_drops_is_not_called_done(bench: Bench) -> None:
    answer = writing(bench, said(), cf_x="no such choice")
    assert [(each.reason, each.field) for each in answer.errors] == [(Reason.READ_BACK_DIFFERS, "cf_x")]


def test_an_id_that_cannot_be_one_is_not_asked_for(bench: Bench) -> None:
    bench.zoho.replies(PREFERENCES)
    document = Document(KEY, '{"notes": "n"}', "../items/1", "k")
    assert ZohoContacts(bench.client()).write([document])[0].status == "refused"
    assert not bench.zoho.asked
