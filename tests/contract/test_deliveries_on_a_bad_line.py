"""C33, C34: what runs deliver over a line that cuts three connections in ten, and who logs in when all must.

Connectors, ledger and ``Delivery`` are the real ones, and so is every broken connection.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.connectors.documents import Answer, Document
from include.connectors.salesforce import SalesforceClient, SalesforceProducts, describe
from include.connectors.zoho_inventory import ZohoClient
from include.errors import AuthenticationError, TransientError
from include.pipelines.delivery import Delivered, Delivery, Write
from tests.contract.salesforce_line import open_client
from tests.contract.salesforce_worker import FileJobs
from tests.contract.zoho_site import Site, northwind, serving

if TYPE_CHECKING:
    from include.pipelines.mirrors.ports import RecordTarget

RECORDS = 200
RUNS = 15
"""As often Airflow would try again; each run carries what the ones before have left."""
WORKERS = 50


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Northwind's items and customers."""
    return northwind(tmp_path_factory.mktemp("told"), 1)


@pytest.fixture
def site(told: Path, tmp_path: Path) -> Iterator[Site]:
    """A sandbox of one's own, and an empty ledger."""
    shutil.copy(told, tmp_path / told.name)
    describe.forget()
    with serving(tmp_path) as made:
        yield made


@pytest.fixture
def salesforce(site: Site) -> Iterator[Callable[..., SalesforceClient]]:
    """Opens workers' clients of the org."""
    opened: list[SalesforceClient] = []

    def make(**changes: Any) -> SalesforceClient:
        opened.append(open_client(site.url, site.ledger, **changes))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


# -- C34 -------------------------------------------------------------------------------------------------


def cut(site: Site, system: str) -> None:
    """Of ten connections seven hold: cut before the request, after it, and within the answer."""
    for seed, (kind, share) in enumerate([("close_before", 0.12), ("close_after", 0.12), ("truncate", 0.1)]):
        site.fault(kind, system=system, path="*", method="*", times=None, probability=share, seed=seed)


def carried(site: Site, target: RecordTarget, system: str, documents: Sequence[Document]) -> None:
    """Deliver all of them, run by run."""
    delivery: Delivery[Document, Answer] = Delivery(
        ledger=site.ledger,
        flow=f"a_flow_to_{system}",
        place="load_records",
        entity="record",
        source_system="elsewhere",
        target_system=system,
        send=target.write,
        adopted=lambda key, target_id: Answer(key, "adopted", target_id),
        confirmed=lambda writes: target.standing([write.record for write in writes]),
        chunk=10,
    )
    writes = [Write(each.key, "v1", each.key, each) for each in documents]
    for _run in range(RUNS):
        delivered = Delivered[Answer]()
        try:
            delivered = delivery.deliver(writes)
        except TransientError:
            continue
        assert delivered.refused == {}
        if len(delivered.done) == len(writes):
            return
    raise AssertionError(f"{len(writes) - len(delivered.done)} records are still not there")


def struck(site: Site, system: str) -> float:
    """The share of requests that met a fault."""
    asked = site.http.get("/_sandbox/requests", params={"system": system, "limit": 20_000}).json()["requests"]
    standing = site.http.get("/_sandbox/faults").json()["faults"]
    return sum(rule["struck"] for rule in standing) / len(asked)


def linked(site: Site, system: str, keys: Sequence[str]) -> dict[str, str]:
    """Target ids by key, as the crosswalk has them."""
    links = site.ledger.crosswalk.find("record", "elsewhere", list(keys), system)
    return {key: link.target_id for key, link in links.items()}


def contact(number: int) -> Document:
    members = {
        "contact_name": f"Harbour {number} & Söhne",
        "company_name": f"Harbour {number}",
        "payment_terms": number % 60,
        "billing_address": {"address": f"Pier {number}", "city": "München"},
        "contact_persons": [
            {"first_name": "Ngozi", "last_name": f"Okafor {number}", "email": f"n{number}@harbour.example"}
        ],
        "is_active": number % 4 != 0,
        "cf_industry": "Outdoor",
    }
    return Document(f"0018d0000{number:06}AAA", json.dumps(members))


def test_two_hundred_contacts_reach_zoho_once_and_whole(site: Site) -> None:
    """C34: names, people, status and custom fields; a contact that is not active takes a second call."""
    documents = [contact(number) for number in range(RECORDS)]
    before = site.count("contacts")
    cut(site, "zoho")
    carried(site, site.contacts(), "zoho_inventory", documents)
    assert struck(site, "zoho") > 0.25
    site.tell("/faults", method="DELETE")
    assert site.count("contacts") == before + RECORDS
    links = linked(site, "zoho_inventory", [each.key for each in documents])
    assert len(set(links.values())) == RECORDS
    for document in documents:
        asked, stands = document.members, site.contact(links[document.key])
        people = [
            (each["first_name"], each["last_name"], each["email"]) for each in stands["contact_persons"]
        ]
        assert people == [tuple(asked["contact_persons"][0].values())]
        assert stands["status"] == ("active" if asked["is_active"] else "inactive")
        assert stands["custom_field_hash"]["cf_industry"] == "Outdoor"
        assert stands["custom_field_hash"]["cf_salesforce_id"] == document.key
        assert stands["billing_address"].items() >= asked["billing_address"].items()
        assert {name: stands[name] for name in ("contact_name", "company_name", "payment_terms")} == {
            name: asked[name] for name in ("contact_name", "company_name", "payment_terms")
        }


def product(number: int) -> Document:
    members = {
        "Product2": {
            "Zoho_Item_Id__c": f"46000000{number:05}",
            "Name": f"Lamp {number}, “brass”",
            "ProductCode": f"LMP-{number}",
            "IsActive": number % 5 != 0,
        },
        "price": {"UnitPrice": number + 0.25, "IsActive": True},
    }
    return Document(f"item-{number}", json.dumps(members))


@pytest.mark.parametrize("threshold", [2_000, 5], ids=["collections", "bulk"])
def test_two_hundred_products_reach_salesforce_once_and_whole(
    site: Site, salesforce: Callable[..., SalesforceClient], tmp_path: Path, threshold: int
) -> None:
    """C34: products and their prices, by collections and by jobs."""
    documents = [product(number) for number in range(RECORDS)]
    cut(site, "salesforce")
    target = SalesforceProducts(salesforce(bulk_threshold=threshold), FileJobs(tmp_path / "jobs"))
    carried(site, target, "salesforce", documents)
    assert struck(site, "salesforce") > 0.25
    site.tell("/faults", method="DELETE")
    stands = {row["Zoho_Item_Id__c"]: row for row in rows(site, "Product2")}
    prices = {row["Product2Id"]: row for row in rows(site, "PricebookEntry")}
    assert (len(rows(site, "Product2")), len(rows(site, "PricebookEntry"))) == (RECORDS, RECORDS)
    links = linked(site, "salesforce", [each.key for each in documents])
    for document in documents:
        asked = document.members
        row = stands[asked["Product2"]["Zoho_Item_Id__c"]]
        assert links[document.key] == row["Id"]
        assert row.items() >= asked["Product2"].items()
        assert Decimal(str(prices[row["Id"]]["UnitPrice"])) == asked["price"]["UnitPrice"]


def rows(site: Site, name: str) -> list[dict[str, Any]]:
    """What the org has, numbers exact."""
    answer = site.http.get(f"/_sandbox/salesforce/records/{name}")
    found: list[dict[str, Any]] = json.loads(answer.text, parse_float=Decimal)["records"]
    return found


# -- C33 -------------------------------------------------------------------------------------------------


def together(workers: Sequence[Callable[[], object]]) -> list[object]:
    """Let all work at once; what each got or raised."""
    gate = threading.Barrier(len(workers))
    got: list[object] = [None] * len(workers)

    def work(place: int) -> None:
        gate.wait()
        try:
            got[place] = workers[place]()
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            got[place] = error

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def log_ins(site: Site, path: str) -> int:
    """How often anybody asked for a token."""
    found = site.http.get("/_sandbox/requests", params={"limit": 20_000}).json()["requests"]
    return sum(path in row["path"] for row in found)


def zoho_workers(site: Site) -> list[Callable[[], object]]:
    """Workers that have called before, each with a client of its own."""
    clients: list[ZohoClient] = [site.client(concurrency=WORKERS) for _ in range(WORKERS)]
    for client in clients:
        client.get("/items", {"per_page": "1"})
    return [lambda client=client: client.get("/items", {"per_page": "1"}).code for client in clients]


def salesforce_workers(salesforce: Callable[..., SalesforceClient]) -> list[Callable[[], object]]:
    """Workers that have called before, each with a client of its own."""
    clients = [salesforce(concurrency=WORKERS) for _ in range(WORKERS)]
    for client in clients:
        client.ping()
    return [lambda client=client: client.ping() for client in clients]


def test_fifty_workers_with_an_expired_token_refresh_zohos_once(site: Site) -> None:
    """C33."""
    workers = zoho_workers(site)
    site.tell("/zoho/tokens/expire")
    assert together(workers) == [0] * WORKERS
    assert log_ins(site, "/oauth/v2/token") == 2, "the first one's, and one after the end"


def test_fifty_workers_with_a_revoked_consent_ask_zoho_once(site: Site) -> None:
    """C33: each says so once, and nobody asks again."""
    workers = zoho_workers(site)
    site.tell("/zoho/tokens/expire")
    site.tell("/zoho/tokens/revoke")
    assert {type(each) for each in together(workers)} == {AuthenticationError}
    assert {type(each) for each in together(workers)} == {AuthenticationError}
    assert log_ins(site, "/oauth/v2/token") == 2


def test_fifty_workers_with_an_expired_session_open_one_in_salesforce(
    site: Site, salesforce: Callable[..., SalesforceClient]
) -> None:
    """C33."""
    workers = salesforce_workers(salesforce)
    site.tell("/salesforce/tokens/expire")
    assert together(workers) == [None] * WORKERS
    assert log_ins(site, "/services/oauth2/token") == 2


def test_fifty_workers_with_a_withdrawn_secret_ask_salesforce_once(
    site: Site, salesforce: Callable[..., SalesforceClient]
) -> None:
    """C33: each says so once, and nobody asks again."""
    workers = salesforce_workers(salesforce)
    app = {"consumer_key": "salesforce-sandbox", "consumer_secret": "another", "run_as": "admin@acme.example"}
    site.tell("/salesforce/apps", app)
    site.tell("/salesforce/tokens/expire")
    assert {type(each) for each in together(workers)} == {AuthenticationError}
    assert {type(each) for each in together(workers)} == {AuthenticationError}
    assert log_ins(site, "/services/oauth2/token") == 2
