"""SKU and other look-ups (A39, A43, A45)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.translation.reference import barcode, normalised
from tests.unit.translation.factories import a_reference, items

CATALOGUE = items(
    [
        ("NW-0010", "0036000291452"), ("NW-0100",), ("NW-0011", "4006381333931"), ("ABC123",), ("A/B 7",),
        ("X.1.50",),
        ("KIT*9",), ("007",), ("ÄÖ-1",), ("M8X20",), ("M-8-X",), ("WIDGET",), ("0",), ("SHIRT-S",),
        ("12-0034-0005",),
        ("GTIN8", "96385074"),
    ],
    (("OLD/10", "NW-0010"), ("Legacy Widget", "WIDGET"), ("TWIN", "NW-0010"), ("TWIN", "NW-0011")),
)  # fmt: skip

UGLY = [
    ("NW-0010", "NW-0010"), (" NW-0010 ", "NW-0010"), ("nw-0010", "NW-0010"), (" nw-10 ", "NW-0010"),
    ("NW-10", "NW-0010"), ("NW-00000010", "NW-0010"), ("NW - 0010", "NW-0010"), ("NW\u20110010", "NW-0010"),
    ("NW\u20130010", "NW-0010"), ("NW\u22120010", "NW-0010"), ("NW-0010", "NW-0010"),
    ("\u200bNW-0010", "NW-0010"), ("NW\u00a0-0010", "NW-0010"), ("\ufeffNW-0010", "NW-0010"),
    ("NW-0010\n", "NW-0010"),
    ("NW-0010\t", "NW-0010"), ("NW-100", "NW-0100"), ("nw-0100", "NW-0100"), ("NW-1000", None),
    ("NW-1", None),
    ("NW0010", None), ("NW_0010", None), ("abc0123", "ABC123"), ("ABC 123", "ABC123"), ("ABC-123", None),
    ("a/b 07", "A/B 7"), ("A/B7", "A/B 7"), ("AB7", None), ("x.01.50", "X.1.50"), ("X.1.5", None),
    ("X.1.050", "X.1.50"),
    ("kit*9", "KIT*9"), ("KIT*09", "KIT*9"), ("KIT9", None), ("7", "007"), ("07", "007"), ("0007", "007"),
    ("70", None),
    ("äö-01", "ÄÖ-1"), ("a\u0308o\u0308-1", "ÄÖ-1"), ("AO-1", None), ("m8x20", "M8X20"), ("M08X020", "M8X20"),
    ("M-8-x", "M-8-X"), ("00", "0"), ("old/10", "NW-0010"), ("OLD/0010", "NW-0010"),
    ("legacy  widget", "WIDGET"),
    ("shirt-s", "SHIRT-S"), ("12-34-5", "12-0034-0005"), ("1234-5", None), ("036000291452", "NW-0010"),
    ("36000291452", "NW-0010"), ("00036000291452", "NW-0010"), ("4006381333931", "NW-0011"),
    ("96385074", "GTIN8"),
    ("400638133393", None), ("", None), ("   ", None), ("'; DROP TABLE CI_Item --", None),
]  # fmt: skip


def found(sku: str) -> str | None:
    for way in ("exact", "normalised", "alias", "barcode"):
        values = CATALOGUE.find(sku, way).values
        if values:
            return values[0] if len(values) == 1 else "several"
    return None


@pytest.mark.parametrize(("sku", "code"), UGLY, ids=[repr(sku) for sku, _ in UGLY])
def test_an_ugly_sku_finds_its_item_and_no_other(sku: str, code: str | None) -> None:
    """A39."""
    assert found(sku) == code


def test_an_alias_of_two_items_is_for_a_person() -> None:
    assert found("twin") == "several"


@given(st.text(max_size=30))
def test_normalising_twice_is_normalising_once(code: str) -> None:
    assert normalised(normalised(code)) == normalised(code)
    assert barcode(barcode(code)) in {barcode(code), ""}


def test_codes_that_normalise_alike_are_reported_as_no_bijection() -> None:
    """A39."""
    catalogue = items([("A-01",), ("A-1",), ("B-2",)])
    assert catalogue.collisions == {"A-1": ("A-01", "A-1")}
    assert catalogue.find("A-01").values == ("A-01",)
    assert catalogue.find("a-001", "normalised").values == ("A-01", "A-1")
    assert items([("A-1",), ("B-2",)]).collisions == {}


def test_among_codes_rated_alike_the_nearest_as_a_whole_is_offered_first() -> None:
    codes = items([(f"NW-{number:04d}",) for number in range(1, 78)])
    candidates = codes.nearest(["NW-0072-CLERK"])
    assert candidates[0].value == "NW-0072"


def test_the_nearest_names_are_offered_best_first() -> None:
    """A45."""
    candidates = CATALOGUE.nearest(["NW-011"])
    assert candidates[0].value == "NW-0011"
    assert candidates == sorted(candidates, key=lambda c: (-c.score, c.value))
    assert len(candidates) <= 5


def test_candidates_are_found_by_description_and_alias_too() -> None:
    assert CATALOGUE.nearest(["legacy widgit"])[0].value == "WIDGET"


def test_nothing_is_offered_for_nonsense() -> None:
    assert CATALOGUE.nearest(["\u4e00"]) == []


def test_a_description_that_two_codes_share_is_ambiguous() -> None:
    """A43."""
    assert a_reference("terms", {"01": "Net 30", "09": "Net 30"}).find("Net 30").values == ("01", "09")


def test_attributes_are_found_and_taken() -> None:
    catalogue = items([("A-1", "", "Shirt", "N", "7001")])
    assert catalogue.having("UDF_ZOHO_ITEM_ID", "7001").values == ("A-1",)
    assert catalogue.having("UDF_NO_SUCH", "7001").values == ()
    assert catalogue.attribute("SalesUnitOfMeasure") == {"A-1": "EACH"}
