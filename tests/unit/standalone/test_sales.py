"""The demonstration's account of Salesforce: what balances in three systems, and what does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.standalone.display import salesforce_rows
from include.standalone.sales import SalesTally

PRICE, AMOUNT = Decimal("18.00"), Decimal("216.00")


def contact(last_name: str = "Berglund") -> dict[str, Any]:
    return {"contact_persons": [{"last_name": last_name}]}


def an_account(**changes: Any) -> SalesTally:
    whole: dict[str, Any] = {
        "goods": {"46001": PRICE},
        "products": {"46001": PRICE},
        "accounts": {"001A": "Alpine Ski House"},
        "contacts": {"Alpine Ski House": [contact()], "Somebody else": [contact(), contact()]},
        "persons": {"Alpine Ski House": "Berglund"},
        "amounts": {"006A": AMOUNT},
        "orders": {"006A": [("46900", "confirmed", AMOUNT)]},
        "sage": {"46900": [AMOUNT], "46000": [PRICE]},
        "seconds": (2.5, 4.0),
    }
    return SalesTally(**{**whole, **changes})


def test_a_sound_account_balances_and_is_shown() -> None:
    account = an_account()
    assert account.problems() == []
    shown = {name: (figure, remark) for name, figure, remark in salesforce_rows(account)}
    assert shown["products in Salesforce"][0] == shown["items in Zoho"][0] == "1"
    assert shown["deals won"] == ("1", "216.00 dollars in Salesforce")
    assert shown["  booked in Sage"][1] == "216.00 dollars"
    assert shown["difference"][0] == "0.00"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"goods": {}, "products": {}}, "Zoho has no items"),
        ({"products": {}}, "1 of 1 items are not in Salesforce"),
        ({"products": {"46001": Decimal("18.01")}}, "1 of 1 items are not in Salesforce"),
        ({"products": {"46001": PRICE, "46002": PRICE}}, "Salesforce has products that Zoho does not sell"),
        ({"contacts": {}}, "Alpine Ski House stands in Zoho 0 times"),
        ({"contacts": {"Alpine Ski House": [contact(), contact()]}}, "Alpine Ski House stands in Zoho 2"),
        ({"contacts": {"Alpine Ski House": [contact("Reding")]}}, "Alpine Ski House has other people"),
        ({"orders": {}}, "deal 006A over 216.00 is in Zoho as []"),
        ({"orders": {"006A": [("46900", "draft", AMOUNT)]}}, "deal 006A over 216.00 is in Zoho as"),
        ({"orders": {"006A": [("46900", "confirmed", PRICE)]}}, "deal 006A over 216.00 is in Zoho as"),
        ({"sage": {}}, "deal 006A over 216.00 is in Sage as [[]]"),
        ({"sage": {"46900": [AMOUNT, AMOUNT]}}, "deal 006A over 216.00 is in Sage as"),
    ],
)
def test_whatever_is_missing_doubled_or_unequal_is_said(changes: dict[str, Any], problem: str) -> None:
    assert any(problem in line for line in an_account(**changes).problems())
