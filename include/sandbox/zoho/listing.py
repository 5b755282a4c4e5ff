"""Lists: which filters each one honours, and how they become SQL.

A filter that a list does not honour is ignored without a word, as Zoho does; a client must look at
the rows it gets. ``last_modified_time`` means "modified at or after".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from include.sandbox.zoho.envelope import Refusal, invalid_value
from include.sandbox.zoho.wire import ZONE, dumps, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.sandbox.zoho.store import Documents

PER_PAGE = 200
COLUMNS = {
    "salesorder_number": "number",
    "name": "name",
    "contact_name": "name",
    "sku": "sku",
    "customer_id": "party",
    "date": "date",
    "created_time": "created",
    "last_modified_time": "modified",
}
"""Fields with a column of their own; the others are read out of the row's JSON."""

TEXT = {"": "{} = ?", "_startswith": "{} LIKE ? || '%'", "_contains": "{} LIKE '%' || ? || '%'"}
NUMBER = {
    "": "{} = ?",
    "_less_than": "{} < ?",
    "_less_equals": "{} <= ?",
    "_greater_than": "{} > ?",
    "_greater_equals": "{} >= ?",
}
DATE = {"": "{} = ?", "_start": "{} >= ?", "_end": "{} <= ?", "_before": "{} < ?", "_after": "{} > ?"}
CUSTOM_FIELD = re.compile(r"cf_[a-z0-9_]+", re.ASCII)
LINE_HAS_ITEM = (
    "EXISTS (SELECT 1 FROM json_each(documents.body, '$.line_items') AS line "
    "WHERE json_extract(line.value, '$.item_id') = ?)"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One list endpoint: its payload key, its name in ``page_context``, its filters and sorts."""

    resource: str
    key: str
    report_name: str
    sort: tuple[str, str] = ("created_time", "D")
    text: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    search: tuple[str, ...] = ()
    sorts: frozenset[str] = frozenset()
    filters: bool = True
    ids: str = ""
    custom_fields: bool = False


@dataclass(slots=True)
class Where:
    """A growing condition."""

    clauses: list[str]
    values: list[Any] = field(default_factory=list)

    def add(self, clause: str, *values: Any) -> None:
        """One more condition, joined by AND."""
        self.clauses.append(clause)
        self.values.extend(values)


def column(name: str) -> str:
    """The SQL expression of a field."""
    return COLUMNS.get(name) or f"json_extract(row, '$.\"{name}\"')"


def listed(
    documents: Documents, listing: Listing, query: Mapping[str, str], *, seen_until: int | None = None
) -> str:
    """The whole JSON answer to a list call.

    Args:
        documents: what there is.
        listing: of which resource.
        query: filters, page and sort.
        seen_until: records made after that second are not found yet.

    Raises:
        Refusal: a filter's, page's or sort's value makes no sense.
    """
    page, per_page = _whole(query, "page", 1), min(_whole(query, "per_page", PER_PAGE), PER_PAGE)
    where = condition(listing, query)
    if seen_until is not None:
        where.add("created <= ?", seen_until)
    sort, order = _sorting(listing, query)
    direction = "ASC" if order == "A" else "DESC"
    rows = documents.page(
        " AND ".join(where.clauses),
        where.values,
        f"{column(sort)} {direction}, id {direction}",
        (per_page + 1, (page - 1) * per_page),
    )
    context: dict[str, Any] = {
        "page": page,
        "per_page": per_page,
        "has_more_page": len(rows) > per_page,
        "report_name": listing.report_name,
        "applied_filter": query.get("filter_by", "Status.All"),
        "custom_fields": [],
        "sort_column": sort,
        "sort_order": order,
    }
    body = ",".join(rows[:per_page])
    return f'{{"code":0,"message":"success","{listing.key}":[{body}],"page_context":{dumps(context)}}}'


def condition(listing: Listing, query: Mapping[str, str]) -> Where:
    """The honoured filters of a query as SQL."""
    where = Where(["resource = ?"], [listing.resource])
    for name, value in query.items():
        if value:
            _text(where, listing, name, value)
            _number(where, listing, name, value)
            _date(where, listing, name, value)
            _custom(where, listing, name, value)
    if listing.filters:
        _times(where, query)
        _special(where, listing, query)
    return where


def _operator(name: str, fields: frozenset[str], operators: Mapping[str, str]) -> str | None:
    for suffix, clause in operators.items():
        base = name.removesuffix(suffix)
        if base + suffix == name and base in fields:
            return clause.format(column(base))
    return None


def _text(where: Where, listing: Listing, name: str, value: str) -> None:
    clause = _operator(name, listing.text, TEXT)
    if clause:
        where.add(clause, value)


def _number(where: Where, listing: Listing, name: str, value: str) -> None:
    clause = _operator(name, listing.numbers, NUMBER)
    if clause:
        try:
            where.add(clause, float(value))
        except ValueError as exc:
            raise invalid_value(name) from exc


def _date(where: Where, listing: Listing, name: str, value: str) -> None:
    clause = _operator(name, listing.dates, DATE)
    if clause:
        where.add(clause, _day(name, value).isoformat())


def _custom(where: Where, listing: Listing, name: str, value: str) -> None:
    if listing.custom_fields and CUSTOM_FIELD.fullmatch(name):
        where.add(f"{column(name)} = ?", value)


def _times(where: Where, query: Mapping[str, str]) -> None:
    since = query.get("last_modified_time")
    if since:
        try:
            where.add("modified >= ?", int(parse_time(since).timestamp()))
        except ValueError as exc:
            raise invalid_value("last_modified_time") from exc
    for name, clause, days in (("created_date_start", ">=", 0), ("created_date_end", "<", 1)):
        if query.get(name):
            midnight = datetime.combine(_day(name, query[name]) + timedelta(days=days), time(), ZONE)
            where.add(f"created {clause} ?", int(midnight.timestamp()))


def _special(where: Where, listing: Listing, query: Mapping[str, str]) -> None:
    wanted = query.get("filter_by", "Status.All").removeprefix("Status.").lower()
    if wanted != "all":
        where.add("status = ?", wanted)
    if query.get("status"):
        where.add("status = ?", query["status"].lower())
    if listing.search and query.get("search_text"):
        found = " OR ".join(f"{column(name)} LIKE '%' || ? || '%'" for name in listing.search)
        where.add(f"({found})", *[query["search_text"][:100]] * len(listing.search))
    if listing.ids and query.get(listing.ids):
        ids = query[listing.ids].split(",")[:PER_PAGE]
        where.add(f"id IN ({', '.join('?' * len(ids))})", *ids)
    if listing.resource == "salesorders" and query.get("item_id"):
        where.add(LINE_HAS_ITEM, query["item_id"])
    if listing.resource == "contacts" and query.get("contact_type"):
        where.add("json_extract(row, '$.contact_type') = ?", query["contact_type"])


def _sorting(listing: Listing, query: Mapping[str, str]) -> tuple[str, str]:
    sort = query.get("sort_column") or listing.sort[0]
    order = query.get("sort_order") or (listing.sort[1] if "sort_column" not in query else "A")
    if sort not in listing.sorts | {"created_time", "last_modified_time"}:
        raise invalid_value("sort_column")
    if order not in {"A", "D"}:
        raise invalid_value("sort_order")
    return sort, order


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdecimal():
        raise invalid_value(name)
    return max(int(text), 1)


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as exc:
        raise invalid_value(name) from exc


SALES_ORDERS = Listing(
    "salesorders",
    "salesorders",
    "Sales Orders",
    text=frozenset({
        "salesorder_number", "reference_number", "customer_id", "customer_name", "salesperson_id",
        "zcrm_potential_id",
    }),
    numbers=frozenset({"total"}),
    dates=frozenset({"date", "shipment_date"}),
    search=("salesorder_number", "reference_number", "customer_name"),
    sorts=frozenset({
        "customer_name", "salesorder_number", "reference_number", "date", "shipment_date", "total",
    }),
    ids="salesorder_ids",
)  # fmt: skip
ITEMS = Listing(
    "items",
    "items",
    "Items",
    sort=("name", "A"),
    text=frozenset({"name", "sku", "upc", "description"}),
    numbers=frozenset({"rate"}),
    search=("name", "sku", "description"),
    sorts=frozenset({"name", "sku", "rate"}),
    ids="item_ids",
)
CONTACTS = Listing(
    "contacts",
    "contacts",
    "Contacts",
    sort=("contact_name", "A"),
    text=frozenset({"contact_name", "company_name", "first_name", "last_name", "email", "phone"}),
    search=("contact_name", "company_name", "email"),
    sorts=frozenset({"contact_name", "first_name", "last_name", "email"}),
    custom_fields=True,
)
SALES_RETURNS = Listing("salesreturns", "salesreturns", "Sales Returns", filters=False)
BILLS = Listing("bills", "bills", "Bills", filters=False)
PACKAGES = Listing(
    "packages",
    "packages",
    "Packages",
    text=frozenset({"packing_number"}),
    filters=False,
)

ADJUSTMENTS = Listing(
    "adjustmentlines",
    "inventory_adjustments",
    "Inventory Adjustments",
    search=("reference_number", "reason", "name"),
    sorts=frozenset({"date", "reference_number"}),
)

__all__ = [
    "ADJUSTMENTS",
    "BILLS",
    "CONTACTS",
    "ITEMS",
    "PACKAGES",
    "SALES_ORDERS",
    "SALES_RETURNS",
    "Listing",
    "Refusal",
    "listed",
]
