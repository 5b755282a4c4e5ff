"""After all the other tests: secrets and customers' addresses are nowhere but where they belong."""

from __future__ import annotations

import hmac
import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.connectors.zoho_inventory.webhook import SIGNATURE_HEADER
from include.standalone.environment import SANDBOX_SAGE_PASSWORD, SANDBOX_WEBHOOK_SECRET, SANDBOX_ZOHO
from include.standalone.tally import FLOW
from tests.e2e.site import RECEIVER, Site

pytestmark = pytest.mark.e2e

MAIL = "canary.bird@vins-et-alcools.example"
PHONE = "+33 5 55 01 99 71"
NAME = "Canaribelle"
BODY = f'{{"salesorder": {{"customer_name": "{NAME}", "email": "{MAIL}", "phone": "{PHONE}"}}}}'.encode()
PAGES = ("exceptions?state=open", "exceptions?state=resolved", "records?name=", "limits", "health")
APIS = ("exceptions?limit=500", "in-doubt", "reports?limit=500", "limits", "waiting", "balances", "alerts")
BELONGS = ("secrets", "postgres", "sandbox", "airflow/tradebridge/staging")
"""Secrets' own folder, the databases' files (asked by SQL below), what the sandbox plays, staged batches."""
TEXTUAL = ("text", "character varying", "json", "jsonb", "bytea")


@pytest.fixture(scope="module")
def canaries(site: Site) -> list[str]:
    """Telling customers walk, are parked, come unsigned and unreadably, and stand in errors of Zoho."""
    good, parked, troubled = site.place(3, like="SO-10248", announce=False)
    fault = site.control("POST", "/faults", quoting(troubled))["id"]
    for order_id in (good, parked, troubled):
        people = [
            {**person, "email": MAIL, "phone": PHONE, "first_name": NAME}
            for person in site.order(order_id)["contact_person_details"]
        ]
        changes = {"contact_person_details": people, "email": MAIL}
        asked = {"changes": changes, "raw": True, "announce": order_id != parked}
        site.control("PUT", f"/zoho/salesorders/{order_id}", asked)
    site.rename_sku(parked, "NW-0011-CANARY")
    assert announced(site, BODY, signed=False) == 401
    assert announced(site, BODY, signed=True) == 400
    site.wait_settled([good, troubled])
    site.wait_until(lambda: site.exceptions_of(parked), "the other order to be parked")
    site.wait_until(lambda: strikes(site, fault) == 2, "both errors to be answered")
    site.control("DELETE", f"/faults/{fault}")
    assert site.sage("SELECT 1 FROM SO_SalesOrderHeader WHERE EmailAddress = ?", MAIL)
    secrets = site.machine.secrets
    return [
        MAIL,
        PHONE,
        NAME,
        SANDBOX_WEBHOOK_SECRET,
        SANDBOX_SAGE_PASSWORD,
        SANDBOX_ZOHO["client_secret"],
        SANDBOX_ZOHO["refresh_token"],
        secrets.gateway_token,
        secrets.ledger_key,
        secrets.postgres_password,
        secrets.admin_password,
        secrets.airflow_jwt_secret,
        secrets.airflow_secret_key,
        secrets.airflow_fernet_key,
    ]


def strikes(site: Site, fault: int) -> int:
    """How often Zoho has answered with the error by now."""
    return next(rule["struck"] for rule in site.control("GET", "/faults")["faults"] if rule["id"] == fault)


def quoting(order_id: str) -> dict[str, object]:
    """Zoho answers twice with an error that quotes the customer."""
    body = {"code": 5, "message": f"Internal error for {NAME} <{MAIL}>, {PHONE}"}
    return {"kind": "status", "path": f"*/salesorders/{order_id}", "status": 500, "times": 2, "body": body}


def announced(site: Site, body: bytes, *, signed: bool) -> int:
    tag = hmac.digest(SANDBOX_WEBHOOK_SECRET.encode(), body, "sha256").hex() if signed else "0" * 64
    headers = {SIGNATURE_HEADER: tag, "Content-Type": "application/json"}
    return site.guest.post(RECEIVER, content=body, headers=headers).status_code


def test_no_file_of_the_run_folder_shows_a_secret_or_a_customer(site: Site, canaries: list[str]) -> None:
    """A19, A48: logs of every process and task, rendered pages, the gateway's memory."""
    looked_at = 0
    found = []
    for file in files(site.machine.run):
        content = file.read_bytes()
        looked_at += 1
        found += [f"{file}: {canary[:12]}" for canary in canaries if canary.encode() in content]
    assert not found
    assert looked_at > 20


@pytest.mark.parametrize("database", ["airflow", "tradebridge"])
def test_no_table_shows_a_secret_or_a_customer(site: Site, canaries: list[str], database: str) -> None:
    """XComs, rendered templates, runs' parameters, exceptions, audit: all but the webhooks' own bodies."""
    columns = columns_of(site, database)
    assert sum(map(len, columns.values())) > 20
    found = [
        f"{table}: {canary[:12]}"
        for table, names in columns.items()
        for canary in canaries_in(site, database, table, names, canaries)
    ]
    assert not found


def test_the_search_finds_what_is_there(site: Site, canaries: list[str]) -> None:
    bodies = ["encode(payload, 'escape')"]
    assert canaries_in(site, "tradebridge", "inbox", bodies, canaries) == [MAIL, PHONE, NAME]


def test_no_page_and_no_answer_shows_a_secret_or_a_customer(site: Site, canaries: list[str]) -> None:
    """Ours, and Airflow about each task of the newest runs: logs, XComs, rendered templates."""
    found = []
    for path in (*airflows(site), *ours(site)):
        answer = site.airflow.get(path)
        assert answer.status_code == 200, path
        told = answer.text + html.unescape(answer.text)
        found += [f"{path}: {canary[:12]}" for canary in canaries if canary in told]
    assert not found


def ours(site: Site) -> Iterator[str]:
    keys = [row["record_key"] for row in site.airflow.get("/tradebridge/api/exceptions").json()["exceptions"]]
    yield from (f"/tradebridge/{page}" for page in PAGES)
    yield from (f"/tradebridge/api/{path}" for path in APIS)
    yield from (f"/tradebridge/records?name={key}" for key in keys[:20])


def airflows(site: Site) -> Iterator[str]:
    runs = [f"/api/v2/dags/{FLOW}/dagRuns/{run['dag_run_id']}" for run in site.runs()[:8]]
    looked_at = 0
    for run in runs:
        yield run
        for task in site.airflow.get(f"{run}/taskInstances", params={"limit": 100}).json()["task_instances"]:
            place = f"{run}/taskInstances/{task['task_id']}"
            one = f"{place}/{task['map_index']}" if task["map_index"] >= 0 else place
            yield one  # with its rendered templates
            if task["try_number"]:
                yield f"{place}/logs/{task['try_number']}?map_index={task['map_index']}"
            yield f"{place}/xcomEntries?map_index={task['map_index']}"
            looked_at += 1
    assert looked_at > 20
    yield "/api/v2/eventLogs?limit=100&order_by=-event_log_id"
    yield "/api/v2/connections"
    yield "/api/v2/variables"


def canaries_in(site: Site, database: str, table: str, names: list[str], canaries: list[str]) -> list[str]:
    """The canaries that any row of the table holds."""
    told = " || ' ' || ".join(f"coalesce({name}, '')" for name in names)
    sql = f"""SELECT canary FROM unnest(CAST(:canaries AS text[])) AS canary
              WHERE EXISTS (SELECT 1 FROM "{table}" WHERE position(canary in {told}) > 0)"""
    return [canary for (canary,) in site.ask(database, sql, canaries=canaries)]


def files(run: Path) -> Iterator[Path]:
    """Every regular file that must not tell anything."""
    for file in run.rglob("*"):
        inside = file.relative_to(run).as_posix()
        if file.is_file() and not inside.startswith(BELONGS):
            yield file


def columns_of(site: Site, database: str) -> dict[str, list[str]]:
    """Every column that may hold text, as text, by table; but not the bodies of webhooks."""
    rows = site.ask(
        database,
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public' AND data_type = ANY(:kinds)",
        kinds=list(TEXTUAL),
    )
    found: dict[str, list[str]] = {}
    for table, column, kind in rows:
        if (table, column) != ("inbox", "payload"):
            as_text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'CAST("{column}" AS text)'
            found.setdefault(table, []).append(as_text)
    return found
