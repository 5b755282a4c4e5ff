"""Zoho's items, stock and orders as Salesforce's products, their figures and orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.canonical import Reason
from tests.unit.mappings.salesforce_records import ACCOUNT_ID, ITEM_ID, PRODUCT_ID, ZOHO_CONTACT, carried

ITEMS = ("zoho_inventory/item", "salesforce/product_write")
STOCK = ("zoho_inventory/stock_level", "salesforce/stock_write")
ORDERS = ("zoho_inventory/sales_order_record", "salesforce/order_write")


def item(**changes: object) -> dict[str, Any]:
    return {
        "version": "2026-03-02T09:05:11-0500", "item_id": ITEM_ID, "name": " Amber  deck lamp",
        "sku": "LMP-220", "status": "active", "rate": 189.5, "unit": "pcs", "description": "For the deck",
        "product_type": "goods",
        "last_modified_time": "2026-03-02T09:05:11-0500", "is_combo_product": False,
    } | changes  # fmt: skip


def product(document: dict[str, Any], **settings: str) -> dict[str, Any]:
    found, codes = carried(*ITEMS, document, key="item_id", **settings)
    assert codes == []
    return found


def test_an_item_is_a_product_with_a_price() -> None:
    assert product(item()) == {
        "Product2": {
            "Zoho_Item_Id__c": ITEM_ID, "Name": "Amber deck lamp", "ProductCode": "LMP-220",
            "Description": "For the deck", "IsActive": True,
        },
        "price": {"UnitPrice": Decimal("189.5"), "IsActive": True},
    }  # fmt: skip


def test_an_item_without_a_sku_has_no_code() -> None:
    assert "ProductCode" not in product(item(sku=""))["Product2"]


def test_an_inactive_item_is_not_for_sale() -> None:
    found = product(item(status="inactive"))
    assert (found["Product2"]["IsActive"], found["price"]["IsActive"]) == (False, False)


def test_a_price_says_its_currency_where_the_org_has_several() -> None:
    found = product(item(), salesforce_multi_currency="yes", company_currency="EUR")
    assert found["price"]["CurrencyIsoCode"] == "EUR"


@pytest.mark.parametrize("changes", [{"status": "on_fire"}, {"product_type": "wish"}])
def test_an_unknown_word_is_no_default(changes: dict[str, object]) -> None:
    _, codes = carried(*ITEMS, item(**changes), key="item_id")
    assert Reason.UNKNOWN_VALUE in codes


def test_stock_is_the_figure_that_the_connection_names() -> None:
    document = {"item_id": ITEM_ID, "sku": "", "version": "11.5", "stock": 11.5, "stock_on_hand": 14}
    found, codes = carried(*STOCK, document, key="item_id", as_of="2026-03-02T16:05:00Z")
    assert codes == []
    assert found == {"Product2": {"Zoho_Item_Id__c": ITEM_ID, "Zoho_Stock__c": Decimal("11.5")}}


def an_order(**changes: object) -> dict[str, Any]:
    return {
        "salesorder_id": "460000000900001", "salesorder_number": "SO-00077",
        "reference_number": "Spring refit", "order_status": "confirmed",
        "shipped_status": "partially_shipped", "invoiced_status": "not_invoiced",
        "paid_status": "unpaid", "date": "2026-03-01", "last_modified_time": "2026-03-02T09:05:11-0500",
        "customer_id": ZOHO_CONTACT, "customer_name": "Gulf Coast Marine", "currency_code": "USD",
        "sub_total": 341.1, "total": 341.1, "billing_address": {"country": "Atlantis"},
        "packages": [{"tracking_number": "1Z1"}, {"tracking_number": ""}, {"tracking_number": "1Z2"}],
        "line_items": [
            {"line_item_id": "460000000900009", "item_id": ITEM_ID, "sku": "LMP-220",
             "name": "Amber deck lamp", "description": "", "quantity": 2, "rate": 189.5, "item_total": 341.1},
        ],
    } | changes  # fmt: skip


def test_an_order_says_where_it_stands_and_what_left() -> None:
    found, codes = carried(*ORDERS, an_order(), key="salesorder_id")
    assert codes == []
    assert found == {
        "Order": {
            "Zoho_Salesorder_Id__c": "460000000900001", "AccountId": ACCOUNT_ID,
            "EffectiveDate": "2026-03-01",
            "Status": "Activated", "Name": "SO-00077", "OrderReferenceNumber": "SO-00077",
            "Zoho_Order_Status__c": "confirmed",
            "Zoho_Shipped_Status__c": "partially_shipped", "Zoho_Invoiced_Status__c": "not_invoiced",
            "Zoho_Tracking_Numbers__c": "1Z1, 1Z2",
        },
        "OrderItems": [
            {"Zoho_Line_Item_Id__c": "460000000900009", "Product2Id": PRODUCT_ID, "Quantity": Decimal(2),
             "UnitPrice": Decimal("170.55"), "Description": "Amber deck lamp"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("draft", "Draft"), ("pending_approval", "Draft"), ("confirmed", "Activated"),
        ("onhold", "Activated"),
        ("closed", "Activated"), ("void", "Cancelled"),
    ],
)  # fmt: skip
def test_the_status_of_an_order(status: str, said: str) -> None:
    found, codes = carried(*ORDERS, an_order(order_status=status), key="salesorder_id")
    assert (codes, found["Order"].get("Status")) == ([], said)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"order_status": "on_fire"}, Reason.UNKNOWN_VALUE),
        ({"customer_id": "1"}, Reason.NO_REFERENCE),
        ({"shipped_status": "lost"}, Reason.UNKNOWN_VALUE),
    ],
)
def test_what_is_unknown_of_an_order_goes_to_a_person(changes: dict[str, object], code: Reason) -> None:
    _, codes = carried(*ORDERS, an_order(**changes), key="salesorder_id")
    assert set(codes) == {code}
