"""P4, A49: what the suites find, as reason codes, all of a record's reasons at once."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from include.canonical import LINE_FRAME, ORDER_FRAME
from include.checks import check_orders, write_data_docs
from include.errors import SetError
from include.pipelines.flows import ZOHO_ORDERS

MONEY = pa.decimal128(18, 2)
HEADERS = pa.schema(
    [
        ("key", pa.string()),
        ("CustomerPONo", pa.string()),
        ("Comment", pa.string()),
        ("FreightAmt", MONEY),
        ("DiscountAmt", MONEY),
        ("expected_tax", MONEY),
        ("expected_total", MONEY),
    ]
)
DETAILS = pa.schema(
    [("key", pa.string()), ("position", pa.int64()), ("ItemCode", pa.string()), ("extension", MONEY)]
)
WIDTHS = {("SO_SalesOrderHeader", "CustomerPONo"): 30, ("SO_SalesOrderDetail", "ItemCode"): 30}


def a_frame(schema: pa.Schema, *rows: dict[str, object]) -> pd.DataFrame:
    def blank(kind: pa.DataType) -> object:
        if pa.types.is_string(kind):
            return ""
        if pa.types.is_decimal(kind):
            return Decimal(0)
        return False if pa.types.is_boolean(kind) else None

    full = [{column.name: row.get(column.name, blank(column.type)) for column in schema} for row in rows]
    return pa.Table.from_pylist(full, schema=schema).to_pandas(types_mapper=pd.ArrowDtype)


def an_order(key: str = "1", **changes: object) -> dict[str, object]:
    return {
        "source_id": key,
        "number": f"SO-{key}",
        "status": "open",
        "currency": "USD",
        "customer_source_id": "c",
        "subtotal": Decimal("10.00"),
        "total": Decimal("10.00"),
        **changes,
    }


def a_line(key: str = "1", **changes: object) -> dict[str, object]:
    return {
        "order_source_id": key,
        "line_id": f"{key}-1",
        "position": 1,
        "sku": "A",
        "quantity": Decimal(2),
        "unit_price": Decimal(5),
        "line_total": Decimal("10.00"),
        **changes,
    }


def judged(
    orders: list[dict[str, object]],
    lines: list[dict[str, object]],
    *,
    header: dict[str, object] | None = None,
    widths: dict[tuple[str, str], int] | None = None,
) -> pd.DataFrame:
    totals = [
        {"key": order["source_id"], "expected_total": order["total"], **(header or {})} for order in orders
    ]
    details = [
        {"key": line["order_source_id"], "position": line["position"], "extension": line["line_total"]}
        for line in lines
    ]
    return check_orders(
        orders=a_frame(ORDER_FRAME, *orders),
        lines=a_frame(LINE_FRAME, *lines),
        headers=a_frame(HEADERS, *totals),
        details=a_frame(DETAILS, *details),
        widths=WIDTHS if widths is None else widths,
        words=ZOHO_ORDERS.words,
    ).problems


def test_a_sound_order_passes_every_check() -> None:
    assert judged([an_order()], [a_line()]).empty


@pytest.mark.parametrize(
    ("order", "line", "code", "field"),
    [
        ({}, {"quantity": Decimal(0)}, "field.out_of_range", "quantity"),
        ({}, {"quantity": Decimal(-1)}, "field.out_of_range", "quantity"),
        ({}, {"quantity": Decimal(100000000)}, "field.out_of_range", "quantity"),
        ({}, {"unit_price": Decimal("-0.01")}, "field.out_of_range", "rate"),
        ({}, {"discount_percent": Decimal("100.01")}, "field.out_of_range", "discount"),
        ({"status": "melting"}, {}, "value.unknown", "order_status"),
        ({"number": " "}, {}, "field.missing", "salesorder_number"),
        ({"customer_source_id": ""}, {}, "field.missing", "customer_id"),
        ({"currency": "usd"}, {}, "field.invalid_format", "currency_code"),
        ({"total": Decimal("10.01")}, {}, "totals.mismatch", "total"),
        ({"subtotal": Decimal("9.99"), "total": Decimal("9.99")}, {}, "totals.mismatch", "sub_total"),
        ({"shipping_amount": Decimal(-1), "total": Decimal(9)}, {}, "field.out_of_range", "shipping_charge"),
    ],
)
def test_what_is_wrong_is_named_by_code_and_field(
    order: dict[str, object], line: dict[str, object], code: str, field: str
) -> None:
    found = judged([an_order(**order)], [a_line(**line)])
    assert (code, field) in set(zip(found.code, found.field, strict=True))


def test_every_reason_of_a_record_is_given_at_once_and_its_siblings_pass() -> None:
    found = judged(
        [an_order("1", total=Decimal("10.01")), an_order("2")],
        [a_line("1", quantity=Decimal(-5)), a_line("2")],
        header={"CustomerPONo": "x" * 31},
    )
    assert set(found[found.key == "1"].code) == {"totals.mismatch", "field.out_of_range", "field.too_long"}
    assert set(found[found.key == "2"].code) == {"field.too_long"}


def test_a_message_names_record_line_field_and_value() -> None:
    found = judged([an_order()], [a_line(quantity=Decimal(-5))])
    message = found.message.iloc[0]
    assert all(part in message for part in ("SO-1", "line 1", "quantity", "-5"))
    assert "Zoho" in found.remedy.iloc[0]


def test_an_order_without_lines_is_told_so() -> None:
    found = judged([an_order(subtotal=Decimal(0), total=Decimal(0)), an_order("2")], [a_line("2")])
    assert set(found.code) == {"record.no_lines"}
    assert set(found.key) == {"1"}


def test_a_value_that_just_fits_is_accepted_and_one_more_character_is_not() -> None:
    fits = judged([an_order()], [a_line()], header={"CustomerPONo": "é" * 30})
    bursts = judged([an_order()], [a_line()], header={"CustomerPONo": "é" * 31})
    assert fits.empty
    assert set(bursts.code) == {"field.too_long"}


def test_two_orders_with_one_number_are_both_set_aside() -> None:
    found = judged([an_order("1"), an_order("2", number="SO-1")], [a_line("1"), a_line("2")])
    assert set(found.code) == {"record.duplicate"}
    assert set(found.key) == {"1", "2"}


def test_a_key_that_stands_twice_fails_the_whole_set() -> None:
    with pytest.raises(SetError, match="whole set"):
        judged([an_order("1"), an_order("1", number="SO-2")], [a_line("1")])


def test_a_total_that_sage_would_compute_otherwise_is_found() -> None:
    found = judged([an_order()], [a_line()], header={"FreightAmt": Decimal("0.01")})
    assert set(found.code) == {"totals.mismatch"}
    assert set(found.field) == {"total"}


def test_tax_belongs_to_both_totals() -> None:
    """A taxed order balances; Sage's own tax is compared again when the order is read back."""
    order = an_order(tax_amount=Decimal("0.73"), total=Decimal("10.73"))
    assert judged([order], [a_line()], header={"expected_tax": Decimal("0.73")}).empty
    assert set(judged([order], [a_line()]).field) == {"total"}


def test_no_orders_is_no_problem() -> None:
    assert judged([], []).empty


def test_results_become_pages_that_name_the_failed_rule(tmp_path: object) -> None:
    checked = check_orders(
        orders=a_frame(ORDER_FRAME, an_order()),
        lines=a_frame(LINE_FRAME, a_line(quantity=Decimal(-5))),
        headers=a_frame(HEADERS, {"key": "1", "expected_total": Decimal(10)}),
        details=a_frame(DETAILS, {"key": "1", "position": 1, "extension": Decimal(10)}),
        widths={},
        words=ZOHO_ORDERS.words,
    )
    results = {f"suite-{n}": result for n, result in enumerate(checked.results)}
    index = write_data_docs(results, tmp_path, "orders")  # type: ignore[arg-type]
    assert "records set aside" in index.read_text()
    assert "quantity" in (index.parent / "suite-1.html").read_text()


def test_one_text_too_long_does_not_accuse_the_other_columns_of_its_order() -> None:
    widths = WIDTHS | {("SO_SalesOrderHeader", "Comment"): 1}
    found = judged([an_order()], [a_line()], header={"CustomerPONo": "x" * 31, "Comment": "y"}, widths=widths)
    assert list(found.field) == ["CustomerPONo"]
