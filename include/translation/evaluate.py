"""Carry out the rules of a mapping on whole columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import Reason
from include.errors import ConfigurationError
from include.translation.asking import ask
from include.translation.cells import Cells, Court, wrong_kind
from include.translation.columns import (
    KINDS,
    WORKING,
    blank,
    constant,
    distinct,
    guarded,
    is_text,
    mask,
    number,
    per_row,
    pick,
)
from include.translation.combining import first_said, gathered, summed
from include.translation.conditions import holds
from include.translation.guessing import unknown_word
from include.translation.problems import Complaint
from include.translation.registry import TRANSFORMS, Transform
from include.translation.steps import named_steps
from include.translation.wire import LISTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.translation.columns import Mask
    from include.translation.files import Setting
    from include.translation.language import Concat, DatedRate, Rule, Steps, ValueTable
    from include.translation.rows import Rows
    from include.translation.site import Site

TEXT = KINDS["text"]


@dataclass
class Run:
    """One translation of one batch: the site, the words of the mapping, and where complaints go."""

    site: Site
    settings: Mapping[str, Setting]
    tables: Mapping[str, ValueTable]
    court: Court

    def setting(self, name: str) -> str:
        """A value of the site.

        Raises:
            ConfigurationError: neither the site nor the mapping says it.
        """
        found = self.site.settings.get(name, self.settings[name].default)
        if found is None:
            raise ConfigurationError(f"setting {name!r} is needed: {self.settings[name].about}")
        return found

    def make(
        self,
        rule: Rule,
        rows: Rows,
        name: str,
        kind: pa.DataType | None,
        *,
        needed: bool = False,
        pattern: str = "",
    ) -> pa.Array:
        """The column that a rule describes.

        Args:
            rule: what the mapping says.
            rows: the rows it looks at.
            name: what it becomes, for rules that come from no column.
            kind: what the target wants; None leaves it as it comes.
            needed: the target cannot do without a value here.
            pattern: regular expression that every value must match.
        """
        cells = self.work(rule, rows, name, kind)
        if needed and not rule.required:
            cells = self._missing(cells, rows, rule)
        if pattern:
            wrong = mask(pc.invert(pc.match_substring_regex(cells.values, pattern))) & ~cells.voids()
            complaint = Complaint(Reason.INVALID_FORMAT, f"does not have the form {pattern}")
            cells = self.court.same(cells, rows, wrong, self._remedied(complaint, rule))
        return cells.values

    def work(self, rule: Rule, rows: Rows, name: str, kind: pa.DataType | None) -> Cells:
        """The rule's cells, with what is known of them."""
        inner = kind if rule.when is not None and not rule.apply and rule.table is None else None
        cells = self._origin(rule, rows, name, inner)
        cells = self.steps(rule.apply, cells, rows)
        if rule.table is not None:
            cells = self._looked_up(cells, rows, rule)
        if rule.blank is not None:
            cells = cells.filled(rule.blank, kind or TEXT)
        if kind is not None:
            cells, wrong = cells.as_kind(kind)
            cells = self.court.same(cells, rows, wrong, self._remedied(wrong_kind(kind), rule))
        if rule.required:
            cells = self._missing(cells, rows, rule)
        return cells if rule.limit is None else self._limited(cells, rows, rule)

    def _origin(self, rule: Rule, rows: Rows, name: str, kind: pa.DataType | None) -> Cells:  # noqa: PLR0911, C901 - one return for each origin
        if rule.from_ is not None:
            return Cells.of(rows.column(rule.from_), rule.from_)
        if rule.first is not None:
            return first_said(rule.first, rows)
        if rule.constant is not None:
            return Cells.of(constant(rule.constant, rows.count), name)
        if rule.setting is not None:
            return Cells.of(constant(self.setting(rule.setting), rows.count), name)
        if rule.custom_field is not None:
            return Cells.of(rows.column(f"custom_field.{rule.custom_field}"), rule.custom_field)
        if rule.lookup is not None:
            return ask(self, rule.lookup, rows, rule.remedy or "")
        if rule.sum is not None:
            return self._summed(rule.sum, rows)
        if rule.count is not None:
            return Cells.of(rows.counted(rule.count), name)
        if rule.rate is not None:
            return self._rated(rule.rate, rows, rule)
        if rule.concat is not None:
            return self._joined(rule.concat, rows, name)
        return self._branched(rule, rows, name, kind)

    def _summed(self, names: list[str], rows: Rows) -> Cells:
        """Signed columns added; a blank one counts as nothing, a bad one makes the sum bad."""
        terms: list[Cells] = []
        for name in names:
            column = rows.column(name.lstrip("-"))
            cells = Cells.of(column, name.lstrip("-"))
            if is_text(column):
                cells, wrong = cells.as_number()
                cells = self.court.same(cells, rows, wrong, _NO_NUMBER)
                cells = cells.filled("0", WORKING)
            terms.append(cells)
        return summed([-1 if name.startswith("-") else 1 for name in names], terms)

    def _joined(self, concat: Concat, rows: Rows, name: str) -> Cells:
        parts = [self.work(part, rows, name, None).as_text() for part in concat.parts]
        spoken = [pick(part.voids(), pa.nulls(rows.count, TEXT), part.values) for part in parts]
        # Arrow leaves out a row of which every part is skipped, and the column is too short.
        nothing = np.logical_and.reduce([mask(part.is_null()) for part in spoken])
        spoken[0] = pick(nothing, constant("", rows.count), spoken[0])
        joined = pc.binary_join_element_wise(*spoken, concat.separator, null_handling="skip")
        return replace(parts[0], values=joined, void=None, bad=None)

    def _branched(self, rule: Rule, rows: Rows, name: str, kind: pa.DataType | None) -> Cells:
        """Every row by the first branch whose condition holds; a branch sees only its own rows."""
        left = np.ones(rows.count, bool)
        branches: list[tuple[Mask, Rule]] = []
        for branch in rule.when or ():
            here = holds(branch.if_, rows) & left
            branches.append((here, branch.then))
            left &= ~here
        if rule.else_ is not None:
            branches.append((left, rule.else_))
        for here, chosen in branches:
            if here.all():
                return self.work(chosen, rows, name, kind)
        taken = [(np.flatnonzero(here), chosen) for here, chosen in branches if here.any()]
        done = [self.work(chosen, rows.view(where), name, kind) for where, chosen in taken]
        if kind is None:
            done = [cells.as_text() for cells in done]
        return (
            gathered([where for where, _ in taken], done, name)
            if done
            else Cells.of(pa.nulls(0, kind or TEXT), name)
        )

    def _rated(self, rate: DatedRate, rows: Rows, rule: Rule) -> Cells:
        company = self.setting(rate.company)
        given = rows.column(rate.given) if rate.given else pa.nulls(rows.count, KINDS["rate"])

        def priced(currency: str | None, on: Any, own: Decimal | None) -> tuple[Decimal | None]:
            if not currency or currency == company:
                return (Decimal(1) if currency else None,)
            # 1 is what a source writes for the currency it keeps its own books in: it says nothing of ours.
            if own is not None and own > 0 and own != 1:
                return (own,)
            found = self.site.rates.at(currency, company, on) if on is not None else None
            return (found.rate if found else None,)

        currency, on = rows.column(rate.currency), rows.column(rate.day)
        values = per_row([currency, on, given], priced, [KINDS["rate"]])[0]
        cells = Cells(values, rate.currency, currency)
        wrong = mask(values.is_null()) & ~blank(currency) & ~blank(on)
        complaint = Complaint(Reason.NO_RATE, f"has no exchange rate to {company} for the order's date")
        return self.court.same(cells, rows, wrong, self._remedied(complaint, rule))

    def steps(self, steps: Steps, cells: Cells, rows: Rows) -> Cells:
        """Named transforms, one after the other."""
        for name, literals in named_steps(steps):
            cells = self._applied(TRANSFORMS[name], literals, cells, rows)
        return cells

    def _applied(self, transform: Transform, literals: Mapping[str, str], cells: Cells, rows: Rows) -> Cells:
        if transform.takes == "number":
            cells, wrong = cells.as_number()
            cells = self.court.same(cells, rows, wrong, _NO_NUMBER)
        elif transform.takes == "text":
            cells = cells.as_text()
        kind = WORKING if transform.gives == "number" else KINDS[transform.gives]
        arguments: dict[str, Any] = {
            name: int(text) if transform.arguments[name] == "int" else text
            for name, text in literals.items()
            if transform.arguments[name] != "column"
        }
        if transform.wants_site:
            arguments["site"] = self.site
        if transform.shape == "value":
            return self._value_by_value(transform, arguments, cells, rows, kind)
        named = [name for name in literals if transform.arguments[name] == "column"]

        def whole(column: pa.Array, *others: pa.Array) -> pa.Array:
            return transform.work(column, **arguments, **dict(zip(named, others, strict=True)))

        void = cells.voids() if kind != TEXT else cells.void
        others = [rows.column(literals[name]) for name in named]
        values = guarded(whole, [cells.values, *others], kind)
        valid = mask(cells.values.is_valid())
        for other in others:
            valid &= mask(other.is_valid())
        wrong = mask(values.is_null()) & valid
        wrong = wrong if void is None else wrong & ~void
        complaint = wrong_kind(kind) if transform.gives != "number" else _TOO_LARGE
        return self.court.same(replace(cells, values=values, void=void), rows, wrong, complaint)

    def _value_by_value(
        self, transform: Transform, arguments: Mapping[str, Any], cells: Cells, rows: Rows, kind: pa.DataType
    ) -> Cells:
        values, index = distinct(cells.values)
        void = cells.voids() if kind != TEXT else cells.void
        done: list[Any] = []
        wrong: dict[int, Complaint] = {}
        for at, value in enumerate(values):
            try:
                done.append(transform.work(value, **arguments))
            except ValueError as error:
                done.append(None)
                wrong[at] = Complaint(Reason.INVALID_FORMAT, str(error))
        taken = pa.array(done, kind).take(index) if values else pa.nulls(rows.count, kind)
        return self.court.by_value(replace(cells, values=taken, void=void), rows, index, wrong)

    def _words(self, rule: Rule) -> tuple[Mapping[str, str], frozenset[str]]:
        """The words of a rule's table, and those that deliberately say nothing."""
        if isinstance(rule.table, str):
            table = self.tables[rule.table]
            return table.values, frozenset(table.no_counterpart)
        return rule.table or {}, frozenset()

    def _looked_up(self, cells: Cells, rows: Rows, rule: Rule) -> Cells:
        """The other system's word for each word; of a list column, for each of its words."""
        words, silent = self._words(rule)
        cells = cells.as_text()
        values, index = distinct(cells.values)
        done: list[str | None] = []
        wrong: dict[int, Complaint] = {}
        for at, value in enumerate(values):
            said = value.split(LISTED)
            unknown = next((w for w in said if not (w in words or w in silent or not w.strip())), None)
            if unknown is None:
                done.append(LISTED.join(words.get(word, "") for word in said))
            else:
                done.append(None)
                wrong[at] = self._remedied(unknown_word(unknown, words), rule)
        taken = pa.array(done, TEXT).take(index) if values else pa.nulls(rows.count, TEXT)
        return self.court.by_value(cells.become(taken), rows, index, wrong)

    def _missing(self, cells: Cells, rows: Rows, rule: Rule) -> Cells:
        complaint = Complaint(Reason.MISSING, "is missing")
        return self.court.same(cells, rows, cells.voids(), self._remedied(complaint, rule))

    def _limited(self, cells: Cells, rows: Rows, rule: Rule) -> Cells:
        limit = rule.limit
        if limit is None:
            return cells
        beyond = mask(pc.greater(pc.abs(number(cells.values)[0]), number(rows.column(limit.column))[0]))
        return self.court.same(
            cells, rows, beyond, Complaint(Reason(limit.code), limit.message, limit.remedy)
        )

    @staticmethod
    def _remedied(complaint: Complaint, rule: Rule) -> Complaint:
        return replace(complaint, remedy=rule.remedy) if rule.remedy else complaint


_NO_NUMBER = Complaint(Reason.INVALID_FORMAT, "is not a number")
_TOO_LARGE = Complaint(Reason.OUT_OF_RANGE, "makes a number too large to carry")
