"""A query made ready against the schema, and its answer from the store's rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from include.sandbox.salesforce.soql import access
from include.sandbox.salesforce.soql.conditions import COMPOUND, Compiler, comparable, family, filterable
from include.sandbox.salesforce.soql.errors import INVALID_FIELD, INVALID_TYPE, MALFORMED, QueryError
from include.sandbox.salesforce.soql.grouping import FUNCTIONS, Grouping
from include.sandbox.salesforce.soql.names import CUSTOM_RELATION, Column, Parents, Scope, object_named
from include.sandbox.salesforce.soql.order import Key, arranged
from include.sandbox.salesforce.soql.shape import Shape
from include.sandbox.salesforce.soql.syntax import Comparison, Operand, Query, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from include.sandbox.salesforce.schema import Field, SObject
    from include.sandbox.salesforce.store import Store

Json = dict[str, Any]
Row = TypeVar("Row")
MOST_OFFSET = 2000
MOST_FIELDS = 200
"""Rows of a query with FIELDS(ALL) or FIELDS(CUSTOM)."""
MOST_JOINS = 2
STAMP_ORDERS = (["SystemModstamp"], ["SystemModstamp", "Id"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found: the ids of its records in order, or for an aggregate the records themselves."""

    query: Prepared
    total: int
    ids: Sequence[str]
    records: list[Json] | None = None

    def page(self, start: int, stop: int, address: str) -> list[Json]:
        """Some of the records as they are now; one that is gone altogether is left out.

        Args:
            start: index of the first.
            stop: index behind the last.
            address: the path of the API's version, for the records' addresses.
        """
        if self.records is not None:
            return self.records[start:stop]
        return self.query.render(self.ids[start:stop], address)


class Prepared:
    """One SELECT over one object, checked; sub-selects are prepared within.

    Raises:
        QueryError: it does not fit the schema.
    """

    def __init__(
        self, store: Store, text: str, query: Query, sobject: SObject, *, deleted: bool = False
    ) -> None:
        self.store = store
        self.text = text
        self.query = query
        self.sobject = sobject
        self.deleted = deleted
        self.scope = Scope(store.schema, sobject, query.alias, text)
        self.now: datetime = store.clock.now()
        self.columns: list[Column] = []
        self.children: dict[str, tuple[Prepared, str]] = {}
        self._parents = Parents(store)
        self._joined: dict[int, frozenset[Any]] = {}
        if query.offset > MOST_OFFSET:
            raise QueryError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}")
        self.counts = [(one.function, one.path) for one in query.select if isinstance(one, Operand)] == [
            ("COUNT", "")
        ]
        self.grouping: Grouping | None = None
        if not self.counts or query.group:
            self._select()
        if _joins(query.where) > MOST_JOINS:
            raise QueryError(MALFORMED, f"Maximum {MOST_JOINS} semi join sub-selects are allowed")
        self._compiler = Compiler(text, self.now, self._operand, self._semi_join)
        self._judge = self._compiler.compile(query.where) if query.where else None
        columns = [] if self.grouping else [self._sorted(one.operand) for one in query.order]
        self._order = [(column.field, self._parents.getter(column)) for column in columns]
        self._paths = [column.path for column in columns]

    # Reading the SELECT

    def _select(self) -> None:
        query = self.query
        if query.group or any(isinstance(one, Operand) and one.function in FUNCTIONS for one in query.select):
            self.grouping = Grouping(self.scope, query, self.now)
            return
        if query.having:
            raise QueryError(MALFORMED, "HAVING needs GROUP BY")
        for one in query.select:
            if isinstance(one, Query):
                self._child(one)
            elif one.function == "FIELDS":
                self._fields(one)
            elif one.function:
                raise QueryError(MALFORMED, f"unexpected token: '{one.function}'")
            elif one.alias:
                raise QueryError(MALFORMED, "only aggregate expressions use field aliasing")
            else:
                self._column(self.scope.column(one))

    def _column(self, column: Column) -> None:
        if column in self.columns:
            raise QueryError(INVALID_FIELD, f"duplicate field selected: {column.path}")
        self.columns.append(column)

    def _fields(self, operand: Operand) -> None:
        which = operand.path.upper()
        if which not in {"ALL", "STANDARD", "CUSTOM"}:
            raise QueryError(MALFORMED, f"FIELDS function does not support '{operand.path}'")
        limit = self.query.limit
        if which != "STANDARD" and (limit is None or limit > MOST_FIELDS):
            raise QueryError(
                MALFORMED, f"The SOQL FIELDS function must have a LIMIT of at most {MOST_FIELDS}"
            )
        for field in self.sobject.visible:
            if which == "ALL" or field.custom is (which == "CUSTOM"):
                self._column(Column((), self.sobject, field))

    def _child(self, query: Query) -> None:
        name = query.source.rpartition(".")[2]
        relation = self.sobject.children(name)
        child = self.store.schema.object(relation.child) if relation else None
        reference = child.field(relation.field) if child and relation else None
        if relation is None or child is None or reference is None:
            said = f"Didn't understand relationship '{name}' in FROM part of query call. {CUSTOM_RELATION}"
            raise QueryError(INVALID_TYPE, said)
        prepared = Prepared(self.store, self.text, query, child, deleted=self.deleted)
        if prepared.counts or prepared.grouping or prepared.children:
            raise QueryError(MALFORMED, "Nesting of aggregates or of further sub-selects is not supported")
        if relation.name in self.children:
            raise QueryError(INVALID_FIELD, f"duplicate field selected: {relation.name}")
        self.children[str(relation.name)] = prepared, reference.name

    def _operand(self, operand: Operand) -> tuple[Field, Callable[[Json], Any]]:
        if operand.function:
            raise QueryError(MALFORMED, f"unexpected token: '{operand.function}'")
        column = self.scope.column(operand)
        return column.field, self._parents.getter(column)

    def _sorted(self, operand: Operand) -> Column:
        if operand.function:
            raise QueryError(MALFORMED, f"unexpected token: '{operand.function}'")
        column = self.scope.column(operand)
        filterable(column.field, "sorted")
        return column

    # Semi-joins

    def _semi_join(self, condition: Comparison) -> frozenset[Any]:
        """The values that a sub-query yields; found once, before the first row is looked at."""
        key = id(condition)
        if key not in self._joined and condition.query is not None:
            self._joined[key] = self._join(condition, condition.query)
        return self._joined[key]

    def _join(self, condition: Comparison, query: Query) -> frozenset[Any]:
        inner = Prepared(self.store, self.text, query, object_named(self.store.schema, query.source))
        outer = self.scope.column(condition.operand)
        if inner.counts or inner.grouping or inner.children or len(inner.columns) != 1:
            raise QueryError(MALFORMED, "Semi join sub-selects select exactly one field")
        if query.order or query.limit is not None or query.offset:
            raise QueryError(MALFORMED, "Semi join sub-selects take no ORDER BY, LIMIT or OFFSET")
        column = inner.columns[0]
        for one in (outer, column):
            if family(one.field) != "id":
                said = f"Semi join sub-selects can only query id fields, cannot use: '{one.field.name}'"
                raise QueryError(MALFORMED, said)
        return inner.values()

    def _values(self, condition: Comparison) -> Iterable[Any] | None:
        """The values of a comparison, for the way in."""
        if condition.query is not None:
            return self._semi_join(condition)
        field = self.scope.column(condition.operand).field
        return [self._compiler.value(field, one) for one in condition.values]

    # Running

    def run(self) -> Answer:
        """Find the records."""
        rows, in_order = self._matching()
        if self.grouping:
            records = self.grouping.run(rows, self._parents)
            return Answer(self, len(records), (), records)
        if self.counts:
            return Answer(self, self._counted(rows), (), [])
        if in_order and self._judge is None and self.query.limit is None:
            by_stamp = self._paths in STAMP_ORDERS
            ids = self.store.ids(self.sobject.name, deleted=self.deleted, by_stamp=by_stamp)[
                self.query.offset :
            ]
        elif in_order:
            ids = [row["Id"] for row in islice(rows, *self._bounds)]
        else:
            ids = self._arranged((self._keys(row), row["Id"]) for row in rows)
        return Answer(self, len(ids), ids)

    def values(self) -> frozenset[Any]:
        """What the one selected field holds in the rows that fulfil the condition, nulls apart."""
        get = self._parents.getter(self.columns[0])
        return frozenset(value for row in self._matching()[0] if (value := get(row)) is not None)

    def render(self, ids: Sequence[str], address: str) -> list[Json]:
        """Records by their ids, with their parents and children as they are now."""
        found = self.store.read_many(self.sobject.name, ids, deleted=True)
        children = {
            name: prepared.nested([row["Id"] for row in found], reference, address)
            for name, (prepared, reference) in self.children.items()
        }
        shape = self.shape()
        return [
            shape.render(row, self.sobject, address, self._parents, self.store.schema)
            | {name: _nested(lists.get(row["Id"])) for name, lists in children.items()}
            for row in found
        ]

    def nested(self, owners: Sequence[str], reference: str, address: str) -> dict[str, list[Json]]:
        """The records that hang on each of some records."""
        lists: dict[str, list[Json]] = {}
        for row in self.store.children(self.sobject.name, reference, owners, deleted=self.deleted):
            if self._judge is None or self._judge(row):
                lists.setdefault(row[reference], []).append(row)
        shape = self.shape()
        return {
            owner: [
                shape.render(row, self.sobject, address, self._parents, self.store.schema)
                for row in self._arranged((self._keys(row), row) for row in rows)
            ]
            for owner, rows in lists.items()
        }

    def shape(self) -> Shape:
        """What the SELECT makes of a row."""
        made = Shape()
        for column in self.columns:
            made.add(column)
        return made

    def compounds(self) -> list[str]:
        """The selected fields that are made of several."""
        return [column.path for column in self.columns if column.field.type in COMPOUND]

    def _counted(self, rows: Iterator[Json]) -> int:
        if self._judge is None:
            total = self.store.count(self.sobject.name, deleted=self.deleted)
            return total if self.query.limit is None else min(total, self.query.limit)
        return sum(1 for _ in islice(rows, self.query.limit))

    @property
    def _bounds(self) -> tuple[int, int | None]:
        start = self.query.offset
        return start, None if self.query.limit is None else start + self.query.limit

    def _arranged(self, keyed: Iterable[tuple[tuple[Any, ...], Row]]) -> list[Row]:
        keys = [Key(one.descending, one.nulls_last) for one in self.query.order]
        return arranged(keyed, keys)[slice(*self._bounds)]

    def _keys(self, row: Json) -> tuple[Any, ...]:
        return tuple(comparable(field, get(row)) for field, get in self._order)

    def _matching(self) -> tuple[Iterator[Json], bool]:
        """The rows that fulfil the condition, and whether they come in the order asked anyway."""
        way = access.Planner(self.scope, self._values).way(self.query.where)
        ascending = [] if any(one.descending for one in self.query.order) else self._paths
        by_stamp = isinstance(way, access.Bounds) and ascending in STAMP_ORDERS
        by_id = not isinstance(way, access.Bounds) or way == access.Bounds()
        in_order = not self._order or by_stamp or (by_id and ascending == ["Id"])
        found = access.rows(self.store, self.sobject, way, deleted=self.deleted, by_stamp=by_stamp)
        return (found if self._judge is None else filter(self._judge, found)), in_order


def _nested(records: list[Json] | None) -> Json | None:
    return {"totalSize": len(records), "done": True, "records": records} if records else None


def _joins(condition: Any) -> int:
    if isinstance(condition, Comparison):
        return int(condition.query is not None)
    if hasattr(condition, "part"):
        return _joins(condition.part)
    return sum(_joins(part) for part in condition.parts) if condition else 0


def prepare(store: Store, text: str, *, deleted: bool = False) -> Prepared:
    """Read a query and check it against the schema.

    Args:
        store: the org's records.
        text: SOQL.
        deleted: records in the recycle bin count too (``queryAll``).

    Raises:
        QueryError: it is refused.
    """
    query = parse(text)
    return Prepared(store, text, query, object_named(store.schema, query.source), deleted=deleted)
