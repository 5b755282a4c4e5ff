"""A webhook of Zoho's: where its tag stands, what it carries, and which record it is about.

The tag itself is checked by :mod:`include.webhooks`. The body names neither an event nor a delivery, so
a delivery is identified by the record and its version. Bodies are read with suspicion here: they come
from outside and are kept for good.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl

from include.connectors import strict_json
from include.connectors.zoho_inventory.wire import ZOHO_ID
from include.errors import RecordError

SIGNATURE_HEADER = "X-Zoho-Webhook-Signature"
FORM_FIELD = "JSONString"
MOST_FIELDS = 100
UNREADABLE = "record.unreadable"
"""``Reason.UNREADABLE``, spelt out: the vocabulary lives beside the frames, and those load Arrow."""

_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.+Z-]{5,30}", re.ASCII)
_BOM = b"\xef\xbb\xbf"


def payload(body: bytes, content_type: str) -> bytes:
    """The JSON in a delivery, out of its form if it came in one.

    Args:
        body: as received and verified.
        content_type: of the request; only a hint, since Zoho labels JSON as a form at times.

    Raises:
        RecordError: neither a JSON object nor a form with one ``JSONString``.
    """
    text = body.removeprefix(_BOM).strip()
    if text.startswith(b"{"):
        return text
    if "form-urlencoded" not in content_type.lower() and not text.startswith(FORM_FIELD.encode() + b"="):
        raise _unreadable("the webhook's body is neither JSON nor a form")
    try:
        fields = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise _unreadable("the webhook's form cannot be decoded") from None
    found = [value for name, value in fields if name == FORM_FIELD]
    if len(found) != 1:
        raise _unreadable(f"the webhook's form has {len(found)} fields named {FORM_FIELD}, not one")
    return found[0].encode()


def identify(content: bytes, *, entity: str = "salesorder") -> tuple[str, str]:
    """Which record a delivery is about, and in which version.

    Args:
        content: JSON from :func:`payload`: the record, or an object that holds it under ``entity``.
        entity: Zoho's singular name; its id is ``<entity>_id``.

    Returns:
        The record's id and its ``last_modified_time``; without one, the body's SHA-256 as
        ``sha256:<hex>``, so that equal bodies are still one delivery.

    Raises:
        RecordError: no strict JSON (NaN, repeated keys, too deep), or no record with an id in it.
    """
    whole = _parsed(content)
    record = whole.get(entity, whole) if isinstance(whole, dict) else {}
    record = record if isinstance(record, dict) else {}
    record_id = record.get(f"{entity}_id")
    if not isinstance(record_id, str) or not ZOHO_ID.fullmatch(record_id):
        raise _unreadable(f"the webhook names no {entity}_id")
    version = record.get("last_modified_time")
    if isinstance(version, str) and _VERSION.fullmatch(version):
        return record_id, version
    return record_id, f"sha256:{hashlib.sha256(content).hexdigest()}"


def _parsed(content: bytes) -> object:
    try:
        return strict_json.read(content)
    except ValueError:
        raise _unreadable("the webhook's body is not strict JSON") from None


def _unreadable(message: str) -> RecordError:
    return RecordError(message, code=UNREADABLE)
