"""The three generations, as files; what a connection changes; names on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.connectors.clarity_ecommerce import dialect
from include.connectors.clarity_ecommerce.names import Names
from include.connectors.clarity_ecommerce.records import Kind, Write
from include.connectors.clarity_ecommerce.wire import read_time
from include.errors import ConfigurationError

SINCE = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
CEF = {"dialect": "cef_legacy", "auth_mode": "basic"}


def test_the_generations_are_there_and_none_is_called_verified() -> None:
    assert dialect.shipped() == ("cef_legacy", "phoenix", "v1")
    loaded = [dialect.load(name) for name in dialect.shipped()]
    assert [each.name for each in loaded] == list(dialect.shipped())
    assert not any(each.verified for each in loaded)
    wanted = {"orders", "products", "customers", "inventory", "shipments", "payments"}
    assert all(wanted <= set(each.resources) for each in loaded)


def test_v1_is_the_published_part_of_the_contract() -> None:
    v1 = dialect.load("v1")
    assert v1.base + v1.route("create_shipment").path == "/api/v1/shipments"
    assert {"oauth2", "api_key"} <= set(v1.auth.modes)
    assert v1.batch("inventory").size == 500


def test_a_connection_replaces_single_members_and_the_rest_stays() -> None:
    v1 = dialect.load("v1", {"envelope": {"many": "items"}, "resources": {"orders": {"list": "/v2/orders"}}})
    assert (v1.envelope.many, v1.envelope.one) == ("items", "data")
    assert (v1.resource("orders").list, v1.resource("orders").one) == ("/v2/orders", "/orders/{}")


@pytest.mark.parametrize(
    ("name", "overrides", "said"),
    [
        ("v2", {}, "there are cef_legacy, phoenix, v1"),
        ("v1", {"pagging": {}}, "pagging"),
        ("v1", {"paging": {"page_size": "many"}}, "page_size"),
        ("v1", {"auth": {"modes": ["magic"]}}, "modes"),
        ("v1", {"routes": {"put_invoice": {"method": "GET"}}}, "method"),
        ("v1", {"envelope": "data"}, "envelope"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(name: str, overrides: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        dialect.load(name, overrides)


def test_a_write_that_a_generation_does_not_know_is_refused_with_the_way_out(bench) -> None:
    writer = bench.writer(dialect="cef_legacy", auth_mode="basic")
    with pytest.raises(ConfigurationError, match="dialect_overrides"):
        writer.put_invoices([Write("k", {}, "1")])
    assert bench.tenant.asked == []


def test_phoenix_logs_in_with_json_pages_by_number_and_writes_times_without_a_zone(bench, answer) -> None:
    bench.tenant.login = lambda _asked: answer(200, {"token": "jwt.abc", "expiresIn": 600})
    rows = [{"id": 1, "updatedDate": "2026-03-02T16:04:31"}]
    bench.tenant.replies(answer(200, {"data": rows, "totalCount": 1}))
    reader = bench.reader(dialect="phoenix", token_url=f"{bench.tenant.url}/api/login")
    (record,) = reader.changed(Kind.PRODUCTS, SINCE)
    assert record.updated_at == datetime(2026, 3, 2, 16, 4, 31, tzinfo=UTC)
    (minted,), (asked,) = bench.tenant.minted, bench.tenant.asked
    assert minted.json == {"username": "clarity-test", "password": "canary-client-secret"}
    assert asked.headers["Authorization"] == "Bearer jwt.abc"
    assert asked.path == "/api/products/product"
    assert asked.query == {
        "updatedDateMin": ["2026-03-02T15:50:00"],
        "pageSize": ["100"],
        "pageIndex": ["0"],
    }
    assert bench.tokens.kept[reader.client.settings.token_name].expires_at == bench.clock.now + timedelta(
        seconds=540
    )


def test_phoenix_needs_the_address_of_its_log_in(bench) -> None:
    with pytest.raises(ConfigurationError, match="token_url"):
        bench.settings(dialect="phoenix")


def test_the_legacy_is_asked_by_rows_with_a_password_and_read_with_our_names(bench, answer) -> None:
    page = (
        b'{"Results": [{"ID": 5, "OrderNumber": "1005", "UpdatedDate": "2026-03-02T16:04:31",'
        b' "Totals": {"GrandTotal": 19.90}, "Attributes": {"VesselName": "MV"}}], "TotalCount": 2}'
    )
    bench.tenant.replies(answer(200, page), answer(200, page.replace(b"5,", b"6,")))
    found = list(bench.reader(**CEF).changed(Kind.ORDERS, SINCE))
    assert [each.id for each in found] == ["5", "6"]
    assert found[0].raw == (
        b'{"id":5,"orderNumber":"1005","updatedDate":"2026-03-02T16:04:31",'
        b'"totals":{"grandTotal":19.90},"attributes":{"VesselName": "MV"}}'
    )
    first, second = bench.tenant.asked
    assert first.path == "/DesktopModules/ClarityEcommerce/API-Storefront/Ordering/SalesOrders"
    assert first.headers["Authorization"].startswith("Basic ")
    assert (first.query, second.query) == (
        {"Size": ["100"], "StartIndex": ["0"]},
        {"Size": ["100"], "StartIndex": ["100"]},
    )


NAMES = [
    ("ID", "id"),
    ("Id", "id"),
    ("SKU", "sku"),
    ("OrderNumber", "orderNumber"),
    ("ERPCustomerNo", "erpCustomerNo"),
    ("A", "a"),
    ("already", "already"),
]


@pytest.mark.parametrize(("theirs", "ours"), NAMES)
def test_capitals_are_read_as_a_dotnet_tenant_writes_them(theirs: str, ours: str) -> None:
    assert Names(style="pascal").ours(theirs) == ours


def test_names_of_a_connections_own_win_in_both_directions() -> None:
    names = Names(style="pascal", renames={"SalesOrderKey": "orderNumber"})
    assert names.incoming(b'{"SalesOrderKey": 1.10, "Lines": [{"Qty": 2}]}') == (
        b'{"orderNumber":1.10,"lines":[{"qty":2}]}'
    )
    assert names.outgoing({"orderNumber": 1, "lines": [{"qty": 2}], "attributes": {"a": 1}}) == {
        "SalesOrderKey": 1,
        "Lines": [{"Qty": 2}],
        "Attributes": {"a": 1},
    }


@pytest.mark.parametrize(
    ("text", "zone", "hour"),
    [
        ("2026-03-02T16:00:00.000Z", "UTC", 16),
        ("2026-03-02T16:00:00", "UTC", 16),
        ("2026-03-02T16:00:00", "America/Chicago", 22),
        ("2026-03-02T16:00:00+02:00", "America/Chicago", 14),
    ],
)
def test_a_time_without_a_zone_is_meant_in_the_dialects(text: str, zone: str, hour: int) -> None:
    assert read_time(text, zone) == datetime(2026, 3, 2, hour, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text) is None
