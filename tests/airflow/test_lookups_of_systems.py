"""C8: look-ups of the four systems themselves, through Airflow's connections, TLS, proxy and ODBC."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.api_fastapi.core_api.security import get_user
from cryptography.fernet import Fernet
from fastapi.testclient import TestClient

from include.ledger import Ledger
from tests.airflow.four_systems import (
    CLARITY,
    CUSTOMER,
    ITEM,
    ORDER,
    SAGE,
    SALESFORCE,
    ZOHO,
    Systems,
    family,
    four_systems,
)
from tradebridge import connections, lookups
from tradebridge.web import app as web
from tradebridge.web.exceptions import may_replay

REMOTE = {ZOHO: 1, CLARITY: 1, SALESFORCE: 1}
"""One call each; Sage 100 is asked over ODBC."""


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    with four_systems(tmp_path_factory.mktemp("systems")) as made:
        yield made


@pytest.fixture(scope="module")
def book(empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    path = shutil.copy(empty_ledger, tmp_path_factory.mktemp("book") / "book.sqlite")
    made = Ledger.connect(f"sqlite:///{path}", secret_key=Fernet.generate_key().decode())
    yield made
    made.close()


@pytest.fixture(scope="module")
def ids(systems: Systems, book: Ledger) -> dict[str, dict[str, str]]:
    return family(systems, book)


@pytest.fixture
def clerk(
    systems: Systems,
    ids: dict[str, dict[str, str]],
    book: Ledger,
    rings: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TestClient]:
    """Nothing is remembered and nothing is wrong."""
    monkeypatch.setattr(connections, "ledger", lambda *_: book)
    lookups.lookup.cache_clear()
    lookups._client.cache_clear()
    app = web.create_app()
    app.dependency_overrides[get_user] = lambda: SimpleNamespace(get_name=lambda: "clerk")
    app.dependency_overrides[may_replay] = lambda: None
    with TestClient(app, raise_server_exceptions=False) as http:
        systems.mend()
        yield http
    systems.mend()
    for kind in lookups.ENTITIES:
        lookups.lookup(kind).close()
    lookups.lookup.cache_clear()
    lookups._client.cache_clear()


def told(clerk: TestClient, kind: str, name: str, **asked: Any) -> list[dict[str, Any]]:
    answer = clerk.get(f"/api/{kind}/{name}", params={"within": 10, "max_age": 0} | asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.parametrize("kind", ["customers", "orders", "items"])
def test_by_any_system_s_id_the_whole_family_is_found_with_one_call_to_each(
    clerk: TestClient, systems: Systems, ids: dict[str, dict[str, str]], kind: str
) -> None:
    expected = {(place.split()[0], record) for place, record in ids[kind].items()}
    for asked, record in enumerate(ids[kind].values(), start=1):
        found = told(clerk, kind, record)
        assert {(each["system"], each["id"]) for each in found} == expected
        assert found[0]["id"] == record, "what was asked for comes first"
        for each in found:
            assert (each["problem"], each["stale"]) == ("", False)
            assert each["record"], each["system"]
            assert 0 <= each["age"] < 60
        assert systems.calls() == Counter({system: n * asked for system, n in REMOTE.items()})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("customers", "Ana Trujillo"),
        ("customers", "C-1001"),
        ("orders", "SO-10248"),
        ("orders", "WEB-7"),
        ("orders", "SF-1"),
        ("items", "CHAI-1"),
    ],
)
def test_by_what_people_call_it_the_whole_family_is_found(
    clerk: TestClient, ids: dict[str, dict[str, str]], kind: str, name: str
) -> None:
    assert {each["id"] for each in told(clerk, kind, name)} == set(ids[kind].values())


def test_an_id_of_a_report_or_of_a_spreadsheet_is_the_same_id(
    clerk: TestClient, systems: Systems, ids: dict[str, dict[str, str]]
) -> None:
    """15 characters, which tell capitals from small letters, or 18, of which the last three tell them."""
    account = ids["customers"][SALESFORCE]
    for spelt in (account, account[:15], account.lower()):
        assert told(clerk, "customers", spelt, max_age=60)[0]["id"] == account
    assert systems.calls() == Counter(REMOTE)


def test_a_customer_in_salesforce_is_told_with_its_people_and_without_what_is_no_clerk_s_business(
    clerk: TestClient, ids: dict[str, dict[str, str]]
) -> None:
    (found,) = told(clerk, "customers", ids["customers"][SALESFORCE], system=SALESFORCE)
    record = found["record"]
    assert (record["Name"], record["Phone"], record["IsDeleted"]) == ("Ana Trujillo", "555", False)
    assert [each["Email"] for each in record["Contacts"]] == ["ana@example.com"]
    assert not {"Description", "OwnerId", "CreatedById", "SystemModstamp", "attributes"} & set(record)
    assert not {"OwnerId", "Birthdate", "attributes"} & set(record["Contacts"][0])


def test_a_contact_of_nobody_and_a_product_are_found_by_id_in_salesforce(
    clerk: TestClient, systems: Systems
) -> None:
    person = systems.insert("Contact", LastName="Solo", Email="solo@example.com")
    lamp = systems.insert("Product2", Name="Lamp", ProductCode="LMP")
    systems.mend()
    (contact,) = told(clerk, "customers", person[:15], system=SALESFORCE)
    assert contact["record"]["Email"] == "solo@example.com"
    (product,) = told(clerk, "items", lamp, system=SALESFORCE)
    assert product["record"]["ProductCode"] == "LMP"
    assert clerk.get(f"/api/orders/{lamp}", params={"system": SALESFORCE}).status_code == 404
    assert systems.calls() == Counter({SALESFORCE: 2}), "an id of another kind costs no call"


def test_a_field_that_is_hidden_spoils_no_answer(
    clerk: TestClient, systems: Systems, ids: dict[str, dict[str, str]]
) -> None:
    hidden = systems.http.put("/salesforce/schema/Account/fields/Phone", json={"hidden": True})
    hidden.raise_for_status()
    try:
        (found,) = told(clerk, "customers", ids["customers"][SALESFORCE], system=SALESFORCE)
        assert found["record"]["Name"] == "Ana Trujillo"
        assert "Phone" not in found["record"]
    finally:
        systems.http.put("/salesforce/schema/Account/fields/Phone", json={"hidden": False})


def test_an_item_that_is_linked_with_nothing_is_found_in_sage_by_its_code(clerk: TestClient) -> None:
    (found,) = told(clerk, "items", "NW-0002")
    assert (found["system"], found["record"]["ItemCode"]) == (SAGE, "NW-0002")
    assert clerk.get("/api/items/NW-NONE").status_code == 404


def test_of_two_contacts_of_one_customer_the_one_that_is_asked_for_is_read(
    clerk: TestClient, systems: Systems, book: Ledger, ids: dict[str, dict[str, str]]
) -> None:
    """Zoho shows one contact a call; the bound holds, and of the other it is said how to see it."""
    from include.ledger import Link

    other = "5129873000082000002"
    book.crosswalk.bind([Link("customer", ZOHO, other, SAGE, CUSTOMER, natural_key="Ana's brother")])
    try:
        for asked in (other, ids["customers"][ZOHO]):
            systems.mend()
            found = {each["id"]: each for each in told(clerk, "customers", asked) if each["system"] == ZOHO}
            assert found[asked]["record"]["contact_id"] == asked
            (unread,) = set(found) - {asked}
            assert "look" in found[unread]["problem"]
            assert systems.calls()[ZOHO] == 1
    finally:
        book.crosswalk.bind([Link("customer", ZOHO, other, SAGE, "00-OTHER")])


@pytest.mark.parametrize("system", [ZOHO, CLARITY, SALESFORCE])
def test_a_system_that_is_down_is_told_stale_or_unavailable_and_the_others_fresh(
    clerk: TestClient, systems: Systems, ids: dict[str, dict[str, str]], system: str
) -> None:
    played = {ZOHO: "zoho", CLARITY: "clarity", SALESFORCE: "salesforce"}[system]
    # The others have answered a moment ago, so that a slow machine is not taken for a slow system.
    told(clerk, "customers", CUSTOMER, system=sorted({ZOHO, CLARITY, SALESFORCE, SAGE} - {system}))
    systems.fault("delay", played, seconds=3)
    found = told(clerk, "customers", CUSTOMER, within=0.5, max_age=3600)
    by_system = {each["system"]: each for each in found}
    away = by_system.pop(system)
    assert (away["record"], away["read_at"], away["stale"]) == (None, None, False)
    assert away["problem"] == f"{system} did not answer in time"
    assert {each["problem"] for each in by_system.values()} == {""}
    assert len(by_system) == 3
    systems.mend()


def test_a_system_that_was_read_before_is_told_as_it_was_with_its_age(
    clerk: TestClient, systems: Systems, ids: dict[str, dict[str, str]]
) -> None:
    told(clerk, "orders", ORDER)
    systems.fault("status", "salesforce", status=503)
    found = [each for each in told(clerk, "orders", ORDER) if each["system"] == SALESFORCE]
    assert {each["id"] for each in found} == {ids["orders"][SALESFORCE], ids["orders"][f"{SALESFORCE} order"]}
    for each in found:
        assert each["stale"]
        assert each["record"]["Id"] == each["id"]
        assert each["age"] > 0
        assert each["problem"]


def test_when_nothing_is_known_and_nobody_answers_it_is_a_time_out_and_no_error_of_ours(
    clerk: TestClient, systems: Systems, ids: dict[str, dict[str, str]]
) -> None:
    systems.fault("delay", "salesforce", seconds=3)
    answer = clerk.get(f"/api/items/{ITEM}", params={"system": SALESFORCE, "within": 0.3})
    assert answer.status_code == 504
    assert answer.json() == {"detail": "salesforce did not answer in time"}
    systems.mend()
