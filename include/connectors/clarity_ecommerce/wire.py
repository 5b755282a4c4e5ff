"""Raw JSON: cut, never rounded.

Amounts stay as the bytes that Clarity wrote: an answer is cut into raw slices and only the few
members that steer a run are read, so that no number ever passes through a float. An answer with a key
twice has no one meaning and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from include.connectors import strict_json
from include.connectors.clarity_ecommerce.errors import code_of, fields_of
from include.errors import TransientError

if TYPE_CHECKING:
    from include.connectors.clarity_ecommerce.dialect import Window


class MalformedAnswerError(TransientError):
    """The answer is not what the dialect says: a proxy's page, cut off on the way, or another shape."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a refusal says of itself, as far as it may be shown.

    Attributes:
        code: a plain word, or ``""``.
        fields: paths of refused members.
        existing_id: of the record that stands there already.
    """

    code: str = ""
    fields: tuple[str, ...] = ()
    existing_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A success.

    Attributes:
        status: HTTP status.
        body: whole, without a byte order mark; empty when there was none.
        version: of the record, from the ``ETag``; ``""`` when there was none.
        replayed: the write had been made before, under the same key.
    """

    status: int
    body: bytes = field(repr=False)
    version: str = ""
    replayed: bool = False

    def part(self, path: str) -> bytes:
        """The raw value at a dotted path; the whole body for ``""``.

        Raises:
            MalformedAnswerError: a success without its payload; that is not "no rows".
        """
        found = at(self.body, path)
        if found is None or found == b"null":
            raise MalformedAnswerError(f"the answer says success but has no {path or 'body'!r}")
        return found


def checked(body: bytes) -> bytes:
    """A whole JSON document in UTF-8, without its byte order mark.

    Raises:
        MalformedAnswerError: it is none: HTML, cut off, in another charset, too deep, a key twice.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        strict_json.read(text)
    except ValueError:
        raise MalformedAnswerError(f"an answer of {len(body)} bytes that is no strict JSON") from None
    return text


def at(raw: bytes, path: str) -> bytes | None:
    """The raw value at a dotted path of checked JSON, None when there is none."""
    for name in path.split(".") if path else ():
        if raw[:1] != b"{":
            return None
        below = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).get(name)
        if below is None:
            return None
        raw = bytes(below).strip()
    return raw or None


def elements(raw: bytes) -> list[bytes]:
    """The elements of a raw array, each as the bytes that Clarity wrote.

    Raises:
        MalformedAnswerError: it is no array.
    """
    if raw[:1] != b"[":
        raise MalformedAnswerError("the answer has something else where the dialect says a list stands")
    return [bytes(each) for each in msgspec.json.decode(raw, type=list[msgspec.Raw])]


def scalar(raw: bytes | None) -> str:
    """A raw text or number as text, the number as it was written; ``""`` for anything else."""
    if raw is None or raw[:1] in b"{[" or raw == b"null":
        return ""
    return str(msgspec.json.decode(raw, type=str)) if raw[:1] == b'"' else raw.decode("ascii")


def problem_of(body: bytes) -> Problem:
    """What a refusal says; nothing when it is no problem document."""
    try:
        raw = checked(body)
    except MalformedAnswerError:
        return Problem()
    errors = at(raw, "errors") or b""
    paths = tuple(msgspec.json.decode(errors, type=dict[str, msgspec.Raw])) if errors[:1] == b"{" else ()
    existing = scalar(at(raw, "existingId"))
    return Problem(code_of(scalar(at(raw, "code"))), fields_of(paths), existing if existing.isalnum() else "")


def read_time(text: str, zone: str = "UTC") -> datetime | None:
    """A time of Clarity's in UTC, None when it is none; without a zone it is meant in ``zone``."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def write_time(moment: datetime, window: Window) -> str:
    """A moment as the dialect's filters want it, to the millisecond below."""
    if window.times == "naive":
        return moment.astimezone(ZoneInfo(window.zone)).strftime("%Y-%m-%dT%H:%M:%S")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
