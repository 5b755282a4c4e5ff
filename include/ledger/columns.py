"""Column types that mean the same on PostgreSQL and on SQLite.

Text from outside may carry what a database refuses (NUL, lone surrogates); a record that does must
still be kept, so such characters become U+FFFD at the border instead of an error in the middle of a
batch.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only when the key is called INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """``timestamptz``; a naive datetime is refused, an answer is always aware and in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware to UTC; SQLite keeps the digits only, so they are UTC digits."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: the ledger keeps instants")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """``text`` that any string fits into."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Replace what UTF-8 or PostgreSQL cannot hold."""
        del dialect
        return None if value is None else clean(str(value))


def clean(text: str) -> str:
    """``text`` as the ledger stores and compares it."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
