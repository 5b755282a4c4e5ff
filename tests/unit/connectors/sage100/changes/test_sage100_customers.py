"""Customers that a shop knows: changed or linked anew, and no others."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from include.connectors.sage100.changes import Customers, ServerClock

SINCE = datetime(2026, 1, 31, 12, tzinfo=UTC)
OLD = {"DateUpdated": "2026-01-02", "TimeUpdated": "9.00000"}
TODAY = {"DateUpdated": "2026-01-31", "TimeUpdated": "15.50000"}


def keys(found: Any) -> list[str]:
    return sorted(stub.key for stub in found.stubs)


def test_only_linked_customers_are_news_and_one_linked_anew_is(tables: Any) -> None:
    for number in ("0000001", "0000002", "0000003"):
        tables.put("AR_Customer", ARDivisionNo="00", CustomerNo=number, CustomerName=number, **OLD)
    tables.put("AR_Customer", ARDivisionNo="01", CustomerNo="0000001", CustomerName="other", **OLD)
    linked = {"00-0000001"}
    source = Customers(tables.reads(), ServerClock(), lambda: linked)
    first = source.changes({}, None)
    assert keys(first) == ["00-0000001"]
    known = {stub.key: stub.version for stub in first.stubs}
    assert keys(source.changes(known, SINCE)) == []
    linked.add("00-0000002")
    assert keys(source.changes(known, SINCE)) == ["00-0000002"]
    tables.change("AR_Customer", {"CustomerNo": "0000003"}, CreditHold="Y", **TODAY)
    tables.change("AR_Customer", {"ARDivisionNo": "00", "CustomerNo": "0000001"}, CreditHold="Y", **TODAY)
    assert keys(source.changes(known | {"00-0000002": "any"}, SINCE)) == ["00-0000001"]


def test_a_document_says_what_stands_now(tables: Any) -> None:
    vins = {"ARDivisionNo": "01", "CustomerNo": "D3600", "CustomerName": "Vins", "CreditHold": "N"}
    tables.put("AR_Customer", **vins, **OLD)
    source = Customers(tables.reads(), ServerClock(), lambda: {"01-D3600"})
    (stub,) = source.changes({}, None).stubs
    ((key, document), (_, nothing)) = source.documents(["01-D3600", "00-D3600"])
    said = json.loads(document or b"")
    assert (key, nothing) == ("01-D3600", None)
    assert (said["CustomerKey"], said["CreditHold"], said["version"]) == ("01-D3600", "N", stub.version)
    assert "DateUpdated" not in said
