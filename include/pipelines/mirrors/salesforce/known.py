"""Whether a customer whom nobody has linked is a contact of Zoho's already.

Judged by what judges the shops' buyers, see :mod:`include.pipelines.customers`. What is sure links the two;
what is several, or no more than alike, is a person's; and only who is nobody is made.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd
from rapidfuzz import fuzz, process

from include.canonical import Reason
from include.ledger import Link
from include.pipelines import doubts
from include.pipelines.company_names import name_key
from include.pipelines.customer_keys import email_key, letters_key, phone_key
from include.pipelines.customers import SEVERAL, Buyer, Match, match
from include.pipelines.mirrors.salesforce.crossings import living
from include.pipelines.outcomes import problem
from include.pipelines.ports import CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from include.pipelines.customers import ErpCustomer
    from include.pipelines.mirrors.ports import Contacts, KnownContact, MirrorWorld

    Row = Mapping[str, Any]
    Verdict = tuple[list[dict[str, object]], set[str]]

MARK = "mark"
NEAR_NAME = 80.0
"""Share of letters from which a contact's addresses are looked up."""
LOOKED_UP = 5
"""Contacts of like names that are looked up for a customer, at most."""


def settle(world: MirrorWorld, new: Mapping[str, Row], emails: Mapping[str, Sequence[str]]) -> Verdict:
    """Link customers whose contact is sure.

    Args:
        world: where the contacts are.
        new: rows by source id, of customers who are not linked.
        emails: of their people.

    Returns:
        Problems of those whom a person must look at, and those who must wait: they are one with another of
        this batch, who is made first.
    """
    # What was sent and not heard of is read back by the write itself.
    unheard = doubts.unheard(world, CUSTOMER) if new else set()
    new = {key: row for key, row in new.items() if key not in unheard}
    if world.contacts is None or not new:
        return [], set()
    buyers = [each for key, row in new.items() for each in _buyers(row, emails.get(key, ()))]
    matches = recognised(buyers, world.contacts)
    named = [each.target_id for hit in matches.values() for each in hit.found]
    holders = world.ledger.crosswalk.find_by_target(CUSTOMER, world.flow.target, named, world.flow.source)
    taken = {contact: [each.source_id for each in living(links)] for contact, links in holders.items()}
    taken = {contact: held for contact, held in taken.items() if held}
    problems, links = [], list[Link]()
    for key, row in new.items():
        hit = _free(matches[key], taken)
        found = hit.customer
        others = list(taken.get(found.target_id, ())) if found else []
        others += [each.source_id for each in links if found and each.target_id == found.target_id]
        if hit.doubt or (found and (others or not found.is_active)):
            problems.append(_question(key, row, hit, others))
        elif found:
            links.append(
                Link(
                    CUSTOMER, world.flow.source, key, world.flow.target, found.target_id,
                    origin=f"matched by {hit.evidence}", natural_key=row["name"],
                )
            )  # fmt: skip
    world.ledger.crosswalk.bind(links)
    waiting = {key for key in new if matches[key].same_as}
    return problems, waiting


def recognised(buyers: Sequence[Buyer], contacts: Contacts) -> dict[str, Match]:
    """Who of Zoho's contacts each customer is, by the customer's source id.

    Addresses and people are read of the contacts that share an e-mail address, a telephone, the name's first
    letters or nearly the name with one of the customers; the others are judged by what the list tells.

    Args:
        buyers: one for each e-mail address of a customer, ``merged_into`` naming the customer.
        contacts: Zoho's.
    """
    listed = {each.contact_id: each for each in contacts.listed()}
    whole = {each.contact_id: each for each in contacts.whole(_plausible(buyers, listed))}
    everybody = [whole.get(key, each) for key, each in listed.items()]
    found: dict[str, list[Match]] = {}
    # A person is looked for among people's names; a firm also among the firms that people are of.
    for kind in (True, False):
        some = [buyer for buyer in buyers if buyer.is_person is kind]
        frame = _frame(everybody, firms=not kind)
        for key, hit in match(some, frame, id_column=MARK).items() if some else ():
            found.setdefault(customer_of(key), []).append(hit)
    return {key: _together(key, hits) for key, hits in found.items()}


def customer_of(buyer: str) -> str:
    """The customer whose e-mail addresses each make a buyer."""
    return buyer.partition("#")[0]


def _buyers(row: Row, emails: Sequence[str]) -> Iterable[Buyer]:
    told = dict.fromkeys(email_key(each) for each in (row["email"], *emails) if each)
    for number, email in enumerate(told or [""]):
        yield Buyer(
            source_id=f"{row['source_id']}#{number}",
            name=row["name"] or "",
            email=email,
            phone=row["phone"] or row["bill_to_phone"] or row["mobile"] or "",
            postal_code=row["bill_to_postal_code"] or "",
            # Whoever writes from a firm's address is not the firm: a person's name must agree, too.
            company=row["company"] or row["name"] or "",
            is_person=not row["company"],
            merged_into=row["source_id"],
        )


def _plausible(buyers: Sequence[Buyer], listed: Mapping[str, KnownContact]) -> Collection[str]:
    told = {email_key(each.email) for each in buyers} | {phone_key(each.phone) for each in buyers}
    told = (told | {letters_key(each.title) for each in buyers}) - {""}
    shared = {
        key: None
        for key, each in listed.items()
        if told & {*map(email_key, each.emails), *map(phone_key, each.phones), *map(letters_key, each.names)}
    }
    names = {
        (key, place): name_key(name) for key, each in listed.items() for place, name in enumerate(each.names)
    }
    for name in dict.fromkeys(name_key(each.title) for each in buyers):
        near = process.extract(name, names, scorer=fuzz.ratio, limit=LOOKED_UP, score_cutoff=NEAR_NAME)
        shared |= {key: None for _, _, (key, _) in near}
    return shared


def _frame(contacts: Iterable[KnownContact], *, firms: bool) -> pd.DataFrame:
    """Contacts in the columns that matching knows, a row for each way in which one may be met."""
    columns = ["CustomerNo", "CustomerName", "EmailAddress", "TelephoneNo", "ZipCode", "CustomerStatus", MARK]
    told = [
        (each.contact_id, name, email, phone, postal, "A" if each.is_active else "I", each.mark)
        for each in contacts
        for name, email, phone, postal in product(
            each.names if firms else each.names[:1],
            each.emails or ("",), each.phones or ("",), each.postal_codes or ("",),
        )
    ]  # fmt: skip
    return pd.DataFrame(told, columns=columns, dtype="string[pyarrow]").assign(ARDivisionNo="")


def _together(key: str, hits: Sequence[Match]) -> Match:
    """What a customer's e-mail addresses say together."""
    sure = {hit.customer.target_id: hit for hit in hits if hit.customer}
    if len(sure) == 1:
        return next(iter(sure.values()))
    if sure:
        found = tuple(each for hit in sure.values() for each in hit.found)
        return Match(found, next(iter(sure.values())).evidence, SEVERAL)
    doubted = [hit for hit in hits if hit.doubt and hit.found]
    if doubted:
        found = _distinct(each for hit in doubted for each in hit.found)
        return Match(found, doubted[0].evidence, doubted[0].doubt)
    same = [customer_of(hit.same_as) for hit in hits if hit.same_as]
    others = [each for each in same if each != key]
    return Match(evidence=hits[0].evidence, same_as=others[0]) if others else Match()


def _distinct(found: Iterable[ErpCustomer]) -> tuple[ErpCustomer, ...]:
    return tuple({each.target_id: each for each in found}.values())


def _free(hit: Match, taken: Mapping[str, Sequence[str]]) -> Match:
    """Without contacts that are merely like and another customer's: people keep those two apart."""
    if not hit.doubt or hit.doubt == SEVERAL:
        return hit
    found = tuple(each for each in hit.found if each.target_id not in taken)
    return Match(found, hit.evidence, hit.doubt) if found else Match()


def _question(key: str, row: Row, hit: Match, others: Sequence[str]) -> dict[str, object]:
    found = _distinct(hit.found)
    called = f"customer {row['name']!r}"
    why = f"by {hit.evidence}" + (f": {hit.doubt}" if hit.doubt else "")
    if others:
        message = f"{called} is Zoho's contact {found[0].target_id} ({why}), which is {', '.join(others)}"
        remedy = "Merge the two in Salesforce, or make them distinct there; then replay."
    else:
        asleep = "" if hit.doubt else ", who is inactive"
        message = f"{called} may be a contact that Zoho has{asleep} ({why})"
        remedy = "Choose the right contact (Browse > Exceptions), or make them distinct in Zoho, then replay."
    return problem(
        key,
        Reason.AMBIGUOUS_CUSTOMER,
        field="Id",
        value=key,
        message=message,
        remedy=remedy,
        candidates=[
            {"value": each.target_id, "label": each.name, "score": 1.0, "reason": hit.evidence}
            for each in found
        ],
    )
