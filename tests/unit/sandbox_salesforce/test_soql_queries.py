"""What SOQL answers: a table of conditions and orders over a handful of records."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.sandbox.salesforce.soql.query import prepare
from include.sandbox.salesforce.store import Store

from .soql_org import asked, insert, names, store_in

PRODUCTS: tuple[dict[str, Any], ...] = (
    {"Name": "Amber", "Family": "Lamps", "Zoho_Stock__c": 10, "IsActive": True, "Zoho_Item_Id__c": "AB1"},
    {"Name": "amber glow", "Family": "lamps", "Zoho_Stock__c": "2.5", "Zoho_Item_Id__c": "ab2"},
    {"Name": "Cable 100%", "Zoho_Stock__c": 0, "IsActive": True},
    {"Name": "D_rop", "Family": "Parts"},
    {"Name": "Dxrop", "Family": "Parts", "Zoho_Stock__c": -3},
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = store_in(tmp_path_factory.mktemp("soql"))
    insert(made, "Product2", *PRODUCTS)
    accounts = insert(
        made,
        "Account",
        {"Name": "Acme", "BillingCity": "Bremen"},
        {"Name": "Bolt", "NumberOfEmployees": 5},
        {"Name": "Crow"},
    )
    insert(made, "Account", {"Name": "Child", "ParentId": accounts[0]})
    insert(
        made,
        "Contact",
        {"LastName": "Okafor", "FirstName": "Ines", "AccountId": accounts[0], "Birthdate": "1990-05-17"},
        {"LastName": "Adler", "AccountId": accounts[0], "Birthdate": "2026-03-04"},
        {"LastName": "Bauer", "AccountId": accounts[1], "Birthdate": "2026-02-28"},
        {"LastName": "Alone"},
    )
    yield made
    made.database.close()


AMBER, GLOW, CABLE, DROP, X = (str(row["Name"]) for row in PRODUCTS)
EVERY = [AMBER, GLOW, CABLE, DROP, X]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("", EVERY),
        ("WHERE Name = 'AMBER'", [AMBER]),
        ("WHERE name != 'amber'", [GLOW, CABLE, DROP, X]),
        ("WHERE Family <> 'Lamps'", [CABLE, DROP, X]),
        ("WHERE Family = null", [CABLE]),
        ("WHERE Family = ''", [CABLE]),
        ("WHERE Family != null", [AMBER, GLOW, DROP, X]),
        ("WHERE Family IN ('LAMPS', null)", [AMBER, GLOW, CABLE]),
        ("WHERE Family NOT IN ('Lamps')", [CABLE, DROP, X]),
        ("WHERE NOT Family = 'Lamps'", [CABLE, DROP, X]),
        ("WHERE NOT (Family = 'Lamps' OR Name LIKE 'd%')", [CABLE]),
        ("WHERE Name LIKE 'amber%'", [AMBER, GLOW]),
        ("WHERE Name LIKE '%LO_'", [GLOW]),
        (r"WHERE Name LIKE 'D\_rop'", [DROP]),
        ("WHERE Name LIKE 'D_rop'", [DROP, X]),
        (r"WHERE Name LIKE '%\%'", [CABLE]),
        ("WHERE Family LIKE '%'", [AMBER, GLOW, DROP, X]),
        ("WHERE Zoho_Stock__c = 2.50", [GLOW]),
        ("WHERE Zoho_Stock__c > -4 AND Zoho_Stock__c <= 0", [CABLE, X]),
        ("WHERE Zoho_Stock__c < 1e1", [GLOW, CABLE, X]),
        ("WHERE Zoho_Stock__c IN (0, 10)", [AMBER, CABLE]),
        ("WHERE IsActive = TRUE", [AMBER, CABLE]),
        ("WHERE IsActive != true", [GLOW, DROP, X]),
        ("WHERE Name > 'cable'", [CABLE, DROP, X]),
        ("WHERE Zoho_Item_Id__c = 'ab1'", [AMBER]),
        ("WHERE Zoho_Item_Id__c IN ('AB2', 'none')", [GLOW]),
        ("WHERE (Family = 'Parts' AND Zoho_Stock__c = null) OR Name = 'Amber'", [AMBER, DROP]),
        ("ORDER BY Zoho_Stock__c", [DROP, X, CABLE, GLOW, AMBER]),
        ("ORDER BY Zoho_Stock__c DESC NULLS LAST", [AMBER, GLOW, CABLE, X, DROP]),
        ("ORDER BY Zoho_Stock__c DESC", [DROP, AMBER, GLOW, CABLE, X]),
        ("ORDER BY Family NULLS LAST, Name DESC", [GLOW, AMBER, X, DROP, CABLE]),
        ("ORDER BY Name LIMIT 2", [AMBER, GLOW]),
        ("ORDER BY Name LIMIT 2 OFFSET 3", [DROP, X]),
        ("LIMIT 0", []),
        ("ORDER BY Id DESC LIMIT 1", [X]),
        ("WHERE SystemModstamp = 2026-03-04T12:00:00Z ORDER BY SystemModstamp, Id LIMIT 1", [AMBER]),
        ("WHERE SystemModstamp >= 2026-03-04T13:00:00+01:00", EVERY),
        ("WHERE SystemModstamp > 2026-03-04T12:00:00.000+0000", []),
        ("WHERE CreatedDate = TODAY", EVERY),
        ("WHERE CreatedDate < TODAY", []),
        ("WHERE CreatedDate >= LAST_N_DAYS:1", EVERY),
        ("p WHERE p.Family = 'Parts' AND Product2.Name = 'Dxrop'", [X]),
        ("WHERE Name = 'Amber' FOR VIEW", [AMBER]),
        ("WHERE Name\n=\t'Amber'", [AMBER]),
    ],
)
def test_a_condition_finds_these_products(store: Store, where: str, found: list[str]) -> None:
    assert names(store, where) == found


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Birthdate = 1990-05-17", ["Okafor"]),
        ("Birthdate = TODAY", ["Adler"]),
        ("Birthdate = LAST_WEEK", ["Bauer"]),
        ("Birthdate = LAST_N_DAYS:4", ["Adler", "Bauer"]),
        ("Birthdate < THIS_MONTH", ["Okafor", "Bauer"]),
        ("Birthdate <= THIS_MONTH AND Birthdate != null", ["Okafor", "Adler", "Bauer"]),
        ("Birthdate != TODAY", ["Okafor", "Bauer", "Alone"]),
        ("Birthdate IN (TODAY, 1990-05-17)", ["Okafor", "Adler"]),
        ("Birthdate = N_YEARS_AGO:36", ["Okafor"]),
        ("Account.Name = 'acme'", ["Okafor", "Adler"]),
        ("Account.Name != 'acme'", ["Bauer", "Alone"]),
        ("Account.Owner.Name = null", ["Okafor", "Adler", "Bauer", "Alone"]),
        ("AccountId IN (SELECT Id FROM Account WHERE BillingCity = 'Bremen')", ["Okafor", "Adler"]),
        ("AccountId NOT IN (SELECT Id FROM Account WHERE BillingCity = 'Bremen')", ["Bauer", "Alone"]),
        ("AccountId = null", ["Alone"]),
    ],
)
def test_dates_parents_and_semi_joins_find_these_people(store: Store, where: str, found: list[str]) -> None:
    rows = asked(store, f"SELECT LastName FROM Contact WHERE {where}")
    assert [row["LastName"] for row in rows] == found


def test_ids_are_known_by_fifteen_letters_but_by_their_case(store: Store) -> None:
    (account,) = asked(store, "SELECT Id FROM Account WHERE Name = 'Acme'")
    short = account["Id"][:15]
    assert names(store, f"WHERE Id = '{short}'", of="Account") == ["Acme"]
    assert names(store, f"WHERE ParentId = '{short}'", of="Account") == ["Child"]
    assert names(store, f"WHERE Id IN ('{short}', '{account['Id']}')", of="Account") == ["Acme"]


def test_a_record_is_shown_with_parents_and_children(store: Store) -> None:
    soql = (
        "SELECT Name, Parent.Name, Parent.Parent.Name, (SELECT LastName, Account.Name FROM Contacts "
        "WHERE FirstName = null), (SELECT Name FROM ChildAccounts) FROM Account "
        "WHERE Name IN ('Child', 'Acme') ORDER BY Name"
    )
    acme, child = asked(store, soql)
    assert list(acme) == ["attributes", "Name", "Parent", "Contacts", "ChildAccounts"]
    assert acme["Parent"] is None
    assert [row["LastName"] for row in acme["Contacts"]["records"]] == ["Adler"]
    assert acme["ChildAccounts"]["totalSize"] == 1
    assert child["Parent"]["Name"] == "Acme"
    assert child["Parent"]["Parent"] is None
    assert child["Contacts"] is None


def test_children_are_limited_each_for_themselves(store: Store) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 1) FROM Account ORDER BY Name"
    rows = asked(store, soql)
    shown = {
        row["Name"]: row["Contacts"] and [one["LastName"] for one in row["Contacts"]["records"]]
        for row in rows
    }
    assert shown == {"Acme": ["Adler"], "Bolt": ["Bauer"], "Child": None, "Crow": None}


def test_fields_stands_for_many(store: Store) -> None:
    (every,) = asked(store, "SELECT FIELDS(ALL) FROM Product2 WHERE Name = 'Amber' LIMIT 200")
    (own,) = asked(store, "SELECT FIELDS(CUSTOM), Id FROM Product2 WHERE Name = 'Amber' LIMIT 1")
    (standard,) = asked(store, "SELECT FIELDS(STANDARD) FROM Product2 WHERE Name = 'Amber'")
    assert {name for name in own if name.endswith("__c")} == set(own) - {"attributes", "Id"}
    assert set(standard) | set(own) == set(every)


@pytest.mark.parametrize(
    ("soql", "rows"),
    [
        ("SELECT COUNT(Id) FROM Product2", [{"expr0": 5}]),
        (
            "SELECT COUNT(Family) n, COUNT_DISTINCT(Family), SUM(Zoho_Stock__c) FROM Product2",
            [{"n": 4, "expr0": 2, "expr1": Decimal("9.50")}],
        ),
        (
            "SELECT MAX(Zoho_Stock__c), MIN(Name) FROM Product2 WHERE Name = 'none'",
            [{"expr0": None, "expr1": None}],
        ),
        (
            "SELECT Family, COUNT(Id) n FROM Product2 GROUP BY Family ORDER BY COUNT(Id) DESC, Family",
            [{"Family": "Lamps", "n": 2}, {"Family": "Parts", "n": 2}, {"Family": None, "n": 1}],
        ),
        ("SELECT Family FROM Product2 GROUP BY Family HAVING COUNT(Id) = 1", [{"Family": None}]),
        (
            (
                "SELECT Account.Name, MAX(Birthdate) d FROM Contact GROUP BY Account.Name "
                "HAVING MAX(Birthdate) = TODAY"
            ),
            [{"Name": "Acme", "d": "2026-03-04"}],
        ),
        (
            "SELECT AVG(Zoho_Stock__c) mean FROM Product2 WHERE Zoho_Stock__c >= 0",
            [{"mean": Decimal("12.5") / 3}],
        ),
    ],
)
def test_an_aggregate_sums_rows_up(store: Store, soql: str, rows: list[dict[str, Any]]) -> None:
    found = asked(store, soql)
    assert [{name: value for name, value in row.items() if name != "attributes"} for row in found] == rows


def test_count_alone_answers_by_its_size(store: Store) -> None:
    answer = prepare(store, "SELECT COUNT() FROM Product2 WHERE Family = 'Parts'").run()
    assert (answer.total, answer.page(0, 9, "")) == (2, [])


def test_a_multi_select_picklist_holds_choices(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.schema.add_field("Product2", {"name": "Uses__c", "type": "multipicklist"})
    uses = {"both": "Indoor;Outdoor", "in": "Indoor", "none": None}
    insert(store, "Product2", *({"Name": name, "Uses__c": value} for name, value in uses.items()))
    assert names(store, "WHERE Uses__c INCLUDES ('indoor')") == ["both", "in"]
    assert names(store, "WHERE Uses__c INCLUDES ('Indoor;Outdoor', 'Garden')") == ["both"]
    assert names(store, "WHERE Uses__c EXCLUDES ('Outdoor')") == ["in", "none"]
    assert names(store, "WHERE Uses__c = 'Outdoor;Indoor'") == ["both"]
    store.database.close()


def test_deleted_records_count_only_when_asked_for(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    kept, gone = insert(store, "Product2", {"Name": "Kept", "Zoho_Item_Id__c": "1"}, {"Name": "Gone"})
    with store.commit("005Hp0000000001IAA") as tx:
        tx.delete("Product2", gone)
    assert names(store, "") == ["Kept"]
    assert names(store, "", deleted=True) == ["Kept", "Gone"]
    assert names(store, "WHERE IsDeleted = true", deleted=True) == ["Gone"]
    assert names(store, f"WHERE Id IN ('{kept}', '{gone}')") == ["Kept"]
    assert names(store, f"WHERE Id IN ('{kept}', '{gone}')", deleted=True) == ["Kept", "Gone"]
    assert names(store, "WHERE Zoho_Item_Id__c = '1'", deleted=True) == ["Kept"]
    store.database.close()
