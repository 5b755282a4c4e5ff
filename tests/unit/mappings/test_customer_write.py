"""Clarity's customers become Sage's: the shop's fields always, the ERP's only once (B35)."""

from __future__ import annotations

import json
from typing import Any

from include.translation import load
from include.translation.documents import documents_of
from tests.unit.mappings.flows import a_flow_site
from tests.unit.mappings.test_clarity_customers import SAMPLE
from tests.unit.translation.factories import a_site


def written(**changes: object) -> tuple[dict[str, dict[str, Any]], list[str]]:
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))["data"] | {"paymentTerms": "Net 30"} | changes
    payload = json.dumps(document).encode()
    ours = load("clarity_ecommerce/customer").to_canonical([str(document["id"])], [payload], a_flow_site())
    mapping = load("sage100/customer_write")
    theirs = mapping.from_canonical(ours.frames, a_site())
    return documents_of(mapping, theirs.frames), list(theirs.problems.code)


def test_what_is_the_shops_stands_apart_from_what_is_the_erps() -> None:
    documents, problems = written()
    assert not problems
    (said,) = documents.values()
    (new,) = said.pop("new")
    assert new == {
        "ARDivisionNo": "00",
        "CustomerName": "Gulf Coast Marine Supply LLC",
        "TermsCode": "01",
        "TaxSchedule": "NONTAX",
        "UDF_CLARITY_CUSTOMER_ID": "10482",
    }
    assert said["EmailAddress"] == "ap@gulfcoastmarine.example"
    assert (said["City"], said["State"], said["ZipCode"], said["CountryCode"]) == (
        "Galveston", "TX", "77550", "USA",
    )  # fmt: skip
    assert said["AddressLine1"]
    assert not said.keys() & new.keys()


def test_a_region_without_a_code_goes_into_the_address() -> None:
    book = [
        {
            "kind": "billing",
            "line1": "1 Road",
            "city": "Cowes",
            "region": "Isle of Wight",
            "countryCode": "US",
        }
    ]
    (said,) = written(addresses=book)[0].values()
    assert (said["AddressLine1"], said["AddressLine2"]) == ("1 Rd", "Isle of Wight")
    assert "State" not in said


def test_unknown_terms_are_an_exception() -> None:
    assert written(paymentTerms="when it suits us")[1] == ["reference.not_found"]
