"""The webhook at the door: is it Zoho's, what does it carry, and which record is it about?

Zoho signs the raw body with HMAC-SHA256 and puts the tag, in lower-case hex, into one header; some
set-ups deliver base64, and most have only a shared secret in a header of their own. There is one
way to say no: :class:`SignatureError`, always with the same message.

The body names neither an event nor a delivery, so a delivery is identified by the record and
its version. Bodies are read with suspicion here: they come from outside and are kept for good.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl

from include.connectors.zoho_inventory.wire import ZOHO_ID
from include.errors import ConfigurationError, PermanentError, RecordError

SIGNATURE_HEADER = "X-Zoho-Webhook-Signature"
SHARED_SECRET_HEADER = "X-Tradebridge-Key"  # noqa: S105 - the header's name
FORM_FIELD = "JSONString"
MOST_FIELDS = 100
UNREADABLE = "record.unreadable"
"""``Reason.UNREADABLE``, spelt out: the vocabulary lives beside the frames, and those load Arrow."""

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
Scheme = Literal["hex", "base64"]

_TAGS: dict[str, re.Pattern[str]] = {
    "hex": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "base64": re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII),
}
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.+Z-]{5,30}", re.ASCII)
_BOM = b"\xef\xbb\xbf"


class SignatureError(PermanentError):
    """The request is not proved to be Zoho's; it does not say why."""

    def __init__(self, message: str = "the webhook's signature is missing or wrong") -> None:
        super().__init__(message)


def verify(
    body: bytes,
    headers: Headers,
    secrets: Sequence[str],
    *,
    scheme: Scheme = "hex",
    header: str = SIGNATURE_HEADER,
) -> None:
    """Check the HMAC-SHA256 of the raw body, in constant time.

    Args:
        body: as received, before any decoding.
        headers: a mapping or pairs; names in any case.
        secrets: any of them may have signed (two while one is rotated out); blank ones are passed over.
        scheme: how the tag is written: 64 lower-case hex digits or 44 characters of base64.
        header: that carries the tag, exactly once.

    Raises:
        SignatureError: no tag, several, one of another length or alphabet, or one that does not match.
        ConfigurationError: there is no secret to check against.
    """
    tag = _only(headers, header)
    keys = _usable(secrets)
    if not _TAGS[scheme].fullmatch(tag):
        raise SignatureError
    matches = False
    for key in keys:
        digest = hmac.digest(key, body, hashlib.sha256)
        expected = digest.hex().encode() if scheme == "hex" else b64encode(digest)
        matches |= hmac.compare_digest(expected, tag.encode("ascii"))
    if not matches:
        raise SignatureError


def verify_shared_secret(
    headers: Headers, secrets: Sequence[str], *, header: str = SHARED_SECRET_HEADER
) -> None:
    """Check a secret that the webhook sends as a custom header: the baseline, weaker than a signature.

    Raises:
        SignatureError, ConfigurationError: as :func:`verify`.
    """
    sent = hashlib.sha256(_only(headers, header).encode("utf-8", "surrogatepass")).digest()
    matches = False
    for key in _usable(secrets):
        matches |= hmac.compare_digest(hashlib.sha256(key).digest(), sent)
    if not matches:
        raise SignatureError


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


def _only(headers: Headers, name: str) -> str:
    """The one value of a header; none or several cannot be trusted."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found = [value for key, value in pairs if key.lower() == name.lower()]
    if len(found) != 1 or not found[0]:
        raise SignatureError
    return found[0]


def _usable(secrets: Sequence[str]) -> list[bytes]:
    keys = [secret.encode() for secret in secrets if secret.strip()]
    if not keys:
        raise ConfigurationError("no webhook secret is set; every delivery is refused until there is one")
    return keys


def _parsed(content: bytes) -> object:
    try:
        return _STRICT.decode(content.decode("utf-8"))
    except (ValueError, RecursionError):
        # Not chained: a JSONDecodeError carries the whole document.
        raise _unreadable("the webhook's body is not strict JSON") from None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated key")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _unreadable(message: str) -> RecordError:
    return RecordError(message, code=UNREADABLE)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_no_twins, parse_constant=_no_constant, parse_int=str, parse_float=str
)
