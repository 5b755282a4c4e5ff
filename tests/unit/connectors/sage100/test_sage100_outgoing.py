"""Sage frames become the gateway's records."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.sage100 import customer_writes, order_writes
from include.connectors.sage100.outgoing import wire_text
from include.errors import SetError

TYPES = {
    "expected_total": pa.decimal128(18, 2),
    "expected_lines": pa.int64(),
    "FreightAmt": pa.decimal128(18, 2),
    "OrderDate": pa.date32(),
    "position": pa.int64(),
    "QuantityOrdered": pa.decimal128(18, 6),
    "UnitPrice": pa.decimal128(18, 6),
    "extension": pa.decimal128(18, 2),
}


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    fields = [pa.field(name, TYPES.get(name, pa.string())) for name in rows[0]]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields)).to_pandas(types_mapper=pd.ArrowDtype)


def a_header(key: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "customer_source_id": f"contact of {key}",
        "CustomerNo": "0001009",
        "OrderDate": date(2026, 1, 31),
        "FreightAmt": Decimal("32.40"),
        "Comment": "",
        "expected_total": Decimal("200.00"),
        "expected_lines": 1,
    } | more


def a_line(key: str, position: int, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "position": position,
        "ItemCode": f"I{position}",
        "ItemType": "1",
        "QuantityOrdered": Decimal("12.500000"),
        "UnitPrice": Decimal("14.000000"),
        "CommentText": None,
        "extension": Decimal("175.00"),
    } | more


def test_a_header_and_its_lines_become_one_record_in_sages_columns() -> None:
    (record,) = order_writes(frame([a_header("Z1")]), frame([a_line("Z1", 1)]), keys={"Z1": "write-1"})
    assert record.key == "Z1"
    assert record.idempotency_key == "write-1"
    assert record.sales_order_no == ""
    assert record.body() == {
        "SalesOrderNo": None,
        "header": {"CustomerNo": "0001009", "OrderDate": "2026-01-31", "FreightAmt": "32.4"},
        "lines": [{"ItemCode": "I1", "QuantityOrdered": "12.5", "UnitPrice": "14"}],
        "expect": {"lines": 1, "total": "200.00"},
    }


def test_lines_find_their_header_and_their_place_whatever_order_they_come_in() -> None:
    headers = frame([a_header(key) for key in ("Z2", "Z1", "Z3")])
    lines = frame([a_line("Z1", 2), a_line("Z2", 3), a_line("Z1", 1), a_line("Z2", 1), a_line("Z2", 2)])
    records = order_writes(headers, lines, {"Z1": "0000123", "Z3": None})
    assert [(record.key, record.sales_order_no) for record in records] == [
        ("Z2", ""),
        ("Z1", "0000123"),
        ("Z3", ""),
    ]
    assert [[line["ItemCode"] for line in record.lines] for record in records] == [
        ["I1", "I2", "I3"],
        ["I1", "I2"],
        [],
    ]


def test_a_zero_is_said_and_a_blank_is_not() -> None:
    headers = frame([a_header("Z1", FreightAmt=Decimal("0.00"), OrderDate=None, Comment=" ")])
    (record,) = order_writes(headers, frame([a_line("Z1", 1)]))
    assert record.header == {"CustomerNo": "0001009", "FreightAmt": "0", "Comment": " "}


@pytest.mark.parametrize(
    ("headers", "lines", "said"),
    [
        ([a_header("Z1"), a_header("Z1")], [a_line("Z1", 1)], "stand twice"),
        ([a_header("Z1")], [a_line("Z1", 1), a_line("Z2", 1)], "1 order lines have no header"),
    ],
)
def test_frames_that_do_not_belong_together_are_refused_whole(
    headers: list[dict[str, Any]], lines: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(SetError, match=said):
        order_writes(frame(headers), frame(lines))


def test_no_orders_are_no_records() -> None:
    headers, lines = frame([a_header("Z1")]), frame([a_line("Z1", 1)])
    assert order_writes(headers.iloc[:0], lines.iloc[:0]) == []


def test_frames_with_gaps_in_their_index_read_the_same() -> None:
    """A filtered frame keeps the row labels of the whole one."""
    headers = frame([a_header("Z0"), a_header("Z1"), a_header("Z2")])
    lines = frame([a_line("Z0", 1), a_line("Z2", 2), a_line("Z2", 1)])
    (record,) = order_writes(headers[headers.key == "Z2"], lines[lines.key == "Z2"])
    assert [line["ItemCode"] for line in record.lines] == ["I1", "I2"]


def test_a_mapped_column_that_is_not_arrow_backed_reads_the_same() -> None:
    headers = frame([a_header("Z1")]).assign(CustomerNo=pd.Series(["0009999"], dtype="string[pyarrow]"))
    (record,) = order_writes(headers, frame([a_line("Z1", 1)]))
    assert record.header["CustomerNo"] == "0009999"


def test_customers_carry_every_column_but_our_key() -> None:
    customers = frame([{"key": "C1", "CustomerName": "Händel", "City": "", "UDF_ZOHO_CONTACT_ID": "C1"}])
    (record,) = customer_writes(customers, keys={"C1": "write-c1"})
    assert record.body() == {
        "CustomerNo": None,
        "fields": {"CustomerName": "Händel", "UDF_ZOHO_CONTACT_ID": "C1"},
    }
    assert (record.key, record.idempotency_key) == ("C1", "write-c1")


@settings(deadline=None)
@given(st.integers(0, 10), st.data())
def test_decimal_text_is_the_number_without_exponent_or_needless_zeros(
    scale: int, data: st.DataObject
) -> None:
    limit = Decimal(10) ** (18 - scale) - 1
    values = data.draw(st.lists(st.decimals(-limit, limit, places=scale) | st.none(), max_size=20))
    texts = wire_text(pa.array(values, pa.decimal128(18, scale))).to_pylist()
    for value, text in zip(values, texts, strict=True):
        if value is None:
            assert text is None
        else:
            assert Decimal(text) == value
            assert set(text) <= set("-0123456789.")
            assert text == "0" or not text.endswith((".", "-0"))
            assert "." not in text or not text.endswith("0")


def test_binary_floats_are_refused() -> None:
    with pytest.raises(SetError, match="binary floats"):
        wire_text(pa.array([0.1]))
