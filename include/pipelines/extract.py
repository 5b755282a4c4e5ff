"""Fetch what the batch's records say now.

Several events of one record become one detail call; a record whose version was already carried costs
none. The bytes are kept as they came: a replay starts from them.

An order that the source cannot serve (HTTP 500 for this one) is left for a later run and holds up no other.
When it could not be served in several runs it is set aside. Whether it is the order or the source, a
*ping* tells.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from include.canonical import Reason
from include.errors import TransientError
from include.ledger import Outcome
from include.pipelines.outcomes import keep, leave, problem, problem_frame
from include.pipelines.ports import ORDER, TARGET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.ledger import InboxRow
    from include.pipelines.ports import Ticket, World

log = logging.getLogger(__name__)

CHANCES = 4
"""Runs in which an order may fail to be served before it is set aside."""
RECORDS = "records"
RECORD_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("recheck", pa.bool_()),
        pa.field("payload", pa.binary()),
    ]
)


def extract(world: World, ticket: Ticket) -> dict[str, int]:
    """Stage ``records.parquet``: one row per record that must be looked at.

    Returns:
        Counts: ``received`` rows, ``unchanged`` and ``fetched`` records.
    """
    rows = world.ledger.inbox.batch(ticket.batch_id)
    wanted, outcomes = _changed(world, rows)
    problems, records = [], []
    unserved: dict[str, TransientError] = {}
    for key, answer in world.source.sales_orders(list(wanted)):
        if isinstance(answer, TransientError):
            unserved[key] = answer
        elif answer is None:
            problems.append(_gone(key, world.flow.shop))
        else:
            records.append({"key": key, "recheck": wanted[key], "payload": answer})
    given_up = _given_up(world, rows, unserved)
    problems += given_up
    staging = world.staging(ticket)
    table = pa.Table.from_pylist(records, schema=RECORD_FRAME)
    staging.write(RECORDS, table.to_pandas(types_mapper=pd.ArrowDtype))
    keep(staging, "extract", outcomes, problem_frame(problems))
    leave(staging, set(unserved) - {str(problem["key"]) for problem in given_up})
    return {"received": len(rows), "unchanged": len(outcomes), "fetched": len(records)}


def _changed(world: World, rows: Sequence[InboxRow]) -> tuple[dict[str, bool], dict[str, Outcome]]:
    """Records to fetch (and whether to compare them in any case), and those that are carried already.

    Announcements overtake each other, so the last to come is not the newest: a record is carried only
    when *every* announcement of it speaks of the version that was carried, by its name or by what lists
    show of it.
    """
    announced: dict[str, set[str]] = {}
    for row in rows:
        announced.setdefault(row.record_key, set()).add(row.version)
    recheck = {row.record_key for row in rows if row.headers.get("recheck") == "true"}
    links = world.ledger.crosswalk.find(ORDER, world.flow.source, list(announced), TARGET)
    versions = {key: link.source_version for key, link in links.items() if key not in recheck}
    unnamed = {key: version for key, version in versions.items() if announced[key] != {version}}
    listed = world.ledger.inbox.listed(world.flow.name, unnamed) if unnamed else {}
    carried = [key for key, version in versions.items() if announced[key] <= {version, *listed.get(key, ())}]
    # Carried by a run that was killed before it could say so: it is this run that reports it.
    unreported = world.ledger.writes.unreported(world.flow.name, ORDER, carried) if carried else set()
    outcomes = {key: Outcome.LOADED if key in unreported else Outcome.UNCHANGED for key in carried}
    return {key: key in recheck for key in announced if key not in outcomes}, outcomes


def _given_up(
    world: World, rows: Sequence[InboxRow], unserved: Mapping[str, TransientError]
) -> list[dict[str, object]]:
    """Those of the orders that could not be served which have had their chances.

    Raises:
        TransientError: the source serves nothing; it is not the orders.
    """
    if not unserved:
        return []
    world.source.ping()
    log.warning(
        "%s cannot serve %d orders: %s", world.flow.source, len(unserved), ", ".join(sorted(unserved)[:5])
    )
    tries = Counter[str]()
    for row in rows:
        tries[row.record_key] = max(tries[row.record_key], row.attempts)
    return [
        _unserved(key, str(error), world.flow.shop)
        for key, error in unserved.items()
        if tries[key] >= CHANCES
    ]


def _unserved(key: str, said: str, shop: str) -> dict[str, object]:
    return problem(
        key,
        Reason.NOT_SERVED,
        field="id",
        value=key,
        message=f"sales order {key} cannot be read: {said}; other orders can",
        remedy=f"Open the order in {shop} and save it, or ask its support; then replay this exception.",
    )


def _gone(key: str, shop: str) -> dict[str, object]:
    return problem(
        key,
        Reason.NOT_FOUND_AT_SOURCE,
        field="id",
        value=key,
        message=f"sales order {key} was announced, but {shop} no longer has it",
        remedy=f"Create it again in {shop} if that was a mistake; if it stands in Sage, cancel it there.",
    )
