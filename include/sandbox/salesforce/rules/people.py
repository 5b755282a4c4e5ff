"""Accounts, person accounts, contacts, users, assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.rules.rule import Rule, full_name

if TYPE_CHECKING:
    from include.sandbox.salesforce.store import Json
    from include.sandbox.salesforce.transaction import Transaction

PLACE = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude")
SHADOW = {
    "FirstName": "FirstName",
    "LastName": "LastName",
    "Salutation": "Salutation",
    "Phone": "Phone",
    "Fax": "Fax",
    "PersonEmail": "Email",
    "PersonMobilePhone": "MobilePhone",
    "PersonHomePhone": "HomePhone",
    "PersonTitle": "Title",
    "PersonBirthdate": "Birthdate",
    **{f"PersonMailing{part}": f"Mailing{part}" for part in PLACE},
}
"""A person account's fields and where its contact has them."""
PERSON_ONLY = frozenset(SHADOW) - {"Phone", "Fax"}


class Accounts(Rule):
    """A business has a name, a person a last name and a contact of its own."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Tell people from businesses; a person's name is put together."""
        if before is None:
            record["IsPersonAccount"] = record["LastName"] is not None
        if record["IsPersonAccount"]:
            if "Name" in given:
                raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", "Account: bad field names: Name", ["Name"])
            if record["LastName"] is None:
                raise RowError(
                    "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"]
                )
            record["Name"] = full_name(record)
            return
        wrong = sorted(name for name in given & PERSON_ONLY if record[name] is not None)
        if wrong:
            text = f"Account: bad field names on insert/update call: {', '.join(wrong)}"
            raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", text, wrong)

    def after(self, tx: Transaction, before: Json | None, record: Json | None) -> None:
        """Keep a person's contact in step."""
        if record is None or not record["IsPersonAccount"]:
            return
        values = {theirs: record[ours] for ours, theirs in SHADOW.items()}
        if record["PersonContactId"]:
            tx.touch("Contact", record["PersonContactId"], {**values, "Name": record["Name"]})
        elif before is None:
            contact = tx.insert(
                "Contact", {**values, "AccountId": record["Id"], "OwnerId": record["OwnerId"]}
            )
            tx.touch("Contact", contact, {"IsPersonAccount": True})
            tx.touch("Account", record["Id"], {"PersonContactId": contact})


class Contacts(Rule):
    """The name is first and last name."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Put the name together."""
        record["Name"] = full_name(record)


class Users(Rule):
    """The name is first and last name."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Put the name together."""
        record["Name"] = full_name(record)
        record["UserType"] = "Standard"


class Assets(Rule):
    """An asset belongs to somebody."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """An account or a contact."""
        if record["AccountId"] is None and record["ContactId"] is None:
            text = "Every asset needs an account, a contact, or both."
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["AccountId", "ContactId"])
        if record["AccountId"] is None:
            record["AccountId"] = (tx.find("Contact", record["ContactId"]) or {}).get("AccountId")
