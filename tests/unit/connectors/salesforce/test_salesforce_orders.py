"""Which lines an order lacks, and which price a line is about."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.connectors.salesforce.orders import Plan, changes
from include.connectors.salesforce.prices import entry_of

KEY = "Zoho_Line_Item_Id__c"


def line(entry, quantity, **more):
    return {"PricebookEntryId": entry, "Quantity": quantity, **more}


def item(number, entry, quantity, **more):
    return {"Id": number, **line(entry, Decimal(quantity), **more)}


@pytest.mark.parametrize(
    ("lines", "items", "lacks"),
    [
        ([line("a", 1)], [item("1", "a", 1)], ([], [], [])),
        ([line("a", 2)], [item("1", "a", 1)], ([], [{"Id": "1", "Quantity": 2}], [])),
        ([line("b", 1)], [item("1", "a", 1)], (["1"], [], [{"OrderId": "801", **line("b", 1)}])),
        ([], [item("1", "a", 1)], (["1"], [], [])),
        (None, [item("1", "a", 1)], ([], [], [])),
        ([line("a", 1), line("a", 1)], [item("1", "a", 1)], ([], [], [{"OrderId": "801", **line("a", 1)}])),
        ([line("a", 1)], [item("1", "a", 1), item("2", "a", 1)], (["2"], [], [])),
        (
            [line("a", 5), line("a", 1)],
            [item("1", "a", 1), item("2", "a", 2)],
            ([], [{"Id": "2", "Quantity": 5}], []),
        ),
    ],
)
def test_lines_are_matched_by_their_entry(lines, items, lacks) -> None:
    assert changes(Plan({}, "", lines, items=items, id="801"), KEY) == lacks


def test_of_several_with_one_entry_the_line_s_own_number_decides() -> None:
    asked = [line("a", 7, **{KEY: "y"}), line("a", 8, **{KEY: "x"})]
    stands = [item("1", "a", 1, **{KEY: "x"}), item("2", "a", 2, **{KEY: "y"})]
    _, updates, creates = changes(Plan({}, "", asked, items=stands, id="801"), KEY)
    assert {each["Id"]: each["Quantity"] for each in updates} == {"2": 7, "1": 8}
    assert creates == []


def test_a_price_is_about_its_currency_or_the_only_one() -> None:
    one = {"p": {"": {"Id": "1"}}}
    two = {"p": {"USD": {"Id": "1"}, "EUR": {"Id": "2"}}}
    assert entry_of(one, "p", {}) == {"Id": "1"}
    assert entry_of(two, "p", {"CurrencyIsoCode": "EUR"}) == {"Id": "2"}
    assert entry_of(two, "p", {}) is None
    assert entry_of(two, "p", {"CurrencyIsoCode": "GBP"}) is None
    assert entry_of(two, "q", {}) is None
