"""How well Salesforce's customers are recognised among Zoho's contacts (C16), by kind of variation.

    python -m tests.unit.pipelines.labelled_contacts

It is the labelled set of :mod:`tests.unit.pipelines.labelled`, with the Sage company as Zoho's contacts: a
list shows no postal codes, so those of a few are looked up. Left out are buyers who tell an ERP number, were
merged or are guests: an account of Salesforce's is none of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd

from include.connectors.zoho_inventory.known_contacts import KnownContact
from include.pipelines.mirrors.salesforce.known import recognised
from tests.unit.pipelines import labelled


class Zoho:
    """The contacts as a list shows them, and whole.

    Attributes:
        looked_up: how many were read whole.
    """

    def __init__(self, customers: pd.DataFrame) -> None:
        self.looked_up = 0
        self._whole = {each.contact_id: each for each in map(_contact, customers.to_dict("records"))}

    def listed(self) -> list[KnownContact]:
        return [replace(each, postal_codes=()) for each in self._whole.values()]

    def whole(self, ids: Iterable[str]) -> list[KnownContact]:
        found = [self._whole[each] for each in ids]
        self.looked_up += len(found)
        return found


def _contact(row: Mapping[Any, Any]) -> KnownContact:
    return KnownContact(
        contact_id=f"{row['ARDivisionNo']}-{row['CustomerNo']}",
        names=(row["CustomerName"],),
        is_active=row["CustomerStatus"] != "I",
        mark=row[labelled.OWN_ID],
        emails=tuple(filter(None, [row["EmailAddress"]])),
        phones=tuple(filter(None, [row["TelephoneNo"]])),
        postal_codes=tuple(filter(None, [row["ZipCode"]])),
    )


def customers() -> pd.DataFrame:
    """The buyers of the set who can be customers of Salesforce's."""
    rows = labelled.labelled()
    return rows[(rows.erp_number == "") & (rows.merged_into == "") & (rows.is_guest != "1")]


@cache
def answered() -> pd.DataFrame:
    """The set with what matching says (``given``), each customer for itself; ``attrs`` has ``looked_up``."""
    rows, zoho = customers(), Zoho(labelled.customers())
    given = []
    for _, row in rows.iterrows():
        buyer = labelled.buyer_of(row)
        told = replace(
            buyer,
            source_id=f"{buyer.source_id}#0",
            merged_into=buyer.source_id,
            company=buyer.company or buyer.name,
        )
        given.append(labelled.answer(recognised([told], zoho)[buyer.source_id]))
    found = rows.assign(given=given)
    found.attrs["looked_up"] = zoho.looked_up
    return found


if __name__ == "__main__":
    print(labelled.table(answered()))  # noqa: T201 - the figures are the point
    print(f"contacts read whole: {answered().attrs['looked_up']}")  # noqa: T201
