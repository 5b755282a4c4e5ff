"""The batch path as the product has it: two mappings, the checks, the records for the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.checks import check_orders
from include.connectors.sage100 import order_writes
from include.pipelines.flows import ZOHO_ORDERS
from include.translation import load
from tests.bench.carried import Carried
from tests.bench.site import customer_no, site, widths

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def carry(keys: Sequence[str], payloads: Sequence[bytes]) -> Carried:
    """One chunk, from JSON bytes to records."""
    canonical = load("zoho_inventory/sales_order").to_canonical(keys, payloads, site())
    erp = load("sage100/sales_order").from_canonical(canonical.frames, site())
    headers, lines = erp.frames["headers"], erp.frames["lines"]
    found = check_orders(
        orders=canonical.frames["orders"],
        lines=canonical.frames["lines"],
        headers=headers,
        details=lines,
        widths=widths(),
        words=ZOHO_ORDERS.words,
    )
    aside = frozenset(key for part in (canonical, erp, found) for key in part.problems.key)
    headers = _with_customers(headers[~headers.key.isin(aside)])
    return Carried(order_writes(headers, lines[~lines.key.isin(aside)]), aside)


def _with_customers(headers: pd.DataFrame) -> pd.DataFrame:
    """The load's part: the crosswalk has found everybody's number."""
    numbers = {source_id: customer_no(source_id) for source_id in headers.customer_source_id.unique()}
    return headers.assign(CustomerNo=headers.customer_source_id.map(numbers).astype("string[pyarrow]"))
