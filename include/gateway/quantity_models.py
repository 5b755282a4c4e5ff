"""What is asked about stock, and how it is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from include.gateway.item_models import ITEM_CODE

MAX_NAMED = 200
MAX_PAGE = 2000


WAREHOUSE_CODE = r"^[A-Za-z0-9]{1,3}$"


class QuantityQuery(BaseModel):
    """Which rows: of these items (none: all), in these warehouses (none: all), behind a key."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    items: list[Annotated[str, Field(pattern=ITEM_CODE)]] = Field([], alias="ItemCode", max_length=MAX_NAMED)
    warehouses: list[Annotated[str, Field(pattern=WAREHOUSE_CODE)]] = Field(
        [], alias="WarehouseCode", max_length=MAX_NAMED
    )
    after_item: Annotated[str, Field(pattern=ITEM_CODE)] | None = Field(None, alias="AfterItemCode")
    after_warehouse: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{0,3}$")] = Field(
        "", alias="AfterWarehouseCode"
    )
    limit: int = Field(MAX_PAGE, ge=1, le=MAX_PAGE)


class Quantity(BaseModel):
    """One item in one warehouse, in its standard unit of measure."""

    ItemCode: str
    WarehouseCode: str
    QuantityOnHand: str
    QuantityOnSalesOrder: str
    QuantityOnBackOrder: str
    QuantityInShipping: str
    QuantityOnPurchaseOrder: str
    QuantityAvailable: str
    """On hand, less what is on sales orders and on back order."""


class QuantityKey(BaseModel):
    """Where the next page begins: behind this row."""

    ItemCode: str
    WarehouseCode: str


class QuantityRead(BaseModel):
    """One page; ``next`` is null on the last."""

    quantities: list[Quantity]
    next: QuantityKey | None
