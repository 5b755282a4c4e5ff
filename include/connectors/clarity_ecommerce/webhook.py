"""A webhook of Clarity's: where its signature stands, which event it is, and which record it is about.

The signature itself is checked by :mod:`include.webhooks`. An event keeps its id over all attempts to
deliver it, while ``attempt``, and so the body's bytes, differ: the id tells deliveries apart, and the
record's ``rowVersion`` tells their order. The body is a hint: what is carried is what the API says.

Only the body is read, because only the body is signed; the ``X-Clarity-Event`` headers are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from include.connectors import strict_json
from include.errors import RecordError

SIGNATURE_SCHEME = "timestamp_apart"
"""A value of :class:`include.webhooks.Scheme`: how they are signed unless the site says otherwise."""
SIGNATURE_HEADERS = "X-Clarity"
"""What the headers of time and signature begin with."""
UNREADABLE = "record.unreadable"
"""``Reason.UNREADABLE``, spelt out: the vocabulary lives beside the frames, and those load Arrow."""

_BOM = b"\xef\xbb\xbf"
_EVENT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}", re.ASCII)
_TYPE = re.compile(r"[A-Za-z0-9_-]{1,40}(?:\.[A-Za-z0-9_-]{1,40}){1,3}", re.ASCII)
_VALUE = re.compile(r"[^\x00-\x1f]{1,100}")
_VERSION = re.compile(r"[0-9]{1,18}", re.ASCII)
_KEYS = {"inventory": ("sku", "warehouseCode"), "invoice": ("invoiceNumber",)}


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, as far as a delivery tells.

    Attributes:
        id: of the event, the same for every attempt to deliver it.
        type: e.g. ``order.created``.
        entity: e.g. ``order``.
        record_id: as :attr:`Record.id`; ``""`` when the event is about none (``webhook.test``).
        version: the record's ``rowVersion``; ``""`` when the delivery is thin.
        store_id: of the store, ``""`` when it does not say.
        updated: the record's time of change as it stands there, ``""`` when the delivery is thin.
    """

    id: str
    type: str
    entity: str
    record_id: str
    version: str
    store_id: str
    updated: str = ""


def identify(content: bytes) -> Event:
    """The event in a delivery.

    Args:
        content: the body as received and verified.

    Raises:
        RecordError: no strict JSON (NaN, repeated keys, too deep), or an event without an id or a type.
    """
    try:
        whole = strict_json.read(content.removeprefix(_BOM))
    except ValueError:
        raise _unreadable("the webhook's body is not strict JSON") from None
    if not isinstance(whole, dict):
        raise _unreadable("the webhook's body is no object")
    event_id, kind = _text(whole, "id", _EVENT_ID), _text(whole, "type", _TYPE)
    if not event_id or not kind:
        raise _unreadable("the webhook names no event id or no type")
    entity = kind.partition(".")[0]
    data = whole.get("data")
    data = data if isinstance(data, dict) else {}
    record_id, version, updated = _record(entity, data)
    return Event(event_id, kind, entity, record_id, version, _text(whole, "storeId", _VALUE), updated)


def _record(entity: str, data: dict[str, Any]) -> tuple[str, str, str]:
    """Id, version and time of change: of the whole record, or of what a thin delivery leaves of it."""
    record = data.get(entity)
    record = record if isinstance(record, dict) else data
    names = _KEYS.get(entity, ("id",))
    parts = [_text(record, name, _VALUE) for name in names]
    if not all(parts):
        parts = [_text(data, f"{entity}Id", _VALUE)]
    record_id = "|".join(parts) if all(parts) else ""
    return record_id, _text(record, "rowVersion", _VERSION), _text(record, "updatedDate", _VALUE)


def _text(holder: dict[str, Any], name: str, shape: re.Pattern[str]) -> str:
    value = holder.get(name)
    return str(value) if isinstance(value, str) and shape.fullmatch(value) else ""


def _unreadable(message: str) -> RecordError:
    return RecordError(message, code=UNREADABLE)
