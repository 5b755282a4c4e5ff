"""Every statement in every shape is inside the dialect (A19), and there is no SQL elsewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import include.connectors.sage100 as package
from include.connectors.sage100 import dialect, queries
from include.connectors.sage100.queries import Query, Statement
from include.errors import ConfigurationError

STATEMENTS = {name: value for name, value in vars(queries).items() if isinstance(value, Statement)}


def shapes(statement: Statement) -> list[Query]:
    """With and without the optional columns, whole and restricted to one value and to a full chunk."""
    sizes = (0, 1, queries.CHUNK) if statement.key else (0,)
    return [statement.build(present, values=size) for present in ((), statement.optional) for size in sizes]


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_statement_is_inside_the_dialect_in_every_shape(name: str) -> None:
    for query in shapes(STATEMENTS[name]):
        dialect.check(query.sql)
        assert query.sql.count("?") in {0, 1, queries.CHUNK}
        assert len(query.columns) == query.sql.partition(" FROM ")[0].count(",") + 1


def test_statement_names_are_unique_so_that_an_error_points_at_one() -> None:
    names = [statement.name for statement in STATEMENTS.values()]
    assert len(names) == len(set(names)) > 10


def test_there_is_no_select_outside_queries() -> None:
    folder = Path(package.__file__).parent
    texts = {
        path.name: [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        for path in folder.glob("*.py")
    }
    with_sql = {
        name for name, strings in texts.items() if any(re.match(r"SELECT (\w|$)", text) for text in strings)
    }
    assert with_sql == {"queries.py"}


def test_a_query_outside_the_dialect_cannot_be_made() -> None:
    with pytest.raises(ConfigurationError, match="LIMIT"):
        Query("x", "CI_Item", ("ItemCode",), "SELECT ItemCode FROM CI_Item LIMIT 1")
