"""What must hold for any record beside orders (A21, A42): nothing raises or is lost, numbers stay exact."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.translation import load
from include.translation.documents import as_json
from tests.unit.mappings import test_items, test_payments
from tests.unit.mappings.flows import KEYS, a_flow_site, from_sage, invoice, shipment, stock

SLOWLY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SITE = a_flow_site(weight_unit="kg", new_product_line="WEB")
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    words,
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
WHOLE = {
    "sage100/stock_level": (stock(), ["clarity_ecommerce/stock_level"]),
    "sage100/shipment": (shipment(), ["clarity_ecommerce/shipment"]),
    "sage100/invoice": (invoice(), ["clarity_ecommerce/invoice"]),
    "sage100/item": (test_items.item(), ["clarity_ecommerce/product_write"]),
    "clarity_ecommerce/product": (test_items.product(), ["sage100/item_write"]),
    "clarity_ecommerce/payment": (test_payments.payment(), ["sage100/cash_receipt"]),
}


@pytest.mark.parametrize("name", WHOLE)
@SLOWLY
@given(data=st.data())
def test_whatever_comes_is_carried_or_set_aside(name: str, data: st.DataObject) -> None:
    """A member of the document becomes anything: no exception, and the record is in frames or problems."""
    document, onward = WHOLE[name]
    spoilt = data.draw(st.sampled_from(sorted(document)))
    mapping = load(name)
    payload = json.dumps({**document, spoilt: data.draw(anything)}).encode()
    keys = KEYS.get(name.partition("/")[2], ("id",)) if name.startswith("sage100") else ("id",)
    key = "|".join(str(document[part]) for part in keys)
    result = mapping.to_canonical([key], [payload], SITE)
    left_out = name == "sage100/stock_level" and spoilt == "ItemCode"
    assert key in {*result.frames[_record(mapping)]["source_id"], *result.problems.key} or left_out
    for other in onward:
        made = load(other).from_canonical(result.frames, SITE)
        for written in load(other).to_documents(made.frames).values() if "item_write" not in other else ():
            assert json.loads(as_json(written), parse_float=Decimal, parse_int=Decimal) == _numbers(written)


def _record(mapping: Any) -> str:
    return next(name for name, frame in mapping.sentence.frames.items() if not frame.each)


def _numbers(value: Any) -> Any:
    """Every number as a decimal, as the test reads them back."""
    if isinstance(value, dict):
        return {name: _numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_numbers(part) for part in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


prices = st.decimals(min_value="0.0001", max_value=99_999_999, places=4)
KEPT = (
    "sku", "status", "kind", "unit", "currency", "unit_price", "list_price", "weight", "weight_unit",
    "tax_class",
    "is_taxable", "allow_backorder", "erp_code",
)  # fmt: skip


@SLOWLY
@given(
    price=prices,
    msrp=prices,
    weight=st.decimals(min_value=0, max_value=999, places=3),
    changes=st.fixed_dictionaries(
        {
            "InactiveItem": st.sampled_from("YN"),
            "ProductType": st.sampled_from("FDRK"),
            "AllowBackOrders": st.sampled_from("YN"),
            "TaxClass": st.sampled_from(["TX", "NT"]),
            "SalesUnitOfMeasure": st.sampled_from(["EACH", "MTR", "C/12"]),
        }
    ),
)
def test_an_item_comes_back_from_clarity_as_it_went(
    price: Decimal, msrp: Decimal, weight: Decimal, changes: dict[str, str]
) -> None:
    """Sage's item, written as Clarity's product and read again, says the same."""
    numbers = {"StandardUnitPrice": price, "SuggestedRetailPrice": msrp, "ShipWeight": weight}
    document = test_items.item(**changes, **{name: str(number) for name, number in numbers.items()})
    sent = from_sage("item", document, site=SITE).frames["items"]
    write, read = load("clarity_ecommerce/product_write"), load("clarity_ecommerce/product")
    written = write.to_documents(write.from_canonical({"items": sent}, SITE).frames)["LMP-220-AMB"]
    shown = as_json({"id": 1, "name": "x", **written})
    result = read.to_canonical(["1"], [shown], SITE)
    assert result.problems.empty
    assert _cells(result.frames["items"]) == _cells(sent)


def _cells(frame: pd.DataFrame) -> list[object]:
    row = frame.iloc[0]
    return [None if row[name] is pd.NA else row[name] for name in KEPT]
