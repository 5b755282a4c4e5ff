"""The same work as it is usually written: a pydantic model for each record, ``DataFrame.apply`` by rows.

It is not slowed down on purpose: look-ups are dictionaries, addresses are standardised once for each
different one, and every amount is a ``Decimal`` from the start.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from include.connectors.sage100 import OrderWrite
from include.translation import load
from include.translation.fitting import lines_of
from tests.bench.carried import Carried
from tests.bench.naive_check import faulty
from tests.bench.naive_models import ZohoOrder, canonical
from tests.bench.site import SETTINGS, customer_no, site, widths
from tests.bench.working_in import MICRO, cents, extension, unit_price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.canonical import SalesOrder

ZERO, ONE = Decimal(0), Decimal(1)
STATUSES = load("sage100/sales_order").tables["order_status"].values
OWN = frozenset(
    {"key", "rate", "adjustment", "tax", "total", "bad", "residue", "too_much", "position", "extension"}
)


def carry(keys: Sequence[str], payloads: Sequence[bytes]) -> Carried:
    """All orders, from JSON bytes to records."""
    orders = [order for order in map(_read, payloads) if order is not None]
    frame = pd.DataFrame([order.model_dump(exclude={"lines"}) for order in orders])
    lines = pd.DataFrame([line.model_dump() for order in orders for line in order.lines])
    headers = frame.apply(_header, axis=1, result_type="expand")
    details = _details(lines, frame, headers)
    bad = faulty(frame, lines, headers, details)
    writes = _writes(headers[~headers["key"].isin(bad)], details)
    return Carried(writes, frozenset(keys) - {write.key for write in writes})


def _read(payload: bytes) -> SalesOrder | None:
    try:
        return canonical(ZohoOrder.model_validate_json(payload))
    except (ValueError, KeyError, ArithmeticError):
        return None


def _asked(reference: str, word: str, *ways: str) -> str | None:
    """A code; blank for no word, None for an unknown one."""
    if not word.strip():
        return ""
    answers = (site().reference(reference).find(word, way) for way in ways or ("exact", "normalised"))
    return next((answer.values[0] for answer in answers if len(answer.values) == 1), None)


def _header(order: pd.Series) -> dict[str, Any]:
    """One row of SO_SalesOrderHeader."""
    rate = ONE if order["currency"] == SETTINGS["company_currency"] else order["exchange_rate"] or ZERO
    place = order["extensions"].get("location_name", "")
    taxed = order["tax_amount"] != 0
    found = {
        "key": order["source_id"],
        "rate": rate,
        "total": cents(order["total"] * rate),
        "tax": cents(order["tax_amount"] * rate),
        "adjustment": cents(order["adjustment_amount"] * rate),
        "ARDivisionNo": SETTINGS["ar_division"],
        "CustomerNo": customer_no(order["customer_source_id"]),
        "OrderType": "S",
        "OrderStatus": STATUSES.get(order["status"], ""),
        "OrderDate": order["ordered_on"].isoformat(),
        "ShipExpireDate": (order["ship_on"] or order["ordered_on"]).isoformat(),
        "CustomerPONo": order["number"],
        "TermsCode": _asked("terms", order["payment_terms"]),
        "ShipVia": _asked("ship_via", order["ship_via"]),
        "WarehouseCode": _asked("warehouses", place) if place else SETTINGS["default_warehouse"],
        "TaxSchedule": _asked("tax_schedules", order["tax_code"])
        if taxed
        else SETTINGS["default_tax_schedule"],
        "ConfirmTo": order["bill_to"]["attention"] or order["ship_to"]["attention"],
        "EmailAddress": order["customer_email"],
        "Comment": order["reference"][: widths()["SO_SalesOrderHeader", "Comment"]].rstrip(),
        "FreightAmt": cents(order["shipping_amount"] * rate),
        "DiscountAmt": cents(order["discount_amount"] * rate),
        "UDF_ZOHO_ORDER_ID": order["source_id"],
        "UDF_ZOHO_VERSION": order["source_version"],
        "UDF_RUSH_ORDER": order["extensions"].get("rush_order", ""),
        **_address("BillTo", order["bill_to"], order["customer_name"], note=""),
        **_address("ShipTo", order["ship_to"], order["customer_name"], note=order["ship_to"]["attention"]),
    }
    return found | {
        "bad": any(value is None for value in found.values()) or not found["BillToName"] or not rate
    }


def _address(side: str, address: dict[str, str], name: str, note: str) -> dict[str, str | None]:
    code = address["subdivision_code"]
    state = code if len(code) == 2 and code.isalpha() else ""
    parts = (
        address["street1"],
        address["street2"],
        address["street3"],
        "" if state else address["subdivision"],
    )
    width = widths()["SO_SalesOrderHeader", f"{side}Address1"]
    streets = lines_of(parts, ("" if note == name else note,), 3, width)
    return {
        f"{side}Name": name,
        f"{side}Address1": streets[0],
        f"{side}Address2": streets[1],
        f"{side}Address3": streets[2],
        f"{side}City": address["city"],
        f"{side}State": state,
        f"{side}ZipCode": address["postal_code"],
        f"{side}CountryCode": _asked("countries", address["country"], "exact"),
    }


def _details(lines: pd.DataFrame, orders: pd.DataFrame, headers: pd.DataFrame) -> pd.DataFrame:
    """All rows of SO_SalesOrderDetail, our own lines after the shop's."""
    about = orders[["source_id", "prices_include_tax"]].merge(
        headers[["key", "rate", "WarehouseCode"]], left_on="source_id", right_on="key"
    )
    joined = lines.merge(about, left_on="order_source_id", right_on="source_id")
    details = joined.apply(_detail, axis=1, result_type="expand")
    reasons = dict(zip(orders["source_id"], orders["adjustment_reason"], strict=True))
    adjustments = [
        _own(row, "/ADJ", "Adjustment", row["adjustment"], reasons[row["key"]], at=101)
        for _, row in headers.iterrows()
        if row["adjustment"]
    ]
    details = pd.concat([details, pd.DataFrame(adjustments)], ignore_index=True)
    sums, counts = details.groupby("key")["extension"].sum(), details.groupby("key").size()
    headers[["residue", "too_much"]] = headers.apply(
        lambda row: _residue(row, sums, counts), axis=1, result_type="expand"
    )
    own = [
        _own(row, "/ROUND", "Rounding", row["residue"], "", at=102)
        for _, row in headers.iterrows()
        if row["residue"]
    ]
    for (_, row), notes in zip(headers.iterrows(), orders["notes"], strict=True):
        if notes:
            own.append(_own(row, "/C", "", ZERO, notes, at=103))
    return pd.concat([details, pd.DataFrame(own)], ignore_index=True)


def _detail(line: pd.Series) -> dict[str, Any]:
    """One of the shop's lines."""
    quantity, price, percent = line["quantity"], line["unit_price"], line["discount_percent"]
    if (line["discount_amount"] or line["prices_include_tax"]) and quantity:
        tax = line["tax_amount"] if line["prices_include_tax"] else None
        price = unit_price(quantity, price, percent, off=line["discount_amount"], tax=tax, rate=line["rate"])
        percent = ZERO
    else:
        price = (price * line["rate"]).quantize(MICRO, rounding="ROUND_HALF_UP")
    code = _asked("items", line["sku"], "exact", "normalised", "alias", "barcode")
    place = line["extensions"].get("location_name", "")
    items = site().reference("items")
    return {
        "key": line["order_source_id"],
        "position": line["position"],
        "ItemCode": code or "",
        "ItemCodeDesc": items.labels.get(code or "", ""),
        "QuantityOrdered": quantity,
        "UnitPrice": price,
        "LineDiscountPercent": percent,
        "UnitOfMeasure": items.attribute("SalesUnitOfMeasure").get(code or "", ""),
        "WarehouseCode": _asked("warehouses", place) if place else line["WarehouseCode"],
        "CommentText": "",
        "extension": extension(quantity, price, percent),
    }


def _own(
    header: pd.Series, code: str, words: str, amount: Decimal, comment: str, *, at: int
) -> dict[str, Any]:
    return {
        "key": header["key"], "position": at, "ItemCode": code, "ItemCodeDesc": words,
        "QuantityOrdered": ZERO if code == "/C" else ONE, "UnitPrice": amount, "LineDiscountPercent": ZERO,
        "UnitOfMeasure": "", "WarehouseCode": "", "CommentText": comment, "extension": amount,
    }  # fmt: skip


def _residue(header: pd.Series, sums: pd.Series, counts: pd.Series) -> dict[str, Any]:
    expected = sums[header["key"]] - header["DiscountAmt"] + header["FreightAmt"] + header["tax"]
    tolerance = cents((counts[header["key"]] + 4) * Decimal("0.01") * max(header["rate"], ONE))
    residue = header["total"] - expected
    return {"residue": residue, "too_much": abs(residue) > tolerance}


def _writes(headers: pd.DataFrame, details: pd.DataFrame) -> list[OrderWrite]:
    lines: dict[str, list[dict[str, str]]] = {}
    for _, detail in details.sort_values("position", kind="stable").iterrows():
        lines.setdefault(detail["key"], []).append(_texts(detail))
    return [
        OrderWrite(key=header["key"], header=_texts(header), lines=lines[header["key"]],
                   expected_lines=len(lines[header["key"]]), expected_total=header["total"])
        for _, header in headers.iterrows()
    ]  # fmt: skip


def _texts(row: pd.Series) -> dict[str, str]:
    """A row as the gateway takes it; blanks left out."""
    return {name: text for name, value in row.items() if name not in OWN and (text := _text(value))}


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    return "" if value is None else str(value)
