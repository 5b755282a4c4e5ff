"""Quantities per item and warehouse, for callers that cannot read Sage's tables themselves.

One query a page. ProvideX knows no LIMIT, so a page ends by no longer fetching, and the next one begins
behind its last key, which is the table's own index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.gateway.desk import Desk, as_text
from include.gateway.jobs import Job
from include.gateway.problems import Answer
from include.gateway.quantity_models import QuantityQuery
from include.gateway.reading import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

KEY = ("ItemCode", "WarehouseCode")
QUANTITIES = (
    "QuantityOnHand", "QuantityOnSalesOrder", "QuantityOnBackOrder", "QuantityInShipping",
    "QuantityOnPurchaseOrder",
)  # fmt: skip
_COLUMNS = ", ".join((*KEY, *QUANTITIES))


class QuantityDesk(Desk):
    """Everything the API does with stock: it reads."""

    def carry_out(self, job: Job) -> Answer:
        """See :class:`Desk`."""
        match job:
            case Job(verb="read_quantities", quantities=QuantityQuery() as query):
                return self.read(query)
        raise job.misses_its_record()

    def read(self, query: QuantityQuery) -> Answer:
        """One page in the order of item and warehouse."""
        sql, values = statement(query)
        found = self._reading.rows(sql, *values, most=query.limit + 1)
        page = found[: query.limit]
        more = len(found) > query.limit
        body = {
            "quantities": [_shown(row) for row in page],
            "next": {name: page[-1][name] for name in KEY} if more else None,
        }
        return Answer(200, body)


def available(row: Mapping[str, Any]) -> Decimal:
    """What Sage itself calls available. A site option of Sage counts more; that one is not seen here."""
    on_hand, on_order, behind = (number(row[name]) for name in QUANTITIES[:3])
    return on_hand - on_order - behind


def _shown(row: Mapping[str, Any]) -> dict[str, str | None]:
    amounts = {name: number(row[name]) for name in QUANTITIES}
    return as_text({**row, **amounts, "QuantityAvailable": available(row)})


def statement(query: QuantityQuery) -> tuple[str, list[str]]:
    """The SQL of a page and its values."""
    conditions: list[str] = []
    values: list[str] = []
    for name, wanted in zip(KEY, (query.items, query.warehouses), strict=True):
        if wanted:
            conditions.append(f"{name} IN ({', '.join('?' * len(wanted))})")
            values += wanted
    if query.after_item:
        conditions.append("(ItemCode > ? OR (ItemCode = ? AND WarehouseCode > ?))")
        values += [query.after_item, query.after_item, query.after_warehouse]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {_COLUMNS} FROM IM_ItemWarehouse{where} ORDER BY ItemCode, WarehouseCode", values  # noqa: S608
