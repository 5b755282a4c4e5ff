"""The real simple-salesforce asks the sandbox, over TLS and through the proxy as it would in production."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from simple_salesforce import Salesforce  # noqa: TID253 - the real client is what is proved
from simple_salesforce.exceptions import SalesforceMalformedRequest  # noqa: TID253 - the real client is what is proved
from simple_salesforce.format import format_soql  # noqa: TID253 - the real client is what is proved

from .salesforce_org import Org, organization

NAMES = [f"Account {number:05d}" for number in range(4_500)]


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    with organization(tmp_path_factory.mktemp("salesforce")) as made:
        accounts = made.insert("Account", [{"Name": name} for name in NAMES])
        people = [{"LastName": f"Person {n}", "AccountId": accounts[0]} for n in range(3)]
        made.insert("Contact", [*people, {"LastName": "Private"}])
        yield made


@pytest.fixture
def sf(org: Org) -> Salesforce:
    return org.client()


def raised(refused: pytest.ExceptionInfo[SalesforceMalformedRequest]) -> str:
    return str(refused.value.content[0]["errorCode"])


def test_a_long_result_comes_page_by_page(sf: Salesforce) -> None:
    first = sf.query("SELECT Id, Name FROM Account ORDER BY Name")
    assert (first["totalSize"], first["done"], len(first["records"])) == (4_500, False, 2_000)
    assert first["nextRecordsUrl"].startswith("/services/data/v64.0/query/0r8")
    assert first["nextRecordsUrl"].endswith("-2000")
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    third = sf.query_more(second["nextRecordsUrl"], identifier_is_url=True)
    assert third["done"]
    assert "nextRecordsUrl" not in third
    walked = [row["Name"] for page in (first, second, third) for row in page["records"]]
    assert walked == NAMES


def test_query_all_and_its_iterator_give_every_record_once(sf: Salesforce) -> None:
    whole = sf.query_all("SELECT Id FROM Account")
    iterated = [row["Id"] for row in sf.query_all_iter("SELECT Id FROM Account")]
    assert whole["totalSize"] == 4_500
    assert [row["Id"] for row in whole["records"]] == iterated
    assert len(set(iterated)) == 4_500


@pytest.mark.parametrize(
    ("asked", "given"), [("200", 200), ("500", 500), ("1", 200), ("9000", 2_000), ("x", 2_000)]
)
def test_the_caller_may_ask_for_smaller_pages(sf: Salesforce, asked: str, given: int) -> None:
    headers = {"Sforce-Query-Options": f"batchSize={asked}"}
    page = sf.query("SELECT Id FROM Account", headers=headers)
    assert len(page["records"]) == given
    more = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    assert len(more["records"]) == given


def test_a_walk_keeps_its_records_whatever_changes_meanwhile(org: Org, sf: Salesforce) -> None:
    first = sf.query("SELECT Id, Name FROM Account ORDER BY Name")
    org.insert("Account", [{"Name": "Account 00000 bis"}])
    try:
        rest = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
        assert [row["Name"] for row in rest["records"]] == NAMES[2_000:4_000]
    finally:
        sf.Account.delete(sf.query("SELECT Id FROM Account WHERE Name LIKE '% bis'")["records"][0]["Id"])


def test_a_locator_belongs_to_the_session_that_opened_it(org: Org, sf: Salesforce) -> None:
    first = sf.query("SELECT Id FROM Account")
    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.client().query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert raised(refused) == "INVALID_QUERY_LOCATOR"
    assert sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)["totalSize"] == 4_500


@pytest.mark.parametrize("locator", ["0r8nonsense-2000", "0r8nonsense", "x-y"])
def test_a_locator_that_nobody_gave_is_refused(sf: Salesforce, locator: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.query_more(locator)
    assert raised(refused) == "INVALID_QUERY_LOCATOR"


def test_a_locator_ends_after_two_days_and_with_the_eleventh_query(org: Org, sf: Salesforce) -> None:
    first = sf.query("SELECT Id FROM Account")["nextRecordsUrl"]
    for _ in range(10):
        latest = sf.query("SELECT Id FROM Account")["nextRecordsUrl"]
    with pytest.raises(SalesforceMalformedRequest):
        sf.query_more(first, identifier_is_url=True)
    org.settings(token_seconds=7 * 86_400)
    try:
        patient = org.client()
        latest = patient.query("SELECT Id FROM Account")["nextRecordsUrl"]
        org.http.post("/_sandbox/clock", json={"jump_seconds": 2 * 86_400 + 1}).raise_for_status()
        with pytest.raises(SalesforceMalformedRequest) as refused:
            patient.query_more(latest, identifier_is_url=True)
        assert raised(refused) == "INVALID_QUERY_LOCATOR"
    finally:
        org.http.post("/_sandbox/clock", json={"jump_seconds": -2 * 86_400 - 1}).raise_for_status()
        org.settings(token_seconds=7_200)


def test_parents_and_children_are_records_within_the_record(sf: Salesforce) -> None:
    soql = (
        "SELECT Id, Owner.Name, (SELECT LastName, Account.Name FROM Contacts ORDER BY LastName DESC) "
        "FROM Account WHERE Name IN ('Account 00000', 'Account 00001') ORDER BY Name"
    )
    first, second = sf.query(soql)["records"]
    assert first["attributes"]["url"] == f"/services/data/v64.0/sobjects/Account/{first['Id']}"
    assert first["Owner"]["attributes"]["type"] == "User"
    people = first["Contacts"]
    assert (people["totalSize"], people["done"]) == (3, True)
    assert [row["LastName"] for row in people["records"]] == ["Person 2", "Person 1", "Person 0"]
    assert people["records"][0]["Account"]["Name"] == "Account 00000"
    assert second["Contacts"] is None
    (private,) = sf.query("SELECT Account.Name FROM Contact WHERE AccountId = null")["records"]
    assert private["Account"] is None


def test_values_that_the_client_quotes_come_through(org: Org, sf: Salesforce) -> None:
    awkward = 'O\'Brien \\ "Sons" & Co. 100% + ä'
    created = sf.Account.create({"Name": awkward})["id"]
    try:
        found = sf.query(format_soql("SELECT Id FROM Account WHERE Name = {}", awkward))
        assert [row["Id"] for row in found["records"]] == [created]
        like = format_soql("SELECT Id FROM Account WHERE Name LIKE '%{:like}%'", "100%")
        assert sf.query(like)["totalSize"] == 1
        since = datetime.now(UTC) - timedelta(hours=1)
        many = format_soql(
            "SELECT COUNT() FROM Account WHERE SystemModstamp > {} AND Name IN {}", since, [awkward, NAMES[0]]
        )
        answer = sf.query(many)
        assert (answer["totalSize"], answer["records"]) == (2, [])
    finally:
        sf.Account.delete(created)


def test_a_deleted_record_is_seen_by_query_all_only(sf: Salesforce) -> None:
    gone = sf.Account.create({"Name": "Gone"})["id"]
    sf.Account.delete(gone)
    soql = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{gone[:15]}'"
    assert sf.query(soql)["totalSize"] == 0
    (row,) = sf.query(soql, include_deleted=True)["records"]
    assert (row["Id"], row["IsDeleted"]) == (gone, True)


def test_an_aggregate_has_records_of_its_own_kind(sf: Salesforce) -> None:
    (row,) = sf.query("SELECT COUNT(Id), MAX(Name) last FROM Account WHERE Name LIKE 'account%'")["records"]
    assert row == {"attributes": {"type": "AggregateResult"}, "expr0": 4_500, "last": "Account 04499"}


@pytest.mark.parametrize(
    ("soql", "code", "said"),
    [
        ("SELECT Id, Name FORM Account", "MALFORMED_QUERY", "unexpected token: 'Account'"),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("", "MALFORMED_QUERY", "<EOF>"),
    ],
)
def test_a_bad_query_is_refused_in_salesforces_words(sf: Salesforce, soql: str, code: str, said: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.query(soql)
    assert raised(refused) == code
    assert said in refused.value.content[0]["message"]


def test_an_address_that_is_too_long_is_refused(sf: Salesforce) -> None:
    def status(length: int) -> int:
        soql = f"SELECT Id FROM Account WHERE Name = '{'x' * length}'"
        answer: requests.Response = sf.session.get(
            f"{sf.base_url}query/", params={"q": soql}, headers=sf.headers
        )
        return answer.status_code

    assert [status(length) for length in (14_000, 16_250, 16_400)] == [200, 431, 414]


def test_search_finds_words_in_names(sf: Salesforce) -> None:
    found = sf.search("FIND {00042} IN NAME FIELDS RETURNING Account(Id, Name), Contact(LastName)")
    assert [row["Name"] for row in found["searchRecords"]] == ["Account 00042"]
    prefixed = sf.search("FIND {Perso*} IN NAME FIELDS RETURNING Contact(LastName ORDER BY LastName LIMIT 2)")
    assert [row["LastName"] for row in prefixed["searchRecords"]] == ["Person 0", "Person 1"]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.search("FIND nothing")
    assert raised(refused) == "MALFORMED_SEARCH"


def test_updated_and_deleted_list_what_changed(org: Org, sf: Salesforce) -> None:
    begin = datetime.now(UTC) - timedelta(minutes=5)
    kept, gone = (sf.Product2.create({"Name": name})["id"] for name in ("Kept", "Gone"))
    sf.Product2.delete(gone)
    org.http.post("/_sandbox/clock", json={"jump_seconds": 120}).raise_for_status()
    try:
        end = datetime.now(UTC) + timedelta(minutes=2)
        updated = sf.Product2.updated(begin, end)
        deleted = sf.Product2.deleted(begin, end)
    finally:
        org.http.post("/_sandbox/clock", json={"jump_seconds": -120}).raise_for_status()
    assert updated["ids"] == [kept]
    assert updated["latestDateCovered"].endswith(":00.000+0000")
    assert [row["id"] for row in deleted["deletedRecords"]] == [gone]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Product2.updated(begin - timedelta(days=40), end)
    assert raised(refused) == "INVALID_REPLICATION_DATE"
