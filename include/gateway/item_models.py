"""Items as they are sent and answered; ``fields`` are columns of CI_Item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.gateway.models import MAX_BATCH, Fields, FindingOut, Key, Strict

if TYPE_CHECKING:
    from pydantic.config import JsonDict

ITEM_CODE = r"^[!-~](?:[ -~]{0,28}[!-~])?$"
"""Signs, spaces and slashes are allowed inside: ``/FREIGHT``, ``A-100 BLUE``."""
_EXAMPLE: JsonDict = {
    "ItemCode": "QUESO-CABRALES",
    "fields": {
        "ItemCodeDesc": "Queso Cabrales 1 kg",
        "ProductLine": "FOOD",
        "StandardUnitOfMeasure": "EACH",
        "StandardUnitPrice": "21.00",
        "InactiveItem": "N",
    },
}


class ItemRequest(Strict):
    """One item. Columns that are absent or null are left to Sage's defaults, or as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    ItemCode: Annotated[str, Field(pattern=ITEM_CODE)]
    fields: Fields


class ItemRecord(Strict):
    """One item of a batch."""

    idempotency_key: Key
    item: ItemRequest


class ItemBatch(Strict):
    """Items that share one Sage session."""

    records: list[ItemRecord] = Field(min_length=1, max_length=MAX_BATCH)


class ItemAnswer(BaseModel):
    """An item that stands in Sage."""

    status: Literal["created", "adopted", "changed", "unchanged"]
    ItemCode: str
    warnings: list[FindingOut] = []


class ItemRead(BaseModel):
    """An item as Sage's table holds it."""

    fields: dict[str, str | None]
