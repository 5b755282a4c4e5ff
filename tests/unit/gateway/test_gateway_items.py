"""Items: written once under their code, read back column by column; and what lies in the warehouses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.gateway.item_models import ItemRequest
from include.gateway.problems import Answer
from include.gateway.quantity_models import QuantityQuery
from include.gateway.worker import Job, Worker
from include.sandbox.sage100 import database, faults
from tests.unit.gateway.conftest import Company, codes

NEW = {
    "ItemCodeDesc": "Blue shirt", "ProductLine": "BEVE", "StandardUnitPrice": "21.123456",
    "SuggestedRetailPrice": "25", "InactiveItem": "N", "UDF_UPC": "04006381333931",
}  # fmt: skip


def write(worker: Worker, verb: Any, code: str = "SHIRT/BLUE #1", **fields: str | None) -> Answer:
    item = ItemRequest.model_validate({"ItemCode": code, "fields": fields})
    return worker.reply(Job(verb, key=f"key-{code}", item=item)).answer


def remarks(answer: Answer) -> list[tuple[str, str]]:
    return [(warning["code"], warning["field"]) for warning in answer.body["warnings"]]


def test_an_item_is_created_with_the_units_of_its_product_line(desk: Worker, northwind: Company) -> None:
    made = write(desk, "create_item", **NEW)
    assert (made.status, made.body["status"], made.body["ItemCode"]) == (201, "created", "SHIRT/BLUE #1")
    assert northwind.rows(
        "SELECT ItemCodeDesc, StandardUnitPrice, SalesUnitOfMeasure, UDF_UPC FROM CI_Item WHERE ItemCode = ?",
        "SHIRT/BLUE #1",
    ) == [("Blue shirt", 21.123456, "EACH", "04006381333931")]


def test_an_item_that_stands_is_left_as_it_is_and_its_difference_told(
    desk: Worker, northwind: Company
) -> None:
    """Repeats and items typed by hand: the code is the fact."""
    write(desk, "create_item", **NEW)
    assert remarks(write(desk, "create_item", **NEW)) == []
    other = write(desk, "create_item", "shirt/blue #1", **NEW | {"ItemCodeDesc": "Red shirt"})
    assert (other.status, other.body["status"], remarks(other)) == (
        200,
        "adopted",
        [("read_back_differs", "ItemCodeDesc")],
    )
    assert northwind.rows("SELECT count(*) FROM sandbox_effect WHERE kind = 'item_created'") == [(1,)]


def test_a_change_writes_what_differs_and_nothing_else(desk: Worker, northwind: Company) -> None:
    assert (
        write(desk, "change_item", "NW-0001", StandardUnitPrice="18", ItemCodeDesc="Chai").body["status"]
        == "unchanged"
    )
    assert northwind.rows("SELECT count(*) FROM sandbox_effect") == [(0,)]
    changed = write(desk, "change_item", "NW-0001", StandardUnitPrice="18.5", InactiveItem="Y")
    assert (changed.status, changed.body["status"]) == (200, "changed")
    assert northwind.rows(
        "SELECT StandardUnitPrice, InactiveItem, ItemCodeDesc FROM CI_Item WHERE ItemCode = 'NW-0001'"
    ) == [(18.5, "Y", "Chai")]


def test_an_item_that_is_not_there_is_neither_read_nor_changed(desk: Worker) -> None:
    assert write(desk, "change_item", "NOPE", ItemCodeDesc="x").status == 404
    assert desk.reply(Job("read_item", number="NOPE")).answer.status == 404


def test_an_item_is_read_by_its_code(desk: Worker) -> None:
    found = desk.reply(Job("read_item", number="/FREIGHT")).answer
    assert (found.body["fields"]["ItemCodeDesc"], found.body["fields"]["ItemType"]) == ("Freight", "3")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"ItemCodeDesc": "x" * 31}, [("too_long", None, "ItemCodeDesc")]),
        ({"Nope": "1"}, [("invalid_value", None, "Nope")]),
        ({"ProductLine": "ZZZZ"}, [("not_on_file", None, "ProductLine")]),
        ({"ProductLine": None}, [("required", None, None)]),
        ({"StandardUnitPrice": "-1"}, [("invalid_value", None, "StandardUnitPrice")]),
    ],
)
def test_a_refused_item_is_not_written(
    desk: Worker, northwind: Company, fields: dict[str, Any], found: list[Any]
) -> None:
    answer = write(desk, "create_item", **NEW | fields)
    assert (answer.status, [error[0] for error in codes(answer.body)]) == (422, [error[0] for error in found])
    assert northwind.rows("SELECT count(*) FROM sandbox_effect") == [(0,)]


def test_a_locked_item_is_tried_once_more_and_then_423(desk: Worker, northwind: Company) -> None:
    with database.opened(northwind.home / "MAS_ABC.sqlite") as db:
        faults.add(db, faults.NewFault(kind="lock_held", times=3))
    assert write(desk, "create_item", **NEW).status == 423
    assert write(desk, "create_item", **NEW).status == 201


def test_a_price_that_sage_rounds_is_told(desk: Worker, northwind: Company) -> None:
    """Read back: the item stands, and is not what was asked for."""
    answer = write(desk, "create_item", **NEW | {"StandardUnitPrice": "1.2345678"})
    assert (answer.status, answer.body["ItemCode"]) == (422, "SHIRT/BLUE #1")
    assert codes(answer.body) == [("read_back_differs", None, "StandardUnitPrice")]


def pages(worker: Worker, **asked: Any) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    after: dict[str, str] = {}
    while True:
        query = QuantityQuery.model_validate(asked | after)
        body = worker.reply(Job("read_quantities", quantities=query)).answer.body
        rows += body["quantities"]
        assert len(body["quantities"]) <= query.limit
        if body["next"] is None:
            return rows
        after = {
            "AfterItemCode": body["next"]["ItemCode"],
            "AfterWarehouseCode": body["next"]["WarehouseCode"],
        }


def test_pages_together_are_the_whole_table_in_its_order(desk: Worker, northwind: Company) -> None:
    whole = northwind.rows("SELECT ItemCode, WarehouseCode FROM IM_ItemWarehouse ORDER BY 1, 2")
    for limit in (7, len(whole), 2000):
        assert [(row["ItemCode"], row["WarehouseCode"]) for row in pages(desk, limit=limit)] == whole


def test_available_is_what_no_order_has_taken(desk: Worker, northwind: Company) -> None:
    northwind.rows(
        "UPDATE IM_ItemWarehouse SET QuantityOnHand = 10.5, QuantityOnSalesOrder = 3.25,"
        " QuantityOnBackOrder = 2, QuantityInShipping = 1, QuantityOnPurchaseOrder = 40"
        " WHERE ItemCode = 'NW-0001'"
    )
    (row,) = pages(desk, ItemCode=["NW-0001"], WarehouseCode=["000"])
    assert row == {
        "ItemCode": "NW-0001", "WarehouseCode": "000", "QuantityOnHand": "10.5",
        "QuantityOnSalesOrder": "3.25", "QuantityOnBackOrder": "2", "QuantityInShipping": "1",
        "QuantityOnPurchaseOrder": "40", "QuantityAvailable": "5.25",
    }  # fmt: skip


def test_what_was_asked_for_is_answered_and_no_more(desk: Worker, northwind: Company) -> None:
    named = pages(desk, ItemCode=["NW-0001", "NW-0002", "NOPE"], limit=1)
    assert {row["ItemCode"] for row in named} == {"NW-0001", "NW-0002"}
    west = pages(desk, WarehouseCode=["001"])
    in_sage = northwind.rows("SELECT sum(QuantityOnHand) FROM IM_ItemWarehouse WHERE WarehouseCode = '001'")
    assert sum(Decimal(row["QuantityOnHand"]) for row in west) == Decimal(str(in_sage[0][0]))
    assert {row["WarehouseCode"] for row in west} == {"001"}
