"""Fetch what the batch's records say now; several announcements of one record are one read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pandas as pd
import pyarrow as pa

from include.errors import TransientError
from include.ledger import Outcome
from include.pipelines.mirrors.announce import keep as keep_announced
from include.pipelines.outcomes import keep, leave, problem_frame
from include.pipelines.ports import distinct

if TYPE_CHECKING:
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Ticket


class _Versioned(msgspec.Struct):
    """The version that a document may say of itself."""

    version: str = ""


_VERSIONED = msgspec.json.Decoder(_Versioned)
RECORDS = "records"
RECORD_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("fact", pa.string()),  # which announcement this is the answer to
        pa.field("read_at", pa.string()),  # ISO 8601, before the read began
        pa.field("payload", pa.binary()),
    ]
)


def extract(world: MirrorWorld, ticket: Ticket) -> dict[str, int]:
    """Stage ``records.parquet``: one row per record that the source still has.

    A record that is gone there is told to nobody: the target keeps what it has. Unless the flow has something
    to say in its place.

    Returns:
        Counts: ``received`` rows, ``fetched`` and ``gone`` records.
    """
    rows = world.ledger.inbox.batch(ticket.batch_id)
    facts = {row.record_key: f"{row.version}#{row.id}" for row in rows}
    announced = {row.record_key: row.version for row in rows}
    read_at = world.clock().isoformat()
    payloads: dict[str, bytes] = {}
    gone, unserved = [], []
    for key, answer in world.source.documents(distinct(facts)):
        if isinstance(answer, TransientError):
            unserved.append(key)
        elif answer is None:
            said = (world.flow.in_place(key, row.version) for row in rows if row.record_key == key)
            if (instead := next(filter(None, said), None)) is not None:
                payloads[key] = instead
            else:
                gone.append(key)
        else:
            payloads[key] = answer
    moved = {
        key: version
        for key, payload in payloads.items()
        if (version := _VERSIONED.decode(payload).version) and version != announced[key]
    }
    # What is told now is not what was announced: were it to change back, the next poll would not see it.
    keep_announced(world, moved.items(), ticket.run_id, origin="read")
    if unserved:
        # Raises when it is the source that is away, and not these records.
        world.endpoints[0].ping()
    staging = world.staging(ticket)
    columns = {
        "key": list(payloads),
        "fact": [facts[key] for key in payloads],
        "read_at": [read_at] * len(payloads),
        "payload": list(payloads.values()),
    }
    table = pa.table(columns, schema=RECORD_FRAME)
    staging.write(RECORDS, table.to_pandas(types_mapper=pd.ArrowDtype))
    keep(staging, "extract", dict.fromkeys(gone, Outcome.UNCHANGED), problem_frame([]))
    leave(staging, unserved)
    return {"received": len(rows), "fetched": len(payloads), "gone": len(gone)}
