"""The control API: what it sets is obeyed, what it shows is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sandbox_sage100.control_calls import BASE, Api
from tests.unit.sandbox_sage100.desk import NUMBERED, Sage, an_order, reopened, stock, written


@pytest.fixture
def api(home: Path) -> Api:
    return Api(home)


def test_faults_are_added_shown_and_removed(api: Api, sage: Sage) -> None:
    made = api.post(f"{BASE}/faults", json={"kind": "closed_period", "times": 2})
    assert made.status_code == 201
    assert an_order(sage)[0].nWrite() == 0
    (fault,) = api.get(f"{BASE}/faults").json()
    assert (fault["id"], fault["hits"], fault["times"]) == (made.json()["id"], 1, 1)
    assert api.delete(f"{BASE}/faults/{fault['id']}").json() == {"removed": 1}
    assert api.delete(f"{BASE}/faults/{fault['id']}").status_code == 404
    api.post(f"{BASE}/faults", json={"kind": "lock_held"})
    assert api.delete(f"{BASE}/faults").json() == {"removed": 1}


def test_switches_are_shown_and_changed(api: Api, sage: Sage) -> None:
    assert api.get(f"{BASE}/settings").json()["duplicate_po"] == "warn"
    changed = api.post(f"{BASE}/settings", json={"duplicate_po": "refuse", "seats": 3})
    assert (changed.json()["duplicate_po"], changed.json()["seats"]) == ("refuse", 3)
    written(sage, number="1")
    assert an_order(sage)[0].nSetValue("CustomerPONo$", "PO-1") == 0


@pytest.mark.parametrize("wrong", [{"seats": -1}, {"nonsense": 1}, {"release": "2018"}, {"time_zone": 5}])
def test_a_wrong_switch_is_refused_whole(api: Api, wrong: dict[str, object]) -> None:
    before = api.get(f"{BASE}/settings").json()
    assert api.post(f"{BASE}/settings", json={"lock_seconds": 5} | wrong).status_code == 422
    assert api.get(f"{BASE}/settings").json() == before


def test_reset_tells_the_same_story_again(api: Api, sage: Sage) -> None:
    written(sage)
    api.post(f"{BASE}/settings", json={"seats": 3})
    assert api.post(f"{BASE}/reset").json() == {"story": "northwind", "release": "2021"}
    assert api.get(f"{BASE}/settings").json()["seats"] == 10
    assert api.get(f"{BASE}/orders").json()["orders"] == 0


def test_another_story_and_release_can_be_loaded(api: Api) -> None:
    asked = {"story": "empty", "release": "2018"}
    assert api.post(f"{BASE}/load", json=asked).json() == asked
    assert api.get(f"{BASE}/tables").json()["AR_Customer"] == 0


def test_a_table_is_paged_in_key_order(api: Api) -> None:
    page = api.get(f"{BASE}/tables/CI_Item", limit=2, offset=7).json()
    assert page["total"] == 84
    assert [row["ItemCode"] for row in page["rows"]] == ["NW-0001", "NW-0002"]
    assert page["rows"][0]["StandardUnitPrice"] == "18.000000"
    assert api.get(f"{BASE}/tables/sandbox_password").status_code == 404


def test_orders_are_summed_to_the_cent(api: Api, sage: Sage) -> None:
    written(sage, [("NW-0001", 3)])
    written(sage, [("NW-0001", 1), ("NW-0002", 1)])
    assert api.get(f"{BASE}/orders").json() == {
        "orders": 2,
        "lines": 3,
        "dollars": "91.00",
        "by_status": {"N": 2},
        "customers": 61,
    }


def test_the_effects_log_goes_on_from_an_id(api: Api, sage: Sage) -> None:
    number = written(sage)
    (first,) = api.get(f"{BASE}/effects").json()
    reopened(sage, number).nDelete()
    (second,) = api.get(f"{BASE}/effects", after=first["id"]).json()
    assert [first["kind"], second["kind"]] == ["order_created", "order_cancelled"]
    assert second["record"] == number


def test_stock_is_counted_into_the_warehouse_and_the_items_total(api: Api, sage: Sage) -> None:
    written(sage, [("NW-0001", 3)])
    counted = api.post(
        f"{BASE}/stock", json={"ItemCode": "NW-0001", "WarehouseCode": "001", "QuantityOnHand": 7}
    )
    assert counted.json()["QuantityOnHand"] == "7.000000"
    assert sage.row("SELECT TotalQuantityOnHand FROM CI_Item WHERE ItemCode = 'NW-0001'") == {
        "TotalQuantityOnHand": 39 + 7
    }
    assert stock(sage, "NW-0001") == (3, 0)
    assert api.post(f"{BASE}/stock", json={"ItemCode": "NONE", "QuantityOnHand": 7}).status_code == 404


def test_marks_lock_an_order_as_people_in_the_office_do(api: Api, sage: Sage) -> None:
    number = written(sage)
    marked = api.post(
        f"{BASE}/orders/{number}/marks", json={"marks": ["picked", "printed", "invoiced"]}
    ).json()
    assert [marked[n] for n in ("PickingSheetPrinted", "SalesOrderPrinted", "OrderStatus")] == ["Y", "Y", "O"]
    assert marked["CurrentInvoiceNo"] == "0000001"
    assert len(sage.rows("SELECT * FROM SO_InvoiceDetail WHERE InvoiceNo = '0000001'")) == 2
    assert reopened(sage, number).nDelete() == 0
    assert api.post(f"{BASE}/orders/0009999/marks", json={"marks": ["picked"]}).status_code == 404


def test_a_record_is_changed_under_the_dictionarys_rules(api: Api, sage: Sage) -> None:
    asked = {"key": ["00", NUMBERED], "values": {"CreditHold": "Y", "CreditLimit": 500}}
    changed = api.post(f"{BASE}/tables/AR_Customer", json=asked).json()
    assert (changed["CreditHold"], changed["CreditLimit"]) == ("Y", "500.00")
    wrong = {"key": ["00", NUMBERED], "values": {"CreditHold": "MAYBE"}}
    refused = api.post(f"{BASE}/tables/AR_Customer", json=wrong)
    assert refused.status_code == 422
    assert "CreditHold" in refused.json()["detail"]


def test_a_new_record_is_typed_once(api: Api, sage: Sage) -> None:
    alias = {"values": {"AliasItemNo": "NW-ONE", "ItemCode": "NW-0001", "Type": "G"}}
    entered = api.ask("PUT", f"{BASE}/tables/IM_AliasItem", json=alias)
    assert (entered.status_code, entered.json()["ItemCode"]) == (201, "NW-0001")
    (found,) = sage.rows("SELECT ItemCode FROM IM_AliasItem WHERE AliasItemNo = 'NW-ONE'")
    assert found["ItemCode"] == "NW-0001"
    again = api.ask("PUT", f"{BASE}/tables/IM_AliasItem", json=alias)
    assert (again.status_code, "on file already" in again.json()["detail"]) == (422, True)


def test_holders_show_seats_and_locks(api: Api, sage: Sage) -> None:
    held = reopened(sage, written(sage))
    found = api.get(f"{BASE}/holders").json()
    assert (len(found["seats"]), len(found["locks"])) == (1, 1)
    held.nClear()


def test_before_any_story_there_is_nothing_to_control(tmp_path: Path) -> None:
    assert Api(tmp_path).get(f"{BASE}/settings").status_code == 404
