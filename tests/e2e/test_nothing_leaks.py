"""After all the other tests: secrets and customers' addresses are nowhere but where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.standalone.environment import SANDBOX_SAGE_PASSWORD, SANDBOX_WEBHOOK_SECRET, SANDBOX_ZOHO
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

MAIL = "canary.bird@vins-et-alcools.example"
BELONGS = ("secrets", "postgres", "sandbox", "airflow/tradebridge/staging")
"""Secrets' own folder, the databases' files (asked by SQL below), what the sandbox plays, staged batches."""
TEXTUAL = ("text", "character varying", "json", "jsonb", "bytea")


@pytest.fixture(scope="module")
def canaries(site: Site) -> list[str]:
    """An order with a telling address walks, another one is parked; then all that must not be seen."""
    good, parked = site.place(2, like="SO-10248", announce=False)
    for order_id in (good, parked):
        people = [{**person, "email": MAIL} for person in site.order(order_id)["contact_person_details"]]
        changes = {"contact_person_details": people, "email": MAIL}
        asked = {"changes": changes, "raw": True, "announce": order_id == good}
        site.control("PUT", f"/zoho/salesorders/{order_id}", asked)
    site.rename_sku(parked, "NW-0011-CANARY")
    site.wait_settled([good])
    site.wait_until(lambda: site.exceptions_of(parked), 60, "the other order to be parked")
    assert site.sage("SELECT 1 FROM SO_SalesOrderHeader WHERE EmailAddress = ?", MAIL)
    secrets = site.machine.secrets
    return [
        MAIL,
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
    assert canaries_in(site, "tradebridge", "inbox", bodies, canaries) == [MAIL]


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
