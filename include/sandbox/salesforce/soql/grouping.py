"""Aggregate queries: COUNT, SUM and their like over groups of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.schema import NUMBERS, Field
from include.sandbox.salesforce.soql.conditions import Compiler, comparable, filterable
from include.sandbox.salesforce.soql.errors import INVALID_FIELD, MALFORMED, QueryError
from include.sandbox.salesforce.soql.order import Key, arranged
from include.sandbox.salesforce.soql.syntax import Operand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from include.sandbox.salesforce.soql.names import Column, Parents, Scope
    from include.sandbox.salesforce.soql.syntax import Comparison, Query

Json = dict[str, Any]
SUMS = frozenset({"SUM", "AVG"})
COUNTS = frozenset({"COUNT", "COUNT_DISTINCT"})
FUNCTIONS = SUMS | COUNTS | {"MIN", "MAX"}
MOST = 2000
"""Rows of a grouped result; there is no second page of it."""
APPLIED: dict[str, Callable[[list[Any], Field], Any]] = {
    "COUNT": lambda values, _: len(values),
    "COUNT_DISTINCT": lambda values, field: len({comparable(field, value) for value in values}),
    "SUM": lambda values, _: sum(values),
    "AVG": lambda values, _: sum(values) / len(values),
    "MIN": lambda values, field: min(values, key=lambda value: comparable(field, value)),
    "MAX": lambda values, field: max(values, key=lambda value: comparable(field, value)),
}
TOO_MANY = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"


@dataclass(frozen=True, slots=True)
class Term:
    """A grouped field, or a function over the group."""

    function: str
    column: Column | None
    """None: COUNT() of the rows."""
    field: Field
    """How its value compares."""

    def value(self, rows: list[Json]) -> Any:
        """Its value for one group of rows; each row holds the values of the columns by path."""
        if self.column is None:
            return len(rows)
        path, field = self.column.path, self.column.field
        if not self.function:
            return rows[0][path]
        values = [row[path] for row in rows if row[path] is not None]
        if not values and self.function not in COUNTS:
            return None
        return APPLIED[self.function](values, field)


class Grouping:
    """One aggregate query, ready to run.

    Raises:
        QueryError: a field is neither grouped nor aggregated, or a function does not take it.
    """

    def __init__(self, scope: Scope, query: Query, now: datetime) -> None:
        self._scope = scope
        self._query = query
        self._grouped = [scope.column(one) for one in query.group]
        for column in self._grouped:
            filterable(column.field, "grouped")
        self._columns = {column.path: column for column in self._grouped}
        self._selected = self._labelled()
        self._order = [self._term(self._unaliased(one.operand)) for one in query.order]
        compiler = Compiler(scope.text, now, self._aggregated, _no_join)
        self._having = compiler.compile(query.having) if query.having else None

    def run(self, rows: Iterable[Json], parents: Parents) -> list[Json]:
        """The result's records."""
        query = self._query
        found = self._groups(rows, parents)
        if self._having is not None:
            judge = self._having
            found = [rows for rows in found if judge({"rows": rows})]
        if self._order:
            keyed = (
                (tuple(comparable(term.field, term.value(rows)) for term in self._order), rows)
                for rows in found
            )
            found = arranged(keyed, [Key(one.descending, one.nulls_last) for one in query.order])
        end = None if query.limit is None else query.offset + query.limit
        found = found[query.offset : end]
        if len(found) > MOST:
            raise QueryError("EXCEEDED_ID_LIMIT", TOO_MANY)
        return [
            {
                "attributes": {"type": "AggregateResult"},
                **{label: term.value(rows) for label, term in self._selected.items()},
            }
            for rows in found
        ]

    def _groups(self, rows: Iterable[Json], parents: Parents) -> list[list[Json]]:
        """The rows' columns by group, in the order of the groups' keys; without GROUP BY one group of all."""
        groups: dict[tuple[Any, ...], list[Json]] = {} if self._grouped else {(): []}
        getters = {path: parents.getter(column) for path, column in self._columns.items()}
        for row in rows:
            kept = {path: get(row) for path, get in getters.items()}
            key = tuple(comparable(column.field, kept[column.path]) for column in self._grouped)
            groups.setdefault(key, []).append(kept)
        return arranged(groups.items(), [Key()] * len(self._grouped))

    def _labelled(self) -> dict[str, Term]:
        terms: dict[str, Term] = {}
        unnamed = 0
        for one in self._query.select:
            if not isinstance(one, Operand):
                raise QueryError(MALFORMED, "Grouped query cannot use child relationships in the SELECT list")
            term = self._term(one)
            label = one.alias or (
                f"expr{unnamed}" if one.function or term.column is None else term.column.field.name
            )
            unnamed += bool(one.function and not one.alias)
            if label in terms:
                raise QueryError(MALFORMED, f"duplicate alias: {label}")
            terms[label] = term
        return terms

    def _term(self, operand: Operand) -> Term:
        name = operand.function
        if name and name not in FUNCTIONS:
            raise QueryError(MALFORMED, f"unexpected token: '{name}'")
        if name and not operand.path:
            if name != "COUNT":
                raise QueryError(MALFORMED, f"{name} needs a field")
            return Term(name, None, Field(name, name, "int"))
        column = self._scope.column(operand)
        if not name:
            if column not in self._grouped:
                raise QueryError(MALFORMED, f"Field must be grouped or aggregated: {operand.path}")
            return Term(name, column, column.field)
        filterable(column.field, "aggregated")
        if name in SUMS and column.field.type not in NUMBERS:
            raise QueryError(INVALID_FIELD, f"field {column.path} does not support aggregate operator {name}")
        self._columns[column.path] = column
        return Term(name, column, Field(name, name, "int") if name in COUNTS else column.field)

    def _unaliased(self, operand: Operand) -> Operand:
        """What an alias in ORDER BY stands for."""
        for one in self._query.select:
            if isinstance(one, Operand) and one.alias and one.alias.lower() == operand.path.lower():
                return one
        return operand

    def _aggregated(self, operand: Operand) -> tuple[Field, Callable[[Json], Any]]:
        term = self._term(operand)
        return term.field, lambda row: term.value(row["rows"])


def _no_join(_: Comparison) -> tuple[Any, ...]:
    raise QueryError(MALFORMED, "Semi join sub-selects are not allowed in HAVING")
