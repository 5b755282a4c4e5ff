"""A33: who is this buyer? A labelled set, with precision and recall printed."""

from __future__ import annotations

import pandas as pd
import pytest

from include.pipelines.customers import Buyer, match

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
    (Buyer("3", "Alfreds", "new@alfreds.example", "", "12209"), set()),
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


def test_precision_and_recall_of_the_labelled_set(capsys: pytest.CaptureFixture[str]) -> None:
    decided = [(found(buyer), expected) for buyer, expected in LABELLED]
    claimed = [(hit, expected) for hit, expected in decided if len(hit) == 1]
    right = sum(hit == expected for hit, expected in claimed)
    findable = sum(len(expected) == 1 for _, expected in decided)
    with capsys.disabled():
        print(f"\ncustomer matching: precision {right}/{len(claimed)}, recall {right}/{findable}")  # noqa: T201 - the figure is the point
    assert right == len(claimed) == findable


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
