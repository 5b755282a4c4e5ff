"""What a saved transaction becomes on the bus: change events, gap events, overflow events."""

from __future__ import annotations

import difflib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any

import fastavro

from include.sandbox.salesforce.bus import bitmaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from include.sandbox.salesforce.bus.bitmaps import Place
    from include.sandbox.salesforce.bus.layout import Column, Layout
    from include.sandbox.salesforce.bus.settings import BusSettings
    from include.sandbox.salesforce.store import Change, Commit

Json = dict[str, Any]

API_VERSION = "64.0"
UNSEEN_ORIGINS = frozenset({"", "ui", "story"})
"""Work in the browser has no origin in the header."""
LARGEST_EVENT = 1_000_000
LAST_IN_TRANSACTION = 2**31 - 1
HEADER = "ChangeEventHeader"
STAMP = "LastModifiedDate"


@dataclass(frozen=True, slots=True)
class Event:
    """One event, encoded."""

    entity: str
    kind: str
    schema_id: str
    payload: bytes
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(slots=True)
class Draft:
    """An event in the making; other records with the same change join it."""

    layout: Layout
    kind: str
    record_ids: list[str]
    body: Json = field(default_factory=dict)
    changed: tuple[Place, ...] = ()
    nulled: tuple[Place, ...] = ()
    diffs: tuple[Place, ...] = ()
    sequence: int = 0

    def bare(self, kind: str) -> Draft:
        """The same without what changed: a gap."""
        return Draft(self.layout, kind, self.record_ids, sequence=self.sequence)


def of_commit(
    commit: Commit, layout_of: Callable[[str], Layout | None], settings: BusSettings
) -> Iterator[Event]:
    """The events of one transaction, in order.

    Args:
        commit: what was saved.
        layout_of: the layout of a selected object, None of any other.
        settings: gaps and overflows are forced there.
    """
    changes = [(layout, one) for one in commit.changes if (layout := layout_of(one.object))]
    within, beyond = _divided(changes, 0 if settings.overflow_commits else settings.overflow_changes)
    drafts = _merged(_draft(layout, change, settings) for layout, change in within)
    for sequence, draft in enumerate(drafts, start=1):
        draft.sequence = sequence
        yield _sent(draft.bare(f"GAP_{draft.kind}") if settings.gap_commits else draft, commit)
    for layout in beyond:
        yield encoded(Draft(layout, "GAP_OVERFLOW", [], sequence=LAST_IN_TRANSACTION), commit)


def encoded(draft: Draft, commit: Commit) -> Event:
    """An event as its bytes."""
    unseen = commit.origin in UNSEEN_ORIGINS
    origin = "" if unseen else f"com/salesforce/api/{commit.origin}/{API_VERSION}"
    header = {
        "entityName": draft.layout.entity,
        "recordIds": draft.record_ids,
        "changeType": draft.kind,
        "changeOrigin": f"{origin};client={commit.client}" if origin and commit.client else origin,
        "transactionKey": commit.transaction_key,
        "sequenceNumber": draft.sequence,
        "commitTimestamp": _milliseconds(commit.at),
        "commitNumber": commit.number,
        "commitUser": commit.user_id,
        "nulledFields": bitmaps.write(draft.nulled),
        "diffFields": bitmaps.write(draft.diffs),
        "changedFields": bitmaps.write(draft.changed),
    }
    out = BytesIO()
    schema = draft.layout.schema
    fastavro.schemaless_writer(out, schema.parsed, {**draft.body, HEADER: header})
    return Event(draft.layout.entity, draft.kind, schema.id, out.getvalue())


def _sent(draft: Draft, commit: Commit) -> Event:
    """The event, or the gap that stands for one that is too large."""
    event = encoded(draft, commit)
    if len(event.payload) > LARGEST_EVENT:
        return encoded(draft.bare(f"GAP_{draft.kind}"), commit)
    return event


def _divided(
    changes: Sequence[tuple[Layout, Change]], limit: int
) -> tuple[list[tuple[Layout, Change]], list[Layout]]:
    """The changes that fit into a transaction's limit, and the layouts of the objects that have more."""
    within, beyond, counted = [], {}, 0
    for layout, change in changes:
        counted += max(1, len(change.changed)) if change.kind == "UPDATE" else 1
        if counted > limit:
            beyond[layout.entity] = layout
        else:
            within.append((layout, change))
    return within, list(beyond.values())


def _merged(drafts: Iterable[Draft | None]) -> list[Draft]:
    """Records of one object with the same change share an event."""
    known: dict[tuple[str, str, str], Draft] = {}
    for draft in drafts:
        if draft is None:
            continue
        same = known.setdefault((draft.layout.entity, draft.kind, repr((draft.changed, draft.body))), draft)
        if same is not draft:
            same.record_ids += draft.record_ids
    return list(known.values())


def _draft(layout: Layout, change: Change, settings: BusSettings) -> Draft | None:
    """One record's event; None when nothing changed that an event could show."""
    draft = Draft(layout, change.kind, [change.id])
    if change.kind == "UPDATE":
        return draft if _update(draft, change, settings.diff_text_from) else None
    if change.kind != "DELETE" and change.after is not None:
        draft.body = {one.name: _whole(one, change.after) for one in layout.columns if not one.hidden}
    return draft


def _update(draft: Draft, change: Change, long_from: int) -> bool:
    """Put the changed fields into a draft; whether there are any. What did not change stays null."""
    before, after, changed = change.before or {}, change.after or {}, {*change.changed}
    # Two saves within one second leave the stamp as it was, yet it was set anew.
    changed |= {STAMP} if changed else set()
    nulled: list[bool] = []
    for column in draft.layout.columns:
        if column.hidden:
            continue
        if _is_record(column, after):
            parts = [(n, one) for n, one in enumerate(column.parts) if one.source in changed]
            values = {one.name: _value(one.type, after.get(one.source)) for _, one in parts}
            draft.body |= {column.name: values} if parts else {}
            draft.changed += tuple((column.position, n) for n, _ in parts)
            nulled += [value is None for value in values.values()]
        elif column.name in changed:
            value = _value(column.type, after.get(column.name))
            difference = _difference(column, before.get(column.name), value, long_from)
            draft.body[column.name] = difference or value
            draft.diffs += ((column.position,),) if difference else ()
            draft.changed += ((column.position,),)
            nulled.append(value is None)
    draft.nulled = tuple(place for place, gone in zip(draft.changed, nulled, strict=True) if gone)
    return bool(draft.changed)


def _is_record(column: Column, record: Json) -> bool:
    return bool(column.parts) and not (column.switchable and not record.get("IsPersonAccount"))


def _whole(column: Column, record: Json) -> Any:
    """A field of a new record: empty records are null."""
    if not _is_record(column, record):
        return _value(column.type, record.get(column.name))
    parts = {one.name: _value(one.type, record.get(one.source)) for one in column.parts}
    return parts if any(value is not None for value in parts.values()) else None


def _value(kind: str, value: Any) -> Any:
    """A value as Avro takes it."""
    return None if value is None else CONVERSIONS.get(kind, str)(value)


def _moment(text: str) -> int:
    return _milliseconds(datetime.fromisoformat(text))


def _day(text: str) -> int:
    return _milliseconds(datetime.combine(date.fromisoformat(text), time(), UTC))


def _difference(column: Column, before: Any, after: Any, long_from: int) -> str:
    """A long text's change as a unified difference; empty: the text itself is sent."""
    if column.type != "textarea" or not before or not after or min(len(before), len(after)) < long_from:
        return ""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=0)
    return "\n".join(lines)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "int": int,
    "double": float,
    "currency": float,
    "percent": float,
    "date": _day,
    "datetime": _moment,
}
"""From a record's value to Avro's, by the field's type: days and moments are epoch milliseconds."""
