"""A client that is not ours reads the sandbox: PyPI's ``pyzohoapi``, over real HTTP.

It sends token parameters in the query, JSON without a content type, detail URLs with a trailing slash
and a stray id, and creates that end in ``&``; it dies without ``X-Rate-Limit-Reset``. What it can read
and write, the sandbox serves as Zoho does, not as our own client happens to ask.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest
import uvicorn
from pyzohoapi import ZohoInventory
from pyzohoapi.exceptions import ZohoBadRequest, ZohoUnauthorized

from include.sandbox.app import create_app


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(tmp_path_factory.mktemp("zoho"), story="northwind")
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none", server_header=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{port}"
    httpx.post(f"{url}/_sandbox/zoho/settings", json={"per_minute": 10_000})
    yield url
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def api(base_url: str) -> ZohoInventory:
    """Their client, told where our Zoho lives."""
    made = ZohoInventory(
        "5129873",
        client_id="1000.SANDBOX",
        client_secret="sandbox-secret",
        refresh_token="1000.sandbox.refresh",
    )
    made._endpoint = f"{base_url}/api/v1"
    made._oauth = f"{base_url}/oauth/v2"
    return made


@pytest.fixture(autouse=True)
def patient(base_url: str) -> None:
    """Each test's client mints a token; without this the throttle would be what is tested."""
    httpx.post(f"{base_url}/_sandbox/zoho/settings", json={"token_requests": 1000, "live_tokens": 1000})


def test_it_reads_every_item(api: ZohoInventory) -> None:
    rows = list(api.Item().Iter(raw=True))
    assert len(rows) == 77
    item = api.Item(rows[0]["item_id"])
    assert item.IsLoaded
    assert item.name == rows[0]["name"]


def test_it_reads_every_contact(api: ZohoInventory) -> None:
    rows = list(api.Contact().Iter(raw=True))
    assert len(rows) == 91
    found = api.Contact(contact_name="Vins et alcools Chevalier").First()
    assert found.email == "orders@vins-et-alcools-chevalier.example"
    assert found.billing_address["city"] == "Reims"


def test_it_walks_all_pages_of_sales_orders(api: ZohoInventory) -> None:
    rows = list(api.SalesOrder(status="confirmed").Iter(raw=True))
    assert len({row["salesorder_number"] for row in rows}) == 830


def test_it_reads_an_order_with_its_lines(api: ZohoInventory) -> None:
    order = api.SalesOrder(salesorder_number="SO-10248").First()
    assert order.Number == "SO-10248"
    assert order.total == Decimal("472.38")
    assert [line["sku"] for line in order.line_items] == ["NW-0011", "NW-0042", "NW-0072"]


def test_it_creates_changes_and_confirms_an_order(api: ZohoInventory) -> None:
    template = api.SalesOrder(salesorder_number="SO-10249").First()
    order = api.SalesOrder()
    order.customer_id = template.customer_id
    order.line_items = [{"item_id": template.line_items[0]["item_id"], "quantity": 3, "rate": 2}]
    order.Create()
    assert order.order_status == "draft"
    assert order.total == 6
    order.notes = "by a stranger"
    order.Update()
    order.Confirm()
    again = api.SalesOrder(order.ID)
    assert (again.notes, again.order_status) == ("by a stranger", "confirmed")


def test_a_refusal_reaches_it_with_zohos_code(api: ZohoInventory) -> None:
    contact = api.Contact()
    contact.contact_name = "Vins et alcools Chevalier"
    with pytest.raises(ZohoBadRequest) as refused:
        contact.Create()
    assert "3062" in str(vars(refused.value)) + str(refused.value)


def test_an_unknown_id_is_not_found(api: ZohoInventory) -> None:
    assert not api.Item("5129873000118999999").IsLoaded


def test_it_refreshes_after_its_token_died(api: ZohoInventory, base_url: str) -> None:
    assert api.Item().First().IsLoaded
    httpx.post(f"{base_url}/_sandbox/zoho/tokens/expire")
    assert api.Item().First().IsLoaded


def test_a_wrong_organisation_is_unauthorised(api: ZohoInventory) -> None:
    api._org = "1"
    api._api_keys["max_retries"] = 2
    with pytest.raises(ZohoUnauthorized):
        api.Item().First()
