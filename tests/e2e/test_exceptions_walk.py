"""What cannot pass waits with its reason, and goes on once the cause is mended; nothing is lost."""

from __future__ import annotations

import pytest

from include.standalone.tally import FLOW
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

REPLAY = "/tradebridge/api/exceptions/replay"


def test_an_unknown_sku_waits_and_one_mended_cause_frees_its_siblings(site: Site) -> None:
    """A16, A39, A45: parked with candidates, shown, mended in Sage by an alias, replayed by REST."""
    sku = "NW-0011-RENAMED"
    orders = site.place(2, like="SO-10248", announce=False)
    for order_id in orders:
        site.rename_sku(order_id, sku)
    site.wait_until(lambda: all(map(site.exceptions_of, orders)), "both orders to be parked")
    waiting = [row for order_id in orders for row in site.exceptions_of(order_id)]
    for row, number in zip(waiting, orders.values(), strict=True):
        assert (row["code"], row["field"], row["value"]) == ("reference.not_found", "sku", sku)
        assert number in row["message"]
        assert row["state"] == "open"
        assert row["cause"] == waiting[0]["cause"]
        assert "NW-0011" in [candidate["value"] for candidate in row["candidates"]]
    page = site.airflow.get("/tradebridge/exceptions")
    assert all(number in page.text for number in orders.values())
    assert not any(map(site.in_sage, orders))

    site.add_alias(sku, "NW-0011")
    answer = site.airflow.post(REPLAY, json={"ids": [waiting[0]["id"]]})
    assert answer.status_code == 202, answer.text
    run = answer.json()
    assert site.finished(run["run_id"], run["dag_id"]) == "success"
    site.wait_settled(orders)
    for order_id in orders:
        [standing] = site.in_sage(order_id)
        assert standing.total == site.in_shop(order_id).total
        assert standing.lines[0][0] == "NW-0011"
        assert [row["state"] for row in site.exceptions_of(order_id)] == ["resolved"]


def test_a_later_edit_waits_behind_an_open_exception(site: Site) -> None:
    """A45: nothing overtakes; mending the order at its source alone does not free it."""
    sku = "NW-0042-RENAMED"
    [order_id] = site.place(like="SO-10249", announce=False)
    site.rename_sku(order_id, sku)
    [waiting] = site.wait_until(lambda: site.exceptions_of(order_id), "the order to be parked")
    site.control("PUT", f"/zoho/salesorders/{order_id}", {"changes": {"notes": "hurry"}, "raw": True})
    site.wait_until(lambda: dict(site.ledger.inbox.waiting(FLOW)).get(order_id), "the edit to wait")

    site.add_alias(sku, "NW-0042")
    site.airflow.post(REPLAY, json={"cause": waiting["cause"]}).raise_for_status()
    site.wait_settled([order_id])
    assert len(site.in_sage(order_id)) == 1


def test_a_replay_of_nothing_is_refused(site: Site) -> None:
    assert site.airflow.post(REPLAY, json={}).status_code == 422
    assert site.guest.post(REPLAY, json={"ids": [1]}).status_code == 401


def test_a_failed_task_is_an_exception_and_its_rows_come_back(site: Site) -> None:
    """A17: Zoho's credentials die and are renewed; the order waits and is then carried by itself."""
    site.control("POST", "/zoho/tokens/revoke")
    site.control("POST", "/zoho/tokens/expire")
    try:
        orders = site.place(2)
        failure = site.wait_until(
            lambda: site.exceptions_of("task:carry_batch.extract_orders", state="open"), "the failed task"
        )[0]
    finally:
        site.control("POST", "/zoho/tokens/restore")
    assert failure["code"] == "task.failed"
    assert (failure["dag_id"], failure["task_id"]) == (FLOW, "carry_batch.extract_orders")
    assert failure["run_id"] in {run["dag_run_id"] for run in site.runs()}
    assert failure["try_number"] == 1
    assert "AuthenticationError" in failure["message"]
    assert site.finished(failure["run_id"]) == "failed"

    site.wait_settled(orders)
    site.assert_carried_once(orders)

    def resolved() -> bool:
        return not site.exceptions_of("task:carry_batch.extract_orders", state="open")

    site.wait_until(resolved, "the failure to be resolved")
