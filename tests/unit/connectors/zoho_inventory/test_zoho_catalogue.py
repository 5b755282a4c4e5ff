"""Items, stock and orders read, seen from the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests.models import PreparedRequest

from include.connectors.zoho_inventory import Settings, ZohoItems, ZohoOrderRecords, ZohoStock
from include.connectors.zoho_inventory.changes import Comparison
from include.connectors.zoho_inventory.details import told
from include.errors import ConfigurationError, RateLimitedError, TransientError

from .conftest import START, Bench, Reply

CONTEXT = {"has_more_page": False, "sort_column": "last_modified_time", "sort_order": "A"}


def envelope(key: str, found: list[Any], **context: Any) -> Reply:
    return 200, {}, {"code": 0, "message": "ok", key: found, "page_context": {**CONTEXT, **context}}


def item(number: int, minute: int = 0, **members: Any) -> dict[str, Any]:
    stamp = f"2026-11-20T10:{minute:02d}:00-0500"
    return {"item_id": str(number), "sku": f"S{number}", "last_modified_time": stamp, **members}


def paths(bench: Bench) -> list[str]:
    return [urlsplit(r.url).path.removeprefix("/inventory/v1") for r in bench.zoho.asked]


def test_a_comparison_keeps_what_differs_and_the_last_meeting() -> None:
    met = Comparison({"1": "a", "2": "b", "3": "c"})
    later = START + timedelta(days=1)
    for key, version, at in (("1", "a", START), ("2", "x", later), ("9", "n", None), ("2", "b", None)):
        met.meet(key, version, at)
    found = met.changes(None, START)
    assert ([stub.key for stub in found.stubs], found.gone, found.watermark) == (["9"], ("3",), START)
    assert met.changes(START, later).gone == ()
    assert Comparison({}).changes(None, START).watermark is None
    assert Comparison({}).changes(START, later).watermark == START


def test_a_sweep_starts_before_its_watermark_and_is_anchored_anew(bench: Bench) -> None:
    first = [item(n, n) for n in range(3)]
    bench.zoho.replies(
        envelope("items", first, has_more_page=True), envelope("items", [first[-1], item(9, 9)])
    )
    since = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    found = ZohoItems(bench.client(), clock=bench.clock).changes({"1": first[1]["last_modified_time"]}, since)
    assert sorted(stub.key for stub in found.stubs) == ["0", "2", "9"]
    assert found.watermark == datetime(2026, 11, 20, 15, 9, tzinfo=UTC)
    asked = [parse_qs(urlsplit(r.url).query)["last_modified_time"][0] for r in bench.zoho.asked]
    assert asked == ["2026-11-20T08:50:00-0500", "2026-11-20T10:02:00-0500"]


def test_documents_are_zohos_bytes_with_more_at_the_top() -> None:
    raw = b'{"item_id":"1","rate":18.10,"custom_field_hash":{"cf_a":"x","cf_a_unformatted":0.10}}'
    assert told(raw, "v") == b'{"version":"v","cf_a":"x","cf_a_unformatted":0.10,' + raw[1:]
    assert told(raw, "v", flat=True) == b'{"version":"v",' + raw[1:]
    assert told(b'{"a":1,"custom_field_hash":{}}', "v") == b'{"version":"v","a":1,"custom_field_hash":{}}'


def test_details_come_a_hundred_a_call_and_what_is_gone_spoils_none(bench: Bench) -> None:
    def api(request: PreparedRequest) -> Reply:
        asked = parse_qs(urlsplit(request.url).query).get("item_ids", [""])[0].split(",")
        if "/itemdetails" not in str(request.url):
            number = urlsplit(request.url).path.rsplit("/", 1)[1]
            gone = (404, {}, {"code": 1002, "message": "Item does not exist."})
            return gone if number == "7" else (200, {}, {"code": 0, "item": item(int(number))})
        if "7" in asked:
            return 400, {}, {"code": 2006, "message": "Item does not exist"}
        return 200, {}, {"code": 0, "items": [item(int(each)) for each in asked if each != "120"]}

    bench.zoho.api = api
    keys = [str(n) for n in range(1, 151)]
    found = dict(ZohoItems(bench.client()).documents(keys))
    assert [key for key, document in found.items() if document is None] == ["7", "120"]
    assert paths(bench).count("/itemdetails") == 2
    assert json.loads(found["1"] or b"")["sku"] == "S1"  # type: ignore[arg-type]


def test_what_is_not_served_is_told_apart_from_what_is_gone(bench: Bench) -> None:
    bench.zoho.replies((503, {}, "sorry"))
    found = dict(ZohoItems(bench.client(attempts=1)).documents(["1", "2"]))
    assert all(isinstance(each, TransientError) for each in found.values())
    bench.zoho.replies((429, {"Retry-After": "3600"}, {"code": 43, "message": "blocked"}))
    with pytest.raises(RateLimitedError):
        dict(ZohoItems(bench.client()).documents(["1", "2"]))


MAIN = {"location_name": "Main"}
STOCKED = {"stock_on_hand": 5.0, "available_stock": 4.50, "actual_available_stock": 3}


@pytest.mark.parametrize(
    ("field", "version"),
    [("stock_on_hand", "5"), ("available_stock", "4.5"), ("actual_available_stock", "3")],
)
def test_stock_is_a_plain_number(bench: Bench, field: str, version: str) -> None:
    service = item(2, stock_on_hand="", available_stock="")
    bench.zoho.replies(envelope("items", [item(1, **STOCKED), service, item(3)]))
    found = ZohoStock(bench.client(stock_field=field)).changes({"1": "9", "8": "1"}, START)
    assert [(stub.key, stub.version) for stub in found.stubs] == [("1", version)]
    assert (found.gone, found.watermark) == (("8",), None)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (
            {"locations": [{"location_id": "71", "location_name": "Main", "location_stock_on_hand": "2.0"}]},
            "71",
        ),
        (
            {"locations": [{"location_id": "71", "location_name": "Main", "location_stock_on_hand": 2}]},
            "Main",
        ),
        (
            {"warehouses": [{"warehouse_id": "71", "warehouse_name": "Main", "warehouse_stock_on_hand": 2}]},
            "Main",
        ),
    ],
)
def test_stock_of_a_location_or_of_an_older_warehouse(bench: Bench, place: dict[str, Any], name: str) -> None:
    details = (200, {}, {"code": 0, "items": [item(1, **STOCKED, **place)]})
    bench.zoho.replies(envelope("items", [item(1, **STOCKED)]), details)
    stock = ZohoStock(bench.client(stock_field="stock_on_hand", stock_location=name))
    assert [(stub.key, stub.version) for stub in stock.changes({}, None).stubs] == [("1", "2")]
    record = json.loads(dict(stock.documents(["1"]))["1"] or b"")  # type: ignore[arg-type]
    assert (record["stock"], record["version"], record["sku"]) == (2, "2", "S1")
    assert set(place) <= set(record)
    assert "last_modified_time" not in record


def test_a_location_that_is_not_there_is_said_with_those_that_are(bench: Bench) -> None:
    place = {"locations": [{"location_id": "71", "location_name": "Main"}]}
    bench.zoho.replies((200, {}, {"code": 0, "items": [item(1, **STOCKED, **place)]}))
    with pytest.raises(ConfigurationError, match=r"'Moon'.*it has Main"):
        dict(ZohoStock(bench.client(stock_location="Moon")).documents(["1"]))


def test_an_orders_document_is_its_detail_with_a_version(bench: Bench) -> None:
    detail = {"salesorder_id": "5", "last_modified_time": "2026-11-20T10:00:00-0500", "total": 1.10}
    bench.zoho.replies((200, {}, {"code": 0, "salesorder": detail}))
    (key, document), = ZohoOrderRecords(bench.client()).documents(["5"])  # fmt: skip
    assert key == "5"
    assert json.loads(document or b"") == {"version": detail["last_modified_time"], **detail}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("stock_field", "quantity"),
        ("contact_mark_field", "salesforce_id"),
        ("order_mark_field", ""),
        ("order_mark_field", "cf_Salesforce"),
    ],
)
def test_settings_that_cannot_be_right(bench: Bench, setting: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        bench.settings(**{setting: value})
    assert isinstance(bench.settings(), Settings)
