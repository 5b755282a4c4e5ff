"""WHERE and HAVING as functions of a row.

Text is compared without regard to case, except in ids and in fields that say otherwise. An empty text is
null. ``!=``, NOT IN and NOT take rows whose field is null; ``<`` and its like never do.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.ids import full_id
from include.sandbox.salesforce.schema import NUMBERS
from include.sandbox.salesforce.soql import periods
from include.sandbox.salesforce.soql.errors import INVALID_FIELD, MALFORMED, QueryError, located
from include.sandbox.salesforce.soql.syntax import ESCAPES, Comparison, Every, Negation, Value
from include.sandbox.salesforce.store import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from include.sandbox.salesforce.schema import Field
    from include.sandbox.salesforce.soql.syntax import Condition

Json = dict[str, Any]

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SAME = frozenset({"=", "IN", "INCLUDES"})
DIFFERENT = frozenset({"!=", "<>", "NOT IN", "EXCLUDES"})
LONG_TEXT = 255
"""A text area that takes more cannot be filtered or sorted."""
FAMILIES = {"id": "id", "reference": "id", "boolean": "boolean", "date": "date", "datetime": "datetime"}
COMPOUND = frozenset({"address", "location"})
SAID = {"date": "date", "datetime": "dateTime", "boolean": "boolean", "int": "int"}
OPERATOR = "INVALID_QUERY_FILTER_OPERATOR"
LIKE_PARTS = re.compile(r"\\(.)|([%_])|([^\\%_]+)", re.DOTALL)


def family(field: Field) -> str:
    """How a field's values compare: text, id, number, boolean, date or datetime."""
    return "number" if field.type in NUMBERS else FAMILIES.get(field.type, "text")


def comparable(field: Field, value: Any) -> Any:
    """A field's value as it is compared and sorted; null stays None."""
    if isinstance(value, str):
        return value if field.case_sensitive or family(field) != "text" else value.lower() or None
    return value


def filterable(field: Field, done: str = "filtered") -> None:
    """Refuse a field that no condition and no order may name.

    Raises:
        QueryError: it is a long text or a compound.
    """
    if field.type in COMPOUND or (field.type == "textarea" and field.length > LONG_TEXT):
        raise QueryError(INVALID_FIELD, f"field '{field.name}' can not be {done} in a query call")


@dataclass(frozen=True, slots=True)
class Compiler:
    """Turns conditions into predicates, with what only the query as a whole knows.

    ``field`` and ``getter`` say what an operand is and where its value stands in a row; ``semi_join`` answers
    the values that a sub-query yields.
    """

    text: str
    now: datetime
    operand: Callable[[Any], tuple[Field, Callable[[Json], Any]]]
    semi_join: Callable[[Comparison], Collection[Any]]

    def compile(self, condition: Condition, *, top: bool = True) -> Callable[[Json], bool]:
        """A condition as a predicate.

        Raises:
            QueryError: a literal does not fit its field, or an operator does not.
        """
        if isinstance(condition, Comparison):
            return self._comparison(condition, top=top)
        if isinstance(condition, Negation):
            inner = self.compile(condition.part, top=False)
            return lambda row: not inner(row)
        if isinstance(condition, Every):
            parts = [self.compile(part, top=top) for part in condition.parts]
            return lambda row: all(part(row) for part in parts)
        parts = [self.compile(part, top=False) for part in condition.parts]
        return lambda row: any(part(row) for part in parts)

    def _comparison(self, condition: Comparison, *, top: bool) -> Callable[[Json], bool]:
        field, getter = self.operand(condition.operand)
        filterable(field)
        name = condition.operator
        if condition.query is not None:
            if not top:
                said = "Semi join sub-selects are only allowed at the top level WHERE expressions"
                raise QueryError(MALFORMED, f"{said} and not in nested WHERE expressions.")
            return _member(field, getter, frozenset(self.semi_join(condition)), name in SAME)
        if name == "LIKE":
            return self._like(field, getter, condition.values[0])
        if field.type == "multipicklist" or name in {"INCLUDES", "EXCLUDES"}:
            return self._picked(field, getter, condition)
        spans = [self._span(field, value) for value in condition.values]
        if any(spans):
            return self._within(field, getter, condition, spans)
        values = [self.value(field, value) for value in condition.values]
        if name in SAME or name in DIFFERENT:
            return _member(field, getter, frozenset(comparable(field, one) for one in values), name in SAME)
        if family(field) == "boolean" or values[0] is None:
            raise QueryError(OPERATOR, f"invalid operator on {field.type} field: {name}")
        compare, limit = ORDERS[name], comparable(field, values[0])

        def ordered(row: Json) -> bool:
            found = comparable(field, getter(row))
            return found is not None and compare(found, limit)

        return ordered

    def value(self, field: Field, value: Value) -> Any:
        """A literal as the field's values are written; None for null.

        Raises:
            QueryError: it is of another type.
        """
        wanted = family(field)
        if value.kind == "word" and value.text.lower() == "null":
            return None
        if value.kind == "word" and value.text.lower() in {"true", "false"}:
            if wanted == "boolean":
                return value.text.lower() == "true"
            raise self._mistyped(field, value)
        if value.kind == "word":
            raise located(MALFORMED, self.text, value.at, f"unexpected token: '{value.text}'")
        if value.kind != ("string" if wanted in {"text", "id"} else wanted):
            raise self._mistyped(field, value)
        if wanted == "number":
            return self._number(value)
        if wanted in {"date", "datetime"}:
            return self._moment(value)
        return self._text(field, value)

    def _text(self, field: Field, value: Value) -> str | None:
        text = value.string()
        if family(field) != "id" or not text:
            return text or None
        found = full_id(text)
        if found is None:
            raise QueryError(OPERATOR, f"invalid ID field: {text}")
        return found

    def _number(self, value: Value) -> Decimal:
        try:
            return value.number()
        except InvalidOperation as exc:
            raise located(MALFORMED, self.text, value.at, f"number out of range: {value.text}") from exc

    def _moment(self, value: Value) -> str:
        try:
            if value.kind == "date":
                return date.fromisoformat(value.text).isoformat()
            read = datetime.fromisoformat(value.text.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as exc:
            raise QueryError(MALFORMED, f"invalid date or dateTime literal: {value.text}") from exc
        whole = stamp(read)
        return whole.replace(".000", f".{read.microsecond // 1000:03d}")

    def _mistyped(self, field: Field, value: Value) -> QueryError:
        kind = SAID.get(field.type, "double" if field.type in NUMBERS else "string")
        quotes = "should be" if kind == "string" else "should not be"
        said = f"value of filter criterion for field '{field.name}' must be of type {kind}"
        return located(INVALID_FIELD, self.text, value.at, f"{said} and {quotes} enclosed in quotes")

    def _span(self, field: Field, value: Value) -> tuple[str, str] | None:
        """A date literal as the first moment within and the first after, as the field's values are."""
        if value.kind != "word":
            return None
        try:
            found = periods.span(value.text, self.now.date())
        except OverflowError as exc:
            raise QueryError(MALFORMED, f"date literal out of range: {value.text}") from exc
        if found is None:
            return None
        if field.type == "date":
            return found[0].isoformat(), found[1].isoformat()
        if field.type != "datetime":
            raise self._mistyped(field, value)
        first, end = (stamp(datetime.combine(day, time(), UTC)) for day in found)
        return first, end

    def _within(
        self,
        field: Field,
        getter: Callable[[Json], Any],
        condition: Comparison,
        spans: list[tuple[str, str] | None],
    ) -> Callable[[Json], bool]:
        first, end = spans[0] or ("", "")
        if condition.operator in ORDERS:
            compare, limit = {
                "<": (operator.lt, first),
                "<=": (operator.lt, end),
                ">": (operator.ge, end),
                ">=": (operator.ge, first),
            }[condition.operator]

            def beside(row: Json) -> bool:
                found = getter(row)
                return found is not None and compare(found, limit)

            return beside
        known = [span for span in spans if span]
        plain = {
            self.value(field, one) for one, span in zip(condition.values, spans, strict=True) if not span
        }
        wanted = condition.operator in SAME

        def within(row: Json) -> bool:
            found = getter(row)
            inside = found in plain or (found is not None and any(a <= found < b for a, b in known))
            return inside is wanted

        return within

    def _like(self, field: Field, getter: Callable[[Json], Any], value: Value) -> Callable[[Json], bool]:
        if family(field) != "text":
            raise QueryError(OPERATOR, f"invalid operator on {field.type} field: LIKE")
        if value.kind != "string":
            raise self._mistyped(field, value)
        flags = re.DOTALL if field.case_sensitive else re.DOTALL | re.IGNORECASE
        pattern = re.compile(_pattern(value), flags)
        return lambda row: pattern.fullmatch(getter(row) or "") is not None and bool(getter(row))

    def _picked(
        self, field: Field, getter: Callable[[Json], Any], condition: Comparison
    ) -> Callable[[Json], bool]:
        """A multi-select picklist: each value is a set of choices that must all be there."""
        if field.type != "multipicklist" or condition.operator in ORDERS:
            raise QueryError(OPERATOR, f"invalid operator on {field.type} field: {condition.operator}")
        asked = [self.value(field, one) for one in condition.values]
        sets = [frozenset(one.lower().split(";")) for one in asked if one is not None]
        whole, wanted = condition.operator not in {"INCLUDES", "EXCLUDES"}, condition.operator in SAME

        def picked(row: Json) -> bool:
            held = frozenset((getter(row) or "").lower().split(";")) - {""}
            inside = any(one == held if whole else one <= held for one in sets) or (
                not held and None in asked
            )
            return inside is wanted

        return picked


def _member(
    field: Field,
    getter: Callable[[Json], Any],
    values: frozenset[Any],
    wanted: bool,
) -> Callable[[Json], bool]:
    return lambda row: (comparable(field, getter(row)) in values) is wanted


def _pattern(value: Value) -> str:
    r"""LIKE's pattern as a regular expression; ``\%`` and ``\_`` are the signs themselves."""
    parts = []
    for escaped, sign, plain in LIKE_PARTS.findall(value.text[1:-1]):
        if sign:
            parts.append(".*" if sign == "%" else ".")
        else:
            parts.append(re.escape(ESCAPES.get(escaped, escaped) or plain))
    return "".join(parts)
