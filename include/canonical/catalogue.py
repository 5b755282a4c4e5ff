"""Items and what lies of them in a warehouse."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from include.canonical.models import ZERO, Canonical, CurrencyCode, Price, Quantity


class ItemStatus(StrEnum):
    """Whether an item may be sold."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DISCONTINUED = "discontinued"
    """Sold while stock lasts."""
    DELETED = "deleted"


class ItemKind(StrEnum):
    """What an item is for whoever counts it."""

    STOCKED = "stocked"
    KIT = "kit"
    SERVICE = "service"
    """Charges, services, downloads: nothing of it lies anywhere."""
    COMMENT = "comment"
    """Text on documents that has an item code."""


class Item(Canonical):
    """Something that is sold. Lists of words are joined by U+001F, as translation joins them."""

    source_system: str
    source_id: str
    source_version: str = ""
    sku: str
    name: str
    status: ItemStatus = ItemStatus.ACTIVE
    kind: ItemKind = ItemKind.STOCKED
    short_description: str = ""
    description: str = ""
    brand: str = ""
    product_line: str = ""
    categories: str = Field(default="", description="paths such as 'Lighting/Deck', a list")
    images: str = Field(default="", description="addresses of pictures, the first one shown first, a list")
    aliases: str = Field(default="", description="other codes of the same item, a list")
    barcodes: str = Field(default="", description="a list")
    unit: str = ""
    currency: CurrencyCode
    unit_price: Price | None = None
    list_price: Price | None = Field(default=None, description="the manufacturer's suggested price")
    sale_price: Price | None = Field(default=None, description="what it costs while it is on sale")
    weight: Quantity | None = None
    weight_unit: str = ""
    tax_class: str = ""
    is_taxable: bool = True
    allow_backorder: bool = False
    erp_code: str = Field(default="", description="the ERP's code as the source believes it")
    modified_at: datetime | None = None
    extensions: dict[str, str] = Field(default_factory=dict)


class StockLevel(Canonical):
    """What lies of one item in one warehouse, counted in the item's stock unit.

    ``allocated`` = ``on_sales_order`` + ``on_back_order``; ``available`` = ``on_hand`` - ``allocated`` -
    ``awaiting`` - ``safety_stock`` and may be negative.
    """

    source_system: str
    source_id: str = Field(description="item and warehouse, joined by '|'")
    sku: str
    warehouse: str = Field(description="the source's own code")
    on_hand: Quantity
    on_sales_order: Quantity = ZERO
    on_back_order: Quantity = ZERO
    allocated: Quantity
    awaiting: Quantity = Field(default=ZERO, description="sold by the shop, and not yet an order in the ERP")
    safety_stock: Quantity = Field(default=ZERO, description="kept back from the shop")
    available: Quantity
    on_purchase_order: Quantity | None = None
    allow_backorder: bool | None = None
    as_of: datetime = Field(description="when it was read")
