"""Small worlds for the flows beside orders: what Sage's reader gives, what Clarity's sandbox takes."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from include.canonical import REFERENCE_FRAME
from include.sandbox.clarity.exchange import read, read_json
from include.translation import Reference, Site, Translation, load
from include.translation.documents import as_json
from tests.unit.translation.factories import a_site, texts

SAMPLES = Path(__file__).parent / "clarity"
ITEM_COLUMNS = [
    "ItemCode", "ItemCodeDesc", "ItemType", "ProductType", "InactiveItem", "AllowBackOrders",
    "UDF_SAFETY_STOCK",
]  # fmt: skip
ITEMS = [
    ("LMP-220-AMB", "Amber deck lamp", "1", "F", "N", "Y", ""),
    ("CBL-16-RD", "Marine cable", "1", "F", "Y", "N", "10.5"),
    ("GSK-KIT-04", "Gasket kit", "1", "K", "N", "Y", ""),
    ("/FREIGHT", "Freight", "3", "F", "N", "N", ""),
]


@cache
def shop_items() -> Reference:
    return Reference.items(texts(ITEMS, ITEM_COLUMNS), texts([], ["AliasItemNo", "ItemCode"]))


def links(name: str, *rows: tuple[str, str, str]) -> Reference:
    return Reference.table(name, texts(list(rows), REFERENCE_FRAME.names))


def a_flow_site(**settings: str) -> Site:
    """A site that knows four items, one order and its customer."""
    known = {
        "items": shop_items(),
        "shop_orders": links("shop_orders", ("0021457", "100457", "WEB-100457")),
        "shop_customers": links("shop_customers", ("01-0010482", "10482", "C-10482")),
        "order_customers": links("order_customers", ("WEB-100457", "01-0010482", "")),
    }
    return a_site(references=known, settings={"as_of": "2026-03-02T16:05:00Z"} | settings)


def stock(**changes: object) -> dict[str, object]:
    return {
        "ItemCode": "LMP-220-AMB", "WarehouseCode": "000", "QuantityOnHand": 214, "QuantityOnSalesOrder": 30,
        "QuantityOnBackOrder": 6, "QuantityInShipping": 0,
    } | changes  # fmt: skip


def goods(**changes: object) -> dict[str, object]:
    return {
        "OrderLineKey": "000001", "DetailSeqNo": "000001", "ItemCode": "LMP-220-AMB", "ItemType": "1",
        "ItemCodeDesc": "Amber deck lamp", "WarehouseCode": "000", "UnitOfMeasure": "EACH",
        "QuantityOrdered": 12, "QuantityShipped": 12, "QuantityBackordered": 0, "UnitPrice": 189,
        "ExtensionAmt": 2154.60, "CommentText": "",
    } | changes  # fmt: skip


CABLE = goods(
    OrderLineKey="000002", DetailSeqNo="000002", ItemCode="CBL-16-RD", UnitOfMeasure="MTR",
    QuantityShipped=75, UnitPrice=2.15, ExtensionAmt=161.25,
)  # fmt: skip
COMMENT = goods(
    OrderLineKey="", DetailSeqNo="000003", ItemCode="/C", ItemType="4", QuantityShipped=0, ExtensionAmt=0
)
PACKAGE = {
    "PackageNo": "0001",
    "TrackingID": "1Z999AA10123456784",
    "Comment": "",
    "Weight": 14.6,
    "FreightAmt": 38.4,
}


def shipment(**changes: object) -> dict[str, object]:
    return {
        "InvoiceNo": "0104512", "HeaderSeqNo": "000000", "InvoiceType": "IN", "InvoiceDate": "2026-03-04",
        "SalesOrderNo": "0021457", "ARDivisionNo": "01", "CustomerNo": "0010482",
        "CustomerPONo": "GC-2026-0311", "ShipDate": "2026-03-04", "ShipVia": "UPS", "WarehouseCode": "000",
        "FreightAmt": 38.40, "Weight": 14.6, "NumberOfPackages": 1, "state": "history",
        "lines": [goods(), CABLE, COMMENT], "packages": [PACKAGE],
    } | changes  # fmt: skip


def invoice(**changes: object) -> dict[str, object]:
    return {
        "InvoiceNo": "0104512", "HeaderSeqNo": "000000", "InvoiceType": "IN", "InvoiceDate": "2026-03-04",
        "InvoiceDueDate": "2026-04-03", "ARDivisionNo": "01", "CustomerNo": "0010482",
        "CustomerPONo": "GC-2026-0311", "SalesOrderNo": "0021457", "TermsCode": "01",
        "TaxableSalesAmt": 2315.85, "NonTaxableSalesAmt": 0, "DiscountAmt": 0, "FreightAmt": 38.40,
        "SalesTaxAmt": 194.22, "Balance": 0, "lines": [goods(), CABLE, COMMENT],
    } | changes  # fmt: skip


KEYS = {
    "stock_level": ("ItemCode", "WarehouseCode"),
    "shipment": ("InvoiceNo", "InvoiceType", "SalesOrderNo"),
    "invoice": ("InvoiceNo", "HeaderSeqNo"),
    "item": ("ItemCode",),
}


def from_sage(entity: str, *documents: dict[str, object], site: Site | None = None) -> Translation:
    """Sage's documents as canonical frames."""
    keys = ["|".join(str(one[name]) for name in KEYS[entity]) for one in documents]
    payloads = [json.dumps(one).encode() for one in documents]
    return load(f"sage100/{entity}").to_canonical(keys, payloads, site or a_flow_site())


def to_clarity(
    entity: str, *documents: dict[str, object], site: Site | None = None
) -> tuple[Translation, dict[str, dict[str, Any]]]:
    """Sage's documents as Clarity's, and what was wrong on the second half of the way."""
    site = site or a_flow_site()
    mapping = load(f"clarity_ecommerce/{entity}")
    made = mapping.from_canonical(from_sage(entity, *documents, site=site).frames, site)
    return made, mapping.to_documents(made.frames)


def accepted(model: type[BaseModel], document: dict[str, object]) -> BaseModel:
    """A document through the sandbox's own strict validation, as bytes with exact numbers."""
    return read(model, read_json(as_json(document), strict=True), strict=True)


def sample(name: str) -> dict[str, Any]:
    """The body of a request as the contract shows it, with exact numbers."""
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)["request"][
        "body"
    ]
