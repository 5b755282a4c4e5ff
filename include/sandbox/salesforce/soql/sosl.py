"""SOSL in its plainest form: ``FIND {words} IN NAME FIELDS RETURNING Account(Id, Name WHERE ... LIMIT 5)``.

Every word of the search must be a word of one of the record's searched fields (``*`` stands for letters,
``?`` for one); what each object returns is read as SOQL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.soql.errors import QueryError
from include.sandbox.salesforce.soql.query import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.sandbox.salesforce.schema import Field, SObject
    from include.sandbox.salesforce.store import Store

Json = dict[str, Any]
MALFORMED = "MALFORMED_SEARCH"
SEARCH = re.compile(
    r"\s*FIND\s*\{(?P<words>(?:[^{}\\]|\\.)*)\}"
    r"(?:\s+IN\s+(?P<group>ALL|NAME|EMAIL|PHONE|SIDEBAR)\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<returning>.*?))?(?:\s+LIMIT\s+(?P<limit>\d{1,4}))?\s*",
    re.IGNORECASE | re.DOTALL,
)
RETURNED = re.compile(
    r"\s*(?P<object>\w+)\s*(?:\((?P<rest>(?:'(?:[^'\\]|\\.)*'|[^()']|\([^()]*\))*)\))?\s*(?:,|$)"
)
CLAUSE = re.compile(r"\b(WHERE|ORDER\s+BY|LIMIT|OFFSET)\b", re.IGNORECASE)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
WORD = re.compile(r"[^\W_]+(?:[.@'-][^\W_]+)*")
MOST = 2000
SHORTEST = 2
GROUPS: dict[str, Callable[[Field], bool]] = {
    "NAME": lambda field: field.name in {"Name", "FirstName", "LastName"},
    "EMAIL": lambda field: field.type == "email",
    "PHONE": lambda field: field.type == "phone",
}
TEXTS = frozenset({"string", "textarea", "phone", "email", "url"})


def search(store: Store, text: str, address: str) -> list[Json]:
    """The records that a search finds, object by object.

    Args:
        store: the org's records.
        text: SOSL.
        address: the path of the API's version.

    Raises:
        QueryError: ``MALFORMED_SEARCH``, or as SOQL says of a returned object's clauses.
    """
    asked = SEARCH.fullmatch(text)
    words = ESCAPED.sub(r"\1", asked["words"]).split() if asked else []
    if asked is None or sum(map(len, words)) < SHORTEST:
        raise QueryError(MALFORMED, "No search term found. The search term must be enclosed in braces.")
    patterns = [_pattern(word) for word in words]
    limit = int(asked["limit"] or MOST)
    found: list[Json] = []
    for soql in _queries(store, asked["returning"]):
        prepared = prepare(store, soql)
        fields = _searched(prepared.sobject, (asked["group"] or "ALL").upper())
        ids = [
            row["Id"]
            for row in store.read_many(prepared.sobject.name, prepared.run().ids)
            if _matches(row, fields, patterns)
        ]
        found += prepared.render(ids[: limit - len(found)], address)
    return found


def _queries(store: Store, returning: str | None) -> Iterator[str]:
    if not returning:
        yield from (f"SELECT Id FROM {name}" for name in store.schema.objects)  # noqa: S608 - our own SOQL
        return
    at = 0
    while at < len(returning):
        one = RETURNED.match(returning, at)
        if one is None:
            raise QueryError(MALFORMED, f"unexpected token: '{returning[at : at + 20]}'")
        rest = one["rest"] or "Id"
        clause = CLAUSE.search(rest)
        cut = clause.start() if clause else len(rest)
        yield f"SELECT {rest[:cut].strip() or 'Id'} FROM {one['object']} {rest[cut:]}"  # noqa: S608 - our own SOQL
        at = one.end()


def _searched(sobject: SObject, group: str) -> list[Field]:
    wanted = GROUPS.get(group)
    return [field for field in sobject.visible if (wanted(field) if wanted else field.type in TEXTS)]


def _pattern(word: str) -> re.Pattern[str]:
    body = ".*".join(re.escape(part) for part in word.split("*")).replace(r"\?", ".")
    return re.compile(body, re.IGNORECASE | re.DOTALL)


def _matches(row: Json, fields: list[Field], patterns: list[re.Pattern[str]]) -> bool:
    words = [word for field in fields for word in WORD.findall(str(row[field.name] or ""))]
    return all(any(pattern.fullmatch(word) for word in words) for pattern in patterns)
