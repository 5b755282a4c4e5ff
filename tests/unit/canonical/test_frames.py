"""A14: each noun is a model and a frame schema, and the two say the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from pydantic import BaseModel, ValidationError

from include.canonical import (
    LINE_FRAME,
    ORDER_FRAME,
    PROBLEM_FRAME,
    Address,
    Disposition,
    OrderLine,
    Reason,
    SalesOrder,
    empty_frame,
    frame_schema,
)


def an_order(**changes: object) -> SalesOrder:
    return SalesOrder.model_validate(
        {
            "source_system": "zoho_inventory",
            "source_id": "1",
            "source_version": "v",
            "number": "SO-1",
            "status": "open",
            "ordered_on": date(2026, 10, 14),
            "modified_at": datetime(2026, 10, 14, tzinfo=UTC),
            "customer_source_id": "c",
            "currency": "USD",
            "subtotal": "10.00",
            "total": "10.00",
            "bill_to": Address(),
            "ship_to": Address(),
            **changes,
        }
    )


def test_every_field_of_an_order_has_a_column() -> None:
    flat = set(ORDER_FRAME.names)
    for name in SalesOrder.model_fields:
        if name in {"bill_to", "ship_to"}:
            assert {f"{name}_{part}" for part in Address.model_fields} <= flat
        elif name != "lines":
            assert name in flat
    assert set(LINE_FRAME.names) == set(OrderLine.model_fields)


def test_money_and_quantities_are_decimals_in_every_schema() -> None:
    for schema in (ORDER_FRAME, LINE_FRAME, PROBLEM_FRAME):
        assert not any(pa.types.is_floating(column.type) for column in schema)
    assert LINE_FRAME.field("quantity").type == pa.decimal128(18, 6)
    assert ORDER_FRAME.field("total").type == pa.decimal128(18, 2)


def test_an_empty_frame_has_the_schema_s_columns_and_types() -> None:
    frame = empty_frame(LINE_FRAME)
    assert pa.Schema.from_pandas(frame, preserve_index=False).remove_metadata() == LINE_FRAME
    assert isinstance(frame.dtypes["quantity"], pd.ArrowDtype)


def test_a_model_without_a_column_form_is_refused_by_name() -> None:
    class Vague(BaseModel):
        amount: Decimal

    with pytest.raises(TypeError, match="amount"):
        frame_schema(Vague)


@pytest.mark.parametrize(
    "changes", [{"total": "10.001"}, {"currency": "usd"}, {"status": "melting"}, {"colour": "red"}]
)
def test_what_is_not_canonical_does_not_get_in(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        an_order(**changes)


def test_an_order_is_immutable() -> None:
    with pytest.raises(ValidationError):
        an_order().number = "SO-2"  # type: ignore[misc]


def test_every_reason_says_who_must_act() -> None:
    assert {reason.disposition for reason in Reason} == set(Disposition)
