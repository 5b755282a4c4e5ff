"""Generated SOQL: any condition finds what plain Python finds, and any text is answered or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.sandbox.salesforce.soql.errors import QueryError
from include.sandbox.salesforce.soql.query import prepare
from include.sandbox.salesforce.store import Store

from .soql_org import insert, names, store_in

Row = dict[str, Any]
Judge = Callable[[Row], bool]
TEXTS = ["a", "A", "ab", "B%", "b_c", "o'k", "back\\slash", None]
STOCKS = [None, Decimal(-1), Decimal(0), Decimal("1.5"), Decimal(7)]
CODES = [None, "x1", "X2", "y3"]
ROWS: list[Row] = [
    {
        "Name": f"P{n:02d}",
        "Family": TEXTS[n % len(TEXTS)],
        "Zoho_Stock__c": STOCKS[n % len(STOCKS)],
        "IsActive": n % 3 == 0,
        "Zoho_Item_Id__c": CODES[n] if n < len(CODES) else None,
        "ProductCode": CODES[n % len(CODES)],
    }
    for n in range(24)
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = store_in(tmp_path_factory.mktemp("soql"))
    insert(made, "Product2", *ROWS)
    yield made
    made.database.close()


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def field_values() -> st.SearchStrategy[tuple[str, Any]]:
    pools = {
        "Family": TEXTS,
        "Zoho_Stock__c": STOCKS,
        "Zoho_Item_Id__c": CODES,
        "ProductCode": [*CODES, "zz"],
    }
    return st.one_of(*(st.tuples(st.just(name), st.sampled_from(pool)) for name, pool in pools.items()))


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, Judge]:
    name, value = draw(field_values())
    sign = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    if value is None and sign not in {"=", "!="}:
        sign = "="
    wanted = folded(value)

    def judge(row: Row) -> bool:
        found = folded(row[name])
        if sign == "=":
            return bool(found == wanted)
        if sign == "!=":
            return bool(found != wanted)
        if found is None:
            return False
        return {"<": found < wanted, "<=": found <= wanted, ">": found > wanted, ">=": found >= wanted}[sign]

    return f"{name} {sign} {literal(value)}", judge


@st.composite
def memberships(draw: st.DrawFn) -> tuple[str, Judge]:
    name, _ = draw(field_values())
    pool = {"Family": TEXTS, "Zoho_Stock__c": STOCKS}.get(name, CODES)
    values = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4))
    inside = draw(st.booleans())
    wanted = [folded(value) for value in values]
    text = f"{name} {'IN' if inside else 'not  in'} ({', '.join(map(literal, values))})"
    return text, lambda row: (folded(row[name]) in wanted) is inside


@st.composite
def likenesses(draw: st.DrawFn) -> tuple[str, Judge]:
    parts = draw(st.lists(st.sampled_from(["a", "B", "%", "_", "\\%", "\\_", "c"]), max_size=4))
    pattern = "".join({"%": ".*", "_": "."}.get(part, re.escape(part.lstrip("\\"))) for part in parts)
    found = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return (
        f"Family LIKE '{''.join(parts)}'",
        lambda row: row["Family"] is not None and found.fullmatch(row["Family"]) is not None,
    )


def flags() -> st.SearchStrategy[tuple[str, Judge]]:
    return st.booleans().map(
        lambda value: (f"IsActive = {literal(value)}", lambda row: row["IsActive"] is value)
    )


def combined(inner: st.SearchStrategy[tuple[str, Judge]]) -> st.SearchStrategy[tuple[str, Judge]]:
    def joined(parts: list[tuple[str, Judge]], word: str) -> tuple[str, Judge]:
        judges = [judge for _, judge in parts]
        text = f" {word} ".join(f"({part})" for part, _ in parts)
        every = word == "AND"
        return text, lambda row: (all if every else any)(judge(row) for judge in judges)

    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda parts: joined(parts, "AND")),
        several.map(lambda parts: joined(parts, "OR")),
        inner.map(lambda one: (f"NOT ({one[0]})", lambda row: not one[1](row))),
    )


CONDITIONS = st.recursive(
    st.one_of(comparisons(), memberships(), likenesses(), flags()), combined, max_leaves=8
)


@settings(max_examples=150, deadline=None)
@given(condition=CONDITIONS)
def test_a_condition_finds_what_plain_python_finds(store: Store, condition: tuple[str, Judge]) -> None:
    text, judge = condition
    assert names(store, f"WHERE {text}") == [row["Name"] for row in ROWS if judge(row)]


@settings(max_examples=100, deadline=None)
@given(
    condition=CONDITIONS,
    descending=st.booleans(),
    last=st.booleans(),
    start=st.integers(0, 5),
    size=st.integers(0, 9),
)
def test_an_order_and_a_limit_cut_what_the_condition_finds(
    store: Store, condition: tuple[str, Judge], *, descending: bool, last: bool, start: int, size: int
) -> None:
    text, judge = condition
    kept = [row for row in ROWS if judge(row)]
    known = [row for row in kept if row["Zoho_Stock__c"] is not None]
    nulls = [row for row in kept if row["Zoho_Stock__c"] is None]
    known.sort(key=lambda row: row["Zoho_Stock__c"], reverse=descending)
    ordered = known + nulls if last else nulls + known
    order = f"Zoho_Stock__c {'DESC' if descending else 'ASC'} NULLS {'LAST' if last else 'FIRST'}"
    found = names(store, f"WHERE {text} ORDER BY {order} LIMIT {size} OFFSET {start}")
    assert found == [row["Name"] for row in ordered[start : start + size]]


WORDS = [
    *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "LIMIT", "OFFSET", "ORDER", "BY", "GROUP"),
    *("HAVING", "ASC", "NULLS", "FIRST", "COUNT", "(", ")", ",", "=", "!=", "<", "'", "\\", ".", ":", ";"),
    *(
        "Id",
        "Name",
        "Account",
        "Contact",
        "Contacts",
        "Owner.Name",
        "null",
        "true",
        "5",
        "-1",
        "1e9999",
        "'a'",
    ),
    *("'o\\'k'", "2026-01-01", "2026-99-99", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "TODAY"),
    *(
        "LAST_N_DAYS:9999",
        "N_YEARS_AGO:9999",
        "FIELDS(ALL)",
        "MAX(Name)",
        "USING",
        "FOR",
        "1e99999999999999999999",
        "NumberOfEmployees",
    ),
]


def answered(store: Store, text: str) -> None:
    """A refusal has a code; anything else that is raised fails the test."""
    try:
        prepare(store, text).run()
    except QueryError as error:
        if not (error.code.isupper() and error.message):
            raise AssertionError(text) from error


@settings(max_examples=150, deadline=None)
@given(words=st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_words_are_answered_or_refused(store: Store, words: list[str]) -> None:
    answered(store, " ".join(words))
    answered(store, "SELECT Id FROM Account WHERE " + " ".join(words))


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=60))
def test_any_bytes_are_answered_or_refused(store: Store, raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    answered(store, text)
    answered(store, f"SELECT Id FROM Account WHERE Name = '{text}'")
    answered(store, f"SELECT Id FROM Account WHERE Name LIKE '{text}' LIMIT 1")
