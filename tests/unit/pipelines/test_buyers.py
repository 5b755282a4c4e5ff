"""B7, B51, B56, A33: what becomes of an order's buyer - recognised, created, a question, or a guest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from include.canonical import ORDER_FRAME, empty_frame
from include.errors import ConfigurationError
from include.ledger import Ledger, migrate
from include.pipelines.buyers import Buyers, identify
from include.pipelines.flows import CLARITY_ORDERS, ZOHO_ORDERS, OrderFlow
from include.pipelines.guests import HOUSE
from include.pipelines.ports import CUSTOMER, TARGET, World
from include.pipelines.staging import rows
from include.sandbox.clarity import cases
from include.sandbox.clarity.kinds import ORDERS
from include.sandbox.clarity.wire import dumps
from include.sandbox.clarity.world import World as Shop
from include.sandbox.control import Control
from include.sandbox.database import Database
from include.translation import load
from tests.unit.mappings.clarity_shop import shop_site
from tests.unit.pipelines.labelled import customers

MakeWorld = Callable[..., World]
TAYLOR, HOUSE_ACCOUNT, RETIRED = "01-D3600", "01-GUEST", "00-OLD"
SAGE = [
    ("01", "D3600", "Taylor & Sons Inc.", "ap@taylor.example", "", "98011", "A", ""),
    ("01", "GUEST", "Web shop guests", "", "", "", "A", ""),
    ("00", "OLD", "Retired Foods", "old@retired.example", "", "", "I", ""),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MakeWorld]:
    """A real ledger; Sage's customers are a table."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    ledger = Ledger.connect(url)
    table = pd.DataFrame(SAGE, columns=list(customers().columns)).astype("string[pyarrow]")
    nobody: Any = SimpleNamespace()
    reads: Any = SimpleNamespace(customers=lambda: table)

    def make(flow: OrderFlow = CLARITY_ORDERS, **settings: str) -> World:
        return World(
            flow=flow, ledger=ledger, source=nobody, notes=nobody, reads=reads, writes=nobody,
            staging_root=tmp_path, settings=settings,
        )  # fmt: skip

    yield make
    ledger.close()


def orders(*told: dict[str, Any]) -> pd.DataFrame:
    """A canonical frame: order O1 is the first's, and so on; what is not told is null."""
    frame = empty_frame(ORDER_FRAME).reindex(range(len(told)))
    known = [{"source_id": f"O{n}", "number": f"SO-{n}", **order} for n, order in enumerate(told, start=1)]
    for name in {name for order in known for name in order}:
        frame[name] = pd.array([order.get(name) for order in known], dtype=frame[name].dtype)
    return frame


def firm(source_id: str, company: str, **more: Any) -> dict[str, Any]:
    return {"customer_source_id": source_id, "customer_name": company, "customer_company": company} | more


def played(folder: Path, *names: str) -> pd.DataFrame:
    """Orders of the shop's named cases, as its mapping reads them."""
    database = Database(folder / "shop.sqlite")
    shop = Shop.over(Control(database))
    placed = [number for told in cases.play(shop, list(names), announce=False) for number in told["orders"]]
    found = {str(order["id"]): order for n in placed if (order := shop.documents.numbered(ORDERS, n))}
    database.close()
    payloads = [dumps({"data": order}).encode() for order in found.values()]
    inbound = load("clarity_ecommerce/sales_order")
    return inbound.to_canonical(list(found), payloads, shop_site()).frames["orders"]


def problems(found: Buyers) -> list[dict[str, Any]]:
    return [row for frame in found.problems for row in rows(frame)]


def link(world: World, source_id: str) -> str | None:
    links = world.ledger.crosswalk.find(CUSTOMER, world.flow.source, [source_id], TARGET)
    return links[source_id].target_id if source_id in links else None


def test_who_is_recognised_is_linked_and_asked_for_no_more(world: MakeWorld) -> None:
    here = world()
    found = identify(here, orders(firm("7", "Taylor and Sons", customer_erp_number="01-D3600")))
    assert (found.new, problems(found), link(here, "7")) == (set(), [], TAYLOR)
    again = identify(here, orders(firm("7", "Anything Else", customer_erp_number="09-NOBODY")))
    assert (again.new, problems(again)) == (set(), [])


def test_a_doubt_is_a_problem_of_each_order_and_links_nobody(world: MakeWorld) -> None:
    here = world()
    doubtful = firm("7", "Magic Cycles", customer_email="ap@taylor.example")
    found = identify(here, orders(doubtful, doubtful))
    told = problems(found)
    assert [(row["key"], row["code"]) for row in told] == [
        (key, "customer.ambiguous") for key in ("O1", "O2")
    ]
    assert [c["value"] for c in json.loads(told[0]["candidates"])] == [TAYLOR]
    assert (found.new, link(here, "7")) == (set(), None)


def test_a_number_that_sage_does_not_have_creates_nobody(world: MakeWorld) -> None:
    found = identify(
        world(), orders(firm("7", "Nova Foods", customer_erp_number="01-X1", customer_email="a@b.example"))
    )
    assert found.new == set()
    assert "Sage has no customer '01-X1'" in problems(found)[0]["message"]


def test_an_inactive_customer_is_a_question(world: MakeWorld) -> None:
    here = world()
    found = identify(here, orders(firm("7", "Retired Foods", customer_email="old@retired.example")))
    assert [row["code"] for row in problems(found)] == ["reference.inactive"]
    assert (found.new, link(here, "7")) == (set(), None)


NOVA = firm("7", "Nova Foods", customer_email="ap@nova.example", bill_to_postal_code="98011")


def test_who_is_not_found_is_created(world: MakeWorld) -> None:
    found = identify(world(), orders(NOVA))
    assert (found.new, problems(found)) == ({"7"}, [])


def test_or_flagged_with_those_who_are_near(world: MakeWorld) -> None:
    near = NOVA | {"customer_company": "Taylor Sonnet Lines", "customer_name": "Taylor Sonnet Lines"}
    found = identify(world(customer_not_found="flag"), orders(near))
    (told,) = problems(found)
    assert (found.new, told["code"], told["field"]) == (set(), "reference.not_found", "customer_id")
    assert [c["value"] for c in json.loads(told["candidates"])] == [TAYLOR]


def test_no_other_policy_is_taken_for_one(world: MakeWorld) -> None:
    with pytest.raises(ConfigurationError, match="customer_not_found is 'flagg'"):
        identify(world(customer_not_found="flagg"), orders(NOVA))


@pytest.mark.parametrize("told", ["customer_email", "bill_to_postal_code"])
def test_a_new_customer_needs_a_postal_code_or_an_address(world: MakeWorld, told: str) -> None:
    bare = firm("7", "Nova Foods")
    found = identify(world(), orders(bare))
    assert [(row["key"], row["code"]) for row in problems(found)] == [("O1", "field.missing")]
    assert found.new == set()
    assert identify(world(), orders(bare, bare | {told: "12345"})).new == {"7"}


def test_two_accounts_of_one_newcomer_make_one_customer(world: MakeWorld) -> None:
    """The second account's orders go where the first one's go."""
    found = identify(
        world(),
        orders(NOVA | {"customer_source_id": "8"}, NOVA, firm("9", "Other", customer_email="o@o.example")),
    )
    assert found.new == {"7", "9"}
    assert list(found.orders.customer_source_id) == ["7", "7", "9"]


GUEST = {
    "customer_source_id": "70",
    "customer_name": "Jane Roe",
    "customer_email": "jane@guest.example",
    "is_guest": True,
}


def test_a_guest_s_order_goes_to_the_house_account(world: MakeWorld) -> None:
    here = world(guest_customer="01-GUEST")
    found = identify(here, orders(GUEST, NOVA, GUEST | {"customer_source_id": "71"}))
    assert (found.new, problems(found)) == ({"7"}, [])
    assert list(found.orders.customer_source_id) == [HOUSE, "7", HOUSE]
    assert (link(here, HOUSE), link(here, "70")) == (HOUSE_ACCOUNT, None)


def test_without_a_house_account_a_guest_is_as_anybody(world: MakeWorld) -> None:
    found = identify(world(), orders(GUEST))
    assert (found.new, list(found.orders.customer_source_id)) == ({"70"}, ["70"])


@pytest.mark.parametrize(("house", "why"), [("01-NOBODY", "Sage has no customer"), (RETIRED, "is inactive")])
def test_a_house_account_that_is_none_sets_guests_aside(world: MakeWorld, house: str, why: str) -> None:
    found = identify(world(guest_customer=house), orders(GUEST, NOVA))
    (told,) = problems(found)
    assert (told["key"], told["code"], found.new) == ("O1", "reference.not_found", {"7"})
    assert why in told["message"]


def test_another_house_account_is_taken_from_the_next_order_on(world: MakeWorld) -> None:
    identify(world(guest_customer="01-GUEST"), orders(GUEST))
    here = world(guest_customer=TAYLOR)
    identify(here, orders(GUEST))
    assert link(here, HOUSE) == TAYLOR


def test_a_shop_that_tells_no_companies_is_believed_by_the_name(world: MakeWorld) -> None:
    """Zoho's name may be a firm's, so name and postal code are enough; Clarity's is a person's."""
    buyer = {"customer_source_id": "7", "customer_name": "Taylor & Sons", "bill_to_postal_code": "98011"}
    zoho = world(ZOHO_ORDERS)
    assert problems(identify(zoho, orders(buyer))) == []
    assert link(zoho, "7") == TAYLOR
    assert [row["code"] for row in problems(identify(world(), orders(buyer)))] == ["customer.ambiguous"]


def test_the_shop_s_guest_is_one_of_the_house(world: MakeWorld, tmp_path: Path) -> None:
    found = identify(world(guest_customer="01-GUEST"), played(tmp_path, "guest_order", "business_on_terms"))
    assert [given == HOUSE for given in found.orders.customer_source_id] == [True, False]
    assert problems(found) == []


def test_the_shop_s_two_companies_of_one_address_are_two(world: MakeWorld, tmp_path: Path) -> None:
    """The first is new. The second shares her address, telephone and postal code, and has a look."""
    bought = played(tmp_path, "email_shared")
    found = identify(world(), bought)
    lights, docks = bought.customer_source_id
    (told,) = problems(found)
    assert (found.new, told["value"], told["code"]) == ({lights}, docks, "customer.ambiguous")
    assert "'Harbor Lights Inc' is new too" in told["message"]


def test_the_shop_s_accounts_of_one_person_are_one_customer(world: MakeWorld, tmp_path: Path) -> None:
    found = identify(world(), played(tmp_path, "email_case_dots"))
    assert (len(found.orders), len(found.new), problems(found)) == (3, 1, [])
    assert set(found.orders.customer_source_id) == found.new


def test_the_shop_s_merged_customer_is_the_survivor(world: MakeWorld, tmp_path: Path) -> None:
    bought = played(tmp_path, "customer_merged")
    assert list(bought.customer_name) == ["Pelican Boats LLC"]
    assert identify(world(), bought).new == set(bought.customer_source_id)


def test_a_flow_may_have_a_policy_of_its_own(world: MakeWorld) -> None:
    site = {"customer_not_found": "create", "customer_not_found.clarity_orders_to_sage100": "flag"}
    assert identify(world(**site), orders(NOVA)).new == set()
    assert identify(world(ZOHO_ORDERS, **site), orders(NOVA)).new == {"7"}
