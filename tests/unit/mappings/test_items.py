"""Items of Sage, products of Clarity, and whose word counts (B9)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from include.canonical import Reason
from include.errors import MappingError
from include.sandbox.clarity.asked import ProductItem
from include.translation import Translation, load
from include.translation.loading import MAPPINGS, owners
from include.translation.ownership import DRIFT_FRAME, drift
from tests.unit.mappings.flows import a_flow_site, accepted, from_sage
from tests.unit.translation.factories import codes, the

OWNERS = owners("clarity_ecommerce/ownership")


def item(**changes: object) -> dict[str, object]:
    return {
        "ItemCode": "LMP-220-AMB", "ItemType": "1", "ItemCodeDesc": "Amber deck lamp 220 lm",
        "ProductLine": "LAMP", "ProductType": "F", "TaxClass": "TX", "StandardUnitOfMeasure": "EACH",
        "SalesUnitOfMeasure": "EACH",
        "SalesUMConvFctr": "1.0000", "StandardUnitPrice": "189.000000", "SuggestedRetailPrice": "219.000000",
        "ShipWeight": " 0.84", "CommentText": "", "AllowBackOrders": "Y", "UseInSO": "Y", "InactiveItem": "N",
        "UDF_UPC": "0860001234562", "prices": [],
    } | changes  # fmt: skip


def product(**changes: object) -> dict[str, object]:
    return {
        "id": 20431, "sku": "LMP-220-AMB", "name": "Amber deck lamp 220 lm", "status": "active",
        "type": "simple", "shortDescription": "IP67 amber LED deck lamp", "description": "Sealed.",
        "brand": "Harborlite",
        "categories": [{"id": 310, "path": "Lighting/Deck"}], "unitOfMeasure": "EACH", "taxCode": "TX",
        "isTaxable": True, "isDiscontinued": False, "allowBackorder": True,
        "prices": {"currency": "USD", "basePrice": 189.0, "salePrice": None, "msrp": 219.0, "tiers": []},
        "weight": {"value": 0.84, "unit": "kg"}, "barcodes": ["0860001234562"],
        "aliases": ["LMP220A", "HL-AMB"], "images": [{"url": "https://cdn.example/1.jpg"}],
        "externalIds": {"sage100ItemCode": "LMP-220-AMB"},
        "updatedDate": "2026-03-02T12:10:44.210Z", "rowVersion": 17,
    } | changes  # fmt: skip


def read(**changes: object) -> Translation:
    payload = json.dumps(product(**changes)).encode()
    return load("clarity_ecommerce/product").to_canonical(["20431"], [payload], a_flow_site())


def test_a_product_keeps_its_lists_and_its_prices() -> None:
    row = the(read().frames["items"])
    assert (row["aliases"], row["barcodes"]) == ("LMP220A\x1fHL-AMB", "0860001234562")
    assert (row["unit_price"], row["list_price"], row["weight"]) == (
        Decimal(189), Decimal(219), Decimal("0.84"),
    )  # fmt: skip
    assert (row["status"], row["kind"], row["source_version"]) == ("active", "stocked", "17")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"InactiveItem": "Y"}, "inactive"), ({"UseInSO": "N"}, "inactive"),
        ({"ProductType": "D"}, "discontinued"), ({}, "active"),
    ],
)  # fmt: skip
def test_whether_an_item_is_sold(changes: dict[str, object], status: str) -> None:
    assert the(from_sage("item", item(**changes)).frames["items"])["status"] == status


def test_the_price_is_that_of_the_unit_in_which_it_is_sold() -> None:
    frame = from_sage("item", item(SalesUnitOfMeasure="BOX", SalesUMConvFctr="12.0000")).frames["items"]
    assert the(frame)["unit_price"] == Decimal(2268)


def test_words_in_the_weight_are_no_weight() -> None:
    result = from_sage("item", item(ShipWeight="heavy"))
    assert result.frames["items"].weight.isna().tolist() == [True]
    assert result.problems.empty


def test_only_what_sage_owns_goes_to_the_product() -> None:
    site = a_flow_site(weight_unit="kg")
    mapping = load("clarity_ecommerce/product_write")
    made = mapping.from_canonical(from_sage("item", item(), site=site).frames, site)
    document = mapping.to_documents(made.frames)["LMP-220-AMB"]
    assert document == {
        "sku": "LMP-220-AMB", "status": "active", "type": "simple", "isDiscontinued": False,
        "unitOfMeasure": "EACH", "taxCode": "TX", "isTaxable": True, "allowBackorder": True,
        "prices": {"currency": "USD", "basePrice": Decimal(189), "msrp": Decimal(219)},
        "weight": {"value": Decimal("0.84"), "unit": "kg"}, "externalIds": {"sage100ItemCode": "LMP-220-AMB"},
    }  # fmt: skip
    accepted(ProductItem, document)


def test_a_comment_is_no_product() -> None:
    made, documents = to_clarity_product(item(ItemCode="/C", ItemType="4"))
    assert (documents, len(made.problems)) == ({}, 0)


def to_clarity_product(*documents: dict[str, object]) -> tuple[Translation, dict[str, dict[str, Any]]]:
    site, mapping = a_flow_site(), load("clarity_ecommerce/product_write")
    made = mapping.from_canonical(from_sage("item", *documents, site=site).frames, site)
    return made, mapping.to_documents(made.frames)


def test_a_product_of_the_shop_becomes_an_item() -> None:
    site = a_flow_site(new_product_line="WEB")
    made = load("sage100/item_write").from_canonical(read().frames, site)
    row = the(made.frames["items"])
    assert {name: row[name] for name in NEW} == NEW


NEW = {
    "ItemCode": "LMP-220-AMB", "ItemType": "1", "ItemCodeDesc": "Amber deck lamp 220 lm",
    "ProductLine": "WEB", "StandardUnitOfMeasure": "EACH", "StandardUnitPrice": Decimal(189),
    "AllowBackOrders": "Y",
    "InactiveItem": "N",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"status": "draft"}, (Reason.UNKNOWN_VALUE, "status")),
        ({"type": "bundle"}, (Reason.UNKNOWN_VALUE, "type")),
        ({"sku": ""}, (Reason.MISSING, "sku")),
    ],
)
def test_what_we_do_not_know_is_set_aside(changes: dict[str, object], problem: tuple[str, str]) -> None:
    assert codes(read(**changes).problems) == [problem]


# ---------------------------------------------------------------- drift


def told(sage: dict[str, object], clarity: dict[str, object]) -> list[tuple[str, ...]]:
    site = a_flow_site(weight_unit="kg")
    erp = from_sage("item", item(**sage), site=site).frames["items"]
    found = drift(erp, read(**clarity).frames["items"], OWNERS, {"name": 30})
    assert list(found.columns) == DRIFT_FRAME.names
    return [tuple(row) for row in found.to_numpy()]


def test_items_that_agree_do_not_drift() -> None:
    assert told({}, {}) == []


def test_each_difference_names_its_owner() -> None:
    prices = {"currency": "USD", "basePrice": 184.5, "msrp": 219}
    assert told({}, {"prices": prices, "name": "Deck lamp", "isDiscontinued": True}) == [
        ("LMP-220-AMB", "name", "Amber deck lamp 220 lm", "Deck lamp", "shop"),
        ("LMP-220-AMB", "status", "active", "discontinued", "erp"),
        ("LMP-220-AMB", "unit_price", "189", "184.5", "erp"),
    ]


def test_what_one_side_leaves_blank_it_does_not_say() -> None:
    assert told({"TaxClass": "", "ShipWeight": ""}, {"unitOfMeasure": "", "brand": "Other"}) == []


def test_the_beginning_of_a_long_name_is_all_that_sage_can_keep() -> None:
    name = "Amber deck lamp 220 lm, dimmable, 24 V"
    assert told({"ItemCodeDesc": name[:30]}, {"name": name}) == []
    assert len(told({"ItemCodeDesc": name[:29]}, {"name": name})) == 1


def test_an_item_that_one_side_lacks_does_not_drift() -> None:
    assert told({"ItemCode": "OTHER"}, {}) == []


def test_an_owner_of_a_field_that_items_lack_is_refused(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ownership.yaml").write_text("about: x\nowners: {prize: erp}\n", encoding="utf-8")
    with pytest.raises(MappingError, match="no field 'prize'"):
        owners("a/ownership", tmp_path)
    assert owners("clarity_ecommerce/ownership", MAPPINGS)["unit_price"] == "erp"
