"""Orders whose goods are not there: they wait in line, or are written with what is missing on back order.

An order that waits is parked like any other exception, and so are later events of it. The line is kept by
what was staged of each: what it wants and when it came. Each run looks at the line before it claims, and
releases those that may go now: stock that comes needs no event of its own, the next run finds it. Batches of
a flow that keeps a line follow one another: side by side a younger one could take what an older one wants.

Only new orders are judged. An order that stands in Sage has its goods promised by Sage itself.
"""

from __future__ import annotations

import logging
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd
import pyarrow as pa

from include.canonical import Reason
from include.errors import ConfigurationError
from include.ledger import NewException
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.plan import DETAILS, HEADERS, PLAN, Action
from include.pipelines.policies import policy
from include.pipelines.ports import Ticket, World
from include.pipelines.staging import rows
from include.pipelines.stock_rules import Shortage, Want, shortages

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from include.ledger import Batch, ExceptionRow
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.staging import Staging
    from include.pipelines.stock_rules import Shelf

log = logging.getLogger(__name__)

OUT_OF_STOCK = "out_of_stock"
"""What becomes of an order whose goods are not there: a setting; with ``.<flow>`` after it, of that flow."""
HOLD_DAYS = "stock_hold_days"
"""After so many days an order waits for a person and no more for stock: a setting, blank for never."""
HOLD: Final = "hold"
PART: Final = "part"
BACK_ORDER: Final = "back_order"
WANTS, BEHIND = "wants", "behind"
"""Staged: what the batch's new orders want, and what of it goes on back order."""
_QUANTITY = pa.decimal128(18, 6)
WANT_FRAME = pa.schema(
    [
        pa.field("place", pa.int64()),  # the order's first row in the inbox
        pa.field("key", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("item", pa.string()),
        pa.field("warehouse", pa.string()),
        pa.field("quantity", _QUANTITY),
    ]
)
BEHIND_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("position", pa.int64()),
        pa.field("QuantityBackordered", _QUANTITY),
    ]
)
_COMMITTED = frozenset({"", "S", "B"})
"""Order types that take goods from others; a quote does not."""
_STOCKED, _KIT = "1", "K"


def claim_batches(
    world: World | MirrorWorld, *, run_id: str, batch_size: int, max_batches: int, lease: timedelta
) -> list[Batch]:
    """Lease what is pending, with those in line whose goods have come."""
    line = isinstance(world, World) and _policy(world) != BACK_ORDER
    if isinstance(world, World):
        release(world)
    return world.ledger.inbox.claim(
        world.flow.name,
        batch_size=batch_size,
        max_batches=min(max_batches, 1) if line else max_batches,
        lease=lease,
        run_id=run_id,
        alone=line,
    )


def release(world: World) -> Sequence[str]:
    """Let go whoever the stock serves, in order of arrival, and whoever has news; returns their keys.

    Where no line is kept any more, everybody goes.
    """
    flow, ledger = world.flow.name, world.ledger
    waiting = ledger.exceptions.open_for(flow, Reason.OUT_OF_STOCK.value)
    if not waiting:
        return []
    if _policy(world) == HOLD:
        staying = _expired(world, waiting)
        line = [row for row in waiting if row.record_key not in staying]
        wants = [want for row in _one_each(line) for want in _staged(world, row)]
        short = shortages(wants, _available(world, {want.item for want in wants}))
        staying |= {shortage.want.key for shortage in short}
        news = {key for key, _ in ledger.inbox.waiting(flow)}
        waiting = [row for row in waiting if row.record_key not in staying or row.record_key in news]
    released = ledger.exceptions.start_retry([row.id for row in waiting], actor=flow)
    if released:
        log.info("%d orders need not wait for stock any more: %s", len(released), ", ".join(released[:5]))
    return released


def out_of_stock(world: World, ticket: Ticket, aside: Collection[str]) -> pd.DataFrame:
    """Judge the batch's new orders; returns a problem of each line that must wait for its goods.

    Args:
        world: the systems.
        ticket: the batch.
        aside: orders that go no further whatever lies there.
    """
    chosen = _policy(world)
    if chosen == BACK_ORDER:
        return problem_frame([])
    staging = world.staging(ticket)
    wants = _wanted(world, ticket, aside)
    staging.write(WANTS, _want_frame(wants))
    ahead = _ahead(world, {want.key for want in wants}) if chosen == HOLD else set()
    found = shortages([*wants, *ahead], _available(world, {want.item for want in wants}))
    short = [shortage for shortage in found if shortage.want not in ahead]
    if chosen == PART:
        staging.write(BEHIND, _behind_frame(short))
        return problem_frame([])
    numbers = staging.read(PLAN).set_index("key").number
    return problem_frame([_insufficient(shortage, numbers[shortage.want.key]) for shortage in short])


def on_back_order(staging: Staging, details: pd.DataFrame) -> pd.DataFrame:
    """The lines with what goes on back order at once, where a part is to go."""
    if not staging.has(BEHIND):
        return details
    return details.merge(staging.read(BEHIND), on=["key", "position"], how="left")


def _policy(world: World) -> Literal["hold", "part", "back_order"]:
    words: tuple[Literal["hold", "part", "back_order"], ...] = (HOLD, PART, BACK_ORDER)
    return policy(world, OUT_OF_STOCK, words, default=BACK_ORDER)


# The line ---------------------------------------------------------------------------------------------------


def _ahead(world: World, here: Collection[str]) -> set[Want]:
    """What those in line want who are not in this batch."""
    waiting = world.ledger.exceptions.open_for(world.flow.name, Reason.OUT_OF_STOCK.value)
    over = _over(world, waiting)
    line = [row for row in waiting if row.record_key not in over and row.record_key not in here]
    return {want for row in _one_each(line) for want in _staged(world, row)}


def _one_each(waiting: Iterable[ExceptionRow]) -> list[ExceptionRow]:
    return list({row.record_key: row for row in waiting}.values())


def _staged(world: World, row: ExceptionRow) -> list[Want]:
    """What a parked order wants. If nobody remembers it goes on, and is asked again."""
    ticket = Ticket(run_id=row.run_id, batch_id=row.payload_ref.rpartition("/")[2], flow=row.flow)
    staging = world.staging(ticket)
    if not staging.has(WANTS):
        return []
    frame = staging.read(WANTS)
    return [Want(**want) for want in rows(frame[frame.key == row.record_key])]


def _over(world: World, waiting: Iterable[ExceptionRow]) -> set[str]:
    """Orders that have waited for longer than the site wants to hold goods for them."""
    days = world.settings.get(HOLD_DAYS, "")
    if not days:
        return set()
    if not days.isdecimal():
        raise ConfigurationError(f"setting {HOLD_DAYS} is {days!r}: it must be a number of days, or blank")
    begun = world.clock() - timedelta(days=int(days))
    return {row.record_key for row in waiting if row.first_seen <= begun}


def _expired(world: World, waiting: Sequence[ExceptionRow]) -> set[str]:
    """Orders whose time is over; each is told once."""
    over = _over(world, waiting)
    told = [(row, _over_message(world, row)) for row in waiting if row.record_key in over]
    renewed = [_retold(row, message) for row, message in told if row.message != message]
    world.ledger.exceptions.open(renewed)
    for each in renewed:
        log.warning("%s", each.message)
    return over


def _over_message(world: World, row: ExceptionRow) -> str:
    days = world.settings[HOLD_DAYS]
    return f"order {row.record_label}: waited {days} days for {row.value}, and has lost its place in the line"


def _retold(row: ExceptionRow, message: str) -> NewException:
    known = {field.name: getattr(row, field.name) for field in fields(NewException)}
    remedy = "Ask the customer: cancel the order in the shop, or replay this exception once there is stock."
    return NewException(**{**known, "message": message, "remedy": remedy})


# Wants and levels -----------------------------------------------------------------------------------------


def _wanted(world: World, ticket: Ticket, aside: Collection[str]) -> list[Want]:
    """What the batch's new orders take out of stock."""
    staging = world.staging(ticket)
    plan, headers, details = staging.read(PLAN), staging.read(HEADERS), staging.read(DETAILS)
    new = set(plan.key[plan.action == Action.CREATE.value]) - set(aside)
    committed = headers[headers.key.isin(new) & headers.OrderType.fillna("").isin(_COMMITTED)]
    warehouses = dict(zip(committed.key, committed.WarehouseCode.fillna(""), strict=True))
    usual = world.settings.get("default_warehouse", "")
    lines = details[details.key.isin(warehouses) & (details.ItemType == _STOCKED)]
    stocked = _stocked(world, set(lines.ItemCode))
    places = world.ledger.inbox.places(ticket.flow, warehouses)
    return [
        Want(
            place=places[line["key"]],
            key=line["key"],
            line=line["position"],
            item=line["ItemCode"],
            warehouse=line["WarehouseCode"] or warehouses[line["key"]] or usual,
            quantity=line["QuantityOrdered"],
        )
        for line in rows(lines[["key", "position", "ItemCode", "WarehouseCode", "QuantityOrdered"]])
        if line["ItemCode"] in stocked
    ]


def _stocked(world: World, codes: set[str]) -> set[str]:
    """Items that lie in a warehouse as they are sold.

    A kit is made of others. Of an item that is sold in another unit than it is kept in, Sage alone knows how
    many there are.
    """
    if not codes:
        return set()
    items = world.reads.items(sorted(codes))
    plain = (items.ProductType != _KIT) & (items.SalesUnitOfMeasure == items.StandardUnitOfMeasure)
    return set(items.ItemCode[plain])


def _available(world: World, codes: set[str]) -> dict[Shelf, Decimal]:
    """On hand and promised to nobody, as Sage counts it."""
    if not codes:
        return {}
    return {
        (level["ItemCode"], level["WarehouseCode"]): Decimal(
            level["QuantityOnHand"] - level["QuantityOnSalesOrder"] - level["QuantityOnBackOrder"]
        )
        for level in rows(world.reads.stock(sorted(codes)))
    }


def _want_frame(wants: Sequence[Want]) -> pd.DataFrame:
    columns = {name: [getattr(want, name) for want in wants] for name in WANT_FRAME.names}
    frame: pd.DataFrame = pa.table(columns, schema=WANT_FRAME).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _behind_frame(short: Sequence[Shortage]) -> pd.DataFrame:
    columns = {
        "key": [each.want.key for each in short],
        "position": [each.want.line for each in short],
        "QuantityBackordered": [each.missing for each in short],
    }
    frame: pd.DataFrame = pa.table(columns, schema=BEHIND_FRAME).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _insufficient(shortage: Shortage, number: str) -> dict[str, object]:
    want = shortage.want
    wanted, left = _plain(want.quantity), _plain(shortage.left)
    where = f"warehouse {want.warehouse}"
    return problem(
        want.key,
        Reason.OUT_OF_STOCK,
        line=want.line,
        field="QuantityOrdered",
        value=want.item,
        message=f"order {number}: {wanted} of {want.item} wanted, {left} left for it in {where}",
        remedy="It goes by itself once its goods, and those of who came before, are in Sage 100.",
    )


def _plain(quantity: Decimal) -> str:
    """Without needless zeros."""
    return format(quantity.normalize(), "f")
