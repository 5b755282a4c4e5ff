"""Find the ERP customer behind an order's buyer, without ever guessing between two.

Evidence is asked in order of strength: our crosswalk (asked before), the id that we wrote into the
ERP, the ERP's number that the shop keeps, the e-mail address, company name and postal code, the
telephone number. Each kind names customers for sure or perhaps. The first kind that names exactly one for
sure decides; what names several, or only perhaps, goes to a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.pipelines.company_names import Likeness, likeness, name_key
from include.pipelines.customer_keys import (
    email_key,
    email_keys,
    letters_key,
    letters_keys,
    number_key,
    number_keys,
    phone_key,
    phone_keys,
    postal_key,
    postal_keys,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd


@dataclass(frozen=True, slots=True)
class Buyer:
    """What an order says of its customer.

    Attributes:
        source_id: the shop's id.
        name: as the shop calls the customer; a person's where ``company`` is told apart.
        company: blank where the shop tells none, or does not tell it from the name.
        erp_number: the ERP's number as the shop keeps it, ``01-D3600``.
        is_person: bought as a consumer: a name at a postal code may be another's.
        merged_into: the shop's id of the customer who survived a merger.
    """

    source_id: str
    name: str
    email: str
    phone: str
    postal_code: str
    company: str = ""
    erp_number: str = ""
    is_person: bool = False
    merged_into: str = ""

    @property
    def own_ids(self) -> tuple[str, ...]:
        """The shop's ids of the buyer, the survivor's first."""
        return tuple(own for own in (self.merged_into, self.source_id) if own)

    @property
    def title(self) -> str:
        """The name under which the ERP would keep the buyer."""
        return self.company or self.name


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
        """Division and number, the ERP's whole key; the number where there are no divisions."""
        return f"{self.division}-{self.number}" if self.division else self.number


@dataclass(frozen=True, slots=True)
class Match:
    """Who the buyer is.

    Attributes:
        found: the one customer, or those that it may be.
        evidence: what named them.
        doubt: why a person must choose; blank when nobody need.
        near: customers that share something with a buyer who is not found.
        same_as: source id of the buyer of this batch with whom a buyer who is not found is one.
    """

    found: tuple[ErpCustomer, ...] = ()
    evidence: str = ""
    doubt: str = ""
    near: tuple[ErpCustomer, ...] = ()
    same_as: str = ""

    @property
    def customer(self) -> ErpCustomer | None:
        """The one that it surely is."""
        return self.found[0] if len(self.found) == 1 and not self.doubt else None

    @property
    def is_new(self) -> bool:
        """Nobody in the ERP, nor another buyer of the batch."""
        return not (self.found or self.doubt or self.same_as)


def match(
    buyers: Iterable[Buyer], customers: pd.DataFrame, *, id_column: str = "UDF_ZOHO_CONTACT_ID"
) -> dict[str, Match]:
    """Match each buyer against the ERP's customers, and those who are new against each other.

    Args:
        buyers: one per distinct source id.
        customers: columns ARDivisionNo, CustomerNo, CustomerName, EmailAddress, TelephoneNo,
            ZipCode, CustomerStatus and, where the site has it, ``id_column``.
        id_column: the column into which the shop's id was written.

    Returns:
        By source id.
    """
    wanted = sorted(buyers, key=lambda buyer: buyer.source_id)
    matches = recognise(wanted, customers, id_column=id_column)
    _join_newcomers([buyer for buyer in wanted if matches[buyer.source_id].is_new], matches)
    return matches


def recognise(buyers: Sequence[Buyer], customers: pd.DataFrame, *, id_column: str) -> dict[str, Match]:
    """As :func:`match`, each buyer for itself."""
    index = _Index(_plausible(customers, buyers, id_column))
    return {buyer.source_id: index.match(buyer) for buyer in buyers}


def _join_newcomers(newcomers: Sequence[Buyer], matches: dict[str, Match]) -> None:
    """Two accounts of one new customer make one customer: the later is the same as the first."""
    first = _Index([])
    for buyer in newcomers:
        hit = first.match(replace(buyer, erp_number=""))
        if hit.customer:
            matches[buyer.source_id] = Match(evidence=hit.evidence, same_as=hit.customer.number)
        elif hit.doubt:
            named = ", ".join(repr(customer.name) for customer in hit.found)
            matches[buyer.source_id] = Match(evidence=hit.evidence, doubt=f"{named} is new too, and alike")
        else:
            first.add(_as_customer(buyer))


def _as_customer(buyer: Buyer) -> ErpCustomer:
    return ErpCustomer(
        division="",
        number=buyer.source_id,
        name=buyer.title,
        email=buyer.email,
        phone=buyer.phone,
        postal_code=buyer.postal_code,
        is_active=True,
        source_id=buyer.merged_into or buyer.source_id,
    )


def _plausible(customers: pd.DataFrame, buyers: Sequence[Buyer], id_column: str) -> list[ErpCustomer]:
    """The few customers that share anything with any buyer, by column work over the whole table."""
    columns = [*_COLUMNS, id_column]
    text = customers.reindex(columns=columns, fill_value="").fillna("").astype(str)
    keep = (
        text[id_column].isin({own for b in buyers for own in b.own_ids} - {""})
        | number_keys(text["CustomerNo"]).isin({number_key(b.erp_number)[1] for b in buyers} - {""})
        | email_keys(text["EmailAddress"]).isin({email_key(b.email) for b in buyers} - {""})
        | phone_keys(text["TelephoneNo"]).isin({phone_key(b.phone) for b in buyers} - {""})
        | postal_keys(text["ZipCode"]).isin({postal_key(b.postal_code) for b in buyers} - {""})
        | letters_keys(text["CustomerName"]).isin({letters_key(b.title) for b in buyers} - {""})
    )
    rows = sorted(zip(*(text[name][keep] for name in columns), strict=True))
    return [
        ErpCustomer(division, number, name, email, phone, postal, status != "I", source_id)
        for division, number, name, email, phone, postal, status, source_id in rows
    ]


_COLUMNS = (
    "ARDivisionNo",
    "CustomerNo",
    "CustomerName",
    "EmailAddress",
    "TelephoneNo",
    "ZipCode",
    "CustomerStatus",
)


class _Index:
    """The plausible customers by each kind of evidence."""

    def __init__(self, customers: Iterable[ErpCustomer]) -> None:
        self._by: dict[str, dict[str, list[ErpCustomer]]] = {kind: {} for kind in _KEYS}
        for customer in customers:
            self.add(customer)

    def add(self, customer: ErpCustomer) -> None:
        """Let later buyers find ``customer``."""
        for kind, key in _KEYS.items():
            self._by[kind].setdefault(key(customer), []).append(customer)

    def match(self, buyer: Buyer) -> Match:
        """One buyer against the index, strongest evidence first."""
        for own in buyer.own_ids:
            if hits := self._hits(OWN_ID, own):
                return _settled(OWN_ID, hits)
        return self._by_number(buyer) if buyer.erp_number.strip() else self._by_likeness(buyer)

    def _by_number(self, buyer: Buyer) -> Match:
        """The shop's word for the ERP's number holds, unless it plainly names somebody else."""
        told = buyer.erp_number.strip()
        division, number = number_key(told)
        holders = tuple(c for c in self._hits(ERP_NUMBER, number) if division in ("", c.division))
        others = self._by_likeness(buyer)
        if len(holders) == 1 and _may_hold(holders[0], buyer, others.customer):
            return Match(holders, ERP_NUMBER)
        if not holders:
            doubt = f"Sage has no customer {told!r}"
        elif len(holders) > 1:
            doubt = f"{told!r} is a customer in several divisions"
        else:
            doubt = f"{told!r} is {holders[0].name!r}"
        return Match(tuple(dict.fromkeys((*holders, *others.found))), ERP_NUMBER, doubt)

    def _by_likeness(self, buyer: Buyer) -> Match:
        perhaps: dict[ErpCustomer, str] = {}
        near: list[ErpCustomer] = []
        for evidence in (EMAIL, NAME_AND_POSTAL_CODE, TELEPHONE, NAME):
            hits = self._hits(evidence, _SAID[evidence](buyer))
            if sure := tuple(c for c in hits if _sure(evidence, buyer, c)):
                return _settled(evidence, _narrowed(evidence, buyer, sure))
            perhaps |= {c: evidence for c in hits if c not in perhaps and _perhaps(evidence, buyer, c)}
            near += [c for c in hits if _alike(buyer, c) is not Likeness.OTHER or evidence == TELEPHONE]
        if perhaps:
            return Match(tuple(perhaps), next(iter(perhaps.values())), LIKENESS)
        return Match(near=tuple(dict.fromkeys(near)))

    def _hits(self, evidence: str, value: str) -> tuple[ErpCustomer, ...]:
        return tuple(self._by[evidence].get(value, ())) if value else ()


def _settled(evidence: str, hits: tuple[ErpCustomer, ...]) -> Match:
    """One customer may be met by several rows: it has several addresses or names."""
    found = tuple({each.target_id: each for each in hits}.values())
    return Match(found, evidence, "" if len(found) == 1 else SEVERAL)


def _alike(buyer: Buyer, customer: ErpCustomer) -> Likeness:
    return likeness(buyer.title, customer.name)


def _sure(evidence: str, buyer: Buyer, customer: ErpCustomer) -> bool:
    """Whether evidence of this kind is enough, if it names nobody else."""
    how = _alike(buyer, customer)
    if (
        evidence == EMAIL
    ):  # People write from their firm's address: only another firm's name speaks against it.
        return not buyer.company or how in _ONE_NAME
    if evidence == NAME_AND_POSTAL_CODE:  # Two people of one name live at one postal code, two firms hardly.
        return how is Likeness.SAME and (not buyer.is_person or _same(TELEPHONE, buyer, customer))
    return evidence == TELEPHONE and how in _ONE_NAME


def _perhaps(evidence: str, buyer: Buyer, customer: ErpCustomer) -> bool:
    """Whether somebody must look before a second customer is made."""
    how = _alike(buyer, customer)
    if evidence == NAME:
        return how is Likeness.SAME and not buyer.is_person
    return evidence == EMAIL or how in _WORTH_A_LOOK[evidence]


def _narrowed(evidence: str, buyer: Buyer, sure: tuple[ErpCustomer, ...]) -> tuple[ErpCustomer, ...]:
    """Those of several who share more with the buyer; all of them where none does."""
    kin = [c for c in sure if _alike(buyer, c) is not Likeness.OTHER]
    closer = [
        [c for c in kin if evidence == EMAIL and _alike(buyer, c) is Likeness.SAME],
        [c for c in kin if _same(NAME_AND_POSTAL_CODE, buyer, c)],
        [c for c in kin if _same(TELEPHONE, buyer, c)],
    ]
    for some in closer:
        sure = tuple(c for c in sure if c in some) or sure
    return sure


def _may_hold(holder: ErpCustomer, buyer: Buyer, other: ErpCustomer | None) -> bool:
    """Whether a customer may be the buyer whose number it holds."""
    how = _alike(buyer, holder) if buyer.company else Likeness.SAME
    if how in {Likeness.KIN, Likeness.OTHER}:
        return any(_same(kind, buyer, holder) for kind in (EMAIL, NAME_AND_POSTAL_CODE, TELEPHONE))
    return how in _ONE_NAME or other in (None, holder)


def _same(evidence: str, buyer: Buyer, customer: ErpCustomer) -> bool:
    said = _SAID[evidence](buyer)
    return bool(said) and said == _KEYS[evidence](customer)


OWN_ID, ERP_NUMBER, EMAIL = "own id", "ERP number", "e-mail"
NAME_AND_POSTAL_CODE, TELEPHONE, NAME = "name and postal code", "telephone", "name"
SEVERAL = "several customers fit"
LIKENESS = "no more than a likeness"

_ONE_NAME = {Likeness.SAME, Likeness.SHORTENED}
_WORTH_A_LOOK = {
    NAME_AND_POSTAL_CODE: {Likeness.SAME, Likeness.SHORTENED, Likeness.RIVAL},
    TELEPHONE: {Likeness.RIVAL, Likeness.KIN},
}
_SAID: dict[str, Callable[[Buyer], str]] = {
    EMAIL: lambda buyer: email_key(buyer.email),
    NAME_AND_POSTAL_CODE: lambda buyer: postal_key(buyer.postal_code),
    TELEPHONE: lambda buyer: phone_key(buyer.phone),
    NAME: lambda buyer: name_key(buyer.title),
}
"""What an order says, as the key of each kind of evidence."""
_KEYS: dict[str, Callable[[ErpCustomer], str]] = {
    OWN_ID: lambda customer: customer.source_id,
    ERP_NUMBER: lambda customer: number_key(customer.number)[1],
    EMAIL: lambda customer: email_key(customer.email),
    NAME_AND_POSTAL_CODE: lambda customer: postal_key(customer.postal_code),
    TELEPHONE: lambda customer: phone_key(customer.phone),
    NAME: lambda customer: name_key(customer.name),
}
"""... and where the ERP's customers stand by it."""
