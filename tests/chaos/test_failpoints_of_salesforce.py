"""C9, C11, C20, C26: what passes between Salesforce and Zoho survives the death of its worker anywhere.

As :mod:`tests.chaos.test_failpoints_of_clarity`, with other stories: an account is entered, changed, retired;
a deal is won; the catalogue is carried, by calls and by jobs; stock moves; an order is made and filled.
Most facts take several requests, and each of them is a place to die at. `make test` kills at some points of
four stories, `make chaos` everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from include import failpoints
from include.connectors.salesforce import describe
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.flows import (
    SALESFORCE_CUSTOMERS,
    SALESFORCE_WON,
    ZOHO_CATALOGUE,
    ZOHO_ORDERS,
    ZOHO_STOCK,
    MirrorFlow,
)
from tests.chaos.survival import KILLED, LONG_ENOUGH, Marker, one_run, runs_until_green
from tests.chaos.test_failpoints_of_clarity import (
    Crossing,
    Story,
    crossings,
    deadly,
    die_once,
    die_twice,
)
from tests.pipeline.errands import world_of
from tests.pipeline.house import House
from tests.pipeline.outside import Json, cents
from tests.pipeline.salesforce import Goods, Org
from tests.pipeline.world import run_once

NAME, CITY = "Gulf Coast Marine", "Austin"
NOTE = "Ring twice"
SOLD = {"NW-0001": 3, "NW-0003": 2}
SWITCHED = {"active_field": "Active__c"}
"""An org that says by a field of its own which customers are active."""
BY_JOBS = {"bulk_threshold": 1, "bulk_patience": 1_000_000}
"""Whatever is more than one record goes by Bulk API; naps between two looks at a job are counted long."""
TOLD = {"retired": 3, "won": 3, "jobs": 12, "filled": 4}
"""The stories of which `make test` tries some points, and how many requests each takes."""


@dataclass(frozen=True)
class OrgStory(Story):
    """A story that begins with an empty org.

    Attributes:
        connection: settings of the org's connection, for whoever is killed too.
    """

    connection: Mapping[str, str | int] = field(default_factory=dict, hash=False)

    def begin(self, house: House) -> None:
        """A new world, up to the run that shall be interrupted."""
        house.tidy()
        describe.forget()
        house.salesforce = self.connection
        self.tell(house)

    def assert_survived(self, house: House) -> None:
        """The systems agree, our books balance, and who compares everything has nothing to write."""
        super().assert_survived(house)
        here = world_of(self.flow, house.doors, house.clock)
        with closing(here.ledger):
            assert here.ledger.balances.check(self.flow).findings == []
            before = requests(house)
            assert run_once(here, Request(poll=True, whole=True)).green
            assert requests(house) == before
            assert here.ledger.balances.check(self.flow).balanced
        self.judge(house)


def org(house: House) -> Org:
    return Org(house.doors.zoho)


def goods(house: House) -> Goods:
    return Goods(house.doors.zoho)


def requests(house: House, method: str = "", path: str = "", status: int = 0) -> Counter[str]:
    """What either system was asked to change so far; with ``status``, what was answered so."""
    made: Counter[str] = Counter()
    for row in house.zoho.get("/requests", limit=1)["counts"]:
        shape = str(row["shape"])
        if row["method"] == "GET" or "/oauth" in shape or method not in {"", row["method"]}:
            continue
        if shape.endswith(path) and status in {0, row["status"]}:
            made[f"{row['method']} {shape}"] += int(row["n"])
    return made


def created(house: House, path: str) -> int:
    """How many records of a kind Zoho has ever made."""
    return requests(house, "POST", f"/inventory/v1{path}", 201).total()


def ever(house: House, name: str) -> list[Json]:
    """All records of an object, those in the recycle bin too."""
    found: list[Json] = org(house).get(f"/salesforce/records/{name}", deleted=True)["records"]
    return found


def carry(house: House, flow: MirrorFlow) -> None:
    """A run that is left alone."""
    here = world_of(flow.name, house.doors, house.clock)
    with closing(here.ledger):
        assert run_once(here, Request(poll=True)).green


# The stories --------------------------------------------------------------------------------------------


def enter(house: House, **values: str) -> None:
    account = org(house).make("Account", Name=NAME, BillingCity="Galveston", BillingCountry="US", **values)
    org(house).make("Contact", AccountId=account, FirstName="Ana", LastName="Ruiz", Email="a@gulf.example")


def the_record(house: House, name: str) -> str:
    (record,) = [each["Id"] for each in org(house).records(name) if each["Name"] in {NAME, "Ana Ruiz"}]
    return str(record)


def change(house: House, **values: str) -> None:
    enter(house, **values)
    carry(house, SALESFORCE_CUSTOMERS)
    contact = goods(house).contact(NAME)["contact_id"]
    goods(house).put(f"/zoho/contacts/{contact}", {"changes": {"notes": NOTE}})
    org(house).change("Account", the_record(house, "Account"), BillingCity=CITY)


def delete(house: House) -> None:
    change(house)
    carry(house, SALESFORCE_CUSTOMERS)
    org(house).do("delete", "Account", the_record(house, "Account"))


def know_status(house: House) -> None:
    picklist = {"name": "Active__c", "type": "picklist", "length": 40}
    org(house).post("/salesforce/schema/Account/fields", picklist)


def enter_asleep(house: House) -> None:
    know_status(house)
    enter(house, Active__c="No")


def retire(house: House) -> None:
    """All that Zoho takes in requests of their own: the body, the people, the status."""
    know_status(house)
    change(house, Active__c="Yes")
    org(house).change("Contact", the_record(house, "Contact"), Title="Owner")
    org(house).change("Account", the_record(house, "Account"), Active__c="No")


def offer(house: House) -> str:
    carry(house, ZOHO_CATALOGUE)
    enter(house)
    carry(house, SALESFORCE_CUSTOMERS)
    values = {"Name": "Refit", "StageName": "Prospecting", "CloseDate": "2026-03-01"}
    return org(house).make("Opportunity", AccountId=the_record(house, "Account"), **values)


def win(house: House) -> None:
    org(house).win(offer(house), **SOLD)


def win_more(house: House) -> None:
    """A deal that stands in Zoho is about more."""
    win(house)
    carry(house, SALESFORCE_WON)
    (line,) = [each for each in org(house).records("OpportunityLineItem") if cents(each["Quantity"]) == 3]
    org(house).change("OpportunityLineItem", line["Id"], Quantity=5)


def nothing(house: House) -> None:
    """The catalogue is news as it is."""


def reprice(house: House) -> None:
    """Two items have other names and prices."""
    carry(house, ZOHO_CATALOGUE)
    goods(house).post("/clock", {"jump_seconds": 2})
    for code in SOLD:
        goods(house).put(f"/zoho/items/{code}", {"changes": {"name": f"New {code}", "rate": 19.75}})


def count(house: House) -> None:
    carry(house, ZOHO_CATALOGUE)
    carry(house, ZOHO_STOCK)
    goods(house).post("/zoho/items/NW-0001/stock", {"difference": 5})


def order(house: House) -> None:
    win(house)
    carry(house, SALESFORCE_WON)


def fill(house: House) -> None:
    """A draft that stands in Salesforce loses a line, changes one, gets one, and is confirmed."""
    carry(house, ZOHO_CATALOGUE)
    enter(house)
    carry(house, SALESFORCE_CUSTOMERS)
    items = {each["sku"]: each for each in goods(house).items()}

    def lines(**wanted: int) -> list[Json]:
        return [
            {"item_id": items[code]["item_id"], "quantity": n, "rate": items[code]["rate"]}
            for code, n in wanted.items()
        ]

    body = {"customer_id": goods(house).contact(NAME)["contact_id"], "line_items": lines(**SOLD)}
    (draft,) = house.zoho.place(body=body, confirm=False)
    carry(house, ZOHO_ORDERS)
    assert [each["Status"] for each in org(house).records("Order")] == ["Draft"]
    (kept, _) = goods(house).orders()[0]["line_items"]
    more = [{**kept, "quantity": 7}, *lines(**{"NW-0002": 1})]
    house.zoho.edit(draft["salesorder_id"], line_items=more)
    house.zoho.overwrite(draft["salesorder_id"], order_status="confirmed", status="confirmed")


# What must be true --------------------------------------------------------------------------------------


def assert_contact(house: House, *, status: str = "active", **asked: str) -> None:
    """Made once, with its person once; ``asked`` of the person."""
    found = goods(house).contact(NAME)
    (person,) = found["contact_persons"]
    assert (person["email"], found["status"]) == ("a@gulf.example", status)
    assert {name: person[name] for name in asked} == asked
    assert created(house, "/contacts") == 1


def assert_entered(house: House) -> None:
    assert_contact(house)


def assert_asleep(house: House) -> None:
    assert_contact(house, status="inactive")


def assert_changed(house: House) -> None:
    """Both edits stand: no crash makes us tell what has not changed."""
    assert_contact(house)
    found = goods(house).contact(NAME)
    assert (found["billing_address"]["city"], found["notes"]) == (CITY, NOTE)


def assert_inactive(house: House) -> None:
    assert_contact(house, status="inactive")


def assert_retired(house: House) -> None:
    assert_contact(house, status="inactive", designation="Owner")
    found = goods(house).contact(NAME)
    assert (found["billing_address"]["city"], found["notes"]) == (CITY, NOTE)


def assert_one_order(house: House, **sold: int) -> None:
    """Made once and confirmed once: the deal's customer, lines, quantities, prices, and total."""
    (made,) = goods(house).orders()
    (deal,) = [each for each in org(house).records("Opportunity") if each["IsWon"]]
    assert (made["order_status"], cents(made["total"])) == ("confirmed", cents(deal["Amount"]))
    assert made["customer_id"] == goods(house).contact(NAME)["contact_id"]
    codes = {each["Id"]: each["ProductCode"] for each in org(house).records("Product2")}
    assert sorted(
        (line["sku"], cents(line["quantity"]), cents(line["rate"])) for line in made["line_items"]
    ) == sorted(
        (codes[line["Product2Id"]], cents(line["Quantity"]), cents(line["UnitPrice"]))
        for line in org(house).records("OpportunityLineItem")
    )
    assert {line["sku"]: int(line["quantity"]) for line in made["line_items"]} == SOLD | sold
    assert created(house, "/salesorders") == 1
    assert requests(house, "POST", "/status/confirmed").total() == 1


def assert_won(house: House) -> None:
    assert_one_order(house)


def assert_won_more(house: House) -> None:
    assert_one_order(house, **{"NW-0001": 5})


def assert_catalogue(house: House) -> None:
    """Each item a product with its price in the standard book, none of them ever made twice."""
    items = {each["item_id"]: each for each in goods(house).items()}
    products = {each["Zoho_Item_Id__c"]: each for each in ever(house, "Product2")}
    entries = {each["Product2Id"]: each for each in ever(house, "PricebookEntry")}
    assert products.keys() == items.keys()
    assert entries.keys() == {each["Id"] for each in products.values()}
    assert len(ever(house, "Product2")) == len(ever(house, "PricebookEntry")) == len(items)
    for key, item in items.items():
        entry = entries[products[key]["Id"]]
        assert products[key]["Name"] == item["name"]
        assert cents(entry["UnitPrice"]) == cents(item["rate"])
        assert entry["IsActive"] is products[key]["IsActive"] is (item["status"] == "active")


def assert_jobs(house: House, *done: tuple[str, str]) -> None:
    """The catalogue stands, and of its jobs each was done once: no batch was carried by two."""
    assert_catalogue(house)
    assert Counter(
        (job["object"], job["operation"]) for job in jobs(house) if job["state"] != "Aborted"
    ) == Counter(done)


def jobs(house: House) -> list[Json]:
    """Salesforce's own list of Bulk API jobs that have got a file."""
    target: Any = world_of(ZOHO_CATALOGUE.name, house.doors, house.clock).target
    listed: list[Json] = target.client.get("jobs/ingest")["records"]
    return [job for job in listed if job["state"] != "Open"]


def assert_made_by_jobs(house: House) -> None:
    assert_jobs(house, ("Product2", "upsert"), ("PricebookEntry", "insert"))


def assert_repriced_by_jobs(house: House) -> None:
    made = [("Product2", "upsert"), ("PricebookEntry", "insert")]
    assert_jobs(house, *made, ("Product2", "upsert"), ("PricebookEntry", "update"))


def assert_counted(house: House) -> None:
    (item,) = [each for each in goods(house).items() if each["sku"] == "NW-0001"]
    (product_,) = [each for each in ever(house, "Product2") if each["ProductCode"] == "NW-0001"]
    assert cents(product_["Zoho_Stock__c"]) == cents(item["actual_available_for_sale_stock"])


def assert_ordered(house: House) -> None:
    """Once, activated, with the lines of Zoho's order."""
    (told,) = goods(house).orders()
    (made,) = ever(house, "Order")
    account = the_record(house, "Account")
    assert (made["Zoho_Salesorder_Id__c"], made["AccountId"]) == (told["salesorder_id"], account)
    assert (made["Status"], cents(made["TotalAmount"])) == ("Activated", cents(told["sub_total"]))
    codes = {each["Id"]: each["ProductCode"] for each in org(house).records("Product2")}
    lines = org(house).records("OrderItem")
    assert {line["OrderId"] for line in lines} == {made["Id"]}
    assert sorted(
        (line["Zoho_Line_Item_Id__c"], codes[line["Product2Id"]], cents(line["Quantity"])) for line in lines
    ) == sorted((line["line_item_id"], line["sku"], cents(line["quantity"])) for line in told["line_items"])


def assert_filled(house: House) -> None:
    """As Zoho has it now; no line was made that had to be taken back."""
    assert_ordered(house)
    assert sorted(cents(line["Quantity"]) for line in org(house).records("OrderItem")) == [
        Decimal(1),
        Decimal(7),
    ]
    assert len(ever(house, "OrderItem")) == 3


def story(
    name: str,
    flow: MirrorFlow,
    tell: Callable[[House], None],
    judge: Callable[[House], None],
    connection: Mapping[str, str | int] | None = None,
) -> OrgStory:
    return OrgStory(name, flow.name, tell, judge, connection=connection or {})


STORIES = (
    story("entered", SALESFORCE_CUSTOMERS, enter, assert_entered),
    story("asleep", SALESFORCE_CUSTOMERS, enter_asleep, assert_asleep, SWITCHED),
    story("changed", SALESFORCE_CUSTOMERS, change, assert_changed),
    story("deleted", SALESFORCE_CUSTOMERS, delete, assert_inactive),
    story("retired", SALESFORCE_CUSTOMERS, retire, assert_retired, SWITCHED),
    story("won", SALESFORCE_WON, win, assert_won),
    story("won more", SALESFORCE_WON, win_more, assert_won_more),
    story("items", ZOHO_CATALOGUE, nothing, assert_catalogue),
    story("repriced", ZOHO_CATALOGUE, reprice, assert_catalogue),
    story("jobs", ZOHO_CATALOGUE, nothing, assert_made_by_jobs, BY_JOBS),
    story("repriced by jobs", ZOHO_CATALOGUE, reprice, assert_repriced_by_jobs, BY_JOBS),
    story("counted", ZOHO_STOCK, count, assert_counted),
    story("ordered", ZOHO_ORDERS, order, assert_ordered),
    story("filled", ZOHO_ORDERS, fill, assert_filled),
)
BY_NAME = {each.name: each for each in STORIES}
FLOWS = {each.flow for each in STORIES}


def writing(house: House, told: OrgStory) -> list[Crossing]:
    """The points of a story's write to its target, and of the requests that it takes, in order."""
    passed = crossings(house, told)
    places = {place for place, point in passed if point == "after_remote_commit"}
    return [(place, point) for place, point in passed if place in places or is_request(place)]


def is_request(place: str) -> bool:
    return " " in place


# The deaths ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOLD)
def test_a_worker_killed_at_some_requests_leaves_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, name: str
) -> None:
    marker, told = Marker(tmp_path / "worker"), BY_NAME[name]
    points = writing(house, told)
    assert {point for _, point in points} == set(failpoints.POINTS)
    assert len([place for place, point in points if is_request(place)]) == 2 * TOLD[name]
    for where in points[2 :: max(3, len(points) // 2)]:
        with subtests.test(where=where):
            die_once(house, told, where, marker)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("told", STORIES, ids=str)
def test_a_worker_killed_at_a_write_or_a_request_leaves_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, told: OrgStory
) -> None:
    marker = Marker(tmp_path / "worker")
    for where in writing(house, told):
        with subtests.test(where=where):
            die_once(house, told, where, marker)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_two_deaths_one_after_the_other_leave_one_order(
    house: House, subtests: pytest.Subtests, tmp_path: Path
) -> None:
    """All pairs of points of a won deal's write and its requests: it is money."""
    first, second, told = Marker(tmp_path / "first"), Marker(tmp_path / "second"), BY_NAME["won"]
    for where, then in product(writing(house, told), repeat=2):
        with subtests.test(where=where, then=then):
            die_twice(house, told, (where, first), (then, second))


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("job", ["", " (2)"], ids=["products", "prices"])
def test_a_job_that_outlives_its_worker_is_awaited(house: House, tmp_path: Path, job: str) -> None:
    """The next run finds it under way, begins no other, and gives up in time; a later one has its results."""
    marker, told = Marker(tmp_path / "worker"), BY_NAME["jobs"]
    told.begin(house)
    org(house).post("/salesforce/settings", {"bulk_batch_seconds": 2.0})
    marker.arm()
    house.clock.ahead += LONG_ENOUGH
    closed = (f"salesforce PATCH jobs/ingest/{{id}}{job}", "after_send")
    assert one_run(house, deadly(closed, marker), flow=told.flow) == KILLED
    org(house).post("/salesforce/settings", {"bulk_paused": True})
    begun = [each["id"] for each in jobs(house)]
    house.salesforce = {**BY_JOBS, "bulk_patience": 1}
    house.clock.ahead += LONG_ENOUGH
    assert one_run(house, flow=told.flow) == 1
    assert [each["id"] for each in jobs(house)] == begun
    assert {each["state"] for each in jobs(house)} != {"JobComplete"}
    org(house).post("/salesforce/settings", {"bulk_paused": False})
    house.salesforce = BY_JOBS
    assert runs_until_green(house, flow=told.flow) == [0]
    told.assert_survived(house)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("told", STORIES, ids=str)
def test_a_worker_killed_anywhere_else_leaves_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, told: OrgStory
) -> None:
    """At a port's call or a step of the ledger."""
    marker, tried = Marker(tmp_path / "worker"), writing(house, told)
    for where in crossings(house, told):
        if where not in tried:
            with subtests.test(where=where):
                die_once(house, told, where, marker)
