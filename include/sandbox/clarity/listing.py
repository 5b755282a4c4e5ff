"""Lists: filters, sorting, pages by index and by cursor, as SQL.

``updatedDateMin`` is inclusive, ``updatedDateMax`` exclusive. A walk by ``pageIndex`` shifts when rows change
under it, as any offset does; the cursor ``after`` stands on ``(updatedDate, id)``, so a changed row comes
again at the end and none is lost.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.sandbox.clarity.exchange import Page, Pairs
from include.sandbox.clarity.kinds import (
    CUSTOMERS,
    INVENTORY,
    INVOICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    REFUNDS,
    RETURNS,
    SHIPMENTS,
    Kind,
)
from include.sandbox.clarity.problem import Problem, invalid
from include.sandbox.clarity.wire import moment, stamp

if TYPE_CHECKING:
    from include.sandbox.clarity.world import World

PAGE_SIZE, MOST = 100, 500
SKUS = 100
OFFSET = "_offset"
"""What the legacy dialect turns a row index into."""
DATES = {
    "updatedDateMin": "updated >= ?",
    "updatedDateMax": "updated < ?",
    "createdDateMin": "created >= ?",
    "createdDateMax": "created < ?",
}
CONTROLS = frozenset({"sort", "pageSize", "pageIndex", "after", "includeDeleted", OFFSET})
COMMON = frozenset(DATES) | CONTROLS | {"status", "storeId"}
LINE_SKU = (
    "EXISTS (SELECT 1 FROM json_each(body, '$.lines') AS line WHERE json_extract(line.value, '$.sku') = ?)"
)
COLUMNS = {"updatedDate": "updated", "createdDate": "created", "id": "id"}
SUFFIXES = {
    "StartsWith": "{} LIKE ? || '%'",
    "EndsWith": "{} LIKE '%' || ?",
    "Contains": "{} LIKE '%' || ? || '%'",
    "Min": "{} >= ?",
    "Max": "{} < ?",
    "": "{} = ?",
}
"""Phoenix's operators; the plain name last."""
COLLECTION = re.compile(r"^(?P<list>\w+?)(?P<how>Any|All)(?P<member>[A-Z]\w*)$|^(?P<counted>\w+)Count$")
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: its own filters as parameter and JSON path."""

    kind: Kind
    filters: dict[str, str]

    def knows(self, name: str) -> bool:
        """Whether ``v1`` has this parameter."""
        return name in COMMON or name in self.filters or bool(re.match(r"^attributes\.\w+$", name))


@dataclass(slots=True)
class Where:
    """A growing condition."""

    clauses: list[str]
    values: list[Any] = field(default_factory=list)

    def add(self, clause: str, *values: Any) -> None:
        """One more condition, joined by AND."""
        self.clauses.append(clause)
        self.values.extend(values)

    def text(self) -> str:
        """The condition."""
        return " AND ".join(self.clauses)


def listed(world: World, listing: Listing, query: Pairs, *, free: bool = False) -> Page:
    """One page.

    Args:
        world: the shop.
        listing: which list.
        query: the parameters; unknown ones were refused before.
        free: any member is a filter, with operators (Phoenix).

    Raises:
        Problem: a value makes no sense (422).
    """
    given = dict(query)
    size, index = _whole(given, "pageSize", PAGE_SIZE), _whole(given, "pageIndex", 0)
    if not 1 <= size <= MOST:
        raise invalid({"pageSize": [f"Must be between 1 and {MOST}."]})
    where = Where(["resource = ?", "indexed <= ?"], [listing.kind.resource, stamp(world.now())])
    if given.get("includeDeleted") != "true" and "status" not in given:
        where.add("dead = 0")
    for name in dict.fromkeys(name for name, _ in query if name not in CONTROLS):
        values = [value for known, value in query if known == name]
        _free(where, name, values) if free else _filter(where, listing, name, values)
    sort = given.get("sort") or ("updatedDate,id" if "updatedDateMin" in given else "id")
    total = world.documents.matching(where.text(), where.values)
    if "after" in given:
        _resume(where, given, sort)
    offset = _whole(given, OFFSET, index * size)
    rows = world.documents.page(where.text(), where.values, _order(sort, free=free), (size + 1, offset))
    more = len(rows) > size
    meta: dict[str, Any] = {} if "after" in given else {"pageIndex": index}
    meta |= {"pageSize": size, "totalCount": total, "asOf": stamp(world.now())}
    meta["nextCursor"] = _cursor(sort, rows[size - 1]["updated"], rows[size - 1]["id"]) if more else None
    return Page([row["text"] for row in rows[:size]], meta)


def _column(name: str) -> str:
    return COLUMNS.get(name) or f"json_extract(body, '$.{name}')"


def _filter(where: Where, listing: Listing, name: str, values: list[str]) -> None:
    if name in DATES:
        where.add(DATES[name], _time(name, values[-1], zoned=True))
    elif name == "sku" and listing.kind is ORDERS:
        _some(where, LINE_SKU, _few(values))
    elif name == listing.kind.key[0] and len(listing.kind.key) == 1:
        _some(where, "number = ?", values)
    elif name == "orderNumber":
        _some(where, "parent = ?", values)
    elif name == "customerId":
        _some(where, "json_extract(body, '$.customer.id') = ?", [_integer(name, value) for value in values])
    elif name == "email":
        path = listing.filters["email"]
        _some(where, f"json_extract(body, '$.{path}') = ? COLLATE NOCASE", values)
    elif name == "status":
        _some(where, "status = ?", values)
    else:
        path = listing.filters.get(name, name)
        _some(where, f"CAST(json_extract(body, '$.{path}') AS TEXT) = ?", _few(values))


def _few(values: list[str]) -> list[str]:
    if len(values) > SKUS:
        raise invalid({"sku": [f"At most {SKUS} values."]})
    return values


def _some(where: Where, clause: str, values: list[Any]) -> None:
    where.add("(" + " OR ".join([clause] * len(values)) + ")", *values)


def _free(where: Where, name: str, values: list[str]) -> None:
    """Phoenix: any member, operators as suffixes, ``Not`` before."""
    if not NAME.match(name):
        raise Problem(400, "unknown_parameter", f"Unknown parameter '{name}'.")
    negated = name.startswith("not") and name[3:4].isupper()
    plain = name[3].lower() + name[4:] if negated else name
    clause, cast = _free_clause(plain)
    grown = Where([])
    _some(grown, clause, [cast(value) for value in values])
    where.add(f"NOT coalesce({grown.text()}, 0)" if negated else grown.text(), *grown.values)


def _free_clause(name: str) -> tuple[str, Any]:
    if name in DATES:
        return DATES[name], lambda value: _time(name, value, zoned=False)
    within = COLLECTION.match(name)
    if within and within["counted"]:
        return f"json_array_length(body, '$.{within['counted']}') = ?", lambda value: _integer(name, value)
    if within:
        member = within["member"][0].lower() + within["member"][1:]
        value = f"CAST(json_extract(one.value, '$.{member}') AS TEXT)"
        of = f"SELECT 1 FROM json_each(body, '$.{within['list']}') AS one WHERE {value}"  # noqa: S608 - a \\w name
        return (f"EXISTS ({of} = ?)" if within["how"] == "Any" else f"NOT EXISTS ({of} != ?)"), str
    suffix = next(suffix for suffix in SUFFIXES if name.endswith(suffix))
    column = _column(name.removesuffix(suffix))
    if suffix in {"Min", "Max"}:
        return SUFFIXES[suffix].format(column), _number_or_text
    return SUFFIXES[suffix].format(f"CAST({column} AS TEXT)"), str


def _number_or_text(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _order(sort: str, *, free: bool) -> str:
    known = {"updatedDate", "createdDate", "id", "placedAt", "orderNumber", "sku", "customerNumber"}
    steps = []
    for step in sort.split(","):
        name = step.removeprefix("-")
        if name not in known and not (free and NAME.match(name)):
            raise invalid({"sort": [f"Cannot sort by '{name}'."]})
        steps.append(f"{_column(name)} {'DESC' if step.startswith('-') else 'ASC'}")
    named = {step.removeprefix("-") for step in sort.split(",")}
    return ", ".join(steps if "id" in named else [*steps, "id ASC"])


def _cursor(sort: str, updated: str, number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, updated, number]).encode()).decode()


def _resume(where: Where, given: dict[str, str], sort: str) -> None:
    if "pageIndex" in given:
        raise invalid({"after": ["Not together with pageIndex."]})
    try:
        told, updated, number = json.loads(base64.urlsafe_b64decode(given["after"]))
    except (ValueError, binascii.Error) as exc:
        raise invalid({"after": ["Not a cursor of this list."]}) from exc
    if told != sort or sort not in {"updatedDate,id", "id"}:
        raise invalid({"after": ["The cursor belongs to another sort."]})
    if sort == "id":
        where.add("id > ?", number)
    else:
        where.add("(updated, id) > (?, ?)", updated, number)


def _whole(given: dict[str, str], name: str, default: int) -> int:
    return _integer(name, given.get(name, str(default)))


def _integer(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise invalid({name: ["Must be a whole number."]})
    return int(text)


def _time(name: str, text: str, *, zoned: bool) -> str:
    try:
        return stamp(moment(text, zoned=zoned))
    except ValueError as exc:
        raise invalid({name: ["Must be an ISO 8601 time with a zone."]}) from exc


def _own(*names: str, **paths: str) -> dict[str, str]:
    return {name: name for name in names} | paths


LISTINGS = {
    listing.kind.resource: listing
    for listing in (
        Listing(ORDERS, _own("orderNumber", "sku", customerId="customer.id", email="customer.email")),
        Listing(CUSTOMERS, _own("customerNumber", "email")),
        Listing(PRODUCTS, _own("sku")),
        Listing(INVENTORY, _own("sku", "warehouseCode")),
        Listing(SHIPMENTS, _own("orderNumber", "shipmentNumber")),
        Listing(INVOICES, _own("orderNumber", "invoiceNumber", "customerNumber")),
        Listing(PAYMENTS, _own("orderNumber", "customerNumber", "payoutId")),
        Listing(REFUNDS, _own("orderNumber")),
        Listing(RETURNS, _own("orderNumber", "returnNumber")),
    )
}
