"""Contact documents: how a request's fields become Zoho's form of a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import customfields
from include.sandbox.zoho.catalogue import CURRENCIES, PAYMENT_TERMS, USD
from include.sandbox.zoho.envelope import invalid_field
from include.sandbox.zoho.fields import amount, plain
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.wire import Json, label, shape, wire_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

PLAIN = (
    "contact_number", "contact_name", "company_name", "designation", "department", "website", "notes",
    "language_code", "contact_type", "customer_sub_type", "is_taxable", "tax_id",
)  # fmt: skip
ADDRESS = (
    "address", "street2", "city", "state", "zip", "country", "country_code", "state_code", "fax", "phone",
    "attention",
)  # fmt: skip
PERSON = ("salutation", "first_name", "last_name", "email", "phone", "mobile", "designation", "department")
ROW = (
    "contact_id", "contact_name", "company_name", "contact_type", "contact_type_formatted",
    "customer_sub_type", "status", "source", "payment_terms", "payment_terms_label", "currency_id",
    "currency_code",
    "outstanding_receivable_amount", "outstanding_receivable_amount_bcy", "outstanding_payable_amount",
    "outstanding_payable_amount_bcy", "unused_credits_receivable_amount",
    "unused_credits_receivable_amount_bcy", "unused_credits_payable_amount",
    "unused_credits_payable_amount_bcy", "first_name", "last_name", "email", "phone", "mobile",
    "portal_status", "website", "language_code", "created_time", "last_modified_time", "custom_fields",
    "custom_field_hash", "is_linked_with_zohocrm", "ach_supported",
)  # fmt: skip


def new_contact(contact_id: str, number: int, now: datetime) -> Json:
    """An empty contact."""
    return shape(
        "contact",
        contact_id=contact_id,
        contact_number=f"CUS-{number:05d}",
        primary_contact_id="",
        currency_id=USD.id,
        currency_code=USD.code,
        currency_symbol=USD.symbol,
        created_time=wire_time(now),
        created_date=wire_time(now)[:10],
        payment_terms_label="Due on Receipt",
    )


def apply(contact: Json, body: Json, now: datetime, new_id: Callable[[], str]) -> None:
    """Write a request's fields into a contact; unknown ones are ignored.

    Raises:
        Refusal: a value makes no sense.
    """
    contact.update({name: plain(body[name]) for name in PLAIN if name in body})
    if "credit_limit" in body:
        contact["credit_limit"] = float(amount("credit_limit", body["credit_limit"]))
    contact["contact_type_formatted"] = label(contact["contact_type"])
    contact["company_name"] = contact["company_name"] or contact["contact_name"]
    _terms(contact, body)
    _currency(contact, body)
    for which in ("billing_address", "shipping_address"):
        if which in body:
            contact[which].update(address(body[which]))
        contact[which]["address_id"] = contact[which].get("address_id") or new_id()
    if "contact_persons" in body:
        contact["contact_persons"] = [person(entry, new_id) for entry in body["contact_persons"]]
    _primary(contact, body, new_id)
    values = customfields.values_of(contact) | customfields.asked("contact", body)
    contact.update(customfields.filled("contact", values))
    contact["last_modified_time"] = wire_time(now)


def address(given: Json) -> Json:
    """The address fields out of a request."""
    return {name: str(given[name] or "") for name in ADDRESS if name in given}


def addresses(contact: Json) -> list[Json]:
    """Billing, shipping and further addresses, to work on."""
    return [contact["billing_address"], contact["shipping_address"], *contact["addresses"]]


def _terms(contact: Json, body: Json) -> None:
    if "payment_terms_label" in body:
        named = str(body["payment_terms_label"])
        contact["payment_terms_label"] = named
        contact["payment_terms"] = PAYMENT_TERMS.get(named, body.get("payment_terms", 0))
    elif "payment_terms" in body:
        days = body["payment_terms"]
        if not isinstance(days, int):
            raise invalid_field("payment_terms")
        contact["payment_terms"] = days
        contact["payment_terms_label"] = f"Net {days}" if days else "Due on Receipt"


def _currency(contact: Json, body: Json) -> None:
    if "currency_id" not in body:
        return
    found = CURRENCIES.get(str(body["currency_id"]))
    if found is None:
        raise invalid_field("currency_id")
    contact.update(currency_id=found.id, currency_code=found.code, currency_symbol=found.symbol)
    contact["is_bcy_only_contact"] = found is USD


def person(given: Json, new_id: Callable[[], str]) -> Json:
    """A contact person out of a request; what it leaves out is empty."""
    made = shape("contact_person", **{name: plain(given[name]) for name in PERSON if name in given})
    made["contact_person_id"] = str(given.get("contact_person_id") or new_id())
    made["is_primary_contact"] = bool(given.get("is_primary_contact", False))
    return made


def _primary(contact: Json, body: Json, new_id: Callable[[], str]) -> None:
    """A contact's own name, e-mail and phone are those of its primary person."""
    named = {name: plain(body[name]) for name in PERSON if name in body}
    persons = contact["contact_persons"]
    if named and not persons:
        persons.append(person({**named, "is_primary_contact": True}, new_id))
    elif persons:
        primary_of(persons).update(named)
    show_primary(contact)


def primary_of(persons: list[Json]) -> Json:
    """The primary one of several persons, else the first."""
    return next((each for each in persons if each["is_primary_contact"]), persons[0])


def show_primary(contact: Json) -> None:
    """One person is primary, and the contact itself shows their name, e-mail and phone."""
    if not contact["contact_persons"]:
        contact.update(dict.fromkeys((*PERSON[1:], "primary_contact_id", "contact_salutation"), ""))
        return
    primary = primary_of(contact["contact_persons"])
    for each in contact["contact_persons"]:
        each["is_primary_contact"] = each is primary
    contact["primary_contact_id"] = primary["contact_person_id"]
    contact["contact_salutation"] = primary["salutation"]
    contact.update({name: primary[name] for name in PERSON if name != "salutation"})


def record(contact: Json) -> Record:
    """The contact with its list row."""
    row = {name: contact[name] for name in ROW}
    row.update(customer_name=contact["contact_name"], vendor_name="", has_attachment=False, pan_no="")
    row.update(contact["custom_field_hash"])
    return Record("contacts", contact["contact_id"], contact, row)
