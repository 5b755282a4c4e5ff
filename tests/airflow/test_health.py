"""A24, promise 2.8: a clerk sees what is wrong, in doubt and waiting, and can say what became of a doubt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete

from include.ledger import AuditEntry, Delivery, Intent, Ledger, Outcome, WriteState
from include.ledger.alerts import Move, Step
from include.ledger.tables import inbox
from include.pipelines.flows import DRIFTED
from tests.airflow.test_desk import FLOW, an_exception, clerk  # noqa: F401 - a fixture
from tradebridge.web import exceptions as desk

EVIL = '<img src=x onerror="alert(1)">'


def a_delivery(key: str, version: str = "v") -> Delivery:
    return Delivery("zoho_inventory", "salesorder", key, f"{key}:{version}", version, b"{}")


@pytest.fixture
def doubt(ledger: Ledger) -> str:
    ledger.writes.intend([Intent("w1", FLOW, "sales_order", "9", "v1", "hash")])
    ledger.writes.mark(["w1"], WriteState.IN_DOUBT, detail={"w1": "504"})
    return "w1"


@pytest.fixture
def allowed(clerk: TestClient) -> TestClient:  # noqa: F811
    clerk.app.dependency_overrides[desk.may_replay] = lambda: None
    return clerk


def test_a_quiet_house_says_so(clerk: TestClient) -> None:  # noqa: F811
    html = clerk.get("/health").text
    for words in (
        "Nothing was ever wrong",
        "Every write has a known outcome",
        "Nothing newer waits",
        "balance_books",
    ):
        assert words in html


def test_everything_is_shown_and_escaped(clerk: TestClient, ledger: Ledger, doubt: str) -> None:  # noqa: F811
    ledger.alerts.apply(
        [Step(Move.OPEN, "run_failed:x", 0, FLOW, "run_failed", "high", EVIL)], {"mail": "low"}
    )
    ledger.inbox.keep(FLOW, a_delivery("7"))
    (batch,) = ledger.inbox.claim(FLOW, batch_size=9, max_batches=1, lease=timedelta(minutes=1), run_id="r")
    ledger.exceptions.open([an_exception("7", message=EVIL, record_label=EVIL)])
    ledger.inbox.settle(batch.id, {"7": Outcome.PARKED})
    ledger.inbox.keep(FLOW, a_delivery("7", "newer"))
    ledger.balances.check(FLOW)
    with ledger.database.begin("lose a row") as connection:
        connection.execute(delete(inbox).where(inbox.c.version == "newer"))
    ledger.balances.check(FLOW)
    ledger.inbox.keep(FLOW, a_delivery("7", "newest"))
    answer = clerk.get("/health")
    assert "<img" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for words in (
        "run_failed",
        "mail: opened not delivered",
        "504",
        "kept_and_gone",
        'data-key="w1"',
        "exception 1",
    ):
        assert words in answer.text, words


def test_the_same_as_json(clerk: TestClient, ledger: Ledger, doubt: str) -> None:  # noqa: F811
    ledger.alerts.apply([Step(Move.OPEN, "k", 0, FLOW, "run_failed", "high", "m")], {"mail": "low"})
    ledger.balances.check(FLOW)
    (alert,) = clerk.get("/api/alerts?state=open").json()["alerts"]
    assert (alert["key"], [each["channel"] for each in alert["undelivered"]]) == ("k", ["mail"])
    assert clerk.get("/api/alerts?state=recovered").json() == {"alerts": []}
    assert [each["balanced"] for each in clerk.get("/api/balances").json()["balances"]] == [True]
    (write,) = clerk.get("/api/in-doubt").json()["writes"]
    assert (write["record_key"], write["detail"], write["next_look"]) == ("9", "504", None)
    assert clerk.get("/api/waiting").json() == {"records": []}


def test_a_clerk_confirms_a_doubt(allowed: TestClient, ledger: Ledger, doubt: str) -> None:
    answer = allowed.post("/api/in-doubt/confirm", json={"key": doubt, "target_id": "0000042"})
    assert answer.json() == {"record_key": "9", "state": "committed"}
    link = ledger.crosswalk.find("sales_order", "zoho_inventory", ["9"], "sage100")["9"]
    assert (link.target_id, link.origin) == ("0000042", "confirmed by clerk")
    again = allowed.post("/api/in-doubt/confirm", json={"key": doubt, "target_id": "0000043"})
    assert again.status_code == 404


def test_a_clerk_denies_a_doubt_and_the_flow_sends_again(
    allowed: TestClient, ledger: Ledger, doubt: str
) -> None:
    assert allowed.post("/api/in-doubt/deny", json={"key": doubt}).json()["state"] == "refused"
    assert ledger.inbox.pending(FLOW) == 1
    assert ledger.inbox.history("9")[0].headers["recheck"] == "true"
    assert [entry.action for entry in ledger.audit.of_record("9")] == ["denied"]
    assert allowed.post("/api/in-doubt/deny", json={"key": doubt}).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"key": ""}, {"key": "w1"}, {"key": "w1", "target_id": "1", "actor": "boss"}]
)
def test_nonsense_is_refused(allowed: TestClient, body: dict[str, str]) -> None:
    assert allowed.post("/api/in-doubt/confirm", json=body).status_code == 422


def test_drift_is_listed_newest_first(clerk: TestClient, ledger: Ledger) -> None:  # noqa: F811
    """B9: which field of which item one side said differently, and whose word counts."""
    for before in ("1", "2"):
        drifted = {"before": before, "after": "18", "detail": "unit_price: the erp's word counts"}
        ledger.audit.add(AuditEntry("clarity_products_sage100", DRIFTED, record_key="NW-0001", **drifted))
    ledger.audit.add(AuditEntry("a clerk", "retried", record_key="NW-0001"))
    fields = clerk.get("/api/drift").json()["fields"]
    assert [(each["record_key"], each["before"], each["after"]) for each in fields] == [
        ("NW-0001", "2", "18"),
        ("NW-0001", "1", "18"),
    ]
