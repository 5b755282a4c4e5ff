"""Which rows a query looks at: those that an index names, where its condition allows, else all.

The condition is still asked of every row, so a way in may yield too much but never too little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.soql.syntax import Comparison, Every

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from include.sandbox.salesforce.schema import SObject
    from include.sandbox.salesforce.soql.names import Scope
    from include.sandbox.salesforce.soql.syntax import Condition
    from include.sandbox.salesforce.store import Store

Json = dict[str, Any]
STAMP = "SystemModstamp"
LAST = "\x7f"
"""Above every stamp and id."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Rows that have one of some values in a field that is indexed."""

    field: str
    values: frozenset[Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Rows from one SystemModstamp to another, both included."""

    first: str = ""
    last: str = LAST


Way = Keys | Bounds


@dataclass(frozen=True, slots=True)
class Planner:
    """Finds the way in for a condition. ``values`` reads the literals, or the sub-query, of a comparison."""

    scope: Scope
    values: Callable[[Comparison], Iterable[Any] | None]

    def way(self, condition: Condition | None) -> Way:
        """The narrowest way in that yields every row that can fulfil a condition."""
        if condition is None:
            return Bounds()
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        if isinstance(condition, Every):
            ways = [self.way(part) for part in condition.parts]
            keys = [way for way in ways if isinstance(way, Keys)]
            if keys:
                return min(keys, key=lambda way: len(way.values))
            bounds = [way for way in ways if isinstance(way, Bounds)]
            return Bounds(max(one.first for one in bounds), min(one.last for one in bounds))
        if hasattr(condition, "parts"):
            return _united([self.way(part) for part in condition.parts])
        return Bounds()

    def _comparison(self, condition: Comparison) -> Way:
        operand, name = condition.operand, condition.operator
        if operand.function or "." in operand.path:
            return Bounds()
        field = self.scope.sobject.field(operand.path)
        if field is None:
            return Bounds()
        if name in {"=", "IN"} and indexed(self.scope.sobject, field.name):
            values = self.values(condition)
            if values is not None and None not in (found := frozenset(values)):
                return Keys(field.name, found)
        if field.name == STAMP and condition.values and condition.values[0].kind == "datetime":
            moment = next(iter(self.values(condition) or ()), "")
            return {
                "=": Bounds(moment, moment),
                ">": Bounds(moment),
                ">=": Bounds(moment),
                "<": Bounds(last=moment),
                "<=": Bounds(last=moment),
            }.get(name, Bounds())
        return Bounds()


def _united(ways: list[Way]) -> Way:
    if all(isinstance(way, Keys) for way in ways):
        keys = [way for way in ways if isinstance(way, Keys)]
        if len({way.field for way in keys}) == 1:
            return Keys(keys[0].field, frozenset().union(*(way.values for way in keys)))
        return Bounds()
    if all(isinstance(way, Bounds) for way in ways):
        bounds = [way for way in ways if isinstance(way, Bounds)]
        return Bounds(min(one.first for one in bounds), max(one.last for one in bounds))
    return Bounds()


def indexed(sobject: SObject, name: str) -> bool:
    """Whether rows can be found by a field's value."""
    return name == "Id" or any(one.name == name for one in (*sobject.keys, *sobject.parents))


def rows(store: Store, sobject: SObject, way: Way, *, deleted: bool, by_stamp: bool) -> Iterator[Json]:
    """The rows behind a way in.

    Args:
        store: the org's records.
        sobject: the queried object.
        way: how to come to them.
        deleted: those in the recycle bin too; no index of keys knows them.
        by_stamp: in the order of SystemModstamp and id; else of ids, or as it comes.
    """
    if isinstance(way, Bounds):
        if by_stamp or way != Bounds():
            return store.stamped(sobject.name, way.first, way.last, deleted=deleted)
        return store.rows(sobject.name, deleted=deleted)
    values = sorted(way.values)
    if way.field == "Id":
        return iter(store.read_many(sobject.name, values, deleted=deleted))
    if any(one.name == way.field for one in sobject.parents):
        return iter(store.children(sobject.name, way.field, values, deleted=deleted))
    if deleted:
        return store.rows(sobject.name, deleted=True)
    ids = {one for value in values for one in store.lookup(sobject.name, way.field, value)}
    return iter(store.read_many(sobject.name, sorted(ids)))
