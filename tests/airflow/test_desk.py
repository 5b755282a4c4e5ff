"""A4, A16, P5: what waits is shown with its reason, escaped; any name finds a record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from include.ledger import AuditEntry, Delivery, Intent, Ledger, Link, NewException, WriteState
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


def test_writes_in_doubt_are_listed(clerk: TestClient, ledger: Ledger) -> None:
    ledger.writes.intend([Intent("k", FLOW, "sales_order", "9", "v", "h")])
    ledger.writes.mark(["k"], WriteState.IN_DOUBT)
    assert [write["record_key"] for write in clerk.get("/api/in-doubt").json()["writes"]] == ["9"]
