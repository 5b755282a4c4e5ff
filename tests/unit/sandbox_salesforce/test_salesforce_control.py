"""What people do in the org, by the control API; its story; and its doors."""

from __future__ import annotations

import asyncio
import socket
import ssl
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from include.sandbox.salesforce.certificates import papers
from include.sandbox.salesforce.doors import Doors
from tests.unit.sandbox_salesforce.salesforce_world import Site, serving

ADMIN = "admin@acme.example"
SELLER = "nancy@acme.example"


def get(site: Site, path: str) -> Any:
    return site.tell(f"/salesforce{path}", method="GET")


def test_the_story_of_northwinds_sales_office(site: Site) -> None:
    told = site.tell("/load", {"story": "salesforce"})["loaded"]
    assert told == {"salesforce": {"users": 3, "accounts": 91, "contacts": 91, "opportunities": 19}}
    site.tell("/load", {"story": "salesforce"})
    counts = get(site, "/counts")
    assert (counts["Account"], counts["Contact"], counts["Opportunity"], counts["Product2"]) == (
        91,
        91,
        19,
        0,
    )
    alfreds = get(site, "/records/Account")["records"][0]
    assert (alfreds["Name"], alfreds["BillingCity"]) == ("Alfreds Futterkiste", "Berlin")
    assert alfreds["BillingAddress"]["country"] == "Germany"
    assert all(not one["IsClosed"] for one in get(site, "/records/Opportunity")["records"])


def test_people_save_by_their_own_name(site: Site) -> None:
    site.tell("/load", {"story": "salesforce", "limit": 1})
    made = site.tell("/salesforce/records/Account", {"user": SELLER, "values": {"Name": "New"}})["id"]
    found = get(site, f"/records/Account/{made}")
    seller = next(one for one in get(site, "/records/User")["records"] if one["Username"] == SELLER)
    assert found["CreatedById"] == found["OwnerId"] == seller["Id"]
    site.tell(f"/salesforce/records/Account/{made}", {"values": {"Phone": "1"}}, "PATCH")
    assert get(site, f"/records/Account/{made}")["LastModifiedById"] != seller["Id"], (
        "the administrator's by default"
    )
    for deed, shown in {"delete": True, "undelete": False}.items():
        site.tell(f"/salesforce/records/Account/{made}/{deed}", {"user": SELLER})
        assert get(site, f"/records/Account/{made}")["IsDeleted"] is shown
    other = site.tell("/salesforce/records/Account", {"values": {"Name": "Other"}})["id"]
    site.tell(f"/salesforce/records/Account/{made}/merge", {"losers": [other]})
    assert get(site, f"/records/Account/{other}")["MasterRecordId"] == made
    site.tell(f"/salesforce/records/Account/{other}/purge", {})
    assert site.http.get(f"/_sandbox/salesforce/records/Account/{other}").status_code == 404


def test_salesforces_refusals_are_the_control_apis(site: Site) -> None:
    answer = site.http.post("/_sandbox/salesforce/records/Account", json={"values": {}})
    assert (answer.status_code, answer.json()["detail"][0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    nobody = site.http.post(
        "/_sandbox/salesforce/records/Account", json={"user": "x", "values": {"Name": "A"}}
    )
    assert (nobody.status_code, nobody.json()["detail"]) == (404, "there is no user x")


def test_a_deal_is_won_with_lines(site: Site) -> None:
    site.tell("/load", {"story": "salesforce", "limit": 1})
    deal = get(site, "/records/Opportunity")["records"][0]["Id"]
    book = get(site, "/records/Pricebook2")["records"][0]["Id"]
    price = {"Product2Id": "$0", "Pricebook2Id": book, "UnitPrice": "9.65", "IsActive": True}
    steps = [
        {
            "do": "insert",
            "object": "Product2",
            "values": {"Name": "Cable", "ProductCode": "CBL", "IsActive": True},
        },
        {"do": "insert", "object": "PricebookEntry", "values": price},
    ]
    site.tell("/salesforce/transaction", {"steps": steps})
    lines = [
        {"product_code": "CBL", "quantity": "50", "discount": "5"},
        {"product_code": "CBL", "price": "9"},
    ]
    won = site.tell(f"/salesforce/opportunities/{deal}/win", {"user": SELLER, "lines": lines})
    assert (won["IsWon"], won["Amount"]) == (True, 467.38)
    unknown = {"lines": [{"product_code": "NONE"}]}
    answer = site.http.post(f"/_sandbox/salesforce/opportunities/{deal}/win", json=unknown)
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no product with the code NONE")


def test_fields_come_and_hide(site: Site) -> None:
    site.tell(
        "/salesforce/schema/Account/fields", {"name": "CurrencyIsoCode", "type": "picklist", "length": 3}
    )
    site.tell("/salesforce/schema/Account/fields/Fax", {"hidden": True}, "PUT")
    fields = {one["name"] for one in site.call("GET", "/sobjects/Account/describe").json()["fields"]}
    assert "CurrencyIsoCode" in fields
    assert "Fax" not in fields
    site.tell("/reset")
    site.token = ""
    fields = {one["name"] for one in site.call("GET", "/sobjects/Account/describe").json()["fields"]}
    assert "CurrencyIsoCode" not in fields
    assert "Fax" in fields


def test_locks_rules_tokens_and_limits(site: Site) -> None:
    made = site.tell("/salesforce/records/Account", {"values": {"Name": "A"}})["id"]
    site.tell("/salesforce/locks", {"id": made, "times": 1})
    locked = site.call("PATCH", f"/sobjects/Account/{made}", {"Phone": "1"})
    assert locked.json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert site.call("PATCH", f"/sobjects/Account/{made}", {"Phone": "1"}).status_code == 204
    site.tell("/salesforce/validation-rules", {"object": "Account", "field": "Site", "message": "Say where."})
    assert (
        site.call("PATCH", f"/sobjects/Account/{made}", {"Phone": "2"}).json()[0]["message"] == "Say where."
    )
    site.tell("/salesforce/limits", {"by": 100})
    assert get(site, "/limits")["used"] == 103
    assert site.tell("/salesforce/limits", method="DELETE") == {"used": 0}
    assert site.tell("/salesforce/tokens/revoke") == {"revoked": 1}
    assert site.call("GET", "/limits").status_code == 401
    wrong = site.http.post("/_sandbox/salesforce/settings", json={"daily_requests": -1})
    assert wrong.status_code == 422


def test_a_new_user_logs_in(site: Site) -> None:
    site.tell("/salesforce/users", {"username": "new@acme.example", "last_name": "New"})
    site.tell("/salesforce/apps", {"consumer_key": "k", "consumer_secret": "s", "run_as": "new@acme.example"})
    form = {"grant_type": "client_credentials", "client_id": "k", "client_secret": "s"}
    site.token = site.http.post("/services/oauth2/token", data=form).json()["access_token"]
    made = site.call("POST", "/sobjects/Account", {"Name": "A"}).json()["id"]
    owner = get(site, f"/records/User/{get(site, f'/records/Account/{made}')['OwnerId']}")
    assert owner["Username"] == "new@acme.example"


def test_an_org_outlives_its_process(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        made = first.call("POST", "/sobjects/Account", {"Name": "Lasting"}).json()["id"]
        token = first.token
        authority = (tmp_path / "salesforce-ca.pem").read_bytes()
    with serving(tmp_path) as second:
        second.token = token
        assert second.call("GET", f"/sobjects/Account/{made}").json()["Name"] == "Lasting"
        again = second.call("POST", "/sobjects/Account", {"Name": "Next"}).json()["id"]
        assert again > made
    assert (tmp_path / "salesforce-ca.pem").read_bytes() == authority


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "acme.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com"]
)
def test_the_certificate_is_good_for_its_hosts(site: Site, host: str) -> None:
    trusting = ssl.create_default_context(cafile=site.data / "salesforce-ca.pem")
    where = f"https://127.0.0.1:{site.tls_port}/services/data/"
    with httpx.Client(verify=trusting) as http:
        sent = http.build_request("GET", where, headers={"Host": host}, extensions={"sni_hostname": host})
        assert http.send(sent).status_code == 200


def test_the_certificate_is_good_for_no_other(site: Site) -> None:
    trusting = ssl.create_default_context(cafile=site.data / "salesforce-ca.pem")
    with httpx.Client(verify=trusting) as http:
        sent = http.build_request(
            "GET",
            f"https://127.0.0.1:{site.tls_port}/services/data/",
            extensions={"sni_hostname": "example.com"},
        )
        with pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
            http.send(sent)


def test_the_servers_key_is_for_its_owner(tmp_path: Path) -> None:
    made = papers(tmp_path)
    assert stat.S_IMODE(made.server.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" not in made.bundle.read_bytes()
    assert made.bundle.read_bytes().endswith(made.authority.read_bytes())


def test_without_ports_no_papers_are_made(tmp_path: Path) -> None:
    Doors(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_proxy_leads_the_org_home_and_nobody_else(site: Site) -> None:
    trusting = ssl.create_default_context(cafile=site.data / "salesforce-ca.pem")
    with httpx.Client(verify=trusting, proxy=f"http://127.0.0.1:{site.proxy_port}") as http:
        granted = http.post(
            "https://acme.my.salesforce.com/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=("salesforce-sandbox", "salesforce-sandbox-secret"),
        )
        assert granted.json()["instance_url"] == "https://acme.my.salesforce.com"
        with pytest.raises(httpx.ProxyError, match="403"):
            http.get("https://example.com/")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        doors = Doors(tmp_path, tls_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            asyncio.run(doors.open(FastAPI()))
