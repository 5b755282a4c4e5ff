"""Salesforce's customers for Zoho: who is one, who was merged, and whose contact is no longer active.

A contact at an account is a contact person of the account's; on its own it is a customer. Nobody is deleted
in Zoho: who is deleted in Salesforce becomes inactive there, and active again when they are restored.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from include.canonical import Reason
from include.ledger import Link, Told
from include.pipelines.mirrors.announce import Hint, hint
from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.mirrors.salesforce.crossings import MERGED, currencies, extension, living
from include.pipelines.mirrors.salesforce.known import settle
from include.pipelines.mirrors.salesforce.people import announce_left
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import CUSTOMER
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.pipelines.mirrors.ports import MirrorWorld

    Frames = Mapping[str, pd.DataFrame]
    Row = Mapping[str, Any]

CUSTOMERS, CONTACTS = "customers", "contacts"
CONTACT = "003"
"""How ids of contacts begin."""
ACTIVE = "is_active"
ACCOUNT_ID, CONTACT_ID = "account_id", "zoho_contact_id"
"""Extensions: the account that a contact belongs to; the Zoho contact that Salesforce itself names."""

_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def customers(world: MirrorWorld, frames: Frames) -> Prepared:
    """Customers for Zoho: the living whole, those who are gone as inactive where Zoho has them."""
    found = {row["source_id"]: row for row in rows(frames[CUSTOMERS])}
    inner = {key: account for key, row in found.items() if (account := extension(row, ACCOUNT_ID))}
    _announce_accounts(world, found, inner)
    deleted = {key for key, row in found.items() if row["is_deleted"]}
    announce_left(world, _people(found, inner, frames[CONTACTS]), deleted)
    gone = deleted | inner.keys()
    _hand_over(world, found)
    here = {key: row for key, row in found.items() if key not in gone}
    problems = _adopt(world, here)
    new = _unlinked(world, {key: row for key, row in here.items() if not extension(row, CONTACT_ID)})
    unsure, later = settle(world, new, _emails(frames[CONTACTS]))
    problems += unsure
    retired = _retired(world, gone)
    aside = (gone - retired.keys()) | {each["key"] for each in problems} | later
    carried = frames[CUSTOMERS][~frames[CUSTOMERS].source_id.isin(aside)]
    people = frames[CONTACTS][frames[CONTACTS].customer_source_id.isin(carried.source_id)]

    def said(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return retired.get(key, document)

    return Prepared(
        {**frames, CUSTOMERS: carried, CONTACTS: people},
        currencies(world, carried.currency),
        problem_frame(problems),
        frozenset(later),
        said=said,
    )


def _unlinked(world: MirrorWorld, some: Mapping[str, Row]) -> dict[str, Row]:
    flow = world.flow
    linked = world.ledger.crosswalk.find(CUSTOMER, flow.source, list(some), flow.target)
    return {key: row for key, row in some.items() if key not in linked}


def _emails(people: pd.DataFrame) -> dict[str, list[str]]:
    """E-mail addresses of accounts' people."""
    told = people[people.email.fillna("") != ""]
    return {str(key): list(some.email) for key, some in told.groupby("customer_source_id")}


def _announce_accounts(world: MirrorWorld, found: Mapping[str, Row], inner: Mapping[str, str]) -> None:
    """Whoever changes a contact person changes the account's customer."""
    hints = [Hint(account, f"contact:{key}:{found[key]['source_version']}") for key, account in inner.items()]
    hint(world, world.flow.name, world.flow.event, hints, origin="contact")


def _people(
    found: Mapping[str, Row], inner: Mapping[str, str], people: pd.DataFrame
) -> dict[str, tuple[str, str]]:
    """Each contact's account as it is now, with the version of the record that says so."""
    own = {
        key: (inner.get(key, ""), row["source_version"])
        for key, row in found.items()
        if key.startswith(CONTACT) and not row["is_deleted"]
    }
    theirs = zip(people.contact_id, people.customer_source_id, strict=True)
    return own | {key: (account, found[account]["source_version"]) for key, account in theirs}


def _hand_over(world: MirrorWorld, found: Mapping[str, Row]) -> None:
    """The survivor of a merger inherits the Zoho contact of whoever was merged into it, if it has none.

    So what was sold to either stays with one contact. A contact of the merged one's own is no longer active.
    """
    merged = {key: row["merged_into"] for key, row in found.items() if row["merged_into"]}
    if not merged:
        return
    flow, ledger = world.flow, world.ledger
    links = ledger.crosswalk.find(CUSTOMER, flow.source, [*merged, *merged.values()], flow.target)
    told = ledger.told.find(CUSTOMER, flow.source, flow.target, merged)
    handed: list[Link] = []
    tellings = []
    for old, kept in sorted(merged.items()):
        link = links.get(old)
        if link is None or kept in links or link.origin.startswith(MERGED):
            continue
        origin = f"{MERGED} by {flow.name}"
        links[kept] = replace(link, source_id=kept, source_version="", content_hash="")
        handed += [links[kept], replace(link, origin=origin)]
        if old in told:
            tellings.append(Told(CUSTOMER, flow.source, kept, flow.target, told[old]))
    # Told after it is linked: were only the first kept, the survivor would be told whole.
    ledger.crosswalk.bind(handed)
    ledger.told.keep(tellings)


def _adopt(world: MirrorWorld, known: Mapping[str, Row]) -> list[dict[str, object]]:
    """Link customers of whom Salesforce says which contact they are; gives those whose contact is taken.

    What was adopted and never written may be corrected in Salesforce.
    """
    flow, crosswalk = world.flow, world.ledger.crosswalk
    named = {key: contact for key, row in known.items() if (contact := extension(row, CONTACT_ID))}
    links = crosswalk.find(CUSTOMER, flow.source, list(named), flow.target)
    free = {
        key: contact
        for key, contact in named.items()
        if key not in links or (not links[key].content_hash and links[key].origin.startswith("adopted"))
    }
    holders = crosswalk.find_by_target(CUSTOMER, flow.target, list(free.values()), flow.source)
    adopted: dict[str, Link] = {}
    problems = []
    for key, contact in sorted(free.items()):
        others = [each.source_id for each in living(holders.get(contact, ())) if each.source_id != key]
        others += [each.source_id for each in adopted.values() if each.target_id == contact]
        if others:
            problems.append(_taken(key, known[key], contact, others))
        else:
            adopted[key] = Link(
                CUSTOMER, flow.source, key, flow.target, contact,
                origin=f"adopted by {flow.name}", natural_key=known[key]["number"],
            )  # fmt: skip
    crosswalk.bind(list(adopted.values()))
    return problems


def _taken(key: str, row: Row, contact: str, others: list[str]) -> dict[str, object]:
    return problem(
        key,
        Reason.AMBIGUOUS_CUSTOMER,
        field="Zoho_Contact_Id__c",
        value=contact,
        message=f"customer {row['name']!r} names Zoho's contact {contact}, which is {', '.join(others)}",
        remedy="Correct the contact's id in Salesforce, or merge the two there; the next version is carried.",
        candidates=[{"value": other, "label": "", "score": 100.0} for other in others],
    )


def _retired(world: MirrorWorld, gone: set[str]) -> dict[str, Mapping[str, Any]]:
    """What Zoho is told of those who are gone, where their contact is nobody else's: as before, inactive."""
    flow, crosswalk = world.flow, world.ledger.crosswalk
    links = crosswalk.find(CUSTOMER, flow.source, list(gone), flow.target)
    targets = [link.target_id for link in links.values()]
    holders = crosswalk.find_by_target(CUSTOMER, flow.target, targets, flow.source)
    told = world.ledger.told.find(CUSTOMER, flow.source, flow.target, links)
    return {
        key: {**_DECODER.decode(told.get(key, "{}")), ACTIVE: False}
        for key, link in links.items()
        if all(each.source_id in gone for each in living(holders[link.target_id]))
    }
