"""A compiled mapping: from a foreign system's records to our frames, or from our frames to its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import Reason
from include.errors import MappingError, SetError
from include.translation.back import Way, foreign_frames, foreign_payloads, kept_ways
from include.translation.cells import Cells, Court
from include.translation.columns import CANONICAL, KINDS, cast, constant, mask, pick
from include.translation.evaluate import Run
from include.translation.making import FramePlan, derived, joined, make_frame
from include.translation.planning import canonical_plan, erp_plan
from include.translation.problems import Complaint, Place, Problems
from include.translation.references_used import columns_used
from include.translation.rows import Rows
from include.translation.wire import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping as Map
    from collections.abc import Sequence

    from include.translation.language import MappingSentence, ValueTable
    from include.translation.planning import Vocabulary
    from include.translation.site import Site

TEXT = KINDS["text"]
KEY = "@key"
LINE = "@position"
_NO_VALUE = Complaint(
    Reason.INVALID_FORMAT, "holds no readable value (a list, an object, or text that is no text)"
)
_OTHER_ID = Complaint(Reason.INVALID_FORMAT, "is not the id under which the record was fetched")
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

    @cached_property
    def each(self) -> str:
        """The list in the record whose entries become lines, "" when there is none."""
        return next((frame.each for frame in self.sentence.frames.values() if frame.each), "")

    @cached_property
    def reader(self) -> Reader:
        """Reads the foreign system's JSON."""
        record, line = columns_used(self.sentence)
        source = self.sentence.source
        paths = [source.key, source.number, *sorted(record - {source.key, source.number})]
        return Reader(paths, self.each, sorted(line), source.envelope)

    # ---------------------------------------------------------------- to our frames

    def to_canonical(self, keys: Sequence[str], payloads: Sequence[bytes], site: Site) -> Translation:
        """Translate records of the foreign system.

        Args:
            keys: ids under which the payloads were fetched, one for each.
            payloads: JSON bytes, wrapped in the system's envelope or bare.
            site: the site's references, rates and settings.

        Returns:
            Frames ``orders`` and ``lines``. Every key is in the frames, in the problems, or in both.

        Raises:
            MappingError: the mapping leads the other way.
        """
        self._must(inbound=True)
        problems = Problems()
        records, unread = self.reader.read(payloads)
        noun = self.sentence.source.noun
        for at, complaint in unread.items():
            problems.add(Place(keys[at], f"{noun} with id {keys[at]}"), "payload", "", complaint)
        good = [at for at, record in enumerate(records) if record is not None]
        run = self._run(site, problems)
        rows = self._records([keys[at] for at in good], [records[at] for at in good], run)
        sources = {"orders": rows}
        if self.each:
            sources["lines"] = self._lines([records[at] for at in good], rows, run)
        return Translation(self._frames(run, sources), problems.frame(keys))

    def _records(self, keys: list[str], records: list[Any], run: Run) -> Rows:
        columns = self.reader.columns(records)
        source = self.sentence.source
        columns[KEY] = pa.array(keys, TEXT)
        labels = _labels(source.noun, columns[source.number], columns[KEY])
        rows = Rows(len(keys), columns, columns[KEY], labels)
        _note_unreadable(rows, run)
        other = mask(pc.not_equal(columns[source.key], columns[KEY]))
        run.court.same(Cells.of(columns[source.key], source.key), rows, other, _OTHER_ID)
        return rows

    def _lines(self, records: list[Any], parent: Rows, run: Run) -> Rows:
        columns, owner = self.reader.lines(records)
        at = pa.array(owner)
        position = _numbered(owner)
        columns[LINE] = position
        rows = Rows(
            len(owner), columns, parent.keys.take(at), parent.labels.take(at), position, parent, owner
        )
        _note_unreadable(rows, run)
        return rows

    # ---------------------------------------------------------------- from our frames

    def from_canonical(self, frames: Map[str, pd.DataFrame], site: Site) -> Translation:
        """Translate canonical frames into the foreign system's own.

        Args:
            frames: ``orders`` and, where the mapping needs them, ``lines``. A null in a column that must
                have a value was complained about before and is passed over in silence.
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
        sources = self._sources(frames)
        return Translation(self._frames(run, sources), problems.frame(sources["orders"].keys.to_pylist()))

    def _sources(self, frames: Map[str, pd.DataFrame]) -> dict[str, Rows]:
        orders = _columns_of(frames["orders"], CANONICAL["orders"])
        source = self.sentence.source
        keys = orders[source.key]
        rows = Rows(len(keys), orders, keys, _labels(source.noun, orders[source.number], keys))
        if not any(frame.of == "lines" for frame in self.sentence.frames.values()):
            return {"orders": rows}
        return {"orders": rows, "lines": _lines_of(_columns_of(frames["lines"], CANONICAL["lines"]), rows)}

    # ---------------------------------------------------------------- both ways

    def _frames(self, run: Run, sources: Map[str, Rows]) -> dict[str, pd.DataFrame]:
        for name, rows in sources.items():
            derived(run, self.sentence.derive.get(name, {}), rows)
            for joint in self.sentence.derive_together.get(name, []):
                rows.columns.update(joined(run, joint, rows))
        made: dict[str, pa.Table] = {}
        for name, plan in self.plans.items():
            rows = sources[plan.sentence.of or ("lines" if plan.sentence.each else "orders")]
            made[name] = make_frame(run, plan, rows)
            if plan.sentence.required and rows.parent is not None:
                self._at_least_one(run, name, rows.parent)
        return {name: table.to_pandas(types_mapper=pd.ArrowDtype) for name, table in made.items()}

    def _at_least_one(self, run: Run, name: str, parent: Rows) -> None:
        without = mask(pc.equal(parent.counted(name), 0))
        run.court.same(Cells.of(constant("", parent.count), self.each or name), parent, without, _EMPTY)

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
            frames: ``orders`` and ``lines`` as :meth:`to_canonical` makes them.
            site: the same site.

        Returns:
            Frames ``orders`` and ``lines`` with the kept columns under the foreign system's names.

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
            Frames ``orders`` and ``lines`` with the kept columns under our names.

        Raises:
            MappingError: the mapping leads the other way.
        """
        self._must(inbound=False)
        return foreign_frames(self, frames, site)


def _labels(noun: str, numbers: pa.Array, keys: pa.Array) -> pa.Array:
    said = pc.fill_null(pc.greater(pc.utf8_length(numbers), 0), fill_value=False)
    called = pick(mask(said), pc.fill_null(numbers, ""), pc.fill_null(keys, ""))
    return pc.binary_join_element_wise(pa.scalar(noun), called, " ")


def _note_unreadable(rows: Rows, run: Run) -> None:
    for name, column in list(rows.columns.items()):
        if column.null_count:
            run.court.same(
                Cells(column, name, constant("", rows.count)), rows, mask(column.is_null()), _NO_VALUE
            )


def _numbered(owner: np.ndarray[Any, Any]) -> pa.Array:
    """1, 2, 3 ... within each owner; owners stand together."""
    return pa.array(np.arange(len(owner)) - np.searchsorted(owner, owner, side="left") + 1, KINDS["count"])


def _columns_of(frame: pd.DataFrame, schema: pa.Schema) -> dict[str, pa.Array]:
    """A canonical frame's columns as Arrow arrays of the canonical types."""
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False).combine_chunks()
    return {name: _whole(table[name]) for name in schema.names}


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else cast(column.combine_chunks(), column.type)[0]


def _lines_of(lines: dict[str, pa.Array], parent: Rows) -> Rows:
    """Lines joined to their orders and put in the orders' order, then by position."""
    found = pc.index_in(lines["order_source_id"], parent.column("source_id"))
    if found.null_count:
        orphans = sorted(set(lines["order_source_id"].filter(found.is_null()).to_pylist()))
        raise SetError(
            f"lines belong to orders that are not in the batch: {', '.join(map(str, orphans[:5]))}"
        )
    owner = found.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.lexsort((lines["position"].to_numpy(zero_copy_only=False), owner))
    if (order != np.arange(len(order))).any():
        lines, owner = {name: column.take(pa.array(order)) for name, column in lines.items()}, owner[order]
    at = pa.array(owner)
    return Rows(
        len(owner), lines, parent.keys.take(at), parent.labels.take(at), lines["position"], parent, owner
    )
