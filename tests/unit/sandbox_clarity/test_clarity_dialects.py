"""Three generations of the same shop, and the shapes of the proposed contract."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import CLIENT, SECRET, Clarity

SAMPLES = Path(__file__).parent / "samples"
LEGACY = "/clarity/DesktopModules/ClarityEcommerce/API-Storefront"


def sample(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/orders/by-number/WEB-110248", "order-detail"),
        ("/customers/10001", "customer"),
        ("/products/20001", "product"),
    ],
)
def test_a_record_has_every_member_of_the_sample(clarity: Clarity, path: str, name: str) -> None:
    told, wanted = clarity.get(path)["data"], sample(name)["data"]
    assert not set(wanted) - set(told)
    for member in ("lines", "payments", "addresses", "contacts"):
        if wanted.get(member):
            extra = {"engraving", "card", "externalIds"}
            assert not set(wanted[member][0]) - set(told[member][0]) - extra, member
    for member in ("customer", "shippingMethod", "totals", "prices", "billingAddress"):
        if member in wanted:
            assert not set(wanted[member]) - set(told[member]), member


def test_stock_and_payments_have_the_members_of_the_samples(clarity: Clarity) -> None:
    told = clarity.get("/inventory", pageSize=1)["data"][0]
    assert set(told) == set(sample("inventory")["get_response"]["data"][0])
    assert set(sample("payment")["data"]) <= set(clarity.get("/payments")["data"][0])


@pytest.mark.parametrize("case", ["not_found", "conflict_state", "validation"])
def test_problems_have_the_members_of_the_samples(clarity: Clarity, case: str) -> None:
    wanted = sample("errors")[case]
    order = clarity.order()
    path = "/orders/by-number/WEB-999999" if case == "not_found" else f"/orders/{order['id']}"
    status = {"conflict_state": "Completed", "validation": "Teleported"}.get(case)
    answer = clarity.call("PATCH" if status else "GET", path, body={"status": status} if status else None)
    assert answer.status_code == wanted["status"]
    assert answer.headers["content-type"] == wanted["headers"]["Content-Type"]
    assert (set(answer.json()), answer.json()["type"]) == (set(wanted["body"]), wanted["body"]["type"])


class Phoenix:
    def __init__(self, clarity: Clarity) -> None:
        self.http = clarity.http
        asked = {"username": CLIENT, "password": SECRET}
        self.token = self.http.post("/clarity/api/auth/login", json=asked).json()["token"]

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(
            method, f"/clarity/api{path}", headers=headers, json=body, params=query or None
        )


def test_phoenix_logs_in_with_a_json_web_token(clarity: Clarity) -> None:
    token = Phoenix(clarity).token
    claims = token.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"] == CLIENT
    wrong = clarity.http.post("/clarity/api/auth/login", json={"username": CLIENT, "password": "x"})
    assert wrong.status_code == 401


def test_phoenix_lists_by_area_and_entity_without_zones(clarity: Clarity) -> None:
    answer = Phoenix(clarity).call("GET", "/products/product", pageSize=12, pageIndex=0)
    assert (len(answer.json()["results"]), answer.json()["totalCount"]) == (12, 77)
    assert "etag" not in answer.headers
    updated = answer.json()["results"][0]["updatedDate"]
    assert not updated.endswith("Z")
    since = Phoenix(clarity).call("GET", "/products/product", updatedDateMin=updated)
    assert since.json()["totalCount"] == 77


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"nameStartsWith": "Chef"}, 2),
        ({"nameEndsWith": "Cabrales"}, 1),
        ({"nameContains": "queso"}, 2),
        ({"prices.basePriceMin": 100}, 2),
        ({"sku": ["NW-0001", "NW-0002"]}, 2),
        ({"notStatus": "active"}, 8),
        ({"status": "inactive"}, 8),
        ({"categoriesAnyPath": "Beverages"}, 12),
        ({"categoriesAllPath": "Beverages"}, 12),
        ({"categoriesCount": 0}, 0),
        ({"attributes.color": "red"}, 0),
    ],
)
def test_phoenix_filters_by_suffix(clarity: Clarity, query: dict, count: int) -> None:
    answer = Phoenix(clarity).call("GET", "/products/product", **query)
    assert answer.json()["totalCount"] == count, answer.text


def test_phoenix_writes_partial_records_and_keeps_no_keys(clarity: Clarity) -> None:
    shop = Phoenix(clarity)
    found = shop.call("GET", "/products/product", sku="NW-0001").json()["results"][0]
    changed = shop.call("PATCH", f"/products/product/{found['id']}", {"name": "Chai tea"})
    assert (changed.json()["name"], changed.json()["sku"]) == ("Chai tea", "NW-0001")


def test_phoenix_may_name_its_list_otherwise(clarity: Clarity) -> None:
    clarity.tell("/clarity/settings", {"phoenix_rows": "items"})
    assert len(Phoenix(clarity).call("GET", "/orders/order").json()["items"]) == 3


def test_the_legacy_speaks_pascal_case_and_counts_pages_from_one(clarity: Clarity) -> None:
    def page(**query: Any) -> Any:
        return clarity.http.get(f"{LEGACY}/Ordering/SalesOrders", params=query, auth=(CLIENT, SECRET))

    first = page(Size=2, StartIndex=1).json()
    assert [row["OrderNumber"] for row in first["Results"]] == ["WEB-110248", "WEB-110249"]
    assert first["TotalCount"] == 3
    assert [row["OrderNumber"] for row in page(Size=2, StartIndex=2).json()["Results"]] == ["WEB-110250"]
    assert page(Status="Shipped").json()["TotalCount"] == 0
    assert page(UpdatedDateMin="2026-01-01T00:00:00").status_code == 400
    clarity.tell("/clarity/settings", {"legacy_start": "row"})
    assert [row["OrderNumber"] for row in page(Size=1, StartIndex=2).json()["Results"]] == ["WEB-110250"]


def test_the_legacy_reads_by_id_and_writes_by_verbs(clarity: Clarity) -> None:
    one = clarity.http.get(f"{LEGACY}/Products/Product/ID/20001", auth=(CLIENT, SECRET)).json()
    assert (one["Sku"], one["Prices"]["Currency"]) == ("NW-0001", "USD")
    changed = clarity.http.post(
        f"{LEGACY}/Products/Product/Update/20001",
        json={"Name": "Chai tea", "Attributes": {"own_key": 1}},
        auth=(CLIENT, SECRET),
    )
    assert (changed.json()["Name"], changed.json()["Attributes"]) == ("Chai tea", {"own_key": 1})


def test_the_legacy_opens_a_session(clarity: Clarity) -> None:
    body = {"Username": CLIENT, "Password": SECRET}
    signed = clarity.http.post(f"{LEGACY}/Authentication/SignIn", json=body)
    session = signed.headers["set-cookie"].partition(";")[0]
    clarity.http.cookies.clear()
    listed = clarity.http.get(f"{LEGACY}/Accounts/Accounts", headers={"Cookie": session})
    assert listed.json()["TotalCount"] == 91
    assert clarity.http.get(f"{LEGACY}/Accounts/Accounts").status_code == 401


def test_a_tenant_of_one_generation_answers_in_no_other(clarity: Clarity) -> None:
    clarity.tell("/clarity/settings", {"dialects": ["phoenix"]})
    assert clarity.call("GET", "/orders").json()["code"] == "path_not_found"
    assert Phoenix(clarity).call("GET", "/orders/order").status_code == 200
