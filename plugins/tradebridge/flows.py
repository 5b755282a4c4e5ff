"""The flows of this site: DAG ids that the watch, the books and the chores go through."""

from __future__ import annotations

FLOWS = ("zoho_orders_to_sage100", "clarity_orders_to_sage100")
