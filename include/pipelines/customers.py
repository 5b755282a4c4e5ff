"""Find the ERP customer behind an order's buyer, without ever guessing between two.

Evidence is asked in order of strength: our crosswalk, the id that we wrote into the ERP, the e-mail
address, the telephone number, name and postal code. The first kind of evidence that names exactly
one customer decides; where it names several, the weaker kinds may only narrow them down. What stays
ambiguous goes to a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SAME_NAME = 90.0
"""``token_sort_ratio`` from which two names at one postal code are one customer."""
KIN_NAME = 60.0
"""... from which a shared telephone number is evidence at all."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """What an order says of its customer."""

    source_id: str
    name: str
    email: str
    phone: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class ErpCustomer:
    """One row of AR_Customer as matching sees it."""

    division: str
    number: str
    name: str
    email: str
    phone: str
    postal_code: str
    is_active: bool
    source_id: str

    @property
    def target_id(self) -> str:
        """Division and number, the ERP's whole key."""
        return f"{self.division}-{self.number}"


@dataclass(frozen=True, slots=True)
class Match:
    """Who the buyer is: one customer, several that it may be, or nobody (``found`` empty)."""

    found: tuple[ErpCustomer, ...]
    evidence: str = ""


def match(buyers: Iterable[Buyer], customers: pd.DataFrame) -> dict[str, Match]:
    """Match each buyer against the ERP's customers.

    Args:
        buyers: one per distinct source id.
        customers: columns ARDivisionNo, CustomerNo, CustomerName, EmailAddress, TelephoneNo,
            ZipCode, CustomerStatus and, where the site has it, UDF_ZOHO_CONTACT_ID.

    Returns:
        By source id.
    """
    wanted = list(buyers)
    index = _Index(_plausible(customers, wanted))
    return {buyer.source_id: index.match(buyer) for buyer in wanted}


def _email(value: str) -> str:
    return value.strip().casefold()


def _phone(value: str) -> str:
    """The last nine digits: with or without the country's prefix, it is the same telephone."""
    digits = re.sub(r"\D", "", value)
    return digits[-9:] if len(digits) >= 6 else ""


def _postal(value: str) -> str:
    return re.sub(r"[\s-]", "", value).casefold()


def _similarity(left: str, right: str) -> float:
    return fuzz.token_sort_ratio(left, right, processor=default_process)


def _plausible(customers: pd.DataFrame, buyers: list[Buyer]) -> list[ErpCustomer]:
    """The few customers that share anything with any buyer, by column work over the whole table."""
    text = {name: customers[name].fillna("").astype(str) for name in customers.columns if name in _COLUMNS}
    blank = pd.Series("", index=customers.index)
    source = text.get("UDF_ZOHO_CONTACT_ID", blank)
    keep = (
        source.isin({buyer.source_id for buyer in buyers} - {""})
        | text["EmailAddress"].str.strip().str.casefold().isin({_email(b.email) for b in buyers} - {""})
        | text["TelephoneNo"]
        .str.replace(r"\D", "", regex=True)
        .str.slice(-9)
        .isin({_phone(b.phone) for b in buyers} - {""})
        | text["ZipCode"]
        .str.replace(r"[\s-]", "", regex=True)
        .str.casefold()
        .isin({_postal(b.postal_code) for b in buyers} - {""})
    )
    return [
        ErpCustomer(division, number, name, email, phone, postal, status != "I", source_id)
        for division, number, name, email, phone, postal, status, source_id in zip(
            *(text[name][keep] for name in _COLUMNS[:-1]), source[keep], strict=True
        )
    ]


_COLUMNS = (
    "ARDivisionNo",
    "CustomerNo",
    "CustomerName",
    "EmailAddress",
    "TelephoneNo",
    "ZipCode",
    "CustomerStatus",
    "UDF_ZOHO_CONTACT_ID",
)


class _Index:
    """The plausible customers by each kind of evidence."""

    def __init__(self, customers: list[ErpCustomer]) -> None:
        self._by: Mapping[str, dict[str, list[ErpCustomer]]] = {
            "contact id": _grouped(customers, lambda c: c.source_id),
            "e-mail": _grouped(customers, lambda c: _email(c.email)),
            "telephone": _grouped(customers, lambda c: _phone(c.phone)),
            "name and postal code": _grouped(customers, lambda c: _postal(c.postal_code)),
        }

    def match(self, buyer: Buyer) -> Match:
        """One buyer against the index, strongest evidence first."""
        found: tuple[ErpCustomer, ...] = ()
        named = ""
        for evidence, hits in self._evidence(buyer):
            narrowed = tuple(c for c in hits if c in found) if found else hits
            if narrowed:
                found, named = narrowed, named or evidence
            if len(found) == 1:
                break
        return Match(found, named)

    def _evidence(self, buyer: Buyer) -> list[tuple[str, tuple[ErpCustomer, ...]]]:
        phone = self._hits("telephone", _phone(buyer.phone))
        nearby = self._hits("name and postal code", _postal(buyer.postal_code))
        return [
            ("contact id", self._hits("contact id", buyer.source_id)),
            ("e-mail", self._hits("e-mail", _email(buyer.email))),
            ("telephone", tuple(c for c in phone if _similarity(c.name, buyer.name) >= KIN_NAME)),
            (
                "name and postal code",
                tuple(c for c in nearby if _similarity(c.name, buyer.name) >= SAME_NAME),
            ),
        ]

    def _hits(self, evidence: str, value: str) -> tuple[ErpCustomer, ...]:
        return tuple(self._by[evidence].get(value, ())) if value else ()


def _grouped(customers: list[ErpCustomer], key: Callable[[ErpCustomer], str]) -> dict[str, list[ErpCustomer]]:
    groups: dict[str, list[ErpCustomer]] = {}
    for customer in customers:
        groups.setdefault(key(customer), []).append(customer)
    return groups
