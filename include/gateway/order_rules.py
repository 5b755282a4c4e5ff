"""What an order must be like to be right, and to be ours to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.gateway.messages import Finding
from include.gateway.problems import ProblemError
from include.gateway.reading import cents, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from include.gateway.lookup import Standing
    from include.gateway.models import Expect

COMPLETED = "C"
HELD = "H"
_PRINTED = ("PickingSheetPrinted", "SalesOrderPrinted")
_INVOICED = ("CurrentInvoiceNo", "LastInvoiceOrderNo")


def differing(expect: Expect | None, standing: Standing, tolerance: Decimal) -> list[Finding]:
    """Where an order is not what was expected."""
    if expect is None:
        return []
    found = []
    if standing.lines != expect.lines:
        found.append(_differs("lines", str(expect.lines), str(standing.lines)))
    if abs(standing.total - expect.amount) > tolerance:
        found.append(_differs("Total", cents(expect.amount), cents(standing.total)))
    return found


def refuse_locked(header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """Goods on the move or a paper at the customer: the order is not ours to change any more.

    Raises:
        ProblemError: 422 locked_in_erp.
    """
    reasons = [f"{name} is set" for name in _PRINTED if header.get(name) == "Y"]
    reasons += [f"invoice {header[name]}" for name in _INVOICED if header.get(name)]
    if header.get("OrderStatus") == COMPLETED:
        reasons.append("the order is closed")
    if any(number(line.get("QuantityShipped")) > 0 for line in lines):
        reasons.append("lines are shipped")
    if reasons:
        raise locked_in_erp(reasons)


def held_for(reason: str) -> dict[str, str | int | None]:
    """The columns of an order on hold. Sage keeps the reason of a hold where it keeps that of a deletion."""
    return {"OrderStatus": HELD, "CancelReasonCode": reason or None}


def order_number(text: str | None) -> str | None:
    """Sage pads order numbers that are all digits to seven places."""
    return text.zfill(7) if text and text.isdecimal() else text and text.upper()


def _differs(field: str, expected: str, actual: str) -> Finding:
    message = f"expected {field} {expected}, Sage holds {actual}"
    return Finding("read_back_differs", "header", message, field=field, value=actual)


def stands_differing(number_: str, wrong: Sequence[Finding]) -> ProblemError:
    """422: the order was written, differs and could not be taken back."""
    detail = f"order {number_} stands in Sage and differs; a person must compare it"
    return ProblemError(422, detail, errors=wrong, extra={"SalesOrderNo": number_})


def otherwise_held(header: Mapping[str, Any], reason: str) -> Finding | None:
    """Says so when an order on hold is held for another reason than this."""
    held = str(header.get("CancelReasonCode") or "")
    if held == reason:
        return None
    message = f"the order is held for {held or 'no reason given'}"
    return Finding("held_otherwise", "header", message, field="CancelReasonCode", value=held)


def locked_in_erp(reasons: Sequence[str]) -> ProblemError:
    """422: Sage, or a person in it, has taken the order over."""
    found = [Finding("locked_in_erp", "header", reason) for reason in reasons]
    return ProblemError(422, f"Sage does not let go of the order: {'; '.join(reasons)}", errors=found)
