"""A compiled mapping: from a foreign system's records to our frames, or from our frames to its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import PARTS, Reason
from include.errors import MappingError
from include.translation.back import Way, foreign_frames, foreign_payloads, kept_ways
from include.translation.cells import Cells, Court
from include.translation.collector import collector_at_rest
from include.translation.columns import KINDS, constant, mask
from include.translation.documents import documents_of
from include.translation.evaluate import Run
from include.translation.making import FramePlan, derived, joined, make_frame
from include.translation.planning import canonical_plan, erp_plan
from include.translation.problems import Complaint, Place, Problems
from include.translation.references_used import columns_used
from include.translation.sources import canonical_sources, lines_of_records, records_of
from include.translation.wire import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping as Map
    from collections.abc import Sequence

    from include.translation.files import FrameSentence, MappingSentence
    from include.translation.language import ValueTable
    from include.translation.planning import Vocabulary
    from include.translation.rows import Rows
    from include.translation.site import Site

TEXT = KINDS["text"]
_EMPTY = Complaint(Reason.NO_LINES, "has no line")


@dataclass(frozen=True)
class Translation:
    """What came of a batch.

    Attributes:
        frames: by name; records with problems are there as far as they could be built.
        problems: a ``PROBLEM_FRAME``; every reason of every record at once.
    """

    frames: dict[str, pd.DataFrame]
    problems: pd.DataFrame


class Mapping:
    """One mapping file, ready to work.

    Args:
        sentence: what the file says.
        tables: its value tables, its own and those it shares.
        vocabulary: the foreign system's names.
        version: identifies content and code; recorded with everything that came through.
    """

    def __init__(
        self, sentence: MappingSentence, tables: Map[str, ValueTable], vocabulary: Vocabulary, version: str
    ) -> None:
        self.sentence = sentence
        self.tables = dict(tables)
        self.vocabulary = vocabulary
        self.version = version

    @property
    def name(self) -> str:
        """The mapping's name, e.g. ``zoho_inventory/sales_order``."""
        return self.sentence.mapping

    @property
    def inbound(self) -> bool:
        """Whether it leads to our frames."""
        return self.sentence.direction == "to_canonical"

    @cached_property
    def plans(self) -> dict[str, FramePlan]:
        """The frames in the order in which they are made."""
        return {
            name: canonical_plan(name, frame) if self.inbound else erp_plan(name, frame, self.vocabulary)
            for name, frame in self.sentence.frames.items()
        }

    def source_of(self, frame: FrameSentence) -> str:
        """The canonical frame that a frame becomes, or whose rows it is made of."""
        return (frame.target if self.inbound else frame.of) or ""

    @cached_property
    def record(self) -> str:
        """The canonical frame of the records themselves, e.g. ``orders``."""
        named = [self.source_of(frame) for frame in self.sentence.frames.values()]
        return next((PARTS[name][0] if name in PARTS else name for name in named), "")

    @cached_property
    def lists(self) -> dict[str, str]:
        """By canonical frame the list in the record whose entries become its rows."""
        return {frame.target or "": frame.each for frame in self.sentence.frames.values() if frame.each}

    @cached_property
    def parts(self) -> list[str]:
        """Frames of parts of the records, e.g. ``lines``."""
        named = [self.source_of(frame) for frame in self.sentence.frames.values()]
        return [name for name in dict.fromkeys(named) if name != self.record]

    @cached_property
    def reader(self) -> Reader:
        """Reads the foreign system's JSON."""
        record, entries = columns_used(self.sentence)
        source = self.sentence.source
        first = [*source.keys, source.number]
        lists = {each: sorted(entries[part]) for part, each in self.lists.items()}
        return Reader([*first, *sorted(record - set(first))], lists, source.envelope)

    # ---------------------------------------------------------------- to our frames

    def to_canonical(self, keys: Sequence[str], payloads: Sequence[bytes], site: Site) -> Translation:
        """Translate records of the foreign system.

        Args:
            keys: ids under which the payloads were fetched, one for each.
            payloads: JSON bytes, wrapped in the system's envelope or bare.
            site: the site's references, rates and settings.

        Returns:
            The mapping's frames, by name. Every key is in the frames, in the problems, or in both, unless
            the mapping leaves its record out (``only``).

        Raises:
            MappingError: the mapping leads the other way.
            ValueError: not one key for each payload.
        """
        self._must(inbound=True)
        if len(keys) != len(payloads):
            raise ValueError(f"{len(keys)} keys for {len(payloads)} payloads")
        problems = Problems()
        run = self._run(site, problems)
        with collector_at_rest():
            sources = self._read(keys, payloads, run)
            frames = self._frames(run, sources)
        return Translation(frames, problems.frame(keys))

    def _read(self, keys: Sequence[str], payloads: Sequence[bytes], run: Run) -> dict[str, Rows]:
        """Records and lines of the payloads that can be read; the others are complained about."""
        records, unread = self.reader.read(payloads)
        noun = self.sentence.source.noun
        for at, complaint in unread.items():
            run.court.problems.add(Place(keys[at], f"{noun} with id {keys[at]}"), "payload", "", complaint)
        good = [at for at, record in enumerate(records) if record is not None]
        read = [record for record in records if record is not None]
        columns = self.reader.columns(read)
        rows = records_of([keys[at] for at in good], columns, self.sentence.source, run.court)
        found = {self.record: rows}
        for part, each in self.lists.items():
            found[part] = lines_of_records(*self.reader.lines(read, each), parent=rows, court=run.court)
        return found

    # ---------------------------------------------------------------- from our frames

    def from_canonical(self, frames: Map[str, pd.DataFrame], site: Site) -> Translation:
        """Translate canonical frames into the foreign system's own.

        Args:
            frames: the canonical frames that the mapping needs, e.g. ``orders`` and ``lines``. A null in a
                column that must have a value was complained about before and is passed over in silence.
            site: the site's references, rates and settings.

        Returns:
            The mapping's frames, by name.

        Raises:
            MappingError: the mapping leads the other way.
            SetError: lines belong to orders that are not there.
        """
        self._must(inbound=False)
        problems = Problems()
        run = self._run(site, problems)
        sources = canonical_sources(frames, self.sentence.source, self.record, self.parts)
        return Translation(self._frames(run, sources), problems.frame(sources[self.record].keys.to_pylist()))

    def to_documents(self, frames: Map[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
        """JSON records by key, out of the frames that :meth:`from_canonical` made; see ``documents``.

        Raises:
            MappingError: the mapping leads the other way.
        """
        self._must(inbound=False)
        return documents_of(self, frames)

    # ---------------------------------------------------------------- both ways

    def _frames(self, run: Run, sources: Map[str, Rows]) -> dict[str, pd.DataFrame]:
        for name, rows in sources.items():
            derived(run, self.sentence.derive.get(name, {}), rows)
            for joint in self.sentence.derive_together.get(name, []):
                rows.columns.update(joined(run, joint, rows))
        made: dict[str, pa.Table] = {}
        for name, plan in self.plans.items():
            rows = sources[self.source_of(plan.sentence)]
            made[name] = make_frame(run, plan, rows)
            if plan.sentence.required and rows.parent is not None:
                self._at_least_one(run, name, rows.parent)
        return {name: table.to_pandas(types_mapper=pd.ArrowDtype) for name, table in made.items()}

    def _at_least_one(self, run: Run, name: str, parent: Rows) -> None:
        without = mask(pc.equal(parent.counted(name), 0))
        each = self.plans[name].sentence.each or name
        run.court.same(Cells.of(constant("", parent.count), each), parent, without, _EMPTY)

    def _run(self, site: Site, problems: Problems) -> Run:
        return Run(site, self.sentence.settings, self.tables, Court(problems))

    def _must(self, *, inbound: bool) -> None:
        if self.inbound is not inbound:
            other = "to_canonical" if self.inbound else "from_canonical"
            raise MappingError(f"{self.name} leads the other way: use {other}")

    # ---------------------------------------------------------------- back

    @cached_property
    def kept(self) -> dict[str, Way | str]:
        """For each column made: the way back, or why there is none."""
        return kept_ways(self)

    def to_foreign(self, frames: Map[str, pd.DataFrame], site: Site) -> dict[str, pd.DataFrame]:
        """The way back of a mapping that leads to us: canonical frames become the foreign system's columns.

        Args:
            frames: as :meth:`to_canonical` makes them.
            site: the same site.

        Returns:
            The same frames with the kept columns under the foreign system's names.

        Raises:
            MappingError: the mapping leads the other way.
        """
        self._must(inbound=True)
        return foreign_frames(self, frames, site)

    def to_payloads(self, frames: Map[str, pd.DataFrame], site: Site) -> dict[str, bytes]:
        """:meth:`to_foreign` as JSON records by key.

        Raises:
            MappingError: the mapping leads the other way.
        """
        self._must(inbound=True)
        return foreign_payloads(self, frames, site)

    def from_foreign(self, frames: Map[str, pd.DataFrame], site: Site) -> dict[str, pd.DataFrame]:
        """The way back of a mapping that leads from us: the foreign system's frames become canonical columns.

        Args:
            frames: as :meth:`from_canonical` makes them.
            site: the same site.

        Returns:
            Canonical frames with the kept columns under our names.

        Raises:
            MappingError: the mapping leads the other way.
        """
        self._must(inbound=False)
        return foreign_frames(self, frames, site)
