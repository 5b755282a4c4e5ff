"""How Salesforce refuses a query: a code, and a message with the place in the query."""

from __future__ import annotations

MALFORMED = "MALFORMED_QUERY"
INVALID_FIELD = "INVALID_FIELD"
INVALID_TYPE = "INVALID_TYPE"
AROUND = 40
"""Characters of the query shown on each side of the place."""


class QueryError(Exception):
    """A query that is refused; HTTP 400.

    Attributes:
        code: Salesforce's ``errorCode``.
        message: what stands in the answer.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def located(code: str, text: str, at: int, message: str) -> QueryError:
    """A refusal that shows the place: the query's line, a caret below it, row and column from 1."""
    row = text.count("\n", 0, at) + 1
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[begin : end if end >= 0 else len(text)]
    column = at - begin
    left = max(0, column - AROUND)
    shown = line[left : column + AROUND]
    caret = " " * (column - left) + "^"
    return QueryError(code, f"\n{shown}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{message}")
