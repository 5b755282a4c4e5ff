"""The real simple-salesforce and Airflow's hook, unmodified, against the Salesforce sandbox over real TLS.

The sandbox imitates what these clients were written for; that they cannot tell the difference is its proof.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, exceptions, format_external_id  # noqa: TID253 - it is what is tried

from include.sandbox.salesforce.world import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    INTEGRATION,
    PASSWORD,
    SECURITY_TOKEN,
)
from tests.unit.sandbox_salesforce.salesforce_world import Site, serving

CREDENTIALS = {"consumer_key": CONSUMER_KEY, "consumer_secret": CONSUMER_SECRET}
HOME = "acme.my.salesforce.com"
MOST_LOG_INS = 8
"""Behind a token that never works, ``restful`` gives up after a handful."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("salesforce")) as site:
        yield site


@pytest.fixture
def site(running: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An org that nobody has used; only the sandbox's authority is trusted, and no proxy but a named one."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.data / "salesforce-ca-bundle.pem"))
    for name in [name for name in os.environ if name.lower() in {"https_proxy", "http_proxy", "all_proxy"}]:
        monkeypatch.delenv(name)
    running.token = ""
    running.tell("/reset")
    return running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """The client's session: whoever opens it closes it."""
    with requests.Session() as made:
        yield made


@pytest.fixture
def sf(site: Site, session: requests.Session) -> Salesforce:
    """A client whose connection differs from production's in the proxy only."""
    session.proxies = {"https": f"http://127.0.0.1:{site.proxy_port}"}
    return Salesforce(**CREDENTIALS, domain="acme.my", version="64.0", session=session)


def route_a1(site: Site) -> dict[str, Any]:
    return {**CREDENTIALS, "domain": f"127.0.0.1:{site.tls_port}/services/oauth2/token#"}


def route_b(site: Site) -> dict[str, Any]:
    return {**CREDENTIALS, "domain": "acme.my", "proxies": {"https": f"http://127.0.0.1:{site.proxy_port}"}}


def test_client_credentials_straight_to_the_port(site: Site, session: requests.Session) -> None:
    sf = Salesforce(**route_a1(site), session=session)
    assert sf.sf_instance == f"127.0.0.1:{site.tls_port}"
    assert sf.limits()["DailyApiRequests"]["Max"] == 150_000


class Plainly(HTTPAdapter):
    """Takes the TLS out of every address, as a test without certificates would."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


def test_plain_http_through_an_adapter(site: Site, session: requests.Session) -> None:
    host = f"127.0.0.1:{site.http.base_url.port}"
    session.mount(f"https://{host}", Plainly())
    sf = Salesforce(**CREDENTIALS, domain=f"{host}/services/oauth2/token#", session=session)
    assert sf.sf_instance == host
    assert sf.limits()


def test_who_does_not_trust_the_authority_gets_nowhere(
    site: Site, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        Salesforce(**route_a1(site), session=session)


def test_soap_login_up_to_version_64_only(site: Site, session: requests.Session) -> None:
    known = {"username": INTEGRATION, "password": PASSWORD, "session": session}
    where = f"127.0.0.1:{site.tls_port}/services/Soap/u/{{}}?x="
    sf = Salesforce(**known, security_token=SECURITY_TOKEN, domain=where.format("59.0"))
    assert sf.limits()
    with pytest.raises(exceptions.SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(**known, security_token="wrong", domain=where.format("59.0"))
    with pytest.raises(exceptions.SalesforceAuthenticationFailed, match="UNSUPPORTED_API_VERSION"):
        Salesforce(**known, security_token=SECURITY_TOKEN, domain=where.format("65.0"))


def test_assertion_signed_with_the_apps_key(site: Site, session: requests.Session) -> None:
    right, wrong = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    public = right.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    site.tell("/salesforce/apps", {"consumer_key": "jwt-app", "public_key": public.decode()})

    def client(key: rsa.RSAPrivateKey, user: str) -> Salesforce:
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        where = f"127.0.0.1:{site.tls_port}/services/oauth2/token?x="
        return Salesforce(
            username=user,
            consumer_key="jwt-app",
            privatekey=pem.decode(),
            domain="login",
            instance_url=where,
            session=session,
        )

    assert client(right, INTEGRATION).oauth2("userinfo")["preferred_username"] == INTEGRATION
    with pytest.raises(exceptions.SalesforceAuthenticationFailed, match="invalid assertion"):
        client(wrong, INTEGRATION)
    failed = pytest.raises(exceptions.SalesforceAuthenticationFailed, match="approved this consumer")
    with pytest.warns(UserWarning, match="authorize this"), failed:
        client(right, "nobody@acme.example")


def test_wrong_secret_is_refused(site: Site, session: requests.Session) -> None:
    with pytest.raises(exceptions.SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(**{**route_a1(site), "consumer_secret": "wrong"}, session=session)


@pytest.mark.parametrize("route", [route_a1, route_b])
def test_airflows_hook(site: Site, monkeypatch: pytest.MonkeyPatch, route: Any) -> None:
    from airflow.providers.salesforce.hooks.salesforce import SalesforceHook

    connection = {"conn_type": "salesforce", "extra": {**route(site), "version": "64.0"}}
    monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_DEFAULT", json.dumps(connection))
    site.tell("/load", {"story": "salesforce", "limit": 6})
    hook = SalesforceHook("salesforce_default")
    sf = hook.get_conn()
    try:
        assert hook.test_connection() == (True, "Connection successfully tested")
        assert "Zoho_Contact_Id__c" in hook.get_available_fields("Account")
        rows = hook.make_query("SELECT Id, Name FROM Account ORDER BY AccountNumber")
        assert rows["totalSize"] == 6
        assert rows["records"][0]["Name"] == "Alfreds Futterkiste"
    finally:
        sf.session.close()


def test_what_the_org_says_of_itself(site: Site, sf: Salesforce) -> None:
    assert sf.sf_instance == HOME
    user = sf.oauth2("userinfo")
    assert user["organization_id"] == site.tell("/salesforce/credentials", method="GET")["organization_id"]
    assert {one["name"] for one in sf.describe()["sobjects"]} >= {"Account", "Order", "PricebookEntry"}
    fields = {one["name"]: one for one in sf.Account.describe()["fields"]}
    assert (fields["Name"]["length"], fields["Name"]["nillable"]) == (255, False)
    assert (fields["Zoho_Contact_Id__c"]["externalId"], fields["Zoho_Contact_Id__c"]["unique"]) == (
        True,
        True,
    )
    assert fields["BillingStreet"]["compoundFieldName"] == "BillingAddress"
    assert sf.Product2.metadata()["objectDescribe"]["keyPrefix"] == "01t"
    assert sf.is_sandbox() is False
    assert sf.api_usage["api-usage"].total == 150_000
    assert sf.api_usage["api-usage"].used == 5, "four reads and the question for the sandbox"


def test_one_record_from_beginning_to_end(sf: Salesforce) -> None:
    made = sf.Account.create({"Name": "Harbor Lights", "BillingCity": "Galveston"})
    assert made["success"] is True
    assert made["errors"] == []
    record = sf.Account.get(made["id"])
    assert record["attributes"]["url"] == f"/services/data/v64.0/sobjects/Account/{made['id']}"
    assert record["BillingAddress"]["city"] == "Galveston"
    assert record["AnnualRevenue"] is None
    assert sf.Account.update(made["id"], {"Name": "Harbor Lights Supply"}) == 204
    assert sf.Account.get(made["id"][:15])["Name"] == "Harbor Lights Supply"
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(exceptions.SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        sf.Account.get(made["id"])
    with pytest.raises(exceptions.SalesforceResourceNotFound, match="NOT_FOUND"):
        sf.Account.get("001Hp00000ZZZZZ")


def test_external_ids_hold_slashes_and_blanks(sf: Salesforce) -> None:
    name = format_external_id("Zoho_Contact_Id__c", "A/1 b")
    assert sf.Account.upsert(name, {"Name": "First"}) == 201
    assert sf.Account.upsert(name.replace("A", "a"), {"Name": "Second"}) == 200, "case does not count"
    again = sf.Account.upsert(name, {"Phone": "1"}, raw_response=True).json()
    assert again["created"] is False
    assert sf.Account.get(name)["Name"] == "Second"


def test_changed_and_deleted_records(site: Site, sf: Salesforce) -> None:
    made = sf.Account.create({"Name": "Brief"})["id"]
    kept = sf.Account.create({"Name": "Lasting"})["id"]
    sf.Account.delete(made)
    site.tell("/clock", {"jump_seconds": 120})
    start, end = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(minutes=5)
    assert sf.Account.updated(start, end)["ids"] == [kept]
    assert [one["id"] for one in sf.Account.deleted(start, end)["deletedRecords"]] == [made]


def test_collections_answer_row_by_row(sf: Salesforce) -> None:
    rows = [
        {"attributes": {"type": "Account"}, "Zoho_Contact_Id__c": "4815", "Name": "One"},
        {"attributes": {"type": "Account"}, "Zoho_Contact_Id__c": "4816"},
        {"attributes": {"type": "Account"}, "Zoho_Contact_Id__c": "4817", "Name": "Three"},
    ]
    path = "composite/sobjects/Account/Zoho_Contact_Id__c"
    found = sf.restful(path, method="PATCH", json={"allOrNone": False, "records": rows})
    assert [one["success"] for one in found] == [True, False, True]
    assert found[0]["created"] is True
    assert found[1]["errors"] == [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [Name]",
            "fields": ["Name"],
        }
    ]
    whole = sf.restful(path, method="PATCH", json={"allOrNone": True, "records": rows[1:]})
    assert [one["errors"][0]["statusCode"] for one in whole] == [
        "REQUIRED_FIELD_MISSING",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]
    ids = [found[0]["id"], "001Hp00000ZZZZZ", found[2]["id"]]
    read = sf.restful("composite/sobjects/Account", method="POST", json={"ids": ids, "fields": ["Name"]})
    assert [one and one["Name"] for one in read] == ["One", None, "Three"]
    gone = sf.restful("composite/sobjects", method="DELETE", params={"ids": f"{ids[0]},{ids[2]}"})
    assert [one["success"] for one in gone] == [True, True]


def test_an_order_in_one_composite_call(sf: Salesforce) -> None:
    book = sf.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")["records"][0]["Id"]
    account = sf.Account.create({"Name": "Harbor Lights"})["id"]
    product = sf.Product2.create({"Name": "Lamp", "ProductCode": "LMP", "IsActive": True})["id"]
    entry = sf.PricebookEntry.create(
        {"Product2Id": product, "Pricebook2Id": book, "UnitPrice": 189.0, "IsActive": True}
    )["id"]
    base = "/services/data/v64.0"

    def asked(lines: list[dict[str, Any]]) -> dict[str, Any]:
        head = {"AccountId": account, "EffectiveDate": "2026-03-03", "Status": "Draft", "Pricebook2Id": book}
        order = {"method": "POST", "url": f"{base}/sobjects/Order", "referenceId": "refOrder", "body": head}
        rows = {
            "method": "POST",
            "url": f"{base}/composite/sobjects",
            "referenceId": "refLines",
            "body": {"allOrNone": True, "records": lines},
        }
        activate = {
            "method": "PATCH",
            "url": f"{base}/sobjects/Order/@{{refOrder.id}}",
            "referenceId": "refActivate",
            "body": {"Status": "Activated"},
        }
        return {"allOrNone": True, "compositeRequest": [order, *([rows] if lines else []), activate]}

    empty = sf.restful("composite", method="POST", json=asked([]))["compositeResponse"]
    assert [one["httpStatusCode"] for one in empty] == [400, 400]
    assert [one["body"][0]["errorCode"] for one in empty] == ["PROCESSING_HALTED", "FAILED_ACTIVATION"]
    assert sf.query("SELECT COUNT() FROM Order")["totalSize"] == 0

    line = {
        "attributes": {"type": "OrderItem"},
        "OrderId": "@{refOrder.id}",
        "PricebookEntryId": entry,
        "Quantity": 10,
        "UnitPrice": 189.0,
    }
    full = sf.restful("composite", method="POST", json=asked([line]))["compositeResponse"]
    assert [one["httpStatusCode"] for one in full] == [201, 200, 204]
    order = sf.Order.get(full[0]["body"]["id"])
    assert (order["Status"], order["StatusCode"], order["TotalAmount"]) == ("Activated", "Activated", 1890.0)


def test_an_expired_session_is_renewed_once(site: Site, sf: Salesforce) -> None:
    made = sf.Account.create({"Name": "Harbor Lights"})["id"]
    first = sf.session_id
    site.tell("/salesforce/tokens/expire")
    assert sf.restful(f"sobjects/Account/{made}")["Name"] == "Harbor Lights"
    assert sf.session_id != first


def test_a_session_that_never_works_ends_soon(site: Site, sf: Salesforce) -> None:
    """Through ``restful``: through its object types the client would log in until Python's stack ends."""
    rule = {"kind": "revoked_token", "system": "salesforce", "path": "/services/data/*"}
    site.tell("/faults", rule)
    with pytest.raises(exceptions.SalesforceExpiredSession):
        sf.restful("limits")
    log_ins = [one for one in site.requests() if one["path"] == "/services/oauth2/token"]
    assert 2 <= len(log_ins) <= MOST_LOG_INS


def test_refusals_have_the_clients_exceptions(site: Site, sf: Salesforce) -> None:
    with pytest.raises(exceptions.SalesforceMalformedRequest) as long:
        sf.Contact.create({"LastName": "L", "FirstName": "x" * 41})
    assert long.value.content == [
        {
            "message": f"First Name: data value too large: {'x' * 41} (max length=40)",
            "errorCode": "STRING_TOO_LONG",
            "fields": ["FirstName"],
        }
    ]
    with pytest.raises(exceptions.SalesforceGeneralError) as method:
        sf.restful("composite", method="PUT")
    assert method.value.status == 405
    site.tell("/salesforce/settings", {"daily_requests": 1})
    with pytest.raises(exceptions.SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        sf.restful("limits")


def test_only_salesforces_hosts_pass_the_proxy(site: Site, session: requests.Session) -> None:
    session.proxies = {"https": f"http://127.0.0.1:{site.proxy_port}"}
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("https://example.com/", timeout=5)
