"""Zoho's own shapes.

Amounts stay as the bytes that Zoho wrote: an answer is cut into raw slices and only the few
fields that steer a run are read, so that no number of an order ever passes through a float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from include.errors import TransientError

T = TypeVar("T")

ZOHO_ID = re.compile(r"[0-9]{1,32}", re.ASCII)
"""Ids are decimal strings of 15-19 digits; anything else cannot exist there."""


class MalformedAnswerError(TransientError):
    """The answer is not Zoho's envelope: a proxy's page, or cut off on the way."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer, opened: the code, the message and every other key as raw bytes."""

    code: int | None
    message: str
    parts: dict[str, bytes]

    def __repr__(self) -> str:
        return f"Envelope(code={self.code}, keys={sorted(self.parts)})"

    def part(self, key: str) -> bytes:
        """The raw JSON under ``key``.

        Raises:
            MalformedAnswerError: Zoho says success and leaves the payload out; that is not "no rows".
        """
        if key not in self.parts:
            raise MalformedAnswerError(f"the answer says success but has no {key!r}")
        return self.parts[key]

    def read(self, key: str, shape: type[T]) -> T:
        """The value under ``key`` as ``shape``."""
        return decode(self.part(key), shape, what=key)


class OrderRow(msgspec.Struct):
    """What we read of a row of ``GET /salesorders``."""

    salesorder_id: str | int
    salesorder_number: str = ""
    last_modified_time: str = ""
    status: str = ""


class PageContext(msgspec.Struct):
    """Where in a list we are; ``sort_order`` is ``A`` or ``D``."""

    has_more_page: bool = False
    sort_column: str = ""
    sort_order: str = ""


class OrderIdentity(msgspec.Struct):
    """The field by which a sales order detail says which order it is."""

    salesorder_id: str | int


class OrderFields(msgspec.Struct):
    """The custom fields of a sales order detail, by API name."""

    custom_field_hash: dict[str, Any] = {}


class Comment(msgspec.Struct):
    """One line of an order's comments and history."""

    description: str | None = None


class OrganizationRow(msgspec.Struct):
    """What we read of a row of ``GET /organizations``."""

    organization_id: str | int
    name: str = ""
    time_zone: str = ""
    currency_code: str = ""


@dataclass(frozen=True, slots=True)
class OrderStub:
    """A sales order as a list announces it.

    Args:
        id: ``salesorder_id``.
        number: ``salesorder_number``.
        last_modified_time: as Zoho wrote it; the version of the record.
        status: the one-word summary.
    """

    id: str
    number: str
    last_modified_time: str
    status: str

    @classmethod
    def of(cls, row: OrderRow) -> OrderStub:
        """The stub of a list row."""
        return cls(str(row.salesorder_id), row.salesorder_number, row.last_modified_time, row.status)

    @property
    def version(self) -> str:
        """The version of the record."""
        return self.last_modified_time

    @property
    def modified_at(self) -> datetime | None:
        """The version as an aware UTC datetime; None when Zoho wrote no time."""
        return read_time(self.last_modified_time)


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation that the token may reach."""

    id: str
    name: str
    time_zone: str
    currency_code: str


def open_envelope(body: bytes) -> Envelope:
    """Cut an answer into its raw parts.

    Raises:
        MalformedAnswerError: not a JSON object in UTF-8 (HTML, cut off, too deep).
    """
    try:
        body.decode("utf-8")
        raw = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedAnswerError(
            f"an answer of {len(body)} bytes that is no JSON object ({type(exc).__name__})"
        ) from None
    code, message = raw.pop("code", None), raw.pop("message", None)
    return Envelope(
        code=None if code is None else _code(bytes(code)),
        message="" if message is None else _text(bytes(message)),
        parts={key: bytes(value) for key, value in raw.items()},
    )


def decode(raw: bytes, shape: type[T], *, what: str) -> T:
    """A raw slice as ``shape``; unknown fields are ignored.

    Raises:
        MalformedAnswerError: it has another shape; the message names ``what`` and no value.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise MalformedAnswerError(f"{what!r} has another shape than Zoho's ({type(exc).__name__})") from None


def rows(raw: bytes, *, what: str) -> list[bytes]:
    """The elements of a raw JSON array, each as the bytes that Zoho wrote."""
    return [bytes(each) for each in decode(raw, list[msgspec.Raw], what=what)]


def read_time(text: str) -> datetime | None:
    """A time of Zoho's (``2026-10-14T10:22:41-0400``) in UTC, None when it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def _code(raw: bytes) -> int:
    text = raw.strip(b'"')
    try:
        return int(text)
    except ValueError:
        raise MalformedAnswerError("an answer whose code is no number") from None


def _text(raw: bytes) -> str:
    try:
        return str(msgspec.json.decode(raw, type=str | None) or "")
    except msgspec.DecodeError:
        return ""
