"""What a sweep found, beside what was known: only what differs is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stub:
    """A record that is new or different.

    Attributes:
        key: Zoho's id.
        version: ``last_modified_time``; of stock the quantity.
    """

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What came of a sweep.

    Attributes:
        stubs: records that are new or different.
        gone: known keys that Zoho has no longer.
        watermark: where the next sweep starts, in UTC; None where each sweep is a whole one.
    """

    stubs: tuple[Stub, ...]
    gone: tuple[str, ...] = ()
    watermark: datetime | None = None


@dataclass(slots=True)
class Comparison:
    """Versions as they are met.

    Args:
        known: version by key.
    """

    known: Mapping[str, str]
    _differing: dict[str, str] = field(default_factory=dict)
    _unseen: set[str] = field(default_factory=set)
    _latest: datetime | None = None

    def __post_init__(self) -> None:
        self._unseen = set(self.known)

    def meet(self, key: str, version: str, at: datetime | None = None) -> None:
        """A record as it is now; the last meeting counts."""
        self._unseen.discard(key)
        if self.known.get(key) != version:
            self._differing[key] = version
        else:
            self._differing.pop(key, None)
        if at is not None and (self._latest is None or at > self._latest):
            self._latest = at

    def changes(self, since: datetime | None, began: datetime) -> Changes:
        """What came of it; only a sweep of everything (``since`` None) sees what is gone."""
        stubs = tuple(Stub(key, version) for key, version in self._differing.items())
        gone = () if since else tuple(key for key in self.known if key in self._unseen)
        times = [at for at in (self._latest, since) if at is not None]
        # A stamp of Zoho's future must not hide what is changed until then.
        return Changes(stubs, gone, min(max(times), began) if times else None)
