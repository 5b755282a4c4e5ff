"""Make one frame: rules, joint transforms, extensions, lines of our own, widths."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.translation.cells import Cells
from include.translation.columns import KINDS, constant, mask, per_row
from include.translation.conditions import holds
from include.translation.fitting import measured, spilled
from include.translation.registry import TRANSFORMS
from include.translation.rows import EXTENSIONS, Made, Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.translation.columns import Rows as Index
    from include.translation.evaluate import Run
    from include.translation.files import Append, Distinct, FrameSentence, Together
    from include.translation.language import Rule

TEXT = KINDS["text"]
POSITION = "position"


@dataclass(frozen=True)
class FramePlan:
    """A frame as the compiler understood it.

    Attributes:
        kinds: every column of the frame with its type, in order.
        needed: columns that the target cannot do without.
        defaults: values of columns that the mapping does not mention.
        patterns: regular expressions that text columns must match.
        table: the ERP table whose widths count, "" for canonical frames.
    """

    name: str
    sentence: FrameSentence
    kinds: Mapping[str, pa.DataType]
    needed: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    table: str = ""
    patterns: Mapping[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> pa.Schema:
        """The frame's Arrow schema."""
        return pa.schema([pa.field(name, kind) for name, kind in self.kinds.items()])


def make_frame(run: Run, plan: FramePlan, rows: Rows) -> pa.Table:
    """The frame of these rows; also remembered in the parent, for its totals."""
    sentence = plan.sentence
    if sentence.only is not None:
        rows = rows.view(np.flatnonzero(holds(sentence.only, rows)))
    if sentence.distinct is not None:
        rows = rows.view(latest(sentence.distinct, rows))
    columns = _columns(run, plan, rows)
    if rows.parent is not None and rows.owner is not None:
        columns, rows = _with_own_lines(run, plan, Made(columns, rows.owner), rows)
    if plan.table:
        columns = measured(columns, sentence.fit, rows, plan.table, run.site, court=run.court)
    return pa.table([columns[name] for name in plan.kinds], schema=plan.schema)


def _columns(run: Run, plan: FramePlan, rows: Rows) -> dict[str, pa.Array]:
    sentence = plan.sentence
    made: dict[str, pa.Array] = {}

    def keep(found: Mapping[str, pa.Array]) -> None:
        made.update(found)
        rows.columns.update({f"out.{name}": column for name, column in found.items()})

    for joint in sentence.together:
        keep(joined(run, joint, rows))
    for name, rule in (*sentence.carry.items(), *sentence.fields.items()):
        needed = name in plan.needed
        column = run.make(
            rule, rows, name, plan.kinds[name], needed=needed, pattern=plan.patterns.get(name, "")
        )
        keep({name: column})
    for spill in sentence.fit.spill:
        keep(spilled(spill, rows, plan.table, run.site))
    if EXTENSIONS in plan.kinds:
        made[EXTENSIONS] = _extensions(run, sentence.extensions, rows)
    for name, value in plan.defaults.items():
        if name not in made:
            made[name] = constant(value, rows.count, plan.kinds[name])
    return made


def joined(run: Run, joint: Together, rows: Rows) -> dict[str, pa.Array]:
    """Columns that a joint transform makes. A null out of inputs that are all there is a complaint."""
    transform = TRANSFORMS[joint.apply]
    columns = {name: rows.column(source) for name, source in joint.from_.items()}
    done = transform.work(columns, **joint.with_)
    there = np.ones(rows.count, bool)
    for column in columns.values():
        there &= mask(column.is_valid())
    for output, blame in transform.blames.items():
        wrong = mask(done[output].is_null()) & there
        if wrong.any():
            source = joint.from_.get(blame.input, blame.input)
            cells = Cells(done[output], source, rows.column(source))
            bad = np.flatnonzero(wrong)
            run.court.each(cells, rows, bad, [blame.complaint(cells.raw[int(row)].as_py()) for row in bad])
    return {ours: done[output] for output, ours in joint.gives.items()}


def derived(run: Run, rules: Mapping[str, Rule], rows: Rows) -> None:
    """Work out columns beside the source's own, one after the other."""
    for name, rule in rules.items():
        rows.columns[name] = run.make(rule, rows, name, KINDS[rule.type] if rule.type else None)


def _extensions(run: Run, rules: Mapping[str, Rule], rows: Rows) -> pa.Array:
    """The custom fields that are filled in, as one JSON object a row."""
    if not rules:
        return constant("{}", rows.count)
    names = sorted(rules)
    columns = [run.make(rules[name], rows, name, TEXT) for name in names]

    def packed(*values: str | None) -> tuple[str]:
        filled = {name: value for name, value in zip(names, values, strict=True) if value}
        return (msgspec.json.encode(filled).decode(),)

    return per_row(columns, packed, [TEXT])[0]


def latest(distinct: Distinct, rows: Rows) -> Index:
    """The row that speaks for each different value: the last in the order of the columns named."""
    names = [distinct.by, *distinct.latest]
    table = pa.table({str(at): rows.column(name) for at, name in enumerate(names)})
    order = pc.sort_indices(table, sort_keys=[(str(at), "ascending") for at in range(len(names))])
    ordered = rows.column(distinct.by).take(order).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    last = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.empty(0, bool)
    chosen: Index = order.to_numpy()[last].astype(np.int64)
    said = ~np.asarray(
        [not value for value in rows.column(distinct.by).take(pa.array(chosen)).to_pylist()], bool
    )
    kept: Index = chosen[said]
    return kept


def _with_own_lines(run: Run, plan: FramePlan, made: Made, rows: Rows) -> tuple[dict[str, pa.Array], Rows]:
    """The lines that came, then those of our own making, numbered within their record."""
    parent = rows.parent
    if parent is None:
        return made.columns, rows
    parent.made[plan.name] = made
    parent.forget(plan.name)
    lines = [rows.lines if rows.lines is not None else constant(0, rows.count, KINDS["count"])]
    for append in plan.sentence.append:
        more = _own_lines(run, plan, append, parent)
        made = Made(
            {name: pa.concat_arrays([made.columns[name], more.columns[name]]) for name in more.columns},
            np.concatenate([made.owner, more.owner]),
        )
        lines.append(constant(0, len(more.owner), KINDS["count"]))
        parent.made[plan.name] = made
        parent.forget(plan.name)
    order = np.argsort(made.owner, kind="stable")
    where, owner = pa.array(order), made.owner[order]
    columns = {name: column.take(where) for name, column in made.columns.items()}
    starts = np.searchsorted(owner, owner, side="left")
    columns[POSITION] = pa.array(np.arange(len(owner)) - starts + 1, KINDS["count"])
    parent.made[plan.name] = Made(columns, owner)
    at = pa.array(owner)
    placed = Rows(
        len(owner),
        dict(columns),
        parent.keys.take(at),
        parent.labels.take(at),
        pa.concat_arrays(lines).take(where),
    )
    return columns, placed


def _own_lines(run: Run, plan: FramePlan, append: Append, parent: Rows) -> Made:
    """One line for each record that meets the condition."""
    derived(run, append.derive, parent)
    chosen = np.flatnonzero(holds(append.if_, parent))
    rows = parent.view(chosen)
    columns = {
        name: run.make(append.fields[name], rows, name, kind)
        if name in append.fields
        else _silent(kind, rows.count)
        for name, kind in plan.kinds.items()
        if name != POSITION
    }
    return Made(columns, chosen)


def _silent(kind: pa.DataType, rows: int) -> pa.Array:
    """What a column says when nothing is said: blank text, no amount."""
    if pa.types.is_decimal(kind):
        return constant(Decimal(0), rows, kind)
    return constant("" if kind == TEXT else None, rows, kind)
