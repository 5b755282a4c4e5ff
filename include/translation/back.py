"""The way back: which columns can be undone, how, and why the others cannot.

A column that only moved, changed its words by a table without loss, or went through a transform that
has an inverse is *kept*: back and forth again gives the same value. Everything else says why not; the
documentation shows it and the property tests hold us to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.translation.columns import KINDS, constant, is_text, per_value
from include.translation.registry import TRANSFORMS
from include.translation.rows import extension_of
from include.translation.steps import named_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from include.translation.language import FrameSentence, Rule, ValueTable
    from include.translation.mapping import Mapping as Compiled
    from include.translation.site import Site

TEXT = KINDS["text"]


@dataclass(frozen=True)
class Way:
    """How a column gets back to where it came from.

    Attributes:
        frame: the frame that has the column.
        source: source frame: ``orders`` or ``lines``.
        column: the source's name of it.
        undo: from our column to the source's.
    """

    frame: str
    source: str
    column: str
    undo: Callable[[pa.Array, Site], pa.Array]


def kept_ways(mapping: Compiled) -> dict[str, Way | str]:
    """For each column (``frame.column``) its way back, or the reason why there is none."""
    found: dict[str, Way | str] = {}
    for frame, sentence in mapping.sentence.frames.items():
        source = "lines" if sentence.each or sentence.of == "lines" else "orders"
        for name, rule in {**sentence.carry, **sentence.fields}.items():
            found[f"{frame}.{name}"] = _way(mapping, frame, source, rule)
        for name, rule in sentence.extensions.items():
            found[f"{frame}.extensions.{name}"] = _way(mapping, frame, source, rule)
        found |= _joint_ways(frame, source, sentence)
        for spill in sentence.fit.spill:
            found |= {f"{frame}.{name}": "lines of an address are spread by width" for name in spill.into}
    return found


def _way(mapping: Compiled, frame: str, source: str, rule: Rule) -> Way | str:
    column = f"custom_field.{rule.custom_field}" if rule.custom_field else rule.from_
    reason = _obstacle(mapping, rule, column)
    if reason or column is None:
        return reason or "it does not come from one column"
    if column.startswith("parent."):
        source, column = "orders", column.removeprefix("parent.")
        return f"it repeats {column} of its record"
    steps = [TRANSFORMS[TRANSFORMS[name].inverse] for name, _ in reversed(named_steps(rule.apply))]
    words = _words_back(mapping, rule)

    def undo(values: pa.Array, site: Site) -> pa.Array:
        if words is not None:
            values = per_value(values, lambda word: words.get(word, word), TEXT)
        for step in steps:
            arguments = {"site": site} if step.wants_site else {}
            if step.shape == "value":
                kind = KINDS[step.gives]
                values = per_value(values, lambda value, s=step, a=arguments: s.work(value, **a), kind)
            else:
                values = step.work(values, **arguments)
        return values

    return Way(frame, source, column, undo)


def _obstacle(mapping: Compiled, rule: Rule, column: str | None) -> str:  # noqa: PLR0911 - one return for each reason
    if rule.constant is not None or rule.setting is not None:
        return "it is the same for every record"
    if rule.lookup is not None:
        return f"it was looked up in {rule.lookup.reference}; several codes may lead there"
    if column is None:
        return "it is made from several columns or by conditions"
    if column.startswith(("@", "out.", "extensions.")) and column != "@key":
        return "it is not a column of the source"
    for name, _ in named_steps(rule.apply):
        if not TRANSFORMS[name].inverse:
            return f"{name} loses something"
    if rule.blank is not None:
        return "a blank became a value"
    table = _table(mapping, rule)
    if table is not None and _lossy(table):
        return "several words become one"
    return ""


def _table(mapping: Compiled, rule: Rule) -> Mapping[str, str] | ValueTable | None:
    return mapping.tables[rule.table] if isinstance(rule.table, str) else rule.table


def _lossy(table: Mapping[str, str] | ValueTable) -> bool:
    words = table if isinstance(table, dict) else table.values  # type: ignore[union-attr]
    named = set() if isinstance(table, dict) else set(table.back)  # type: ignore[union-attr]
    ours = list(words.values())  # type: ignore[union-attr, operator]
    return any(ours.count(word) > 1 and word not in named for word in ours)


def words_back(table: ValueTable) -> dict[str, str]:
    """Our word → the word of the other system; where several mean the same, the one that ``back`` names."""
    return {ours: theirs for theirs, ours in table.values.items()} | dict(table.back)


def _words_back(mapping: Compiled, rule: Rule) -> dict[str, str] | None:
    table = _table(mapping, rule)
    if table is None:
        return None
    if isinstance(table, dict):
        return {ours: theirs for theirs, ours in table.items()}
    return words_back(table)  # type: ignore[arg-type]


def _joint_ways(frame: str, source: str, sentence: FrameSentence) -> dict[str, Way | str]:
    found: dict[str, Way | str] = {}
    for joint in sentence.together:
        known = TRANSFORMS[joint.apply]
        undone = TRANSFORMS[known.inverse].outputs if known.inverse else {}
        for output, ours in joint.gives.items():
            if output in undone and output in joint.from_:
                found[f"{frame}.{ours}"] = Way(frame, source, joint.from_[output], lambda values, _: values)
            else:
                found[f"{frame}.{ours}"] = f"{joint.apply} works it out of several columns"
    return found


def foreign_frames(
    mapping: Compiled, frames: Mapping[str, pd.DataFrame], site: Site
) -> dict[str, pd.DataFrame]:
    """The source's columns, as far as they are kept."""
    import pandas as pd  # noqa: PLC0415 - only the border speaks pandas

    columns: dict[str, dict[str, pa.Array]] = {"orders": {}, "lines": {}}
    tables = {
        name: pa.Table.from_pandas(frame, preserve_index=False).combine_chunks()
        for name, frame in frames.items()
    }
    for place, way in mapping.kept.items():
        if isinstance(way, str) or way.frame not in tables:
            continue
        values = _values(tables[way.frame], place.split(".", 1)[1])
        columns[way.source][way.column] = way.undo(values, site)
    return {
        name: pa.table(found).to_pandas(types_mapper=pd.ArrowDtype)
        for name, found in columns.items()
        if found
    }


def _values(table: pa.Table, name: str) -> pa.Array:
    if name.startswith("extensions."):
        return extension_of(_one(table["extensions"]), name.removeprefix("extensions."))
    return _one(table[name])


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def wire_text(column: pa.Array) -> pa.Array:
    """A source column as the text that JSON would carry."""
    if is_text(column):
        return pc.fill_null(column, "")
    if pa.types.is_timestamp(column.type):
        return pc.fill_null(pc.strftime(column, format="%Y-%m-%dT%H:%M:%S+0000"), "")
    return (
        pc.fill_null(pc.cast(column, TEXT), "")
        if column.null_count < len(column)
        else constant("", len(column))
    )
