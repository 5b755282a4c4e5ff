"""A39: which item a product is; the first way that finds anything decides, and several are no answer."""

from __future__ import annotations

import pandas as pd
import pytest

from include.pipelines.mirrors.items import owned_columns
from include.pipelines.mirrors.matching import codes_of
from include.translation import Reference

CODES = ("NW-0010", "NW-0011", "nw-11", "OLD-1", "000451")
ALIASES = (("TEA-1", "NW-0010"), ("BOX", "NW-0010"), ("BOX", "NW-0011"))
KNOWN = Reference.items(
    pd.DataFrame({"ItemCode": CODES}), pd.DataFrame(ALIASES, columns=["AliasItemNo", "ItemCode"])
)


@pytest.mark.parametrize(
    ("sku", "erp_code", "aliases", "codes"),
    [
        ("anything", "NW-0010", [], ["NW-0010"]),
        ("NW-0010", "NW-9999", [], []),  # what the shop says of the code is not talked over
        ("NW-0010", "", [], ["NW-0010"]),
        (" nw-10 ", "", [], ["NW-0010"]),
        ("nw-11", "", [], ["nw-11"]),  # exact, though it is the other one without its zeros
        ("NW-011", "", [], ["NW-0011", "nw-11"]),
        ("451", "", [], ["000451"]),
        ("tea-1", "", [], ["NW-0010"]),
        ("box", "", [], ["NW-0010", "NW-0011"]),
        ("SHOP-ONLY-1", "", ["OLD-1"], ["OLD-1"]),
        ("SHOP-ONLY-1", "", ["OLD-1", "NW-0010"], ["OLD-1", "NW-0010"]),
        ("NW-0010", "", ["OLD-1"], ["NW-0010"]),
        ("SHOP-ONLY-1", "", [], []),
        ("", "", [""], []),
    ],
)
def test_the_first_way_that_finds_anything_decides(
    sku: str, erp_code: str, aliases: list[str], codes: list[str]
) -> None:
    assert codes_of(sku, erp_code, aliases, KNOWN) == codes


def test_the_shops_texts_are_what_sage_is_told_of_its_items() -> None:
    assert owned_columns("shop") == {"ItemCodeDesc": "name", "CommentText": "description"}
