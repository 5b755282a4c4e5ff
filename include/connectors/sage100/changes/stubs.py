"""What a poll answers, and how a version is made.

A record has two halves. The ``stamped`` one changes with its stamp and is only read inside the window;
the ``compared`` one has no stamp and is read whole each time. A version is the hash of each half, so that a
package's new tracking id makes a new version although nobody read the header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.sage100.changes.rows import Row

_EXACT = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Stub:
    """A record that is new or different.

    Attributes:
        key: what names it in Sage.
        version: hash of what matters of it.
    """

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a poll found.

    Attributes:
        stubs: records that are new or different.
        gone: known keys that are in Sage no longer.
        watermark: what to give as ``since`` next time; as it was given where nothing is stamped.
        rows: how many rows were read, by table.
    """

    stubs: tuple[Stub, ...]
    gone: tuple[str, ...]
    watermark: datetime | None
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it stands: its two halves."""

    stamped: Row
    compared: Row = field(default_factory=dict)
    mark: str = ""
    """What a version shall show beside."""
    beside: Row = field(default_factory=dict)
    """What a document says of the record that is no news of it, in place of what the halves say."""

    @property
    def version(self) -> str:
        """Changes when the content does, and never otherwise."""
        return f"{digest(self.stamped)}.{digest(self.compared)}{self.mark}"

    @property
    def document(self) -> bytes:
        """The record as JSON: decimals as numbers with all their digits, dates as ISO 8601 or null."""
        return _EXACT.encode({"version": self.version} | self.stamped | self.compared | self.beside)


def key_of(*parts: str) -> str:
    """``("CHAI", "000")`` -> ``"CHAI|000"``; a code may hold the sign itself."""
    return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


def parts_of(key: str) -> tuple[str, ...]:
    """The inverse of :func:`key_of`."""
    return tuple(part.replace("%7C", "|").replace("%25", "%") for part in key.split("|"))


def digest(content: Any) -> str:
    """A hash of rows by their values, in their order."""
    return blake2b(_EXACT.encode(content), digest_size=12).hexdigest()


def news(
    known: Mapping[str, str], seen: Mapping[str, Record], compared: Mapping[str, Row]
) -> tuple[Stub, ...]:
    """What differs from the known.

    Args:
        known: version by key.
        seen: records that were read whole.
        compared: the compared half of known records of which no more was read.
    """
    versions = {key: f"{known[key].partition('.')[0]}.{digest(half)}" for key, half in compared.items()}
    versions |= {key: record.version for key, record in seen.items()}
    return tuple(Stub(key, version) for key, version in versions.items() if known.get(key) != version)


def documents_of(
    keys: Sequence[str], find: Callable[[Sequence[str]], Mapping[str, Record]]
) -> Iterator[tuple[str, bytes | None]]:
    """The document of each key in the order of ``keys``, ``None`` for what is gone."""
    found = find(keys) if keys else {}
    for key in keys:
        yield key, found[key].document if key in found else None
