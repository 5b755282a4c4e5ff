"""Two systems' words for the same items: where they differ, and whose word counts.

Pure: two canonical frames and a table of owners in, the drift out. Healing it is the caller's: of each
row the side that does not own the field takes the owner's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.translation.columns import CANONICAL, KINDS, blank, is_text, mask, pick, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.translation.columns import Mask

Owner = Literal["erp", "shop"]
TEXT = KINDS["text"]

DRIFT_FRAME = pa.schema(
    [
        pa.field("sku", TEXT),
        pa.field("field", TEXT),  # as the canonical item names it
        pa.field("erp", TEXT),  # what the ERP says
        pa.field("shop", TEXT),  # what the shop says
        pa.field("owner", TEXT),  # erp or shop; the other side is the one to change
    ]
)
"""One row per field of an item that both systems say, and say differently."""


def drift(
    erp: pd.DataFrame,
    shop: pd.DataFrame,
    owners: Mapping[str, Owner],
    widths: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Where items of two systems differ; items are the same when their SKUs are.

    What one side leaves blank it does not say, and an item that only one side has is no drift.

    Args:
        erp: an ``items`` frame of the ERP.
        shop: an ``items`` frame of the shop.
        owners: by field; a field without an owner is not compared.
        widths: characters that the ERP keeps of a text: as long as it has that many, its beginning is enough.

    Returns:
        A ``DRIFT_FRAME``, by SKU as the ERP has them, then by field as the item has them.
    """
    import pandas as pd  # noqa: PLC0415 - only the border speaks pandas

    ours, theirs = _matched(_table(erp), _table(shop))
    parts = [_of_field(ours, theirs, name, owner, (widths or {}).get(name)) for name, owner in owners.items()]
    found = pa.concat_tables([_PLACED.empty_table(), *parts]).sort_by(
        [("item", "ascending"), ("place", "ascending")]
    )
    frame: pd.DataFrame = found.select(DRIFT_FRAME.names).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


_PLACED = pa.schema([*DRIFT_FRAME, pa.field("item", pa.int64()), pa.field("place", pa.int64())])


def _table(frame: pd.DataFrame) -> pa.Table:
    schema = CANONICAL["items"]
    return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)


def _matched(erp: pa.Table, shop: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The items that both have, row beside row."""
    there = pc.index_in(erp["sku"], value_set=plain(shop["sku"]))
    both = pc.and_(there.is_valid(), erp["sku"].is_valid())
    return erp.filter(both), shop.take(plain(there.filter(both)))


def _of_field(erp: pa.Table, shop: pa.Table, name: str, owner: Owner, width: int | None) -> pa.Table:
    ours, theirs = plain(erp[name]), plain(shop[name])
    differ = mask(pc.not_equal(ours, theirs)) & ~blank(ours) & ~blank(theirs)
    if width is not None and is_text(ours):
        differ &= ~_cut(ours, theirs, width)
    at = np.flatnonzero(differ)
    where = pa.array(at)
    columns = [erp["sku"].take(where), pa.repeat(pa.scalar(name), len(at))]
    columns += [_shown(values.take(where)) for values in (ours, theirs)]
    columns += [pa.repeat(pa.scalar(owner), len(at)), where.cast(pa.int64())]
    place = CANONICAL["items"].get_field_index(name)
    return pa.table([*columns, pa.repeat(pa.scalar(place, pa.int64()), len(at))], schema=_PLACED)


def _cut(ours: pa.Array, theirs: pa.Array, width: int) -> Mask:
    """Rows where the ERP has all of the shop's text that it can keep."""
    kept = pc.utf8_rtrim_whitespace(pc.utf8_slice_codeunits(theirs, 0, width))
    longer = mask(pc.greater(pc.utf8_length(theirs), width))
    return mask(pc.equal(pc.utf8_rtrim_whitespace(ours), kept)) & longer


def _shown(values: pa.Array) -> pa.Array:
    """Values as a person reads them: no zeros that only the column's scale gave."""
    text = values if is_text(values) else pc.cast(values, TEXT)
    if not pa.types.is_decimal(values.type):
        return text
    whole = mask(pc.match_substring(text, "."))
    short = pc.replace_substring_regex(text, r"\.?0+$", "")
    return pick(whole, short, text)
