"""What a change event says, without the values it carries: those are asked for when they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from include.connectors.salesforce.pubsub.avro import UnreadableError

if TYPE_CHECKING:
    from include.connectors.salesforce.pubsub.avro import Schema

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WILDCARD = "*"
"""Ends a record id that stands for all records of its kind."""


class Kind(StrEnum):
    """What happened. After a ``GAP_`` the bus knows only that something did."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    UNDELETE = "UNDELETE"
    SNAPSHOT = "SNAPSHOT"
    GAP_CREATE = "GAP_CREATE"
    GAP_UPDATE = "GAP_UPDATE"
    GAP_DELETE = "GAP_DELETE"
    GAP_UNDELETE = "GAP_UNDELETE"
    GAP_OVERFLOW = "GAP_OVERFLOW"
    UNREADABLE = "UNREADABLE"
    """None of Salesforce's: an event that we cannot decode."""

    @property
    def is_gap(self) -> bool:
        """Whether the event says less than what happened."""
        return self.startswith("GAP_") or self is Kind.UNREADABLE


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """One event.

    Attributes:
        entity: the object's API name, e.g. ``Account``; ``""`` where an unreadable event's topic carries all.
        record_ids: 18 characters each; one event may tell of several records.
        kind: what happened.
        changed: of an update: names of the fields that changed, also to nothing.
        nulled: of these: the ones that have no value any more.
        commit_user: id of who did it.
        origin: which API and client, ``""`` for most work by hand.
        transaction_key: the same for all that was committed together.
        sequence_number: place within the transaction.
        commit_timestamp: when, to the millisecond.
        replay_id: opaque place in the stream.
    """

    entity: str
    record_ids: tuple[str, ...]
    kind: Kind
    changed: tuple[str, ...]
    nulled: tuple[str, ...]
    commit_user: str
    origin: str
    transaction_key: str
    sequence_number: int
    commit_timestamp: datetime
    replay_id: bytes

    @property
    def names_records(self) -> bool:
        """Whether it says which records to look at."""
        return bool(self.record_ids) and not any(each.endswith(WILDCARD) for each in self.record_ids)


@dataclass(frozen=True, slots=True)
class Received:
    """One answer of the bus.

    Attributes:
        topic: whose stream it came on.
        events: in their order; none in a sign of life.
        replay_id: where the stream stands behind them.
    """

    topic: str
    events: tuple[ChangeEvent, ...]
    replay_id: bytes


@dataclass(frozen=True, slots=True)
class ReplayLost:
    """Our place is gone: events were missed. What comes next begins at the oldest event that is kept.

    Attributes:
        topic: whose.
        code: the bus's own.
    """

    topic: str
    code: str


class _Header(msgspec.Struct, rename="camel"):
    """``ChangeEventHeader`` as Salesforce documents it."""

    entity_name: str
    record_ids: list[str]
    change_type: str
    change_origin: str
    transaction_key: str
    sequence_number: int
    commit_timestamp: int
    commit_user: str
    nulled_fields: list[str]
    diff_fields: list[str]
    changed_fields: list[str]


def change_event(schema: Schema, payload: bytes, replay_id: bytes) -> ChangeEvent:
    """Read one event.

    Raises:
        UnreadableError: it is no change event of this schema.
    """
    fields = schema.decode(payload)
    header = _header(fields.get("ChangeEventHeader"))
    return ChangeEvent(
        entity=header.entity_name,
        record_ids=tuple(header.record_ids),
        kind=Kind(header.change_type),
        # A long text may be told as a difference only, in a list of its own.
        changed=tuple(dict.fromkeys(schema.names([*header.changed_fields, *header.diff_fields]))),
        nulled=schema.names(header.nulled_fields),
        commit_user=header.commit_user,
        origin=header.change_origin,
        transaction_key=header.transaction_key,
        sequence_number=header.sequence_number,
        commit_timestamp=EPOCH + timedelta(milliseconds=header.commit_timestamp),
        replay_id=replay_id,
    )


def unreadable(topic: str, event_id: str, replay_id: bytes) -> ChangeEvent:
    """What is left of an event that cannot be decoded: something of this topic happened."""
    return ChangeEvent(
        entity=entity(topic), record_ids=(), kind=Kind.UNREADABLE, changed=(), nulled=(), commit_user="",
        origin="", transaction_key=event_id, sequence_number=0, commit_timestamp=EPOCH, replay_id=replay_id,
    )  # fmt: skip


def entity(topic: str) -> str:
    """Whose changes a topic carries, ``""`` when it is not one object's.

    ``/data/AccountChangeEvent`` is Account's, ``/data/Crate__ChangeEvent`` is that of ``Crate__c``.
    """
    name, ending, rest = topic.removeprefix("/data/").partition("ChangeEvent")
    if not ending or rest or not name:
        return ""
    return f"{name}c" if name.endswith("__") else name


def _header(said: Any) -> _Header:
    try:
        header = msgspec.convert(said, _Header)
        Kind(header.change_type)
    except (msgspec.ValidationError, ValueError):
        raise UnreadableError("no header of a change event") from None
    return header
