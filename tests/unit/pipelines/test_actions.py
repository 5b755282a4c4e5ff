"""A40: a decision table: what the ERP must do for an order, by status and crosswalk."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest

from include.canonical import ORDER_FRAME
from include.ledger import Link
from include.pipelines.flows import CLARITY_ORDERS, ZOHO_ORDERS, OrderFlow
from include.pipelines.translate import Action, _actions

LINKED = {"1": Link("sales_order", "zoho_inventory", "1", "sage100", "0000001", "v1")}


def decided(
    status: str | None,
    *,
    linked: bool,
    version: str = "v2",
    recheck: bool = False,
    ordered_on: date | None = date(2026, 10, 1),
    carry_from: str = "",
    flow: OrderFlow = ZOHO_ORDERS,
) -> Action:
    order = {"source_id": "1", "status": status, "source_version": version, "ordered_on": ordered_on}
    schema = pa.schema([ORDER_FRAME.field(name) for name in order])
    orders = pa.Table.from_pylist([order], schema=schema).to_pandas(types_mapper=pd.ArrowDtype)
    links = LINKED if linked else {}
    return _actions(orders, links, {"1"} if recheck else set(), carry_from, flow.not_carried)["1"]


@pytest.mark.parametrize(
    ("status", "linked", "action"),
    [
        ("draft", False, Action.NONE),
        ("open", False, Action.CREATE),
        ("on_hold", False, Action.CREATE),
        ("cancelled", False, Action.NONE),
        ("completed", False, Action.CREATE),
        (None, False, Action.CREATE),
        ("draft", True, Action.CHANGE),
        ("open", True, Action.CHANGE),
        ("on_hold", True, Action.CHANGE),
        ("cancelled", True, Action.CANCEL),
        ("completed", True, Action.CHANGE),
    ],
)
def test_every_branch(status: str | None, linked: bool, action: Action) -> None:
    assert decided(status, linked=linked) is action


@pytest.mark.parametrize("status", ["draft", "open", "cancelled", "completed"])
def test_a_version_that_was_carried_is_left_alone_unless_asked(status: str) -> None:
    assert decided(status, linked=True, version="v1") is Action.NONE
    assert decided(status, linked=True, version="v1", recheck=True) is not Action.NONE


def test_what_clarity_has_shipped_is_observed_and_never_written() -> None:
    """B48, T1: Sage told it so, and would refuse a change of goods that left."""
    assert decided("completed", linked=True, flow=CLARITY_ORDERS) is Action.NONE
    assert decided("completed", linked=True, flow=CLARITY_ORDERS, recheck=True) is Action.CHANGE
    assert decided("open", linked=True, flow=CLARITY_ORDERS) is Action.CHANGE


def test_orders_of_before_go_live_stay_history() -> None:
    assert decided("completed", linked=False, carry_from="2026-10-02") is Action.NONE
    assert decided("completed", linked=False, carry_from="2026-10-01") is Action.CREATE
    assert decided("open", linked=True, carry_from="2026-10-02") is Action.CHANGE
    assert decided("open", linked=False, ordered_on=None, carry_from="2026-10-02") is Action.CREATE
