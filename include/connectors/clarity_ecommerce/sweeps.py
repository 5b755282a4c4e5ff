"""Records of one kind as who carries them away asks for them: what has changed, and what each says now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.clarity_ecommerce.reader import ClarityReader
from include.connectors.ports import utcnow
from include.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.records import Kind
    from include.connectors.ports import Clock


@dataclass(frozen=True, slots=True)
class Stub:
    """A record that is new or different.

    Attributes:
        key: Clarity's id.
        version: ``rowVersion``, or the time of change where a list shows none.
    """

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a sweep found."""

    stubs: tuple[Stub, ...]
    gone: tuple[str, ...]
    watermark: datetime | None


@dataclass(frozen=True, slots=True)
class ClaritySweep:
    """One tenant's records of a kind.

    Args:
        client: carries the calls.
        kind: of records.
        clock: gives the present.
    """

    client: ClarityClient
    kind: Kind
    clock: Clock = utcnow

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        """Records that changed since, as far as their version is not the known one.

        Only a sweep of everything (``since`` None) sees what is gone.

        Raises as :meth:`ClarityReader.changed`.
        """
        began = self.clock()
        rows = list(ClarityReader(self.client).changed(self.kind, since))
        found = {row.id: row.version or row.updated for row in rows}
        stubs = tuple(Stub(key, version) for key, version in found.items() if known.get(key) != version)
        gone = () if since else tuple(key for key in known if key not in found)
        times = [row.updated_at for row in rows if row.updated_at is not None]
        times += [since] if since else []
        # A stamp of the shop's future must not hide what is changed until then.
        return Changes(stubs, gone, min(max(times), began) if times else None)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each record's JSON under our names. Raises as :meth:`ClarityReader.records`."""
        for key, found in ClarityReader(self.client).records(self.kind, keys):
            yield key, found if found is None or isinstance(found, TransientError) else found.raw
