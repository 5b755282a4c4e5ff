"""What changed in Sage, one case at a time (A12, B21)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.connectors.sage100 import dialect, queries
from include.connectors.sage100.changes import (
    Invoices,
    Items,
    ItemStock,
    ServerClock,
    Shipments,
    WarehouseStock,
    statements,
)
from include.connectors.sage100.changes.shipments import TAKEN_BACK
from include.connectors.sage100.changes.stubs import key_of, parts_of
from include.errors import ConfigurationError

STATEMENTS = {name: value for name, value in vars(statements).items() if isinstance(value, queries.Statement)}
EARLY = {"DateUpdated": "2026-01-31", "TimeUpdated": "9.00000"}
LATE = {"DateUpdated": "2026-01-31", "TimeUpdated": "15.50000"}
NOON = datetime(2026, 1, 31, 17, tzinfo=UTC)
Put = Callable[..., None]


def known_of(source: Any, since: datetime | None = None) -> dict[str, str]:
    return {stub.key: stub.version for stub in source.changes({}, since).stubs}


def said(source: Any, *keys: str) -> list[Any]:
    return [document and json.loads(document) for _, document in source.documents(keys)]


def ship(
    tables: Any, number: str = "0000012", order: str = "0000001", *, posted: str = "", **more: Any
) -> None:
    """One invoice of one line and one package, entered or posted."""
    header = (
        {"InvoiceNo": number, "InvoiceType": "IN", "SalesOrderNo": order, "ShipVia": "UPS"} | EARLY | more
    )
    line = {"InvoiceNo": number, "ItemCode": "CHAI", "QuantityShipped": 2.5}
    package = {"InvoiceNo": number, "PackageNo": "0001", "TrackingID": "1Z999"}
    if not posted:
        tables.put("SO_InvoiceHeader", **header)
        tables.put("SO_InvoiceDetail", **line, LineKey="000001", LineSeqNo="1", OrderLineKey="000003")
        tables.put("SO_InvoiceTracking", **package)
        return
    tables.put("AR_InvoiceHistoryHeader", HeaderSeqNo=posted, **header)
    tables.put("AR_InvoiceHistoryDetail", HeaderSeqNo=posted, DetailSeqNo="000001", **line)
    tables.put("AR_InvoiceHistoryTracking", HeaderSeqNo=posted, **package)
    past = {"SalesOrderNo": order, "SequenceNo": "00000000000030"}
    tables.put("SO_SalesOrderHistoryDetail", **past, LineKey="000003")
    link = {"InvoiceHistoryHeaderSeqNo": posted, "InvoiceHistoryDetailSeqNo": "000001"}
    tables.put("SO_ARInvoiceHistoryLink", **past, InvoiceNo=number, **link)


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_statement_is_inside_the_dialect_in_every_shape(name: str) -> None:
    """A19."""
    statement = STATEMENTS[name]
    day = NOON.date()
    shapes: list[dict[str, Any]] = [{}]
    shapes += [{"values": 1}, {"values": queries.CHUNK}, {"spanned": True}] if statement.key else []
    shapes += [{"since": day}] if statement.stamp else []
    for shape in shapes:
        dialect.check(statement.build(statement.optional, **shape).sql)


@pytest.mark.parametrize("parts", [("CHAI", "000"), ("A|B", "W|2"), ("50%7C", "%"), ("", "")])
def test_a_key_gives_its_parts_back(parts: tuple[str, str]) -> None:
    assert parts_of(key_of(*parts)) == parts
    assert key_of(*parts).count("|") == 1


# -- stock


def test_stock_is_one_query_and_says_only_what_differs(tables: Any, database: Any) -> None:
    for warehouse, on_hand in (("000", 10), ("001", 0.000001)):
        tables.put("IM_ItemWarehouse", ItemCode="CHAI", WarehouseCode=warehouse, QuantityOnHand=on_hand)
    stock, totals = WarehouseStock(database), ItemStock(database)
    known, total = known_of(stock), known_of(totals)
    assert list(known) == ["CHAI|000", "CHAI|001"]
    assert stock.changes(known).stubs == totals.changes(total).stubs == ()
    tables.sent.clear()
    tables.change("IM_ItemWarehouse", {"WarehouseCode": "001"}, QuantityOnSalesOrder=3)
    found = stock.changes(known, NOON)
    assert [stub.key for stub in found.stubs] == ["CHAI|001"]
    assert (found.gone, found.watermark, dict(found.rows)) == ((), NOON, {"IM_ItemWarehouse": 2})
    assert len(tables.sent) == 1
    assert [stub.key for stub in totals.changes(total).stubs] == ["CHAI"]


def test_a_level_says_its_numbers_with_all_their_digits(tables: Any, database: Any) -> None:
    quantities = {"QuantityOnHand": 99999999.999999, "QuantityInShipping": 0.1}
    tables.put("IM_ItemWarehouse", ItemCode='1/4" Ø', WarehouseCode="000", **quantities)
    [(key, document)] = WarehouseStock(database).documents(['1/4" Ø|000'])
    assert document is not None
    text = document.decode()
    assert '"QuantityOnHand":99999999.999999,' in text
    assert '"QuantityInShipping":0.100000' in text
    assert json.loads(text)["version"] == known_of(WarehouseStock(database))[key]


def test_a_transfer_between_warehouses_is_no_news_for_the_total(tables: Any, database: Any) -> None:
    for warehouse in ("000", "001", "BAD"):
        tables.put("IM_ItemWarehouse", ItemCode="CHAI", WarehouseCode=warehouse, QuantityOnHand=5)
    totals = ItemStock(database, warehouses=("000", "001"))
    known = known_of(totals)
    tables.change("IM_ItemWarehouse", {"WarehouseCode": "000"}, QuantityOnHand=7)
    tables.change("IM_ItemWarehouse", {"WarehouseCode": "001"}, QuantityOnHand=3)
    tables.change("IM_ItemWarehouse", {"WarehouseCode": "BAD"}, QuantityOnHand=0)
    assert totals.changes(known).stubs == ()
    assert said(totals, "CHAI")[0]["QuantityOnHand"] == 10


# -- items


def test_an_item_is_read_by_its_stamp_and_told_by_its_content(tables: Any, database: Any) -> None:
    tables.put("CI_Item", ItemCode="CHAI", StandardUnitPrice=18, **EARLY)
    items = Items(database)
    first = items.changes({})
    known = {stub.key: stub.version for stub in first.stubs}
    assert first.watermark == datetime(2026, 1, 31, 9, tzinfo=UTC)
    tables.change("CI_Item", {"ItemCode": "CHAI"}, **LATE)
    second = items.changes(known, first.watermark)
    assert (second.stubs, second.watermark) == ((), datetime(2026, 1, 31, 15, 30, tzinfo=UTC))
    tables.change("CI_Item", {"ItemCode": "CHAI"}, StandardUnitPrice=18.5)
    third = items.changes(known, second.watermark)
    assert [stub.key for stub in third.stubs] == ["CHAI"]
    assert third.stubs[0].version != known["CHAI"]


def test_an_edit_behind_the_window_is_found_when_everything_is_compared(tables: Any, database: Any) -> None:
    tables.put("CI_Item", ItemCode="CHAI", ItemCodeDesc="Tea", **EARLY)
    items = Items(database)
    known = known_of(items)
    tables.change("CI_Item", {"ItemCode": "CHAI"}, ItemCodeDesc="Spiced tea")
    assert items.changes(known, NOON + timedelta(days=3)).stubs == ()
    assert [stub.key for stub in items.changes(known, None).stubs] == ["CHAI"]


def test_items_without_a_stamp_and_deleted_ones_are_found_by_the_key_set(tables: Any, database: Any) -> None:
    tables.put("CI_Item", ItemCode="OLD", **EARLY)
    items = Items(database)
    known = known_of(items)
    tables.drop("CI_Item", ItemCode="OLD")
    tables.put("CI_Item", ItemCode="IMPORTED")
    found = items.changes(known, NOON)
    assert [stub.key for stub in found.stubs] == ["IMPORTED"]
    assert found.gone == ("OLD",)
    assert said(items, "OLD", "IMPORTED")[0] is None


def test_price_lists_are_compared_for_they_vanish_without_a_trace(tables: Any, database: Any) -> None:
    tables.put("CI_Item", ItemCode="CHAI", **EARLY)
    for kind, customer in (("1", ""), ("2", "0001009")):
        row = {"PriceCodeRecord": kind, "ItemCode": "CHAI", "CustomerNo": customer}
        tables.put("IM_PriceCode", **row, CustomerPriceLevel="A", PricingMethod="O", DiscountMarkup1=9.99)
    items = Items(database)
    known = known_of(items)
    [document] = said(items, "CHAI")
    assert [(row["CustomerPriceLevel"], row["DiscountMarkup1"]) for row in document["prices"]] == [
        ("A", 9.99)
    ]
    tables.drop("IM_PriceCode", PriceCodeRecord="1")
    assert [stub.key for stub in items.changes(known, NOON + timedelta(days=9)).stubs] == ["CHAI"]
    assert said(items, "CHAI")[0]["prices"] == []


# -- shipments


def test_a_shipment_keeps_its_key_and_its_order_lines_when_it_is_posted(tables: Any, database: Any) -> None:
    """B43, B44: tracking before and after posting."""
    ship(tables, ShipStatus="S")
    shipments = Shipments(database)
    known = known_of(shipments)
    [entered] = said(shipments, *known)
    for table in ("SO_InvoiceHeader", "SO_InvoiceDetail", "SO_InvoiceTracking"):
        tables.drop(table, InvoiceNo="0000012")
    ship(tables, posted="000000")
    found = shipments.changes(known, NOON)
    assert ([stub.key for stub in found.stubs], found.gone) == (["0000012|IN|0000001"], ())
    [posted] = said(shipments, *known)
    assert (entered["state"], entered["HeaderSeqNo"], entered["ShipStatus"]) == ("live", "", "S")
    assert (posted["state"], posted["HeaderSeqNo"]) == ("history", "000000")
    for document in (entered, posted):
        assert [(row["OrderLineKey"], row["QuantityShipped"]) for row in document["lines"]] == [
            ("000003", 2.5)
        ]
        assert [(row["PackageNo"], row["TrackingID"]) for row in document["packages"]] == [("0001", "1Z999")]
    known = {stub.key: stub.version for stub in found.stubs}
    assert shipments.changes(known, NOON).stubs == ()


def test_a_tracking_id_corrected_long_after_posting_is_news(tables: Any, database: Any) -> None:
    ship(tables, posted="000000")
    shipments = Shipments(database)
    known = known_of(shipments)
    tables.change("AR_InvoiceHistoryTracking", {"InvoiceNo": "0000012"}, TrackingID="1Z000")
    found = shipments.changes(known, NOON + timedelta(days=30))
    assert [stub.key for stub in found.stubs] == list(known)
    assert said(shipments, *known)[0]["packages"][0]["TrackingID"] == "1Z000"


def test_an_invoice_number_that_recurs_is_another_shipment(tables: Any, database: Any) -> None:
    ship(tables, order="0000001", posted="000000")
    shipments = Shipments(database)
    known = known_of(shipments)
    ship(tables, order="0098765")
    assert [stub.key for stub in shipments.changes(known, NOON).stubs] == ["0000012|IN|0098765"]
    ship(tables, order="0098765", posted="000001")
    tables.drop("SO_InvoiceHeader", InvoiceNo="0000012")
    first, second = said(shipments, "0000012|IN|0000001", "0000012|IN|0098765")
    assert (first["HeaderSeqNo"], second["HeaderSeqNo"]) == ("000000", "000001")


@pytest.mark.parametrize(
    ("more", "ships"),
    [
        ({"InvoiceType": "CM"}, False),
        ({"order": ""}, False),
        ({"order": "", "MultipleSalesOrdersApplied": "Y"}, True),
    ],
    ids=["a credit memo", "no order", "several orders that no line names"],
)
def test_only_goods_for_an_order_are_a_shipment(
    tables: Any, database: Any, more: dict[str, str], ships: bool
) -> None:
    ship(tables, "0000007", **more)
    ship(tables, "0000008", posted="000000", **more)
    assert len(known_of(Shipments(database))) == 2 * ships


def test_one_invoice_of_several_orders_is_a_shipment_of_each(tables: Any, database: Any) -> None:
    """B43: each with its own lines and all packages, under one key before and after posting."""
    several = {"order": "", "MultipleSalesOrdersApplied": "Y", "FreightAmt": 9.5}
    ship(tables, **several)
    orders = ("0000001", "0000002")
    for place, order in enumerate(orders, start=1):
        line = {"InvoiceNo": "0000012", "LineKey": f"{place:06}", "LineSeqNo": str(place)}
        tables.put(
            "SO_InvoiceDetail",
            **line,
            OrderLineKey="000001",
            QuantityShipped=place,
            AppliedSalesOrderNo=order,
        )
    shipments = Shipments(database)
    known = known_of(shipments)
    assert list(known) == [f"0000012|IN|{order}" for order in orders]
    entered = said(shipments, *known)
    for table in ("SO_InvoiceHeader", "SO_InvoiceDetail", "SO_InvoiceTracking"):
        tables.drop(table, InvoiceNo="0000012")
    ship(tables, posted="000000", **several)
    for place, order in enumerate(orders, start=1):
        line = {"InvoiceNo": "0000012", "HeaderSeqNo": "000000", "DetailSeqNo": f"{place:06}"}
        tables.put("AR_InvoiceHistoryDetail", **line, QuantityShipped=place, AppliedSalesOrderNo=order)
    found = shipments.changes(known, NOON)
    assert ({stub.key for stub in found.stubs}, found.gone) == (set(known), ())
    posted = said(shipments, *known)
    for documents in (entered, posted):
        assert [[row["QuantityShipped"] for row in each["lines"]] for each in documents] == [[1], [2]]
        assert [each["SalesOrderNo"] for each in documents] == list(orders)
        assert [each["FreightAmt"] for each in documents] == [9.5, 0]
        assert [each["packages"][0]["TrackingID"] for each in documents] == ["1Z999"] * 2
    known = {stub.key: stub.version for stub in found.stubs}
    assert shipments.changes(known, NOON).stubs == ()
    tables.change("AR_InvoiceHistoryTracking", {"InvoiceNo": "0000012"}, TrackingID="1Z000")
    later = shipments.changes(known, NOON + timedelta(days=30))
    assert {stub.key for stub in later.stubs} == set(known)


@pytest.mark.parametrize("posted", ["", "000000"], ids=["entered", "posted"])
def test_a_line_says_its_place_among_those_that_were_ordered(tables: Any, database: Any, posted: str) -> None:
    """Lines that were taken off and parts of kits are nobody's lines, and keys are not given again."""
    ship(tables, posted=posted)
    lines = [
        ("000001", {"CancelledLine": "Y"}),
        ("000002", {"SalesKitLineKey": "000002"}),
        ("000003", {}),
        ("000004", {"SalesKitLineKey": "000002"}),
    ]
    for key, more in lines:
        past = {"SalesOrderNo": "0000001", "SequenceNo": f"{int(key) * 10:014}", "LineKey": key}
        tables.put("SO_SalesOrderHistoryDetail", **past, **more)
    [document] = said(Shipments(database), "0000012|IN|0000001")
    assert [(row["OrderLineKey"], row["OrderLinePlace"], row["KitPart"]) for row in document["lines"]] == [
        ("000003", "2", "N")
    ]
    moved = {"SO_InvoiceDetail": "OrderLineKey", "SO_ARInvoiceHistoryLink": "SequenceNo"}
    for table, column in moved.items():
        value = "000004" if column == "OrderLineKey" else "00000000000040"
        tables.change(table, {"InvoiceNo": "0000012"}, **{column: value})
    [document] = said(Shipments(database), "0000012|IN|0000001")
    assert [(row["OrderLinePlace"], row["KitPart"]) for row in document["lines"]] == [("", "Y")]


def test_a_posting_that_broke_off_loses_no_package_and_is_told_once(tables: Any, database: Any) -> None:
    ship(tables)
    ship(tables, posted="000000")
    tables.drop("AR_InvoiceHistoryTracking", InvoiceNo="0000012")
    shipments = Shipments(database)
    [document] = said(shipments, "0000012|IN|0000001")
    assert (document["state"], len(document["packages"]), len(document["lines"])) == ("history", 1, 1)
    known = {"0000012|IN|0000001": document["version"]}
    assert shipments.changes(known, NOON + timedelta(days=2)).stubs == ()


def test_an_invoice_taken_back_before_posting_is_news_once(tables: Any, database: Any) -> None:
    ship(tables)
    shipments = Shipments(database)
    known = known_of(shipments)
    tables.drop("SO_InvoiceHeader", InvoiceNo="0000012")
    found = shipments.changes(known, NOON)
    assert [(stub.key, stub.version) for stub in found.stubs] == [("0000012|IN|0000001", TAKEN_BACK)]
    assert found.gone == ()
    again = shipments.changes({stub.key: stub.version for stub in found.stubs}, NOON)
    assert (again.stubs, again.gone) == ((), ())


def test_an_invoice_cleared_from_history_was_not_taken_back(tables: Any, database: Any) -> None:
    """Sites clear old invoices away; their goods left all the same."""
    ship(tables)
    shipments = Shipments(database)
    known = known_of(shipments)
    for table in ("SO_InvoiceHeader", "SO_InvoiceDetail", "SO_InvoiceTracking"):
        tables.drop(table, InvoiceNo="0000012")
    ship(tables, posted="000000")
    known |= {stub.key: stub.version for stub in shipments.changes(known, NOON).stubs}
    tables.drop("AR_InvoiceHistoryHeader", InvoiceNo="0000012")
    found = shipments.changes(known, NOON)
    assert (found.stubs, found.gone) == ((), ("0000012|IN|0000001",))


def test_a_site_without_order_history_has_blank_order_line_keys(tables: Any, database: Any) -> None:
    ship(tables, posted="000000")
    tables.drop("SO_ARInvoiceHistoryLink", InvoiceNo="0000012")
    assert said(Shipments(database), "0000012|IN|0000001")[0]["lines"][0]["OrderLineKey"] == ""


# -- invoices


def test_a_payment_is_news_though_only_the_open_invoice_knows_it(tables: Any, database: Any) -> None:
    ship(tables, posted="000000")
    owner = {"ARDivisionNo": "00", "CustomerNo": "0001009", "InvoiceNo": "0000012"}
    header = {"InvoiceHistoryHeaderSeqNo": "000000"}
    tables.put("AR_OpenInvoice", **owner, **header, InvoiceType="IN", Balance=107.20)
    tables.put("AR_OpenInvoice", **owner, InvoiceType="PP", Balance=-5)
    invoices = Invoices(database)
    known = known_of(invoices)
    [owed] = said(invoices, "0000012|000000")
    assert (owed["Balance"], owed["lines"][0]["OrderLineKey"]) == (107.20, "000003")
    tables.change("AR_OpenInvoice", {"InvoiceType": "IN"}, Balance=0)
    found = invoices.changes(known, NOON + timedelta(days=30))
    assert [stub.key for stub in found.stubs] == ["0000012|000000"]
    known = {stub.key: stub.version for stub in found.stubs}
    tables.drop("AR_OpenInvoice", InvoiceNo="0000012")
    assert invoices.changes(known, NOON + timedelta(days=60)).stubs == ()
    tables.drop("AR_InvoiceHistoryHeader", InvoiceNo="0000012")
    assert invoices.changes(known, NOON + timedelta(days=60)).gone == ("0000012|000000",)


# -- all kinds

KINDS = [Items, WarehouseStock, ItemStock, Shipments, Invoices]


def fill(tables: Any, count: int) -> None:
    with tables.together():
        for place in range(count):
            tables.put("CI_Item", ItemCode=f"I{place}", **EARLY)
            tables.put("IM_ItemWarehouse", ItemCode=f"I{place}", WarehouseCode="000")
            ship(tables, f"{place:07}", f"{place:07}", posted="000000")
            ship(tables, f"L{place:06}", f"L{place:06}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_records_cost_as_many_queries_as_one(tables: Any, kind: Any) -> None:
    """Up to a chunk of 200."""
    sent = []
    for count in (1, 100):
        fill(tables, count)
        source = kind(tables.reads())
        known = known_of(source)
        assert len(known) == count * (2 if kind is Shipments else 1)
        tables.sent.clear()
        assert source.changes(known, NOON + timedelta(days=30)).stubs == ()
        assert all(document for _, document in source.documents(list(known)[:200]))
        sent.append(len(tables.sent))
    assert sent[0] == sent[1] <= 18


@pytest.mark.parametrize("kind", KINDS)
def test_documents_come_in_the_order_asked_and_nothing_asked_is_no_query(tables: Any, kind: Any) -> None:
    fill(tables, 3)
    source = kind(tables.reads())
    keys = [*reversed(list(known_of(source))), "none|IN|none"]
    assert [key for key, _ in source.documents(keys)] == keys
    assert [document is None for _, document in source.documents(keys)] == [False] * (len(keys) - 1) + [True]
    tables.sent.clear()
    assert list(source.documents([])) == []
    assert tables.sent == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_hole_in_a_scan_is_no_deletion(tables: Any, kind: Any) -> None:
    """A row that other users rewrite can be skipped by a scan; what seems gone is asked for again."""
    fill(tables, 2)
    known = known_of(kind(tables.reads()))

    class Holed:
        """Scans find nothing; look-ups by key do."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def fetch(self, statement: Any, values: Any = None, **window: Any) -> Any:
            found = self.inner.fetch(statement, values, **window)
            return found.slice(0, 0) if values is None and "Price" not in statement.table else found

    found = kind(Holed(tables.reads())).changes(known, NOON)
    assert (found.stubs, found.gone) == ((), ())


def test_a_document_says_the_version_to_keep(tables: Any, database: Any) -> None:
    """Changed between the two calls and back after them: the next poll must tell."""
    tables.put("CI_Item", ItemCode="CHAI", ItemCodeDesc="new", **EARLY)
    items = Items(database)
    [stub] = items.changes({}).stubs
    tables.change("CI_Item", {"ItemCode": "CHAI"}, ItemCodeDesc="between")
    [document] = said(items, "CHAI")
    tables.change("CI_Item", {"ItemCode": "CHAI"}, ItemCodeDesc="new")
    assert document["ItemCodeDesc"] == "between"
    assert document["version"] != stub.version
    assert items.changes({"CHAI": document["version"]}, NOON).stubs == (stub,)


def test_a_table_the_site_lacks_is_named(tables: Any, database: Any) -> None:
    tables.db.execute("DROP TABLE SO_InvoiceTracking")
    with pytest.raises(ConfigurationError, match="SO_InvoiceTracking is not in the ODBC dictionary"):
        Shipments(database).changes({})


def test_a_stamp_of_the_future_does_not_hide_what_changes_while_a_poll_reads(tables: Any) -> None:
    """The watermark stops at the poll's beginning, not at its end."""
    tables.put("CI_Item", ItemCode="AHEAD", DateUpdated="2062-01-01", TimeUpdated="1.0")
    tables.put("CI_Item", ItemCode="CHAI", **EARLY)
    moments = iter([NOON, NOON + timedelta(days=1), NOON + timedelta(days=2)])
    items = Items(tables.reads(), ServerClock(now=lambda: next(moments)))
    first = items.changes({})
    tables.put("CI_Item", ItemCode="CHAI", ItemCodeDesc="slow", DateUpdated="2026-01-31", TimeUpdated="17.1")
    known = {stub.key: stub.version for stub in first.stubs}
    assert first.watermark == NOON
    assert [stub.key for stub in items.changes(known, first.watermark).stubs] == ["CHAI"]


# -- the server's clock

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def stamped(day: str, hours: str) -> dict[str, Any]:
    return {"DateUpdated": datetime.fromisoformat(day).date(), "TimeUpdated": hours}


def test_the_hour_that_comes_twice_opens_the_window_early_and_holds_the_watermark_back() -> None:
    clock = ServerClock(BERLIN, overlap=timedelta(0))
    row = stamped("2026-10-25", "2.50000")
    assert clock.watermark(None, [row], NEW_YEAR) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock.is_recent(row, datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert not clock.is_recent(row, datetime(2026, 10, 25, 1, 31, tzinfo=UTC))


def test_a_stamp_of_the_future_does_not_move_the_watermark_past_our_clock() -> None:
    future = [stamped("2062-01-01", "1.0")]
    assert ServerClock().watermark(None, future, NOON) == NOON
    assert ServerClock().watermark(NOON - timedelta(days=1), future, NOON) == NOON


def test_a_watermark_never_goes_back_and_none_is_none() -> None:
    clock = ServerClock()
    assert clock.watermark(None, [], NEW_YEAR) is None
    earlier = [stamped("2026-01-01", "1.0"), stamped("2026-01-01", "")]
    assert clock.watermark(NOON, earlier, NEW_YEAR) == NOON
    assert clock.watermark(None, [{"DateUpdated": None, "TimeUpdated": ""}], NEW_YEAR) is None


def test_the_window_begins_on_the_servers_own_day() -> None:
    clock = ServerClock(ZoneInfo("America/New_York"), overlap=timedelta(hours=2))
    assert clock.first_day(datetime(2026, 2, 1, 6, 30, tzinfo=UTC)) == NOON.date()
    assert clock.first_day(None) is None


@pytest.mark.parametrize("hours", ["noon", "15:30", "99"])
def test_a_time_that_is_none_may_be_any_of_its_day(hours: str) -> None:
    clock = ServerClock(overlap=timedelta(0))
    row = stamped("2026-01-31", hours)
    assert clock.is_recent(row, datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
    assert clock.watermark(None, [row], NEW_YEAR) == datetime(2026, 1, 31, tzinfo=UTC)
