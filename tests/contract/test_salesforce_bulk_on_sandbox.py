"""Bulk API 2.0 and 1.0 as the real simple-salesforce and Airflow's own operator use them."""

from __future__ import annotations

import csv
import io
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from airflow.providers.salesforce.operators.bulk import SalesforceBulkOperator
from simple_salesforce import Salesforce  # noqa: TID253 - the real client is what is proved
from simple_salesforce.bulk2 import (  # noqa: TID253 - the real client is what is proved
    ColumnDelimiter,
    LineEnding,
)
from simple_salesforce.exceptions import (  # noqa: TID253 - the real client is what is proved
    SalesforceMalformedRequest,
    SalesforceOperationError,
)

from .salesforce_org import HOST, VERSION, Org, organization

PATIENCE = 30.0
INGEST = {"object": "Product2", "contentType": "CSV", "operation": "insert"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    with organization(tmp_path_factory.mktemp("salesforce")) as made:
        yield made


@pytest.fixture
def org(served: Org) -> Org:
    served.reset()
    return served


@pytest.fixture
def sf(org: Org) -> Salesforce:
    return org.client()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bulk API 1.0's client looks every five seconds and takes no word against it."""
    monkeypatch.setattr("simple_salesforce.bulk.sleep", lambda _seconds: time.sleep(0.02))


def records(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def refusal(error: pytest.ExceptionInfo[SalesforceMalformedRequest]) -> str:
    return str(error.value.content[0]["errorCode"])


class Job:
    """An ingest job by hand, for what the client's own helpers do not do."""

    def __init__(self, sf: Salesforce, **said: Any) -> None:
        self.sf = sf
        self.info = sf.restful("jobs/ingest", method="POST", json=INGEST | said)
        self.path = f"jobs/ingest/{self.info['id']}"

    def upload(self, text: str, kind: str = "text/csv") -> requests.Response:
        headers = self.sf.headers | {"Content-Type": kind}
        url = f"{self.sf.base_url}{self.path}/batches"
        return self.sf.session.put(url, data=text.encode(), headers=headers)

    def close(self) -> Any:
        return self.sf.restful(self.path, method="PATCH", json={"state": "UploadComplete"})

    def seen(self) -> Any:
        return self.sf.restful(self.path)

    def ended(self) -> Any:
        deadline = time.monotonic() + PATIENCE
        while (seen := self.seen())["state"] not in {"JobComplete", "Failed", "Aborted"}:
            assert time.monotonic() < deadline, seen
            time.sleep(0.01)
        return seen

    def run(self, text: str) -> Any:
        assert self.upload(text).status_code == 201
        self.close()
        return self.ended()

    def results(self, kind: str) -> str:
        answer = self.sf.session.get(f"{self.sf.base_url}{self.path}/{kind}", headers=self.sf.headers)
        assert answer.headers["content-type"] == "text/csv"
        return answer.text


def test_thousands_of_rows_are_upserted_and_the_bad_ones_told_apart(org: Org, sf: Salesforce) -> None:
    (known,) = org.insert("Product2", [{"Name": "Old", "Zoho_Item_Id__c": "0", "Description": "stays"}])
    rows = [{"Zoho_Item_Id__c": str(n), "Name": f"Item {n}", "IsActive": "true"} for n in range(5_000)]
    rows[7]["Name"] = ""
    rows[4_100]["Name"] = "x" * 256
    (done,) = sf.bulk2.Product2.upsert(records=rows, external_id_field="Zoho_Item_Id__c", wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (5_000, 2)
    failed = records(sf.bulk2.Product2.get_failed_records(done["job_id"]))
    assert {row["Zoho_Item_Id__c"]: (row["sf__Id"], row["sf__Error"]) for row in failed} == {
        "7": ("", "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"),
        "4100": (
            "",
            f"STRING_TOO_LONG:Product Name: data value too large: {'x' * 256} (max length=255):Name --",
        ),
    }
    successes = records(sf.bulk2.Product2.get_successful_records(done["job_id"]))
    assert len(successes) == 4_998
    created = {row["Zoho_Item_Id__c"]: (row["sf__Id"], row["sf__Created"]) for row in successes}
    assert created["0"] == (known, "false")
    assert {flag for key, (_, flag) in created.items() if key != "0"} == {"true"}
    assert sf.Product2.get(known)["Description"] == "stays"
    assert sf.query("SELECT COUNT() FROM Product2 WHERE IsActive = true")["totalSize"] == 4_998
    assert sf.bulk2.Product2.get_unprocessed_records(done["job_id"]).splitlines()[1:] == []


def test_a_query_job_is_read_page_by_page(org: Org, sf: Salesforce) -> None:
    names = [f'Item {n}, "quoted"\nnext line' for n in range(2_500)]
    org.insert("Product2", [{"Name": name, "Zoho_Stock__c": 2.5} for name in names])
    soql = "SELECT Id, Name, IsActive, Zoho_Stock__c, Family, SystemModstamp FROM Product2 ORDER BY Id"
    pages = list(sf.bulk2.Product2.query(soql, max_records=1_000, wait=0))
    assert [len(records(page)) for page in pages] == [1_000, 1_000, 500]
    rows = [row for page in pages for row in records(page)]
    assert [row["Name"] for row in rows] == names
    assert {(row["IsActive"], row["Zoho_Stock__c"], row["Family"]) for row in rows} == {("false", "2.5", "")}
    assert rows[0]["SystemModstamp"].endswith(".000Z")
    assert pages[1].splitlines()[0] == '"Id","Name","IsActive","Zoho_Stock__c","Family","SystemModstamp"'


def test_a_query_job_reaches_parents_and_the_recycle_bin(org: Org, sf: Salesforce) -> None:
    (account,) = org.insert("Account", [{"Name": "Acme"}])
    kept, gone = org.insert("Contact", [{"LastName": "Kept", "AccountId": account}, {"LastName": "Gone"}])
    sf.Contact.delete(gone)
    soql = "SELECT Id, Account.Name FROM Contact"
    (live,) = sf.bulk2.Contact.query(soql, wait=0)
    assert records(live) == [{"Id": kept, "Account.Name": "Acme"}]
    (every,) = sf.bulk2.Contact.query_all(soql, wait=0)
    assert [row["Id"] for row in records(every)] == [kept, gone]


@pytest.mark.parametrize(
    ("soql", "said"),
    [
        ("SELECT COUNT(Id) FROM Account", "Aggregate Relationships not supported"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "Aggregate Relationships not supported"),
        ("SELECT BillingAddress FROM Account", "compound data not supported"),
        ("SELECT Nope FROM Account", "No such column 'Nope'"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_when_asked(sf: Salesforce, soql: str, said: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        list(sf.bulk2.Account.query(soql, wait=0))
    assert refusal(refused) == "API_ERROR"
    assert said in refused.value.content[0]["message"]


def test_an_empty_cell_says_nothing_and_a_marked_one_empties_the_field(org: Org, sf: Salesforce) -> None:
    first, second = org.insert(
        "Product2", [{"Name": "A", "Description": "a", "Family": "x"}, {"Name": "B", "Description": "b"}]
    )
    job = Job(sf, operation="update")
    ended = job.run(f"Id,Description,Family\n{first},#N/A,\n{second[:15]},,new\n")
    assert (ended["state"], ended["numberRecordsProcessed"], ended["numberRecordsFailed"]) == (
        "JobComplete",
        2,
        0,
    )
    read = {row: sf.Product2.get(row) for row in (first, second)}
    assert (read[first]["Description"], read[first]["Family"]) == (None, "x")
    assert (read[second]["Description"], read[second]["Family"]) == ("b", "new")


def test_a_parent_is_named_by_its_external_id(org: Org, sf: Salesforce) -> None:
    (account,) = org.insert("Account", [{"Name": "Acme", "Zoho_Contact_Id__c": "77"}])
    job = Job(sf, object="Contact")
    job.run("LastName,Account.Zoho_Contact_Id__c\nKnown,77\nLost,78\n")
    (failed,) = records(job.results("failedResults"))
    assert failed["LastName"] == "Lost"
    assert failed["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: 78 not found")
    (written,) = records(job.results("successfulResults"))
    assert sf.Contact.get(written["sf__Id"])["AccountId"] == account


@pytest.mark.parametrize(
    ("delimiter", "sign", "ending", "end"),
    [
        (ColumnDelimiter.SEMICOLON, ";", LineEnding.CRLF, "\r\n"),
        (ColumnDelimiter.TAB, "\t", LineEnding.LF, "\n"),
        (ColumnDelimiter.CARET, "^", LineEnding.LF, "\n"),
    ],
)
def test_delimiters_and_line_ends_are_the_jobs(
    sf: Salesforce, delimiter: ColumnDelimiter, sign: str, ending: LineEnding, end: str
) -> None:
    text = end.join([f"Name{sign}Description", f'"A{sign}B"{sign}"line{end}""two"""', ""])
    job = Job(sf, columnDelimiter=delimiter, lineEnding=ending)
    assert job.run(text)["numberRecordsFailed"] == 0
    raw = job.results("successfulResults")
    (row,) = records(raw, sign)
    assert sf.Product2.get(row["sf__Id"])["Name"] == f"A{sign}B"
    assert row["Description"] == f'line{end}"two"'
    assert raw.partition(end)[0] == f'"sf__Id"{sign}"sf__Created"{sign}Name{sign}Description'


@pytest.mark.parametrize(
    ("said", "text", "error"),
    [
        ({}, "Name,Nmae\nA,B\n", "InvalidBatch : Field name not found : Nmae"),
        ({}, "Name,Owner.Nope\nA,B\n", "InvalidBatch : Field name not found : Owner.Nope"),
        ({"operation": "update"}, "Name\nA\n", "InvalidBatch : Field name not found : Id"),
        (
            {"operation": "upsert", "externalIdFieldName": "zoho_item_id__c"},
            "Name\nA\n",
            "InvalidBatch : Field name not found : Zoho_Item_Id__c",
        ),
        (
            {"lineEnding": "LF"},
            "Name\r\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ({}, "", "InvalidBatch : The file has no header"),
    ],
)
def test_a_bad_header_fails_the_whole_job(
    sf: Salesforce, said: dict[str, str], text: str, error: str
) -> None:
    job = Job(sf, **said)
    ended = job.run(text)
    assert (ended["state"], ended["errorMessage"]) == ("Failed", error)
    assert (ended["numberRecordsProcessed"], ended["numberRecordsFailed"]) == (0, 0)


def test_a_failed_job_shows_its_rows_as_unprocessed(sf: Salesforce) -> None:
    job = Job(sf)
    assert job.run("Name,Nmae\nA,B\n")["state"] == "Failed"
    for spelled in ("unprocessedrecords", "unprocessedRecords"):
        assert job.results(spelled) == 'Name,Nmae\n"A","B"\n'


def test_the_client_raises_what_the_job_failed_with(sf: Salesforce) -> None:
    with pytest.raises(SalesforceOperationError, match="Field name not found : Phonee"):
        sf.bulk2.Account.insert(records=[{"Name": "A", "Phonee": "1"}], wait=0)


def test_rows_that_share_an_external_id_are_refused(sf: Salesforce) -> None:
    job = Job(sf, operation="upsert", externalIdFieldName="Zoho_Item_Id__c")
    ended = job.run("Zoho_Item_Id__c,Name\n1,A\n2,B\n1,C\n,D\n")
    assert ended["numberRecordsFailed"] == 3
    said = {row["Name"]: row["sf__Error"].partition(":")[0] for row in records(job.results("failedResults"))}
    assert said == {"A": "DUPLICATE_VALUE", "C": "DUPLICATE_VALUE", "D": "MISSING_ARGUMENT"}


def test_records_are_deleted_for_a_while_or_for_good(org: Org, sf: Salesforce) -> None:
    soft, hard = org.insert("Product2", [{"Name": "Soft"}, {"Name": "Hard"}])
    (done,) = sf.bulk2.Product2.delete(records=[{"Id": soft}], wait=0)
    assert done["numberRecordsFailed"] == 0
    (done,) = sf.bulk2.Product2.hard_delete(records=[{"Id": hard}], wait=0)
    assert done["numberRecordsFailed"] == 0
    left = sf.query("SELECT Id, IsDeleted FROM Product2", include_deleted=True)["records"]
    assert [(row["Id"], row["IsDeleted"]) for row in left] == [(soft, True)]


def test_one_locked_row_does_not_hold_up_the_others(org: Org, sf: Salesforce) -> None:
    ids = org.insert("Product2", [{"Name": f"P{n}"} for n in range(3)])
    org.http.post("/_sandbox/salesforce/locks", json={"id": ids[1], "times": 1}).raise_for_status()
    rows = [{"Id": one, "Family": "new"} for one in ids]
    (done,) = sf.bulk2.Product2.update(records=rows, wait=0)
    (failed,) = records(sf.bulk2.Product2.get_failed_records(done["job_id"]))
    assert failed["sf__Id"] == ids[1]
    assert failed["sf__Error"].startswith("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access")
    (done,) = sf.bulk2.Product2.update(records=rows, wait=0)
    assert done["numberRecordsFailed"] == 0


def test_a_job_walks_through_its_states(org: Org, sf: Salesforce) -> None:
    org.settings(bulk_paused=True)
    job = Job(sf)
    assert (job.info["state"], job.seen()["state"]) == ("Open", "Open")
    assert job.info["contentUrl"] == f"services/data/v64.0/jobs/ingest/{job.info['id']}/batches"
    job.upload("Name\nA\n")
    assert job.close()["state"] == "UploadComplete"
    assert job.seen()["state"] in {"UploadComplete", "InProgress"}
    assert sf.query("SELECT COUNT() FROM Product2")["totalSize"] == 0
    org.settings(bulk_paused=False)
    assert job.ended()["state"] == "JobComplete"
    assert sf.query("SELECT COUNT() FROM Product2")["totalSize"] == 1
    listed = sf.restful("jobs/ingest", params={"jobType": "V2Ingest"})
    assert [(row["id"], row["state"]) for row in listed["records"]] == [(job.info["id"], "JobComplete")]
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)


def test_an_aborted_job_shows_what_nobody_came_to(org: Org, sf: Salesforce) -> None:
    org.settings(bulk_paused=True)
    job = Job(sf)
    job.upload("Name\nA\nB\n")
    job.close()
    aborted = sf.restful(job.path, method="PATCH", json={"state": "Aborted"})
    org.settings(bulk_paused=False)
    assert (aborted["state"], job.seen()["state"]) == ("Aborted", "Aborted")
    assert records(job.results("unprocessedrecords")) == [{"Name": "A"}, {"Name": "B"}]
    assert records(job.results("successfulResults")) == []
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.restful(job.path, method="PATCH", json={"state": "Aborted"})
    assert refusal(refused) == "INVALIDJOBSTATE"


def test_a_job_fails_when_told_to(org: Org, sf: Salesforce) -> None:
    org.settings(bulk_failure="InternalServerError : out of luck")
    job = Job(sf)
    ended = job.run("Name\nA\n")
    org.settings(bulk_failure="")
    assert (ended["state"], ended["errorMessage"]) == ("Failed", "InternalServerError : out of luck")


def test_a_job_takes_one_file_in_csv_and_is_closed_once(sf: Salesforce) -> None:
    job = Job(sf)
    with pytest.raises(SalesforceMalformedRequest) as refused:
        job.close()
    assert refusal(refused) == "INVALIDJOB"
    assert job.upload("{}", "application/json").status_code == 415
    assert job.upload("Name\nA\n").status_code == 201
    assert job.upload("Name\nA\n").status_code == 201
    with pytest.raises(SalesforceMalformedRequest) as refused:
        job.close()
    assert (refusal(refused), "multipe contents" in refused.value.content[0]["message"]) == (
        "INVALIDJOB",
        True,
    )
    other = Job(sf)
    other.run("Name\nA\n")
    assert other.upload("Name\nA\n").status_code == 400
    with pytest.raises(SalesforceMalformedRequest) as refused:
        other.close()
    assert refusal(refused) == "INVALIDJOBSTATE"


def test_a_job_belongs_to_one_api_version(org: Org, sf: Salesforce) -> None:
    job = Job(sf)
    job.run("Name\nA\n")
    newer = org.client("65.0")
    answer = newer.session.get(f"{newer.base_url}{job.path}", headers=newer.headers)
    assert answer.status_code == 409


def test_a_job_that_is_over_can_be_forgotten_and_is_after_a_week(org: Org, sf: Salesforce) -> None:
    first, second = Job(sf), Job(sf)
    first.run("Name\nA\n")
    second.run("Name\nB\n")
    assert sf.restful(first.path, method="DELETE") is None
    assert [row["id"] for row in sf.restful("jobs/ingest")["records"]] == [second.info["id"]]
    org.settings(token_seconds=30 * 86_400)
    later = org.client()
    org.http.post("/_sandbox/clock", json={"jump_seconds": 7 * 86_400 + 60}).raise_for_status()
    answer = later.session.get(f"{later.base_url}{second.path}", headers=later.headers)
    assert answer.status_code == 404


def test_batches_and_query_jobs_are_counted(org: Org, sf: Salesforce) -> None:
    before = sf.limits()
    Job(sf).run("Name\nA\n")
    list(sf.bulk2.Product2.query("SELECT Id FROM Product2", wait=0))
    after = sf.limits()
    drawn = {name: before[name]["Remaining"] - after[name]["Remaining"] for name in before}
    assert drawn["DailyBulkApiBatches"] == 1
    assert drawn["DailyBulkV2QueryJobs"] == 1
    org.settings(daily_bulk_batches=1)
    with pytest.raises(SalesforceMalformedRequest) as refused:
        Job(sf)
    org.settings(daily_bulk_batches=15_000)
    assert refusal(refused) == "EXCEEDEDQUOTA"


@pytest.fixture
def connection(org: Org, monkeypatch: pytest.MonkeyPatch) -> str:
    extra = {
        "consumer_key": "salesforce-sandbox",
        "consumer_secret": "salesforce-sandbox-secret",
        "domain": HOST,
        "version": VERSION,
        "proxies": {"https": org.proxy},
    }
    described = json.dumps({"conn_type": "salesforce", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_SANDBOX", described)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(org.bundle))
    return "salesforce_sandbox"


def operate(connection: str, **said: Any) -> list[dict[str, Any]]:
    task = SalesforceBulkOperator(task_id="bulk", salesforce_conn_id=connection, **said)
    found: list[dict[str, Any]] = task.execute({})
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_airflows_operator_writes_and_tells_each_row(org: Org, sf: Salesforce, connection: str) -> None:
    logging.getLogger("airflow").setLevel(logging.WARNING)
    known = org.insert("Account", [{"Name": "Old", "Zoho_Contact_Id__c": "1"}])
    payload = [
        {"Zoho_Contact_Id__c": "1", "Name": "New"},
        {"Zoho_Contact_Id__c": "2"},
        {"Zoho_Contact_Id__c": "3", "Name": "Third", "NumberOfEmployees": 3, "Phone": None},
    ]
    said = {"object_name": "Account", "external_id_field": "Zoho_Contact_Id__c"}
    first, second, third = operate(connection, operation="upsert", payload=payload, **said)
    assert (first["success"], first["created"], first["id"]) == (True, False, known[0])
    assert (second["success"], second["id"]) == (False, None)
    assert second["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert (third["success"], third["created"]) == (True, True)
    assert sf.Account.get(third["id"])["NumberOfEmployees"] == 3
    org.http.post("/_sandbox/salesforce/locks", json={"id": third["id"], "times": 1}).raise_for_status()
    (again,) = operate(
        connection,
        operation="update",
        object_name="Account",
        payload=[{"Id": third["id"], "Name": "Fourth"}],
        max_retries=1,
        bulk_retry_delay=0,
    )
    assert again["success"]
    (gone,) = operate(
        connection, operation="hard_delete", object_name="Account", payload=[{"Id": third["id"]}]
    )
    assert gone["success"]


def test_bulk_1_reads_and_refuses_as_a_batch(org: Org, sf: Salesforce) -> None:
    org.insert("Account", [{"Name": f"A{n}"} for n in range(3)])
    rows = sf.bulk.Account.query("SELECT Id, Name FROM Account ORDER BY Name")
    assert [row["Name"] for row in rows] == ["A0", "A1", "A2"]
    assert rows[0]["attributes"]["type"] == "Account"
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.bulk.Account.insert([{"Nmae": "x"}])
    assert refused.value.content == {
        "exceptionCode": "InvalidBatch",
        "exceptionMessage": "Records not processed",
    }
    detailed = sf.bulk.Account.insert([{"Name": "B"}], include_detailed_results=True)
    assert (detailed[0]["success"], detailed[0]["Name"]) == (True, "B")


def test_bulk_1_knows_an_expired_session_by_its_own_words(org: Org, sf: Salesforce) -> None:
    org.http.post("/_sandbox/salesforce/tokens/revoke").raise_for_status()
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.bulk.Account.insert([{"Name": "x"}])
    assert refused.value.content["exceptionCode"] == "InvalidSessionId"
