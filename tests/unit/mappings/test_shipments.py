"""Shipping entry and posted invoices of Sage become Clarity's shipments (B43, B48)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.canonical import Reason
from include.sandbox.clarity.asked import ShipmentNew
from tests.unit.mappings.flows import (
    PACKAGE,
    a_flow_site,
    accepted,
    from_sage,
    goods,
    sample,
    shipment,
    to_clarity,
)
from tests.unit.translation.factories import codes, the

KEY = "0104512|IN|0021457"


def test_a_posted_shipment_is_what_the_contract_shows() -> None:
    made, documents = to_clarity("shipment", shipment(), site=a_flow_site(weight_unit="kg"))
    document, expected = documents[KEY], sample("shipment")
    accepted(ShipmentNew, document)
    assert made.problems.empty
    assert {name: document[name] for name in SAME} == {name: expected[name] for name in SAME}
    assert document["lines"] == [_without(line, "lotSerials") for line in expected["lines"]]
    assert document["packages"] == [_without(package, "lines") for package in expected["packages"]]
    assert document["externalIds"]["sage100InvoiceNo"] == expected["externalIds"]["sage100InvoiceNo"]
    assert document["shipmentNumber"] == "0021457-0104512-IN"


SAME = (
    "orderNumber", "status", "carrier", "serviceCode", "trackingNumbers", "warehouseCode", "freightAmount",
    "notifyCustomer",
)  # fmt: skip


def _without(record: dict[str, object], name: str) -> dict[str, object]:
    return {member: value for member, value in record.items() if member != name}


def test_the_day_of_shipping_stays_the_companys_day() -> None:
    _, documents = to_clarity("shipment", shipment(ShipDate="2026-03-08"))  # summer time begins
    assert documents[KEY]["shippedAt"] == "2026-03-08T16:00:00.000Z"


@pytest.mark.parametrize(
    ("changes", "state", "status"),
    [
        ({"state": "live", "ShipStatus": "N", "packages": []}, "pending", "Pending"),
        ({"state": "live", "ShipStatus": "N"}, "shipped", "Shipped"),
        ({"state": "live", "ShipStatus": "S", "packages": []}, "shipped", "InTransit"),
        ({"packages": []}, "shipped", "InTransit"),
        ({"packages": [PACKAGE | {"TrackingID": " "}]}, "shipped", "InTransit"),
    ],
)
def test_where_a_shipment_stands(changes: dict[str, object], state: str, status: str) -> None:
    made, documents = to_clarity("shipment", shipment(**changes))
    assert (the(made.frames["shipments"])["state"], documents[KEY]["status"]) == (state, status)
    accepted(ShipmentNew, documents[KEY])


@pytest.mark.parametrize("changes", [{"state": "live", "ShipStatus": "D"}, {"state": "gone"}])
def test_what_was_taken_back_is_void(changes: dict[str, object]) -> None:
    """An entry that is gone tells its number, its order, and nothing else."""
    whole = shipment(**changes)
    bare = {name: whole[name] for name in ("InvoiceNo", "InvoiceType", "SalesOrderNo", "state")}
    made, documents = to_clarity("shipment", bare if changes == {"state": "gone"} else whole)
    assert made.problems.empty
    wanted = {"status": "Voided", "shipmentNumber": "0021457-0104512-IN", "orderNumber": "WEB-100457"}
    assert wanted.items() <= documents[KEY].items()


def test_posting_is_a_change_and_no_second_shipment() -> None:
    _, entered = to_clarity("shipment", shipment(state="live", HeaderSeqNo="", ShipStatus="N"))
    _, posted = to_clarity("shipment", shipment())
    assert entered[KEY] == posted[KEY]


def test_two_packages_of_one_tracking_number_name_it_once() -> None:
    packages = [
        PACKAGE,
        PACKAGE | {"PackageNo": "0002"},
        PACKAGE | {"PackageNo": "0003", "TrackingID": "1Z2"},
    ]
    _, documents = to_clarity("shipment", shipment(packages=packages))
    assert documents[KEY]["trackingNumbers"] == ["1Z999AA10123456784", "1Z2"]
    assert [package["packageNumber"] for package in documents[KEY]["packages"]] == [1, 2, 3]


def test_only_goods_that_left_are_lines() -> None:
    lines = [
        goods(QuantityShipped="0.000000", QuantityBackordered=12),
        goods(ItemCode="/FREIGHT", ItemType="3", QuantityShipped=1),
        goods(OrderLineKey="000003", QuantityShipped="7.125"),
    ]
    frame = from_sage("shipment", shipment(lines=lines)).frames["shipment_lines"]
    assert frame[["position", "order_line_number", "quantity"]].to_numpy().tolist() == [
        [1, 3, Decimal("7.125")]
    ]


def test_the_place_in_the_order_counts_and_a_part_of_a_kit_has_none() -> None:
    lines = [
        goods(OrderLineKey="000007", OrderLinePlace="2", KitPart="N"),
        goods(OrderLineKey="000008", OrderLinePlace="", KitPart="Y"),
    ]
    frame = from_sage("shipment", shipment(lines=lines)).frames["shipment_lines"]
    assert frame.is_kit_part.tolist() == [False, True]
    assert frame.order_line_number.tolist()[0] == 2
    assert frame.order_line_number.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ShipVia": "UPS GRND"}, (Reason.UNKNOWN_VALUE, "ship_via")),
        ({"WarehouseCode": "009"}, (Reason.UNKNOWN_VALUE, "warehouse")),
        ({"SalesOrderNo": "0099999"}, (Reason.NO_REFERENCE, "order_number")),
        ({"lines": [goods(OrderLineKey="")]}, (Reason.MISSING, "order_line_id")),
    ],
)
def test_what_clarity_does_not_know_is_parked(changes: dict[str, object], problem: tuple[str, str]) -> None:
    made, _ = to_clarity("shipment", shipment(**changes))
    assert set(codes(made.problems)) == {problem}


def test_an_unknown_carrier_offers_the_nearest() -> None:
    made, _ = to_clarity("shipment", shipment(ShipVia="UPS GRND"))
    assert "UPS GROUND" in made.problems.candidates[0]


def test_a_word_sage_never_used_for_a_shipment_is_parked() -> None:
    result = from_sage("shipment", shipment(state="live", ShipStatus="X", packages=[]))
    assert codes(result.problems) == [(Reason.UNKNOWN_VALUE, "ShipStatus")]
