"""What translation needs to know of the site: read from the ERP and the ledger, and recorded.

A replay must give the same bytes, so each batch notes which reference tables, rates and settings it was
translated with. They are kept by content: a table that has not changed is kept once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.canonical import REFERENCE_FRAME
from include.pipelines.flows import CLARITY_ECOMMERCE
from include.pipelines.ports import ITEM, TARGET
from include.pipelines.staging import batches
from include.pipelines.widths import ORDER_TABLES, text_widths
from include.translation import RateTable, Reference, Site

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.pipelines.ports import World
    from include.pipelines.staging import Staging, StagingPath

SNAPSHOT = "snapshot"
"""Staged per batch: ``name`` and ``digest`` of each table below ``snapshots/``, and the time."""


def site(world: World, staging: Staging) -> Site:
    """References, rates, settings and widths as they are now, noted in ``staging``."""
    tables = dict(world.reads.references()) | _aliases(world)
    items, aliases, rates = world.reads.items(), world.reads.aliases(), world.ledger.rates.all()
    told = {
        "settings": json.dumps(dict(world.settings), sort_keys=True),
        "time_zone": world.time_zone,
        "rates": json.dumps([[r.base, r.quote, str(r.on_date), str(r.rate), r.source] for r in rates]),
        "at": world.clock().isoformat(),
    }
    kept = {
        name: staging.share(name, frame)
        for name, frame in (tables | {"items": items, "aliases": aliases}).items()
    }
    staging.write(
        SNAPSHOT, pd.DataFrame({"name": [*kept, *told], "digest": [*kept.values(), *told.values()]})
    )
    references = {name: Reference.table(name, frame) for name, frame in tables.items()}
    return Site(
        references=references | {"items": Reference.items(items, aliases)},
        rates=RateTable(rates),
        settings=world.settings,
        time_zone=world.time_zone,
        widths=text_widths(world.reads, ORDER_TABLES),
    )


def _aliases(world: World) -> dict[str, pd.DataFrame]:
    """The shop's SKUs that are no item codes, of products that are linked to items."""
    if world.flow.source != CLARITY_ECOMMERCE:
        return {}
    links = world.ledger.crosswalk.renamed(ITEM, world.flow.source, TARGET)
    rows = [{"key": link.natural_key, "value": link.target_id, "label": link.target_id} for link in links]
    return {"clarity_aliases": pd.DataFrame(rows, columns=REFERENCE_FRAME.names, dtype="str")}


def snapshots_named(root: StagingPath, flows: Iterable[str]) -> set[str]:
    """Digests of the shared tables that any staged batch names."""
    named = set[str]()
    for flow in flows:
        for batch in batches(root, flow):
            file = batch / f"{SNAPSHOT}.parquet"
            if file.exists():
                with file.open("rb") as opened:
                    named |= set(pq.ParquetFile(pa.BufferReader(opened.read())).read()["digest"].to_pylist())
    return named
