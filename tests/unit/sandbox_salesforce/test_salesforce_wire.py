"""Salesforce's front over real HTTP: sessions, versions, limits, faults, and calls that hold several."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from include.sandbox.salesforce.store import Commit
from include.sandbox.salesforce.world import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    INTEGRATION,
    PASSWORD,
    SECURITY_TOKEN,
)
from tests.unit.sandbox_salesforce.salesforce_world import V64, Site

APP = {"client_id": CONSUMER_KEY, "client_secret": CONSUMER_SECRET}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


def grant(site: Site, **form: str) -> httpx.Response:
    return site.http.post("/services/oauth2/token", data=form)


def account(site: Site, **values: Any) -> str:
    answer = site.call("POST", "/sobjects/Account", {"Name": "Harbor Lights", **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_token_says_whose_org_it_is(site: Site) -> None:
    given = site.log_in()
    assert given["instance_url"] == str(site.http.base_url).rstrip("/")
    assert given["id"].split("/")[-2] == site.tell("/salesforce/credentials", method="GET")["organization_id"]
    assert int(given["issued_at"]) > 1_700_000_000_000


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", **APP, "client_secret": "x"}, "invalid_client"),
        ({"grant_type": "client_credentials", **APP, "client_id": "x"}, "invalid_client_id"),
        ({"grant_type": "authorization_code", **APP}, "unsupported_grant_type"),
        ({"grant_type": "password", **APP, "username": INTEGRATION, "password": PASSWORD}, "invalid_grant"),
        ({"grant_type": "refresh_token", **APP, "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"}, "invalid_grant"),
    ],
)
def test_a_grant_that_is_none(site: Site, form: dict[str, str], error: str) -> None:
    answer = grant(site, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_an_app_without_a_user_has_no_client_credentials(site: Site) -> None:
    site.tell("/salesforce/apps", {"consumer_key": "k", "consumer_secret": "s"})
    answer = grant(site, grant_type="client_credentials", client_id="k", client_secret="s")
    assert answer.json()["error_description"] == "no client credentials user enabled"


def test_passwords_have_the_security_token_at_their_end(site: Site) -> None:
    right = PASSWORD + SECURITY_TOKEN
    assert grant(site, grant_type="password", **APP, username=INTEGRATION, password=right).status_code == 200


def test_a_refresh_token_until_it_is_revoked(site: Site) -> None:
    token = site.tell("/salesforce/refresh-tokens", {"user": INTEGRATION})["refresh_token"]
    site.token = grant(site, grant_type="refresh_token", **APP, refresh_token=token).json()["access_token"]
    assert site.call("GET", "/limits").status_code == 200
    assert site.http.post("/services/oauth2/revoke", data={"token": token}).status_code == 200
    assert code(site.call("GET", "/limits")) == (401, "INVALID_SESSION_ID"), "its sessions end with it"
    assert grant(site, grant_type="refresh_token", **APP, refresh_token=token).status_code == 400


def test_a_session_ends_with_its_time(site: Site) -> None:
    site.tell("/salesforce/settings", {"token_seconds": 60})
    assert site.call("GET", "/limits").status_code == 200
    site.tell("/clock", {"jump_seconds": 61})
    assert code(site.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")


def test_versions_come_and_go(site: Site) -> None:
    versions = [one["version"] for one in site.http.get("/services/data/").json()]
    assert (versions[0], versions[-1]) == ("59.0", "67.0")
    site.log_in()
    for version, answer in {"30.0": 410, "58.0": 404, "59.0": 200, "67.0": 200, "68.0": 404}.items():
        found = site.http.get(
            f"/services/data/v{version}/limits", headers={"Authorization": f"Bearer {site.token}"}
        )
        assert found.status_code == answer, version


def test_calls_are_counted_and_end_at_the_cap(site: Site) -> None:
    site.tell("/salesforce/settings", {"daily_requests": 3})
    shown = [site.call("GET", "/limits").headers["Sforce-Limit-Info"] for _ in range(3)]
    assert shown == ["api-usage=1/3", "api-usage=2/3", "api-usage=3/3"]
    over = site.call("GET", "/limits")
    assert code(over) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert over.headers["Sforce-Limit-Info"] == "api-usage=3/3"
    site.tell("/clock", {"jump_seconds": 25 * 3600})
    site.log_in()
    assert site.call("GET", "/limits").status_code == 200, "the day before does not count"


def test_what_is_not_there_and_what_is_not_allowed(site: Site) -> None:
    assert code(site.call("GET", "/nothing")) == (404, "NOT_FOUND")
    assert code(site.call("GET", "/sobjects/Nothing/describe")) == (404, "NOT_FOUND")
    wrong = site.call("PUT", "/sobjects/Account")
    assert code(wrong) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.json()[0]["message"] == "HTTP Method 'PUT' not allowed. Allowed are GET,POST"
    assert code(site.call("PATCH", "/sobjects/Account/Phone/1", {})) == (404, "NOT_FOUND")
    assert code(site.call("GET", f"/sobjects/Account/{account(site)}?fields=Name,Sku__c")) == (
        400,
        "INVALID_FIELD",
    )
    assert code(site.call("POST", "/sobjects/Account", Content_Type="text/plain")) == (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )
    assert code(site.call("GET", "/query?q=" + "x" * 16_400)) == (414, "URI_TOO_LONG")
    assert code(site.call("GET", "/limits", X_Long="x" * 16_400)) == (431, "REQUEST_HEADER_FIELDS_TOO_LARGE")


def test_a_body_that_is_no_json(site: Site) -> None:
    site.log_in()
    headers = {"Authorization": f"Bearer {site.token}", "Content-Type": "application/json"}
    answer = site.http.post(f"{V64}/sobjects/Account", content=b'{"Name": }', headers=headers)
    assert code(answer) == (400, "JSON_PARSER_ERROR")
    assert code(site.call("POST", "/sobjects/Account", [])) == (400, "JSON_PARSER_ERROR")


def test_clients_that_cannot_patch(site: Site) -> None:
    made = account(site)
    assert site.call("POST", f"/sobjects/Account/{made}?_HttpMethod=PATCH", {"Phone": "1"}).status_code == 204
    assert site.call("GET", f"/sobjects/Account/{made}?fields=Phone").json()["Phone"] == "1"


def test_the_external_id_stands_in_the_path_only(site: Site) -> None:
    path = "/sobjects/Account/Zoho_Contact_Id__c/4815"
    refused = site.call("PATCH", path, {"Name": "A", "Zoho_Contact_Id__c": "4815"})
    assert code(refused) == (400, "INVALID_FIELD")
    assert (
        site.call("PATCH", path, {"Name": "A"}).headers["Location"].startswith(f"{V64}/sobjects/Account/001")
    )
    assert site.call("DELETE", path).status_code == 204
    assert code(site.call("GET", path)) == (404, "NOT_FOUND")


def test_duplicates_pass_with_the_header(site: Site) -> None:
    account(site)
    site.tell("/salesforce/settings", {"duplicate_rules": ["Account"]})
    refused = site.call("POST", "/sobjects/Account", {"Name": "Harbor Lights"})
    assert code(refused) == (400, "DUPLICATES_DETECTED")
    assert refused.json()[0]["duplicateResult"]["allowSave"] is True
    passed = site.call(
        "POST", "/sobjects/Account", {"Name": "Harbor Lights"}, Sforce_Duplicate_Rule_Header="allowSave=true"
    )
    assert passed.status_code == 201


def test_two_hundred_rows_and_not_one_more(site: Site) -> None:
    def rows(count: int) -> dict[str, Any]:
        row = {"attributes": {"type": "Product2"}, "Name": "Lamp"}
        return {"records": [{**row, "Zoho_Item_Id__c": str(number)} for number in range(count)]}

    path = "/composite/sobjects/Product2/Zoho_Item_Id__c"
    assert code(site.call("PATCH", path, rows(201))) == (400, "EXCEEDED_ID_LIMIT")
    found = site.call("PATCH", path, rows(200)).json()
    assert all(one["created"] for one in found)
    assert len({one["id"] for one in found}) == 200
    assert site.tell("/salesforce/limits", method="GET")["used"] == 2, "a collection is one call"


def test_one_external_id_twice_in_a_collection(site: Site) -> None:
    row = {"attributes": {"type": "Account"}, "Name": "A", "Zoho_Contact_Id__c": "7"}
    path = "/composite/sobjects/Account/Zoho_Contact_Id__c"
    found = site.call("PATCH", path, {"records": [row, row, {**row, "Zoho_Contact_Id__c": "8"}]}).json()
    assert [one["success"] for one in found] == [False, False, True]
    assert found[0]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    mixed = {"records": [row, {"attributes": {"type": "Contact"}, "LastName": "L"}]}
    assert code(site.call("PATCH", path, mixed)) == (400, "INVALID_INPUT")
    assert code(site.call("PATCH", path, {"records": [{"Name": "A"}]})) == (400, "INVALID_INPUT")


def test_a_collection_of_changes(site: Site) -> None:
    made = account(site)
    rows = [
        {"attributes": {"type": "Account"}, "id": made, "Phone": "1"},
        {"attributes": {"type": "Account"}, "Phone": "1"},
    ]
    found = site.call("PATCH", "/composite/sobjects", {"records": rows}).json()
    assert found[0] == {"id": made, "success": True, "errors": []}
    assert found[1]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


def test_composite_without_all_or_nothing_goes_on(site: Site) -> None:
    asked = [
        {"method": "POST", "url": f"{V64}/sobjects/Account", "referenceId": "bad", "body": {}},
        {"method": "GET", "url": f"{V64}/sobjects/Account/@{{bad.id}}", "referenceId": "next"},
        {"method": "POST", "url": f"{V64}/sobjects/Account", "referenceId": "good", "body": {"Name": "A"}},
        {"method": "GET", "url": f"{V64}/query?q=SELECT Name FROM Account", "referenceId": "rows"},
        {
            "method": "POST",
            "url": f"{V64}/sobjects/Contact",
            "referenceId": "contact",
            "body": {"LastName": "of @{rows.records[0].Name}", "AccountId": "@{good.id}"},
        },
        {
            "method": "GET",
            "url": f"{V64}/sobjects/Contact/@{{contact.id}}?fields=LastName",
            "referenceId": "end",
        },
    ]
    found = site.call("POST", "/composite", {"compositeRequest": asked}).json()["compositeResponse"]
    assert [one["httpStatusCode"] for one in found] == [400, 400, 201, 200, 201, 200]
    assert found[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert found[-1]["body"]["LastName"] == "of A"


def test_composite_takes_twenty_five(site: Site) -> None:
    asked = [{"method": "GET", "url": f"{V64}/limits", "referenceId": f"r{n}"} for n in range(26)]
    assert code(site.call("POST", "/composite", {"compositeRequest": asked})) == (400, "LIMIT_EXCEEDED")
    twice = {"compositeRequest": [asked[0], asked[0]]}
    assert code(site.call("POST", "/composite", twice)) == (400, "INVALID_INPUT")
    collections = [
        {
            "method": "POST",
            "url": f"{V64}/composite/sobjects",
            "referenceId": f"r{n}",
            "body": {"records": []},
        }
        for n in range(6)
    ]
    assert code(site.call("POST", "/composite", {"compositeRequest": collections})) == (400, "LIMIT_EXCEEDED")


def test_a_failed_row_ends_a_composite_that_wants_all(site: Site) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": "A"}, {"attributes": {"type": "Account"}}]
    asked = [
        {"method": "POST", "url": f"{V64}/sobjects/Account", "referenceId": "one", "body": {"Name": "B"}},
        {
            "method": "POST",
            "url": f"{V64}/composite/sobjects",
            "referenceId": "rows",
            "body": {"records": rows},
        },
    ]
    found = site.call("POST", "/composite", {"allOrNone": True, "compositeRequest": asked}).json()
    first, second = found["compositeResponse"]
    assert first["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert [one["errors"][0]["statusCode"] for one in second["body"]] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert site.tell("/salesforce/counts", method="GET")["Account"] == 0


def test_each_request_of_a_batch_counts(site: Site) -> None:
    asked = [
        {"method": "GET", "url": "v64.0/limits"},
        {"method": "GET", "url": "v64.0/nothing"},
        {"method": "GET", "url": "v64.0/limits"},
    ]
    found = site.call("POST", "/composite/batch", {"batchRequests": asked, "haltOnError": True}).json()
    assert [one["statusCode"] for one in found["results"]] == [200, 404, 412]
    assert found["hasErrors"] is True
    assert site.tell("/salesforce/limits", method="GET")["used"] == 3


def test_a_tree_grows_whole_or_not_at_all(site: Site) -> None:
    contact = {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": "L"}
    tree = {
        "attributes": {"type": "Account", "referenceId": "a1"},
        "Name": "A",
        "Contacts": {"records": [contact]},
    }
    found = site.call("POST", "/composite/tree/Account", {"records": [tree]})
    assert found.status_code == 201
    assert [one["referenceId"] for one in found.json()["results"]] == ["a1", "c1"]
    contact["Email"] = "ines(at)harborlights"
    failed = site.call("POST", "/composite/tree/Account", {"records": [tree]})
    assert failed.status_code == 400
    assert [one["referenceId"] for one in failed.json()["results"]] == ["c1"]
    assert site.tell("/salesforce/counts", method="GET")["Account"] == 1


@pytest.mark.parametrize(
    ("rule", "status", "word"),
    [
        ({"kind": "status", "status": 503}, 503, "SERVER_UNAVAILABLE"),
        ({"kind": "status", "status": 500}, 500, "UNKNOWN_EXCEPTION"),
        ({"kind": "html", "status": 502}, 502, "sfdcedge"),
        ({"kind": "limit"}, 403, "REQUEST_LIMIT_EXCEEDED"),
        ({"kind": "expired_token"}, 401, "INVALID_SESSION_ID"),
    ],
)
def test_ordered_faults_in_salesforces_manner(
    site: Site, rule: dict[str, Any], status: int, word: str
) -> None:
    site.log_in()
    site.tell("/faults", {**rule, "system": "salesforce", "path": "/services/data/*", "times": 1})
    answer = site.call("GET", "/limits")
    assert answer.status_code == status
    assert word in answer.text


def test_a_lost_answer_leaves_the_record(site: Site) -> None:
    site.log_in()
    site.tell("/faults", {"kind": "close_after", "system": "salesforce", "path": "*/sobjects/*", "times": 1})
    with pytest.raises(httpx.TransportError):
        account(site)
    assert site.tell("/salesforce/counts", method="GET")["Account"] == 1
    assert site.requests()[-1]["fault"] == "close_after"


@pytest.mark.parametrize(("kind", "names"), [("repeat_row", ["A", "B", "A"]), ("hide_row", ["B"])])
def test_a_page_that_repeats_a_row_or_has_lost_it(site: Site, kind: str, names: list[str]) -> None:
    for name in ("A", "B"):
        account(site, Name=name)
    site.tell("/faults", {"kind": kind, "system": "salesforce", "path": "*/query", "times": 1})
    found = site.call("GET", "/query?q=SELECT Name FROM Account ORDER BY Name").json()
    assert [one["Name"] for one in found["records"]] == names


def test_the_clients_name_goes_with_single_rows_only(site: Site) -> None:
    """It is documented for rows, queries and bulk jobs, and for no request that holds several."""
    heard: list[Commit] = []
    site.store.listeners.append(heard.append)
    try:
        options = {"Sforce_Call_Options": "client=Tradebridge"}
        site.call("POST", "/sobjects/Account", {"Name": "A"}, **options)
        rows = {"records": [{"attributes": {"type": "Account"}, "Name": "B"}]}
        site.call("POST", "/composite/sobjects", rows, **options)
        one = {"method": "POST", "url": f"{V64}/sobjects/Account", "referenceId": "r", "body": {"Name": "C"}}
        site.call("POST", "/composite", {"compositeRequest": [one]}, **options)
    finally:
        site.store.listeners.remove(heard.append)
    assert [commit.client for commit in heard] == ["Tradebridge", "", ""]
