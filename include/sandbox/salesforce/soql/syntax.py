"""A query's text as a tree of plain records, whatever the schema says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput

from include.sandbox.salesforce.soql.errors import MALFORMED, QueryError, located

LONGEST = 100_000
"""Characters of a query."""
DEEPEST = 200
"""Brackets within brackets; Salesforce says QUERY_TOO_COMPLICATED somewhere below."""
Kind = Literal["string", "number", "date", "datetime", "word"]
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
BRACKETS = re.compile(r"'(?:[^'\\]|\\.)*'|[()]", re.DOTALL)
SHOWN = re.compile(r"[\w.:]+|\S")


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. Text is still escaped: LIKE reads its escapes in another way than ``=`` does."""

    kind: Kind
    text: str
    at: int

    def string(self) -> str:
        r"""A text literal without quotes and escapes; ``\%`` and ``\_`` stay as they are."""
        return ESCAPED.sub(lambda found: ESCAPES.get(found[1], found[0]), self.text[1:-1])

    def number(self) -> Decimal:
        """A number literal.

        Raises:
            decimal.InvalidOperation: its exponent is beyond all numbers.
        """
        return Decimal(self.text)


@dataclass(frozen=True, slots=True)
class Operand:
    """A field path, or a function of one: ``Account.Name``, ``COUNT(Id)``, ``COUNT()``."""

    path: str
    at: int
    function: str = ""
    """Upper case; empty for a plain field."""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``operand operator values``; IN and INCLUDES have several values, or a query."""

    operand: Operand
    operator: str
    """Upper case, one blank: ``=``, ``LIKE``, ``NOT IN``."""
    values: tuple[Value, ...]
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """Conditions joined by AND."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Conditions joined by OR."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """NOT."""

    part: Condition


Condition = Comparison | Every | Either | Negation


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of ORDER BY; Salesforce puts nulls first unless told otherwise, whatever the direction."""

    operand: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT."""

    select: tuple[Operand | Query, ...]
    source: str
    at: int
    """Where the source's name stands."""
    alias: str = ""
    where: Condition | None = None
    group: tuple[Operand, ...] = ()
    having: Condition | None = None
    order: tuple[Sort, ...] = ()
    limit: int | None = None
    offset: int = 0
    purpose: str = ""
    """FOR VIEW or REFERENCE; it changes when the record was last looked at, nothing else."""


@dataclass(frozen=True, slots=True)
class _Clause:
    name: str
    value: Any


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        QueryError: ``MALFORMED_QUERY``, with the first token that does not fit.
    """
    if len(text) > LONGEST:
        raise QueryError(MALFORMED, f"SOQL statements cannot be longer than {LONGEST} characters.")
    if _depth(text) > DEEPEST:
        raise QueryError("QUERY_TOO_COMPLICATED", "Query is either selecting too many fields or too deep.")
    try:
        return cast("Query", _grammar().parse(text))
    except UnexpectedInput as exc:
        raise unexpected(text, exc) from exc


def unexpected(text: str, exc: UnexpectedInput) -> QueryError:
    """The refusal of a token that does not fit."""
    token = getattr(exc, "token", None)
    at = exc.pos_in_stream or 0
    if token is not None and token.type == "$END":
        return located(MALFORMED, text, len(text), "unexpected token: '<EOF>'")
    shown = SHOWN.match(text, at)
    return located(MALFORMED, text, at, f"unexpected token: '{shown[0] if shown else ''}'")


def _depth(text: str) -> int:
    deepest = depth = 0
    for found in BRACKETS.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


@v_args(inline=True)
class _Tree(Transformer[Token, Query]):
    """The grammar's rules as the records above."""

    def start(self, query: Query) -> Query:
        return query

    def query(self, *parts: Operand | Query | _Clause) -> Query:
        clauses = {part.name: part.value for part in parts if isinstance(part, _Clause)}
        source, at, alias = clauses.pop("source")
        selected = tuple(part for part in parts if not isinstance(part, _Clause))
        return Query(select=selected, source=source, at=at, alias=alias, **clauses)

    def column(self, path: Token, alias: str = "") -> Operand:
        return Operand(str(path), path.start_pos or 0, alias=alias)

    def function(self, name: Token, *rest: Token | str) -> Operand:
        path = next((str(part) for part in rest if isinstance(part, Token)), "")
        alias = next((part for part in rest if not isinstance(part, Token)), "")
        return Operand(path, name.start_pos or 0, name.upper(), alias)

    def child(self, query: Query) -> Query:
        return query

    def alias(self, name: Token) -> str:
        return str(name)

    def source(self, name: Token, alias: str = "") -> _Clause:
        return _Clause("source", (str(name), name.start_pos or 0, alias))

    def operand(self, name: Token) -> Operand:
        return Operand(str(name), name.start_pos or 0)

    def called(self, name: Token, *path: Token) -> Operand:
        return Operand(str(path[0]) if path else "", name.start_pos or 0, name.upper())

    def literal(self, token: Token) -> Value:
        return Value(cast("Kind", token.type.lower()), str(token), token.start_pos or 0)

    def comparison(self, operand: Operand, operator: Token, value: Value) -> Comparison:
        return Comparison(operand, operator.upper(), (value,))

    def membership(self, operand: Operand, operator: Token, *values: Value | Query) -> Comparison:
        spelled = " ".join(operator.upper().split())
        if isinstance(values[0], Query):
            return Comparison(operand, spelled, (), values[0])
        return Comparison(operand, spelled, cast("tuple[Value, ...]", values))

    def conjunction(self, *parts: Condition) -> Every:
        return Every(parts)

    def disjunction(self, *parts: Condition) -> Either:
        return Either(parts)

    def negation(self, part: Condition) -> Negation:
        return Negation(part)

    def where(self, condition: Condition) -> _Clause:
        return _Clause("where", condition)

    def having(self, condition: Condition) -> _Clause:
        return _Clause("having", condition)

    def group(self, *operands: Operand) -> _Clause:
        return _Clause("group", operands)

    def order(self, *sorts: Sort) -> _Clause:
        return _Clause("order", sorts)

    def sort(self, operand: Operand, *words: Token) -> Sort:
        said = {word.type for word in words}
        return Sort(operand, descending="DESC" in said, nulls_last="NULLS_LAST" in said)

    def limit(self, number: Token) -> _Clause:
        return _Clause("limit", int(number))

    def offset(self, number: Token) -> _Clause:
        return _Clause("offset", int(number))

    def for_view(self, word: Token) -> _Clause:
        return _Clause("purpose", str(word))


@cache
def _grammar() -> Lark:
    text = (Path(__file__).parent / "soql.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", transformer=_Tree(), maybe_placeholders=False)
