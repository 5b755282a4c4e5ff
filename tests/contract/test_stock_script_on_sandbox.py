"""An afternoon's script with stock simple-salesforce: what a user writes runs on the sandbox as on an org.

One walk from the login to the last error, each step on what the earlier ones left. Nothing is ours but the
proxy and the authority of the connection.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import (  # noqa: TID253 - the real client is what is tried
    Salesforce,
    exceptions,
    format_external_id,
    format_soql,
)

from .salesforce_org import VERSION, Org, organization

ITEM = "Zoho_Item_Id__c"
BASE = f"/services/data/v{VERSION}"


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    with organization(tmp_path_factory.mktemp("salesforce")) as made:
        made.http.post("/_sandbox/load", json={"story": "salesforce", "limit": 12}).raise_for_status()
        yield made


@pytest.fixture(scope="module")
def sf(org: Org) -> Salesforce:
    """Connected once, as a script is."""
    return org.client()


def test_connect_and_look_around(sf: Salesforce) -> None:
    assert sf.sf_instance == "acme.my.salesforce.com"
    assert {"Account", "Contact", "Opportunity", "Order", "Product2"} <= {
        each["name"] for each in sf.describe()["sobjects"]
    }
    fields = {field["name"]: field for field in sf.Product2.describe()["fields"]}
    assert (fields[ITEM]["externalId"], fields[ITEM]["custom"], fields["Name"]["nillable"]) == (
        True,
        True,
        False,
    )
    day = sf.limits()["DailyApiRequests"]
    assert 0 < day["Remaining"] < day["Max"]


def test_ask_with_a_filter(sf: Salesforce) -> None:
    everybody = sf.query_all("SELECT Id, Name, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name")
    assert (everybody["done"], everybody["totalSize"]) == (True, 12)
    name = everybody["records"][0]["Name"]
    found = sf.query_all(format_soql("SELECT Id, Name FROM Account WHERE Name = {}", name))
    assert [row["Name"] for row in found["records"]] == [name]
    some = sf.query_all_iter(format_soql("SELECT Id FROM Account WHERE Name LIKE '{:like}%'", name[:1]))
    assert found["records"][0]["Id"] in {row["Id"] for row in some}
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 12
    assert sf.quick_search(name.split()[0])["searchRecords"][0]["attributes"]["type"] == "Account"


def test_create_change_and_delete(sf: Salesforce) -> None:
    made = sf.Contact.create({"FirstName": "Ngozi", "LastName": "Okafor", "Email": "ngozi@harbor.example"})
    assert (made["success"], made["errors"]) == (True, [])
    assert sf.Contact.update(made["id"], {"Title": "Buyer", "Email": None}) == 204
    contact = sf.Contact.get(made["id"])
    assert (contact["Name"], contact["Title"], contact["Email"]) == ("Ngozi Okafor", "Buyer", None)
    assert sf.Contact.delete(made["id"]) == 204
    assert sf.query_all(f"SELECT Id FROM Contact WHERE Id = '{made['id']}'")["totalSize"] == 0
    binned = sf.query_all(f"SELECT IsDeleted FROM Contact WHERE Id = '{made['id']}'", include_deleted=True)
    assert [row["IsDeleted"] for row in binned["records"]] == [True]


def test_upsert_by_an_external_id(sf: Salesforce) -> None:
    product = format_external_id(ITEM, "4815/LMP-1")
    values = {"Name": "Dock Lamp", "ProductCode": "LMP-1", "IsActive": True}
    assert sf.Product2.upsert(product, values) == 201
    assert sf.Product2.upsert(product, {"Description": "brass"}) == 200
    lamp = sf.Product2.get_by_custom_id(ITEM, "4815/LMP-1")
    assert (lamp["Name"], lamp["Description"]) == ("Dock Lamp", "brass")


def test_several_calls_in_one(sf: Salesforce) -> None:
    """The graph of an account, its contact and its deal, undone as a whole when one step fails."""

    def asked(stage: str | None) -> dict[str, Any]:
        deal = {"Name": "Refit", "AccountId": "@{buyer.id}", "CloseDate": "2026-12-01", "StageName": stage}
        person = {"LastName": "Vega", "AccountId": "@{buyer.id}"}
        return {
            "allOrNone": True,
            "compositeRequest": [
                _post("buyer", "Account", {"Name": "Refit Marina"}),
                _post("person", "Contact", person),
                _post("deal", "Opportunity", {name: value for name, value in deal.items() if value}),
            ],
        }

    failed = sf.restful("composite", method="POST", json=asked(None))["compositeResponse"]
    assert [each["httpStatusCode"] for each in failed] == [400, 400, 400]
    assert failed[2]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert sf.query("SELECT COUNT() FROM Account WHERE Name = 'Refit Marina'")["totalSize"] == 0
    done = sf.restful("composite", method="POST", json=asked("Prospecting"))["compositeResponse"]
    assert [each["httpStatusCode"] for each in done] == [201, 201, 201]
    (deal,) = sf.query_all("SELECT Account.Name, IsWon FROM Opportunity WHERE Name = 'Refit'")["records"]
    assert (deal["Account"]["Name"], deal["IsWon"]) == ("Refit Marina", False)


def _post(reference: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": "POST", "url": f"{BASE}/sobjects/{name}", "referenceId": reference, "body": body}


def test_many_at_once(sf: Salesforce, tmp_path: Path) -> None:
    """Bulk API 2.0: a file, then records, then a query into a folder."""
    catalogue = tmp_path / "catalogue.csv"
    with catalogue.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([ITEM, "Name", "IsActive"])
        rows.writerows([f"bulk-{n}", f'Rope "{n}", 10 m', "true"] for n in range(300))
    (job,) = sf.bulk2.Product2.upsert(str(catalogue), external_id_field=ITEM, wait=0)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (300, 0)

    changes = [{ITEM: f"bulk-{n}", "Name": f"Rope {n}" if n else "x" * 300} for n in range(3)]
    (job,) = sf.bulk2.Product2.upsert(records=changes, external_id_field=ITEM, wait=0)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 1)
    (failure,) = _csv(sf.bulk2.Product2.get_failed_records(job["job_id"]))
    assert failure[ITEM] == "bulk-0"
    assert failure["sf__Error"].startswith("STRING_TOO_LONG:")
    successes = _csv(sf.bulk2.Product2.get_successful_records(job["job_id"]))
    assert [row["sf__Created"] for row in successes] == ["false", "false"]

    question = f"SELECT {ITEM}, Name FROM Product2 WHERE {ITEM} LIKE 'bulk-%'"
    names = {
        row[ITEM]: row["Name"] for page in sf.bulk2.Product2.query(question, wait=0) for row in _csv(page)
    }
    assert len(names) == 300
    assert (names["bulk-0"], names["bulk-1"]) == ('Rope "0", 10 m', "Rope 1")
    (kept,) = sf.bulk2.Product2.download(question, path=str(tmp_path), wait=0)
    assert kept["number_of_records"] == 300
    assert len(_csv(Path(kept["file"]).read_text(encoding="utf-8"))) == 300


def _csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_what_goes_wrong_has_the_clients_own_names(org: Org, sf: Salesforce) -> None:
    with pytest.raises(exceptions.SalesforceMalformedRequest, match="No such column 'Colour__c'"):
        sf.query("SELECT Colour__c FROM Account")
    with pytest.raises(exceptions.SalesforceMalformedRequest) as field:
        sf.Account.create({"Name": "Harbor", "Colour__c": "red"})
    assert field.value.content[0]["errorCode"] == "INVALID_FIELD"
    with pytest.raises(exceptions.SalesforceMalformedRequest) as missing:
        sf.Contact.create({"FirstName": "Nobody"})
    assert missing.value.content[0]["fields"] == ["LastName"]
    with pytest.raises(exceptions.SalesforceResourceNotFound):
        sf.Account.get("001Hp00000ZZZZZ")
    with pytest.raises(exceptions.SalesforceResourceNotFound):
        sf.Nothing__c.describe()
    _let_two_share_a_key(org, sf)
    with pytest.raises(exceptions.SalesforceMoreThanOneRecord):
        sf.Account.get_by_custom_id("Twin__c", "same")
    known = {"instance": sf.sf_instance, "version": VERSION, "session": sf.session}
    stale = Salesforce(session_id="00D!none", **known)
    with pytest.raises(exceptions.SalesforceExpiredSession):
        stale.restful("limits")


def _let_two_share_a_key(org: Org, sf: Salesforce) -> None:
    """An external id need not be unique."""
    twin = {"name": "Twin__c", "type": "string", "length": 20, "externalId": True}
    org.http.post("/_sandbox/salesforce/schema/Account/fields", json=twin).raise_for_status()
    for name in ("One", "Two"):
        sf.Account.create({"Name": name, "Twin__c": "same"})
