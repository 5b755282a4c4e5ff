"""The way back: which columns can be undone, how, and why the others cannot.

A column that only moved, changed its words by a table without loss, or went through a transform that
has an inverse is *kept*: back and forth again gives the same value. Everything else says why not; the
documentation shows it and the property tests hold us to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from include.canonical import PARTS
from include.translation.columns import KINDS, is_text, per_value, plain
from include.translation.registry import TRANSFORMS, Transform
from include.translation.rows import extension_of
from include.translation.sources import BETWEEN
from include.translation.steps import named_steps
from include.translation.wire import LISTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from include.translation.files import FrameSentence
    from include.translation.language import Rule, ValueTable
    from include.translation.mapping import Mapping as Compiled
    from include.translation.site import Site

TEXT = KINDS["text"]
CUSTOM_FIELD = "custom_field."
_EXACT = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class Way:
    """How a column gets back to where it came from.

    Attributes:
        frame: the frame that has the column.
        source: source frame: ``orders``, ``lines``, ...
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
        source = mapping.source_of(sentence)
        for name, rule in {**sentence.carry, **sentence.fields}.items():
            found[f"{frame}.{name}"] = _way(mapping, frame, source, rule)
        for name, rule in sentence.extensions.items():
            found[f"{frame}.extensions.{name}"] = _way(mapping, frame, source, rule)
        found |= _joint_ways(frame, source, sentence)
        for spill in sentence.fit.spill:
            found |= {f"{frame}.{name}": "lines of an address are spread by width" for name in spill.into}
    return _one_way_each(found)


def _one_way_each(ways: dict[str, Way | str]) -> dict[str, Way | str]:
    """Of several columns that came from one, the first goes back."""
    taken: dict[tuple[str, str], str] = {}
    found: dict[str, Way | str] = {}
    for place, way in ways.items():
        if isinstance(way, str):
            found[place] = way
            continue
        first = taken.setdefault((way.source, way.column), place)
        found[place] = way if first == place else f"{first} goes back to the same column"
    return found


def _way(mapping: Compiled, frame: str, source: str, rule: Rule) -> Way | str:
    column = _origin(mapping, rule)
    reason = _obstacle(mapping, rule, column)
    if reason or column is None:
        return reason
    named = [TRANSFORMS[name].inverse for name, _ in reversed(named_steps(rule.apply))]
    steps = [TRANSFORMS[name] for name in named if name]
    words = words_back(mapping.tables[rule.table]) if isinstance(rule.table, str) else None

    def undo(values: pa.Array, site: Site) -> pa.Array:
        if words is not None:
            values = per_value(values, lambda word: words.get(word, word), TEXT)
        for step in steps:
            values = _undone(step, values, site)
        return values

    return Way(frame, source, column, undo)


def _origin(mapping: Compiled, rule: Rule) -> str | None:
    """The one column to which the value may go back.

    On the way to us a value that was chosen or added from several columns may go back into the first:
    reading it again gives the same. On the way from us it would tell a tale about the others.
    """
    if rule.custom_field:
        return CUSTOM_FIELD + rule.custom_field
    if mapping.inbound and rule.first:
        return rule.first[0]
    if mapping.inbound and rule.sum and not any(name.startswith("-") for name in rule.sum):
        return rule.sum[0]
    return rule.from_


def _undone(step: Transform, values: pa.Array, site: Site) -> pa.Array:
    arguments = {"site": site} if step.wants_site else {}
    if step.takes == "text" and not is_text(values):
        values = values.cast(TEXT)
    if step.shape == "column":
        return plain(step.work(values, **arguments))

    def work(value: Any) -> Any:
        return step.work(value, **arguments)

    return per_value(values, work, KINDS[step.gives])


def _obstacle(mapping: Compiled, rule: Rule, column: str | None) -> str:
    """Why a column cannot be undone, "" when it can."""
    used = [TRANSFORMS[name] for name, _ in named_steps(rule.apply)]
    lossy = [known.name for known in used if not (known.inverse or (known.settles and mapping.inbound))]
    head = (column or "").partition(".")[0]
    reasons = {
        "it is the same for every record": rule.constant is not None or rule.setting is not None,
        "it was looked up, and several codes may lead to the same": rule.lookup is not None,
        "it is made from several columns or by conditions": column is None,
        "it repeats a column of its record": head == "parent",
        "it is not a column of the source": head in {"out", "@position"},
        f"{', '.join(lossy)} cannot be undone": bool(lossy),
        "a blank became a value": rule.blank is not None and not mapping.inbound,
        "several words become one": rule.table is not None and _lossy(mapping, rule.table),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _lossy(mapping: Compiled, table: str | dict[str, str]) -> bool:
    """Whether a word of ours could come from several, and nobody said which to use on the way back."""
    if isinstance(table, dict):
        return True
    known = mapping.tables[table]
    ours = list(known.values.values())
    return bool(known.no_counterpart) or any(ours.count(word) > 1 and word not in known.back for word in ours)


def words_back(table: ValueTable) -> dict[str, str]:
    """Our word → the word of the other system; where several mean the same, the one that ``back`` names."""
    return {ours: theirs for theirs, ours in table.values.items()} | dict(table.back)


def _joint_ways(frame: str, source: str, sentence: FrameSentence) -> dict[str, Way | str]:
    found: dict[str, Way | str] = {}
    for joint in sentence.together:
        inverse = TRANSFORMS[joint.apply].inverse
        undone = TRANSFORMS[inverse].outputs if inverse else {}
        for output, ours in joint.gives.items():
            if output in undone and output in joint.from_:
                found[f"{frame}.{ours}"] = Way(frame, source, joint.from_[output], _as_it_is)
            else:
                found[f"{frame}.{ours}"] = f"{joint.apply} works it out of several columns"
    return found


def _as_it_is(values: pa.Array, _: Site) -> pa.Array:
    return values


def foreign_frames(
    mapping: Compiled, frames: Mapping[str, pd.DataFrame], site: Site
) -> dict[str, pd.DataFrame]:
    """The source's columns, as far as they are kept, under the names of the canonical frames."""
    import pandas as pd  # noqa: PLC0415 - only the border speaks pandas

    columns: dict[str, dict[str, pa.Array]] = {name: {} for name in (mapping.record, *mapping.parts)}
    tables = {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()}
    for place, way in mapping.kept.items():
        if not isinstance(way, str) and way.frame in tables:
            values = _values(tables[way.frame], place.split(".", 1)[1])
            columns[way.source][way.column] = way.undo(values, site)
    for frame, sentence in mapping.sentence.frames.items():
        if sentence.each and frame in tables:
            part = mapping.source_of(sentence)
            columns[part]["parent.@key"] = plain(tables[frame][PARTS[part][1]])
    return {
        name: pa.table(found).to_pandas(types_mapper=pd.ArrowDtype)
        for name, found in columns.items()
        if found
    }


def _values(table: pa.Table, name: str) -> pa.Array:
    head, _, rest = name.partition(".")
    column = plain(table[head])
    return extension_of(column, rest) if rest else column


def foreign_payloads(mapping: Compiled, frames: Mapping[str, pd.DataFrame], site: Site) -> dict[str, bytes]:
    """Canonical frames as JSON records of the foreign system, by key: what a write would carry.

    Only kept columns are there. Numbers are written exactly as they are.
    """
    found = foreign_frames(mapping, frames, site)
    keys = mapping.sentence.source.keys
    records = {row["@key"]: _nested(row, keys) for row in found[mapping.record].to_dict("records")}
    for part, each in mapping.lists.items():
        for row in found[part].to_dict("records") if part in found else ():
            records[row["parent.@key"]].setdefault(each, []).append(_nested(row, []))
    envelope = mapping.sentence.source.envelope[0].split(".")
    return {key: _EXACT.encode(_wrapped(record, envelope)) for key, record in records.items()}


def _wrapped(record: dict[str, Any], envelope: Sequence[str]) -> dict[str, Any]:
    for name in reversed(envelope):
        record = {name: record}
    return record


def _nested(row: Mapping[Any, Any], keys: list[str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in row.items():
        said = "" if value is None or value is _missing() else value
        if name == "@key":
            record |= dict(zip(keys, str(said).split(BETWEEN) if len(keys) > 1 else [said], strict=False))
        elif name.endswith("[]"):
            record[name.removesuffix("[]")] = str(said).split(LISTED) if said else []
        elif name.startswith(CUSTOM_FIELD):
            record.setdefault("custom_field_hash", {})[name.removeprefix(CUSTOM_FIELD)] = said
        elif not name.startswith("parent."):
            *path, last = name.split(".")
            inner = record
            for part in path:
                is_list = part.endswith("[]")
                below = inner.setdefault(part.removesuffix("[]"), [{}] if is_list else {})
                inner = below[0] if is_list else below
            inner[last] = said
    return record


def _missing() -> object:
    import pandas as pd  # noqa: PLC0415 - only the border speaks pandas

    return pd.NA
