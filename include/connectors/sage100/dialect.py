"""What the ODBC driver that ships with Sage 100 understands, held before a query leaves.

The driver's grammar ends around SQL-89: no LIMIT, UNION, CASE, CTE, window function or bare JOIN; a
date is an ODBC escape, and what it does not know it reports in words that help nobody. The sandbox's
SQLite and Premium's SQL Server accept far more, so a query that is only ever tried there would fail at
the first customer's. Every :class:`include.connectors.sage100.queries.Query` passes through
:func:`check` when it is built.

Where the sources on the grammar disagree (sub-queries, LIMIT), the common subset rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_JOINED_TABLES = 3
_AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})
_WRITES = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "INTO", "CREATE", "ALTER", "DROP", "TRUNCATE"}
    | {"GRANT", "REVOKE", "EXEC", "EXECUTE", "CALL"}
)
_REFUSED = {
    **dict.fromkeys(("LIMIT", "OFFSET", "FETCH"), "{0} is not in the grammar; use a key range or TOP n"),
    **dict.fromkeys(("UNION", "INTERSECT", "EXCEPT", "MINUS"), "{0} is not in the grammar; send two queries"),
    **dict.fromkeys(
        ("CASE", "WHEN", "COALESCE", "NULLIF", "IIF"), "{0} is not in the grammar; decide in the frame"
    ),
    **dict.fromkeys(("OVER", "PARTITION", "QUALIFY"), "window functions ({0}) are not in the grammar"),
    **dict.fromkeys(
        ("EXISTS", "ANY", "SOME"), "sub-queries ({0}) are not in the safe subset; send two queries"
    ),
    **dict.fromkeys(("NATURAL", "CROSS", "FULL", "USING"), "{0} joins are not in the grammar"),
    "WITH": "common table expressions (WITH) are not in the grammar",
}
_BEFORE_PARENTHESIS = frozenset(
    {
        "IN",
        "AND",
        "OR",
        "NOT",
        "WHERE",
        "ON",
        "HAVING",
        "FROM",
        "SELECT",
        "DISTINCT",
        "ALL",
        "BY",
        "LIKE",
        "OJ",
    }
)
_STRAY = {
    ";": "semicolons end nothing here; send one statement",
    "[": "square brackets are SQL Server's; names stand bare",
    "]": "square brackets are SQL Server's; names stand bare",
    "'": "a string is not closed",
}
_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">=", "LIKE", "BETWEEN", "IN"})
_DATE_COLUMN = re.compile(r"^Date[A-Z]|Date$|^UDF_\w*DATE")
_DATE_TEXT = re.compile(r"^'\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4})")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--|/\*|\#)
      | (?P<string>'(?:[^']|'')*')
      | (?P<number>\d+(?:\.\d*)?|\.\d+)
      | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<operator><>|<=|>=|!=|\|\||::|[=<>+\-*/(),.?{}])
      | (?P<stray>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a query: its kind, its text and where it starts (from 0)."""

    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        """The text as a keyword; a quoted string stays itself."""
        return self.text if self.kind == "string" else self.text.upper()


def tokens(sql: str) -> tuple[Token, ...]:
    """Cut a query into tokens; white space falls away, everything else is kept."""
    return tuple(
        Token(str(found.lastgroup), found.group(), found.start())
        for found in _TOKEN.finditer(sql)
        if found.lastgroup != "space"
    )


def check(sql: str) -> None:
    """Refuse a query outside the dialect.

    Raises:
        ConfigurationError: with every violation, each with its position.
    """
    if found := violations(sql):
        raise ConfigurationError(f"query outside the ProvideX dialect: {'; '.join(found)} -- in: {sql[:120]}")


@lru_cache(maxsize=512)
def violations(sql: str) -> tuple[str, ...]:
    """Everything in ``sql`` that the driver would refuse or misread, in reading order."""
    cut = tokens(sql)
    if not cut:
        return ("empty query",)
    found = [*_characters(cut), *_statement(cut), *_words(cut), *_stars(cut), *_braces(cut), *_dates(cut)]
    return tuple(f"{said} (at {at})" for at, said in sorted(set(found)))


Violation = tuple[int, str]


def _characters(cut: tuple[Token, ...]) -> Iterator[Violation]:
    """Signs that the grammar does not have."""
    for token in cut:
        if token.kind == "comment":
            yield token.at, "comments are not in the grammar"
        elif token.kind == "stray":
            yield token.at, _STRAY.get(token.text, f"character {token.text!r} is not in the grammar")
        elif token.text in {"!=", "||", "::"}:
            yield token.at, f"operator {token.text} is not in the grammar"
    if sum({"(": 1, ")": -1}.get(token.text, 0) for token in cut):
        yield cut[-1].at, "parentheses do not pair"


def _statement(cut: tuple[Token, ...]) -> Iterator[Violation]:
    """One SELECT, nothing before it and none inside it, from at most a few tables."""
    if cut[0].upper != "SELECT":
        yield cut[0].at, f"only SELECT may be sent, not {cut[0].upper}"
    for token in cut[1:]:
        if token.upper == "SELECT":
            yield token.at, "sub-queries are not in the safe subset; send two queries"
    tables = _clause(cut, "FROM", ends=("WHERE", "GROUP", "HAVING", "ORDER"))
    commas = sum(token.text == "," for token in tables)
    joins = sum(token.upper == "JOIN" for token in tables)
    if commas + joins >= MAX_JOINED_TABLES:
        yield tables[0].at, f"more than {MAX_JOINED_TABLES} tables in one query"
    if commas and not any(token.upper == "WHERE" for token in cut):
        yield tables[0].at, "a comma join needs WHERE, or it multiplies the tables"


def _clause(cut: tuple[Token, ...], start: str, *, ends: tuple[str, ...]) -> tuple[Token, ...]:
    """The tokens of one clause, its keyword excluded; empty when it is absent."""
    words = [token.upper for token in cut]
    if start not in words:
        return ()
    begin = words.index(start) + 1
    stop = next((place for place in range(begin, len(cut)) if words[place] in ends), len(cut))
    return cut[begin:stop]


def _words(cut: tuple[Token, ...]) -> Iterator[Violation]:
    """Keywords and functions outside the grammar. ``h.Offset`` is a column and passes."""
    for before, token, after in _neighbours(cut):
        if token.kind != "word" or before == ".":
            continue
        word = token.upper
        if word in _WRITES:
            yield token.at, f"{word} writes or defines; reads only"
        elif word in _REFUSED:
            yield token.at, _REFUSED[word].format(word)
        elif word == "ALL" and before not in {"SELECT", "("}:
            yield token.at, "sub-queries (ALL) are not in the safe subset; send two queries"
        elif after == "(" and word not in _AGGREGATES and word not in _BEFORE_PARENTHESIS:
            yield token.at, f"function {token.text} is not in the grammar"


def _neighbours(cut: tuple[Token, ...]) -> Iterator[tuple[str, Token, str]]:
    """Each token between the keyword before it and the keyword after it."""
    words = ["", *(token.upper for token in cut), ""]
    for place, token in enumerate(cut):
        yield words[place], token, words[place + 2]


def _stars(cut: tuple[Token, ...]) -> Iterator[Violation]:
    """``SELECT *``: columns differ per site and release, and some hold secrets."""
    for place, token in enumerate(cut):
        if token.text != "*":
            continue
        before = cut[place - 1] if place else token
        if before.text == "(" and cut[place - 2].upper == "COUNT":
            continue
        after_top = place > 1 and cut[place - 2].upper == "TOP"
        if before.upper in {"SELECT", "ALL", "DISTINCT", ",", ".", "("} or after_top:
            yield token.at, "SELECT * is refused; name the columns"


def _braces(cut: tuple[Token, ...]) -> Iterator[Violation]:
    """ODBC escapes: a date, or an outer-join escape that holds every JOIN."""
    open_escapes: list[str] = []
    for place, token in enumerate(cut):
        if token.text == "{":
            kind = cut[place + 1].upper if place + 1 < len(cut) else ""
            open_escapes.append(kind)
            yield from _escape(cut, place, kind)
        elif token.text == "}":
            if not open_escapes:
                yield token.at, "braces do not pair"
            else:
                open_escapes.pop()
        elif token.upper == "JOIN" and token.kind == "word" and "OJ" not in open_escapes:
            yield token.at, "a bare JOIN is not in the grammar; write { oj a LEFT OUTER JOIN b ON ... }"
    if open_escapes:
        yield cut[-1].at, "braces do not pair"


def _escape(cut: tuple[Token, ...], place: int, kind: str) -> Iterator[Violation]:
    if kind == "OJ":
        return
    if kind != "D":
        yield (
            cut[place].at,
            f"escape {{{kind.lower()} is not in the safe subset; only {{d '...'}} and {{ oj ... }}",
        )
        return
    inside = cut[place + 2] if place + 2 < len(cut) else cut[place]
    closed = place + 3 < len(cut) and cut[place + 3].text == "}"
    try:
        well_formed = closed and date.fromisoformat(inside.text.strip("'")).isoformat() == inside.text.strip(
            "'"
        )
    except ValueError:
        well_formed = False
    if not well_formed:
        yield cut[place].at, "a date escape is {d 'YYYY-MM-DD'}"


def _dates(cut: tuple[Token, ...]) -> Iterator[Violation]:
    """Strings where a date belongs: the driver compares them as text, or refuses."""
    compared = False
    for place, token in enumerate(cut):
        if token.kind == "word" and token.upper not in _COMPARISONS | {"AND", "NOT", "D"}:
            compared = bool(_DATE_COLUMN.search(token.text))
        elif token.kind == "string" and not _in_date_escape(cut, place):
            facing = _facing_column(cut, place)
            if compared or _DATE_TEXT.match(token.text) or (facing and _DATE_COLUMN.search(facing)):
                yield token.at, f"bare string {token.text[:14]} for a date; write {{d 'YYYY-MM-DD'}}"


def _in_date_escape(cut: tuple[Token, ...], place: int) -> bool:
    return place > 1 and cut[place - 2].text == "{" and cut[place - 1].upper == "D"


def _facing_column(cut: tuple[Token, ...], place: int) -> str:
    """The column in ``'...' <= h.OrderDate``, or nothing."""
    rest = [token.text for token in cut[place + 1 : place + 5]]
    if not rest or rest[0] not in _COMPARISONS:
        return ""
    return rest[3] if rest[2:3] == ["."] and len(rest) > 3 else "".join(rest[1:2])
