"""C26, C28, C29: won opportunities as Zoho's sales orders."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.canonical import Reason
from include.translation import load
from tests.unit.mappings.salesforce_records import (
    ITEM_ID,
    OPPORTUNITY_ID,
    ZOHO_CONTACT,
    carried,
    line,
    opportunity,
    order,
    read,
    site,
)

MAPPINGS = ("salesforce/opportunity", "zoho_inventory/sales_order_write")


def test_an_opportunity_becomes_an_order_that_is_to_be_confirmed() -> None:
    """C26, T7: the confirmation is a call of its own, which `confirm` asks for."""
    assert order(opportunity(Description="Before\nEaster")) == {
        "customer_id": ZOHO_CONTACT,
        "salesorder_number": f"SF-{OPPORTUNITY_ID}",
        "reference_number": "Spring refit",
        "date": "2026-03-01",
        "notes": "Before\nEaster",
        "discount_type": "item_level",
        "is_discount_before_tax": True,
        "confirm": True,
        "line_items": [
            {
                "item_id": ITEM_ID,
                "description": "Amber deck lamp",
                "quantity": Decimal(2),
                "rate": Decimal("189.5"),
                "discount": "10%",
            }
        ],
    }


STAGES = "Closed Won; Won Renewal"


@pytest.mark.parametrize(
    ("changes", "stages", "status"),
    [
        ({}, "", "open"),
        ({"StageName": "Gewonnen"}, "", "open"),
        ({"IsWon": False, "IsClosed": True, "StageName": "Closed Lost"}, "", "cancelled"),
        ({"IsWon": False, "IsClosed": False, "StageName": "Prospecting"}, "", "draft"),
        ({"IsDeleted": True}, "", "cancelled"),
        ({}, STAGES, "open"),
        ({"StageName": "Won Renewal"}, STAGES, "open"),
        ({"StageName": "Verbal"}, STAGES, "cancelled"),
        ({"StageName": "closed won"}, STAGES, "cancelled"),
        ({"IsWon": False, "IsClosed": False, "StageName": "Won Renewal"}, STAGES, "open"),
        ({"IsWon": False, "IsClosed": False, "StageName": "Prospecting"}, STAGES, "draft"),
        ({"IsDeleted": True}, STAGES, "cancelled"),
    ],
)
def test_when_an_opportunity_is_won(changes: dict[str, object], stages: str, status: str) -> None:
    """C26, C29: by IsWon, or by the stages that the site names; then IsWon does not count."""
    found = read(MAPPINGS[0], opportunity(**changes), site(salesforce_won_stages=stages))
    assert found.problems.empty
    assert list(found.frames["orders"].status) == [status]


def test_the_number_may_begin_otherwise_and_name_a_field_of_the_orgs() -> None:
    assert order(opportunity(named={"number": "Q-0042"}))["salesorder_number"] == "SF-Q-0042"
    bare = order(opportunity(), salesforce_order_number="")
    assert bare["salesorder_number"] == OPPORTUNITY_ID


@pytest.mark.parametrize(
    ("document", "codes"),
    [
        (opportunity(OpportunityLineItems=[line(Product2Id="01tX")]), {Reason.NO_REFERENCE}),
        (opportunity(AccountId="001X"), {Reason.NO_REFERENCE}),
        (opportunity(AccountId=None), {Reason.NO_REFERENCE}),
        (opportunity(CloseDate=None), {Reason.MISSING}),
        (opportunity(IsWon=None), {Reason.MISSING}),
        (opportunity(OpportunityLineItems=[line(Quantity="many")]), {Reason.INVALID_FORMAT}),
    ],
    ids=["product", "customer", "nobody's", "no date", "nobody says", "no number"],
)
def test_what_is_missing_or_unknown_goes_to_a_person(document: dict[str, object], codes: set[Reason]) -> None:
    """C28, C31, rule 5."""
    _, found = carried(*MAPPINGS, document)
    assert set(found) == codes


def test_amounts_are_the_lines_own_to_the_cent() -> None:
    lines = [line(), line(Id="00kB", Quantity=3, UnitPrice=0.1, Discount=None, TotalPrice=0.3)]
    (total,) = read(MAPPINGS[0], opportunity(OpportunityLineItems=lines), site()).frames["orders"].total
    assert total == Decimal("341.40")
    shown = order(opportunity(OpportunityLineItems=lines))["line_items"][1]
    assert (shown["rate"], "discount" in shown) == (Decimal("0.1"), False)


@pytest.mark.parametrize("name", ["CurrencyIsoCode", "Description", "ContactId"])
def test_what_an_org_does_not_have_is_no_trouble(name: str) -> None:
    document = opportunity()
    document.pop(name, None)
    assert order(document)["confirm"] is True


def test_mappings_say_what_they_are_called() -> None:
    assert {load(name).name for name in MAPPINGS} == set(MAPPINGS)
