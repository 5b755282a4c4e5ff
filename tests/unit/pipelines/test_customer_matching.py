"""A33, B26: who is this buyer? A case for each kind of evidence; ``test_labelled_customers`` has figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from include.pipelines.customers import Buyer, Match, match

COLUMNS = [
    "ARDivisionNo", "CustomerNo", "CustomerName", "EmailAddress", "TelephoneNo", "ZipCode", "CustomerStatus",
    "UDF_ZOHO_CONTACT_ID",
]  # fmt: skip

SAGE = [
    ("00", "0000001", "Alfreds Futterkiste", "orders@alfreds.example", "030-0074321", "12209", "A", ""),
    ("00", "0000002", "Around the Horn", "horn@aroundthehorn.example", "(171) 555-7788", "WA1 1DP", "A", ""),
    ("01", "0000002", "Around the Horn (East)", "", "(171) 555-7788", "WA1 1DP", "A", ""),
    ("00", "BOTTM", "Bottom-Dollar Markets", "", "(604) 555-4729", "T2F 8M4", "A", ""),
    ("00", "CACTU", "Cactus Comidas para llevar", "ap@cactus.example", "", "1010", "A", "77"),
    ("00", "TWIN1", "Twin Traders", "buy@twins.example", "", "70001", "A", ""),
    ("00", "TWIN2", "Twin Traders South", "buy@twins.example", "", "70002", "A", ""),
    ("00", "SLEEP", "Sleepy Hollow Foods", "z@sleepy.example", "", "10591", "I", ""),
    ("00", "HANAR", "Hanari Carnes", "", "", "05454-876", "A", ""),
]


def customers() -> pd.DataFrame:
    return pd.DataFrame(SAGE, columns=COLUMNS).astype("string[pyarrow]")


def found(buyer: Buyer) -> set[str]:
    return {hit.target_id for hit in match([buyer], customers())[buyer.source_id].found}


LABELLED = [
    (Buyer("1", "Alfreds Futterkiste", "ORDERS@alfreds.example ", "", ""), {"00-0000001"}),
    (Buyer("2", "Futterkiste, Alfreds", "", "030 0074321", ""), {"00-0000001"}),
    (Buyer("3", "Alfreds Nachfolger", "new@alfreds.example", "", "12209"), set()),
    (
        Buyer("4", "Around the Horn", "horn@aroundthehorn.example", "(171) 555-7788", "WA1 1DP"),
        {"00-0000002"},
    ),
    (Buyer("5", "Around the Horn", "", "(171) 555-7788", ""), {"00-0000002", "01-0000002"}),
    (Buyer("6", "Bottom Dollar Markets", "", "+1 604 555 4729", "T2F8M4"), {"00-BOTTM"}),
    (Buyer("77", "Somebody Else Entirely", "", "", ""), {"00-CACTU"}),
    (Buyer("8", "Twin Traders", "buy@twins.example", "", "70001"), {"00-TWIN1"}),
    (Buyer("9", "Twin Traders West", "buy@twins.example", "", "90000"), {"00-TWIN1", "00-TWIN2"}),
    (Buyer("10", "Hanari Carnes", "", "", "05454876"), {"00-HANAR"}),
    (Buyer("11", "Hanari Pescados", "", "", "05454876"), set()),
    (Buyer("12", "New Customer GmbH", "info@new.example", "089 123456", "80331"), set()),
    (Buyer("13", "Unrelated Inc", "", "030-0074321", ""), set()),
    (Buyer("14", "", "", "", ""), set()),
]


@pytest.mark.parametrize(("buyer", "expected"), LABELLED, ids=lambda value: getattr(value, "name", ""))
def test_labelled_buyers(buyer: Buyer, expected: set[str]) -> None:
    assert found(buyer) == expected


def test_weaker_evidence_only_narrows_what_stronger_evidence_found() -> None:
    """The e-mail says TWIN1 or TWIN2; a telephone number of somebody else must not join them."""
    buyer = Buyer("x", "Around the Horn", "buy@twins.example", "(171) 555-7788", "")
    assert found(buyer) == {"00-TWIN1", "00-TWIN2"}


def test_an_inactive_customer_is_found_so_that_nobody_creates_a_twin() -> None:
    hits = match([Buyer("s", "Sleepy Hollow Foods", "z@sleepy.example", "", "")], customers())["s"]
    assert [hit.is_active for hit in hits.found] == [False]


def test_evidence_is_named() -> None:
    hits = match([Buyer("1", "Alfreds", "orders@alfreds.example", "", "")], customers())
    assert hits["1"].evidence == "e-mail"


def customer(
    number: str, name: str = "", *, division: str = "00", status: str = "A", **more: str
) -> list[str]:
    values = {"EmailAddress": "", "TelephoneNo": "", "ZipCode": "", "UDF_CLARITY_CUSTOMER_ID": ""} | more
    row = {"ARDivisionNo": division, "CustomerNo": number, "CustomerName": name, "CustomerStatus": status}
    return [{**row, **values}[column] for column in CLARITY_COLUMNS]


CLARITY_COLUMNS = [*COLUMNS[:-1], "UDF_CLARITY_CUSTOMER_ID"]
SHOP = "UDF_CLARITY_CUSTOMER_ID"


def asked(buyer: Buyer, *rows: list[str]) -> Match:
    sage = pd.DataFrame(list(rows), columns=CLARITY_COLUMNS).astype("string[pyarrow]")
    return match([buyer], sage, id_column=SHOP)[buyer.source_id]


def target(hit: Match) -> str | None:
    return hit.customer.target_id if hit.customer else None


def firm(name: str, **more: Any) -> Buyer:
    told = {"source_id": "9", "name": "Ann Lee", "email": "", "phone": "", "postal_code": ""} | more
    return Buyer(**told, company=name)


TAYLOR = customer(
    "D3600", "Taylor & Sons Inc.", division="01", ZipCode="98011", EmailAddress="ap@taylor.example"
)
TORTUGA = customer("0000077", "Tortuga Restaurante", ZipCode="05033", EmailAddress="eat@tortuga.example")


def test_the_column_of_our_own_id_is_the_shop_s() -> None:
    """The same number in the other shop's column says nothing."""
    row = customer("0000001", "Somebody", UDF_CLARITY_CUSTOMER_ID="77")
    assert target(asked(Buyer("77", "Anybody", "", "", ""), row)) == "00-0000001"
    sage = pd.DataFrame([row], columns=CLARITY_COLUMNS).astype("string[pyarrow]")
    assert match([Buyer("77", "Anybody", "", "", "")], sage)["77"].is_new


@pytest.mark.parametrize("told", ["01-D3600", " 01-d3600 ", "01 - D3600", "D3600"])
def test_the_number_that_the_shop_keeps_is_the_customer(told: str) -> None:
    hit = asked(firm("Taylor and Sons", erp_number=told), TAYLOR, TORTUGA)
    assert (target(hit), hit.evidence) == ("01-D3600", "ERP number")


def test_zeros_that_fill_a_number_up_may_be_missing() -> None:
    assert target(asked(firm("Tortuga Restaurante", erp_number="00-77"), TAYLOR, TORTUGA)) == "00-0000077"


def test_a_number_without_division_that_two_have_is_a_question() -> None:
    hit = asked(firm("Taylor", erp_number="D3600"), TAYLOR, customer("D3600", "Taylor East"))
    assert (len(hit.found), hit.customer, hit.is_new) == (2, None, False)


def test_a_number_that_nobody_has_is_a_question_with_what_else_fits() -> None:
    hit = asked(firm("Taylor & Sons", erp_number="01-D9999", email="ap@taylor.example"), TAYLOR, TORTUGA)
    assert (hit.customer, hit.is_new, hit.doubt) == (None, False, "Sage has no customer '01-D9999'")
    assert [c.target_id for c in hit.found] == ["01-D3600"]


def test_a_number_of_plainly_another_company_is_a_question() -> None:
    """Both are offered: the holder of the number, and who the e-mail address names."""
    hit = asked(firm("Taylor & Sons", erp_number="00-0000077", email="ap@taylor.example"), TAYLOR, TORTUGA)
    assert (hit.customer, hit.doubt) == (None, "'00-0000077' is 'Tortuga Restaurante'")
    assert [c.target_id for c in hit.found] == ["00-0000077", "01-D3600"]


def test_a_renamed_company_keeps_its_number() -> None:
    hit = asked(firm("Ocean Kitchen", erp_number="00-0000077", email="eat@tortuga.example"), TAYLOR, TORTUGA)
    assert target(hit) == "00-0000077"


def test_a_shared_address_is_narrowed_by_the_company_s_name() -> None:
    rows = [
        customer("0000001", "Harbor Lights Inc", EmailAddress="office@harbor.example"),
        customer("0000002", "Harbor Docks Ltd", EmailAddress="OFFICE@harbor.example"),
    ]
    assert target(asked(firm("Harbor Docks Limited", email="office@harbor.example"), *rows)) == "00-0000002"
    other = asked(firm("Harbor Cranes", email="office@harbor.example"), *rows)
    assert (len(other.found), other.customer) == (2, None)


def test_another_firm_s_address_is_a_question_and_a_person_s_firm_is_not() -> None:
    hit = asked(firm("Magic Cycles", email="eat@tortuga.example"), TORTUGA)
    assert (hit.customer, [c.target_id for c in hit.found]) == (None, ["00-0000077"])
    assert target(asked(Buyer("9", "Miguel Paolino", "eat@tortuga.example", "", ""), TORTUGA)) == "00-0000077"


def test_dots_and_tags_of_an_address_tell_people_apart() -> None:
    """Ann.Lee@mail.example is ann.lee@mail.example; annlee@mail.example may be anybody."""
    row = customer("0000001", "Ann Lee", EmailAddress="ann.lee@mail.example")
    someone = Buyer("9", "Anna Leeson", "annlee@mail.example", "", "", is_person=True)
    assert asked(someone, row).is_new
    assert target(asked(replace(someone, email="Ann.Lee@Mail.Example"), row)) == "00-0000001"


def test_the_survivor_of_a_merger_is_meant() -> None:
    rows = [
        customer("0000001", "Pelican Boats", UDF_CLARITY_CUSTOMER_ID="500"),
        customer("0000002", "Pelican Boats LLC", UDF_CLARITY_CUSTOMER_ID="501"),
    ]
    assert target(asked(firm("Pelican Boats", source_id="500", merged_into="501"), *rows)) == "00-0000002"
    assert target(asked(firm("Pelican Boats", source_id="500", merged_into="502"), *rows)) == "00-0000001"


def test_people_of_one_name_are_not_one_person() -> None:
    row = customer(
        "0000001", "Petra Winkler", EmailAddress="p@mail.example", ZipCode="91910", TelephoneNo="555 01234"
    )
    her = Buyer("9", "Petra Winkler", "other@web.example", "", "91910", is_person=True)
    assert (asked(her, row).customer, asked(her, row).is_new) == (None, False)
    assert target(asked(replace(her, phone="55501234"), row)) == "00-0000001"


def test_a_company_that_moved_is_not_made_twice_without_a_look() -> None:
    row = customer("0000001", "Gai pâturage", ZipCode="74000")
    hit = asked(firm("GAI PATURAGE SARL", postal_code="69004", email="new@gai.example"), row)
    assert (hit.customer, hit.is_new, hit.evidence) == (None, False, "name")


def test_who_is_new_has_neighbours_as_candidates() -> None:
    row = customer("0000001", "Hanari Carnes", ZipCode="05454-876")
    hit = asked(firm("Hanari Pescados", postal_code="05454876"), row)
    assert (hit.is_new, [c.name for c in hit.near]) == (True, ["Hanari Carnes"])


def test_two_accounts_of_one_newcomer_are_one() -> None:
    buyers = [
        firm("Nova Foods Ltd", source_id="12", postal_code="80331"),
        firm("NOVA FOODS Limited", source_id="11", postal_code="D-80331"),
        firm("Nova Foods GmbH", source_id="13", postal_code="80331"),
    ]
    hits = match(buyers, pd.DataFrame([TORTUGA], columns=CLARITY_COLUMNS), id_column=SHOP)
    assert (hits["11"].is_new, hits["12"].same_as) == (True, "11")
    assert hits["13"].doubt == "'NOVA FOODS Limited' is new too, and alike"
