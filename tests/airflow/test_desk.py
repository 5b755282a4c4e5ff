"""A4, A16, P5: what waits is shown with its reason, escaped; any name finds a record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from include.ledger import AuditEntry, Delivery, Intent, Ledger, Link, NewException, Told, WriteState
from tests.airflow.events import WEBHOOK, an_event, signed
from tradebridge import site
from tradebridge.web import app as web
from tradebridge.web import exceptions as desk

FLOW = "zoho_orders_to_sage100"


@pytest.fixture
def clerk(ledger: Ledger, rings: list[str]) -> Iterator[TestClient]:
    app = web.create_app()
    app.dependency_overrides[get_user] = lambda: SimpleNamespace(get_name=lambda: "clerk")
    with TestClient(app, raise_server_exceptions=False) as http:
        yield http


def an_exception(key: str = "51298", **changes: object) -> NewException:
    return NewException(
        **{
            "flow": FLOW,
            "record_key": key,
            "record_label": "SO-10248",
            "code": "reference.not_found",
            "disposition": "parked",
            "field": "sku",
            "value": "NW-9999",
            "message": "order SO-10248, line 1: sku 'NW-9999' is not on file",
            "remedy": "Add an alias in Sage, then replay.",
            "candidates": '[{"value": "NW-0009", "label": "Mishi Kobe Niku", "score": 0.9}]',
            **changes,
        }  # type: ignore[arg-type]
    )


def test_a_clerk_reads_reason_remedy_and_closest_match(clerk: TestClient, ledger: Ledger) -> None:
    ledger.exceptions.open([an_exception()])
    html = clerk.get("/exceptions").text
    for words in ("SO-10248", "reference.not_found", "NW-9999", "Add an alias", "NW-0009", "Mishi Kobe Niku"):
        assert words in html


def test_candidates_of_an_ambiguous_customer_can_be_chosen(clerk: TestClient, ledger: Ledger) -> None:
    ledger.exceptions.open([an_exception(code="customer.ambiguous", field="customer_id", value="77")])
    html = clerk.get("/exceptions").text
    assert 'data-entity="customer" data-source="77" data-target="NW-0009"' in html


def test_an_empty_desk_says_so(clerk: TestClient) -> None:
    assert "Nothing waits here" in clerk.get("/exceptions").text


@pytest.mark.parametrize("path", ["/exceptions", "/records?name=SO-%3Cscript%3E"])
def test_other_peoples_words_are_escaped_and_scripts_forbidden(
    clerk: TestClient, ledger: Ledger, path: str
) -> None:
    """OWASP API10: what remote systems send is not trusted on our pages either."""
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    ledger.exceptions.open([an_exception(record_label=evil, message=evil, value=evil, remedy=evil)])
    answer = clerk.get(path)
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_exceptions_come_by_page_state_and_cause(clerk: TestClient, ledger: Ledger) -> None:
    ledger.exceptions.open([an_exception(str(n), value=f"X{n % 2}") for n in range(60)])
    assert len(clerk.get("/api/exceptions?limit=25").json()["exceptions"]) == 25
    cause = clerk.get("/api/exceptions?limit=1").json()["exceptions"][0]["cause"]
    same = clerk.get("/api/exceptions", params={"cause": cause, "limit": 500}).json()["exceptions"]
    assert len(same) == 30
    assert clerk.get("/api/exceptions?state=resolved").json()["exceptions"] == []
    assert "Older" in clerk.get("/exceptions").text


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "offset=-1", "state=lost", "limit=x", f"cause={'c' * 501}"]
)
def test_nonsense_in_a_query_is_refused(clerk: TestClient, query: str) -> None:
    assert clerk.get(f"/api/exceptions?{query}").status_code == 422


def test_any_name_of_a_record_finds_all_that_is_known_of_it(
    clerk: TestClient, ledger: Ledger, client: TestClient
) -> None:
    """A4: reachable from either id, in the API and on the page."""
    body = an_event(7)
    key = "5129873000000200007"
    assert client.post(WEBHOOK, content=body, headers=signed(body)).status_code == 202
    ledger.crosswalk.bind(
        [Link("sales_order", "zoho_inventory", key, "sage100", "0000042", "v1", natural_key="SO-7")]
    )
    ledger.exceptions.open([an_exception(key)])
    ledger.audit.add(AuditEntry(actor=FLOW, action="committed", record_key=key))
    for name in (key, "0000042", "SO-7"):
        known = clerk.get(f"/api/records/{name}").json()
        assert [link["target_id"] for link in known["links"]] == ["0000042"]
        assert [len(known[part]) for part in ("events", "exceptions", "audit")] == [1, 1, 1]
        html = clerk.get("/records", params={"name": name}).text
        for words in ("0000042", "What was done", "committed"):
            assert words in html
    assert "payload" not in known["events"][0]


def test_a_replay_is_asked_of_airflow_with_what_was_chosen(
    clerk: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def trigger(dag_id: str, **wanted: object) -> SimpleNamespace:
        asked.append({"dag_id": dag_id, **wanted})
        return SimpleNamespace(run_id="manual__1")

    monkeypatch.setattr(desk, "trigger_dag", trigger)
    # The right to trigger is Airflow's own dependency; tests/e2e tries the real one.
    clerk.app.dependency_overrides[desk.may_replay] = lambda: None
    answer = clerk.post("/api/exceptions/replay", json={"ids": [3]})
    assert answer.status_code == 202
    assert asked[0]["dag_id"] == "replay_exceptions"
    assert asked[0]["conf"] == {"ids": [3], "cause": "", "siblings": True}
    assert clerk.post("/api/exceptions/replay", json={}).status_code == 422
    assert clerk.post("/api/exceptions/replay", json={"ids": [3], "owner": "me"}).status_code == 422


def test_published_checks_are_served_and_nothing_else_of_the_disk(
    clerk: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "data_docs", lambda: str(tmp_path / "docs"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.html").write_text("all records pass")
    (tmp_path / "secret.html").write_text("secret")
    assert clerk.get("/checks/index.html").text == "all records pass"
    for name in ("..%2Fsecret.html", "%2e%2e/secret.html", "index.htm", "nothing.html"):
        answer = clerk.get(f"/checks/{name}")
        assert answer.status_code == 404
        assert "secret" not in answer.text


def test_rows_kept_by_hand_are_listed_without_their_bodies(clerk: TestClient, ledger: Ledger) -> None:
    ledger.inbox.keep(
        FLOW, Delivery("zoho_inventory", "salesorder", "9", "d9", "v", b'{"email": "a@b.example"}')
    )
    assert "a@b.example" not in clerk.get("/api/records/9").text


def test_a_clerk_may_leave_a_record_out_with_a_reason(clerk: TestClient, ledger: Ledger) -> None:
    clerk.app.dependency_overrides[desk.may_replay] = lambda: None
    (number,) = ledger.exceptions.open([an_exception()])
    assert clerk.post("/api/exceptions/skip", json={"ids": [number], "why": ""}).status_code == 422
    assert (
        clerk.post("/api/exceptions/skip", json={"ids": [number + 1], "why": "test order"}).status_code == 404
    )
    assert clerk.post("/api/exceptions/skip", json={"ids": [number], "why": "test order"}).status_code == 200
    row = ledger.exceptions.get(number)
    assert row is not None
    assert (row.state, row.resolution) == ("resolved", "left out: test order")
    assert [entry.actor for entry in ledger.audit.of_record("51298")] == ["clerk"]


def test_a_clerk_may_say_who_is_who(clerk: TestClient, ledger: Ledger) -> None:
    clerk.app.dependency_overrides[desk.may_replay] = lambda: None
    wanted = {"entity": "customer", "source_id": "77", "target_id": "00-TWIN1"}
    assert clerk.post("/api/links", json=wanted).status_code == 201
    link = ledger.crosswalk.find("customer", "zoho_inventory", ["77"], "sage100")["77"]
    assert (link.target_id, link.origin) == ("00-TWIN1", "named by clerk")
    assert clerk.post("/api/links", json={**wanted, "entity": "galaxy"}).status_code == 422


ACCOUNT, OTHER, PRODUCT = "001dL00000ZyXwVQAV", "001dL00000ZyXwWQAV", "01tdL00000ZyXwVQAV"
CONTACT, ITEM = "460000000026049", "460000000017088"
WHOSE = {
    "entity": "customer", "source_system": "salesforce", "source_id": ACCOUNT,
    "target_system": "zoho_inventory", "target_id": CONTACT,
}  # fmt: skip
WHICH = {**WHOSE, "entity": "item", "source_id": PRODUCT, "target_id": ITEM}
WHAT = {
    "entity": "item", "source_system": "zoho_inventory", "source_id": ITEM, "target_system": "salesforce",
    "target_id": PRODUCT,
}  # fmt: skip
SHOP = {
    "entity": "customer", "source_system": "clarity_ecommerce", "source_id": "77", "target_id": "00-TWIN1",
}  # fmt: skip


@pytest.fixture
def allowed(clerk: TestClient) -> TestClient:
    clerk.app.dependency_overrides[desk.may_replay] = lambda: None
    return clerk


@pytest.mark.parametrize("wanted", [WHOSE, WHICH, WHAT, SHOP], ids=["contact", "item", "product", "shop"])
def test_what_a_clerk_links_is_linked_and_audited(
    allowed: TestClient, ledger: Ledger, wanted: dict[str, str]
) -> None:
    """C28, C16, A16: between any two systems whose flows ask; who was linked before is in the audit trail."""
    whole = {"target_system": "sage100", **wanted}
    key = (whole["entity"], whole["source_system"], [whole["source_id"]], whole["target_system"])
    before = Link(key[0], key[1], whole["source_id"], key[3], "1", "v", "hash", origin="made")
    ledger.crosswalk.bind([before])
    assert allowed.post("/api/links", json=wanted).status_code == 201
    link = ledger.crosswalk.find(*key)[whole["source_id"]]
    assert (link.target_id, link.origin) == (whole["target_id"], "named by clerk")
    assert (link.content_hash, link.source_version) == ("", "")
    (entry,) = ledger.audit.of_record(whole["source_id"])
    assert (entry.actor, entry.action, entry.target_id, entry.before) == (
        "clerk", "linked", whole["target_id"], "1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {**WHOSE, "entity": "sales_order"},
        {**WHOSE, "source_id": "77"},
        {**WHOSE, "source_id": f"{ACCOUNT}' OR 1"},
        {**WHOSE, "target_id": "GULF01"},
        {**WHOSE, "target_id": "\u0664\u0666"},
        {**WHOSE, "target_system": "sage100"},
        {**WHICH, "target_id": PRODUCT},
        {**WHAT, "target_id": ITEM},
        {**WHAT, "entity": "customer"},
        {**WHAT, "target_system": "sage100"},
        {**SHOP, "entity": "item"},
        {**SHOP, "source_system": "sage100"},
        {**SHOP, "target_system": "clarity_ecommerce"},
        {**SHOP, "origin": "made by me"},
    ],
)
def test_what_no_flow_asks_for_is_not_linked(
    allowed: TestClient, ledger: Ledger, wrong: dict[str, str]
) -> None:
    """P5: neither kinds that nothing carries, nor ids that are none of their system's."""
    assert allowed.post("/api/links", json=wrong).status_code == 422
    assert ledger.crosswalk.named(wrong["source_id"]) == []
    assert ledger.audit.of_record(wrong["source_id"]) == []


@pytest.mark.parametrize(("wanted", "other"), [(WHOSE, OTHER), (WHAT, "460000000017099")])
def test_what_is_anothers_is_not_linked_a_second_time(
    allowed: TestClient, ledger: Ledger, wanted: dict[str, str], other: str
) -> None:
    """C16: two accounts of one contact would undo each other; one that was merged away holds nothing."""
    held = Link(
        wanted["entity"], wanted["source_system"], other, wanted["target_system"], wanted["target_id"]
    )
    ledger.crosswalk.bind([held])
    answer = allowed.post("/api/links", json=wanted)
    assert answer.status_code == 409
    assert other in answer.json()["detail"]
    assert [each.source_id for each in ledger.crosswalk.named(wanted["target_id"])] == [other]
    ledger.crosswalk.bind([replace(held, origin="merged by salesforce_customers_to_zoho")])
    assert allowed.post("/api/links", json=wanted).status_code == 201


def test_several_products_may_be_one_item(allowed: TestClient, ledger: Ledger) -> None:
    """C28: an old product and its successor are sold as one."""
    for product in (PRODUCT, "01tdL00000ZyXwWQAV"):
        assert allowed.post("/api/links", json={**WHICH, "source_id": product}).status_code == 201
    assert len(ledger.crosswalk.named(ITEM)) == 2


def test_who_is_linked_anew_is_told_whole(allowed: TestClient, ledger: Ledger) -> None:
    """C16: what the wrong contact was told, the right one does not know."""
    told = Told("customer", "salesforce", ACCOUNT, "zoho_inventory", "{}")
    ledger.told.keep([told])
    ledger.crosswalk.bind([Link("customer", "salesforce", ACCOUNT, "zoho_inventory", "1")])
    allowed.post("/api/links", json=WHOSE)
    assert ledger.told.find("customer", "salesforce", "zoho_inventory", [ACCOUNT]) == {}


WON, CUSTOMERS = "salesforce_closed_won_to_zoho", "salesforce_customers_to_zoho"


def asks(flow: str, code: str, field: str, value: str) -> dict[str, str]:
    return {"flow": flow, "code": code, "field": field, "value": value}


@pytest.mark.parametrize(
    ("row", "linked"),
    [
        (asks(WON, "reference.not_found", "Product2Id", PRODUCT), WHICH),
        (asks(WON, "reference.ambiguous", "Product2Id", PRODUCT), WHICH),
        (asks(CUSTOMERS, "customer.ambiguous", "Id", ACCOUNT), WHOSE),
        (asks("zoho_catalog_to_salesforce", "reference.ambiguous", "ProductCode", "NW-0001"), WHAT),
        (
            asks("clarity_orders_to_sage100", "customer.ambiguous", "customer_id", "77"),
            {**SHOP, "target_system": "sage100"},
        ),
    ],
)
def test_a_candidate_that_may_be_chosen_links_as_the_api_takes_it(
    allowed: TestClient, ledger: Ledger, row: dict[str, str], linked: dict[str, str]
) -> None:
    """A16, C32: what the button sends is what the API takes."""
    target = linked["target_id"]
    candidates = f'[{{"value": "{target}", "label": "Chai", "score": 88.5, "reason": "code and name"}}]'
    ledger.exceptions.open([an_exception(linked["source_id"], **row, candidates=candidates)])
    (button,) = re.findall(r'<button[^>]*data-action="link"[^>]*>', allowed.get("/exceptions").text)
    said = dict(re.findall(r'data-(\w+)="([^"]*)"', button))
    names = {
        "entity": "entity", "source": "source_id", "target": "target_id", "from": "source_system",
        "to": "target_system",
    }  # fmt: skip
    body = {names[name]: told for name, told in said.items() if name in names}
    assert body == linked
    assert allowed.post("/api/links", json=body).status_code == 201


@pytest.mark.parametrize(
    "row",
    [
        asks(WON, "reference.not_found", "Product2Id", ""),
        asks(WON, "record.withdrawn", "IsWon", "false"),
        asks(CUSTOMERS, "customer.ambiguous", "Zoho_Contact_Id__c", CONTACT),
        asks("zoho_orders_to_salesforce", "reference.not_found", "item_id", ITEM),
        asks(FLOW, "reference.not_found", "sku", "NW-9999"),
    ],
)
def test_a_candidate_that_links_nothing_has_no_button(
    clerk: TestClient, ledger: Ledger, row: dict[str, str]
) -> None:
    """A16: a line without a product, and candidates that are no record of the target."""
    ledger.exceptions.open([an_exception(**row)])
    html = clerk.get("/exceptions").text
    assert "NW-0009" in html
    assert 'data-action="link"' not in html


def test_writes_in_doubt_are_listed(clerk: TestClient, ledger: Ledger) -> None:
    ledger.writes.intend([Intent("k", FLOW, "sales_order", "9", "v", "h")])
    ledger.writes.mark(["k"], WriteState.IN_DOUBT)
    assert [write["record_key"] for write in clerk.get("/api/in-doubt").json()["writes"]] == ["9"]
