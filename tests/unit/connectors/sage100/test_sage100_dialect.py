"""The ProvideX dialect (A19): what the shipped driver refuses is refused before it is sent."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.sage100 import dialect
from include.errors import ConfigurationError

ACCEPTED = [
    "SELECT SalesOrderNo, OrderDate FROM SO_SalesOrderHeader WHERE SalesOrderNo IN (?, ?)",
    "SELECT TOP 5 ItemCode FROM CI_Item ORDER BY ItemCode",
    "SELECT DISTINCT TermsCode FROM AR_Customer WHERE ARDivisionNo = '00' AND NOT CustomerStatus = 'I'",
    "SELECT SalesOrderNo, COUNT(*), SUM(ExtensionAmt) FROM SO_SalesOrderDetail GROUP BY SalesOrderNo",
    "SELECT SalesOrderNo FROM SO_SalesOrderDetail GROUP BY SalesOrderNo HAVING COUNT(*) > 1",
    "SELECT h.a FROM { oj SO_SalesOrderHeader h LEFT OUTER JOIN SO_SalesOrderDetail d ON h.a = d.a }",
    "SELECT h.a FROM SO_SalesOrderHeader h, SO_SalesOrderDetail d WHERE h.a = d.a",
    "SELECT SalesOrderNo FROM SO_SalesOrderHeader WHERE DateUpdated >= {d '2026-01-31'}",
    "SELECT SalesOrderNo FROM T WHERE OrderDate BETWEEN {d '2026-01-01'} AND {d '2026-01-31'}",
    "SELECT SalesOrderNo FROM SO_SalesOrderHeader WHERE OrderDate = ?",
    "SELECT QuantityOrdered * UnitPrice FROM SO_SalesOrderDetail WHERE SalesOrderNo = ?",
    "SELECT ItemCode FROM CI_Item WHERE ItemCodeDesc LIKE 'Union; LIMIT 5 [x] -- CASE %'",
    "SELECT ItemCode FROM CI_Item WHERE ItemCodeDesc = 'O''Neill' AND UseInSO <> 'N'",
    "SELECT x.Limit, x.Case FROM T x",
]

REFUSED = {
    "SELECT ItemCode FROM CI_Item LIMIT 10": "LIMIT is not",
    "SELECT ItemCode FROM CI_Item ORDER BY ItemCode OFFSET 5": "OFFSET is not",
    "SELECT ItemCode FROM CI_Item UNION SELECT ItemCode FROM IM_AliasItem": "UNION is not",
    "WITH x AS (SELECT ItemCode FROM CI_Item) SELECT ItemCode FROM x": "common table expressions",
    "SELECT CASE ItemType WHEN '1' THEN 'a' END FROM CI_Item": "CASE is not",
    "SELECT COUNT(*) OVER (PARTITION BY ItemType) FROM CI_Item": "window functions",
    "SELECT h.SalesOrderNo FROM SO_SalesOrderHeader h JOIN SO_SalesOrderDetail d ON h.a = d.a": "bare JOIN",
    "SELECT a FROM T1 x INNER JOIN T2 y ON x.k = y.k": "bare JOIN",
    "SELECT a FROM T1, T2": "comma join needs WHERE",
    "SELECT a FROM T1, T2, T3, T4 WHERE T1.a = T2.a": "more than 3 tables",
    "SELECT ItemCode FROM CI_Item WHERE ItemCode IN (SELECT ItemCode FROM IM_AliasItem)": "sub-queries",
    "SELECT ItemCode FROM CI_Item WHERE EXISTS (SELECT ItemCode FROM IM_AliasItem)": "sub-queries",
    "SELECT ItemCode FROM CI_Item WHERE ItemCode = ANY (SELECT a FROM b)": "sub-queries",
    "SELECT [ItemCode] FROM CI_Item": "square brackets",
    'SELECT "ItemCode" FROM CI_Item': "character '\"'",
    "SELECT ItemCode FROM CI_Item;": "semicolons",
    "SELECT ItemCode FROM CI_Item -- why": "comments",
    "SELECT /* why */ ItemCode FROM CI_Item": "comments",
    "SELECT * FROM CI_Item": "SELECT *",
    "SELECT TOP 5 * FROM CI_Item": "SELECT *",
    "SELECT i.* FROM CI_Item i": "SELECT *",
    "SELECT ItemCode, * FROM CI_Item": "SELECT *",
    "SELECT a FROM T WHERE OrderDate >= '2026-01-31'": "for a date",
    "SELECT a FROM T WHERE DateUpdated IN ('20260131', '20260201')": "for a date",
    "SELECT a FROM T WHERE OrderDate BETWEEN {d '2026-01-01'} AND '2026-01-31'": "for a date",
    "SELECT a FROM T WHERE '20260131' <= h.OrderDate": "for a date",
    "SELECT a FROM T WHERE '20260131' <= DateUpdated": "for a date",
    "SELECT a FROM T WHERE Whatever = '2026-01-31'": "for a date",
    "SELECT a FROM T WHERE OrderDate >= {d '31.01.2026'}": "a date escape is",
    "SELECT a FROM T WHERE OrderDate >= {d '20260131'}": "a date escape is",
    "SELECT a FROM T WHERE OrderDate >= {d ?}": "a date escape is",
    "SELECT a FROM T WHERE b = {ts '2026-01-31 00:00:00'}": "escape {ts",
    "SELECT a FROM { ij T h INNER JOIN U d ON h.k = d.k }": "escape {ij",
    "SELECT {fn UCASE(a)} FROM T": "escape {fn",
    "SELECT a FROM { oj T h LEFT OUTER JOIN U d ON h.k = d.k": "braces do not pair",
    "SELECT a FROM T }": "braces do not pair",
    "SELECT UPPER(a) FROM T": "function UPPER",
    "SELECT COALESCE(a, b) FROM T": "COALESCE",
    "SELECT a FROM T WHERE b != 1": "operator !=",
    "SELECT a || b FROM T": "operator ||",
    "SELECT a FROM T WHERE b = 'open": "string is not closed",
    "SELECT a FROM T WHERE (b = 1": "parentheses",
    "INSERT INTO CI_Item (ItemCode) VALUES ('x')": "INSERT writes",
    "UPDATE CI_Item SET ItemCode = 'x'": "UPDATE writes",
    "DELETE FROM CI_Item": "DELETE writes",
    "DROP TABLE CI_Item": "DROP writes",
    "SELECT a INTO b FROM T": "INTO writes",
    "EXEC sp_who": "EXEC writes",
    "": "empty query",
    "  \n": "empty query",
}


@pytest.mark.parametrize("sql", ACCEPTED)
def test_what_the_grammar_has_passes(sql: str) -> None:
    assert dialect.violations(sql) == ()


@pytest.mark.parametrize(("sql", "said"), REFUSED.items(), ids=lambda text: text[:40])
def test_what_the_grammar_lacks_is_refused_with_its_reason(sql: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match="ProvideX dialect") as refusal:
        dialect.check(sql)
    assert said in str(refusal.value)


def test_every_violation_is_told_at_once_in_reading_order() -> None:
    found = dialect.violations("SELECT * FROM [T] WHERE OrderDate > '2026-01-31' LIMIT 1;")
    assert [text.rpartition(" (at ")[2] for text in found] == ["7)", "14)", "16)", "36)", "49)", "56)"]


@pytest.mark.parametrize("sql", [sql for sql in ACCEPTED if "{" not in sql and "x.Case" not in sql])
def test_another_parser_agrees_that_these_are_plain_selects(sql: str) -> None:
    tree = sqlglot.parse_one(sql, read="tsql")
    assert isinstance(tree, sqlglot.exp.Select)
    assert not list(
        tree.find_all(sqlglot.exp.Subquery, sqlglot.exp.Union, sqlglot.exp.Case, sqlglot.exp.Limit)
    ) or ("TOP" in sql)


@settings(deadline=None)
@given(st.text(alphabet="SELECTFROMWHERE abc123'\"{}()[],.;*=<>!-d%?\n"))
def test_any_text_gets_a_verdict_and_cutting_it_loses_nothing(text: str) -> None:
    dialect.violations(text)
    assert "".join(token.text for token in dialect.tokens(text)) == "".join(
        piece for piece in _without_white_space(text)
    )


def _without_white_space(text: str) -> list[str]:
    """Characters outside strings and comments lose their white space; the tokens keep theirs."""
    inside = {
        place for token in dialect.tokens(text) for place in range(token.at, token.at + len(token.text))
    }
    return [sign for place, sign in enumerate(text) if place in inside or not sign.isspace()]
