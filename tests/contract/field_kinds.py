"""Sixty kinds of field that an org's administrator can make, on an object of its own.

Each is what ``describe`` says of it and, where it can be written, a value and how it comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

OBJECT = "Berth__c"
KEY = "Key__c"
SAME = object()


@dataclass(frozen=True)
class Kind:
    """One field.

    Attributes:
        described: as ``describe`` shows it, usual things left out.
        value: to write; None: it cannot be written.
        stands: how it is read, where that differs.
    """

    described: dict[str, Any]
    value: Any = None
    stands: Any = SAME

    @property
    def name(self) -> str:
        return str(self.described["name"])

    @property
    def read(self) -> Any:
        """What is read back."""
        return self.value if self.stands is SAME else self.stands


def written(name: str, kind: str, value: Any, stands: Any = SAME, **more: Any) -> Kind:
    """A field that we set."""
    return Kind({"name": name, "type": kind, **more}, value, stands)


def given(name: str, kind: str, stands: Any, **more: Any) -> Kind:
    """A field that Salesforce itself sets."""
    fixed = {"createable": False, "updateable": False}
    return Kind({"name": name, "type": kind, **fixed, **more}, None, stands)


def choices(*values: str, **more: Any) -> dict[str, Any]:
    """Values of a picklist."""
    return {"length": 255, "picklistValues": [{"value": value} for value in values], **more}


def lookup(to: str, relationship: str, **more: Any) -> dict[str, Any]:
    """A reference."""
    return {"length": 18, "referenceTo": [to], "relationshipName": relationship, **more}


RESTRICTED = {"restrictedPicklist": True}
COUNTED = {"precision": 18, "scale": 0}
MONEY = {"precision": 18, "scale": 2}
# The API's numbers are binary doubles, which keep fifteen digits whatever the field has room for.
LONG = "Pier 7, “Süd” — 岸壁\nsecond line"


def kinds(account: str, contact: str, user: str) -> list[Kind]:
    """All of them; references lead to those records."""
    return [
        given("Id", "id", None, length=18, nillable=False),
        given("Name", "string", None, length=80, nillable=False, autoNumber=True),
        given("IsDeleted", "boolean", False, nillable=False),
        given("CreatedDate", "datetime", None, nillable=False),
        given("CreatedById", "reference", None, **lookup("User", "CreatedBy")),
        given("LastModifiedDate", "datetime", None, nillable=False),
        given("LastModifiedById", "reference", None, **lookup("User", "LastModifiedBy")),
        given("SystemModstamp", "datetime", None, nillable=False),
        written("OwnerId", "reference", user, **lookup("User", "Owner")),
        written(KEY, "string", "berth/7 a", length=64, externalId=True, unique=True),
        # Texts
        written("Text__c", "string", "Kai 7", length=80),
        written("Text_Widest__c", "string", "ß" * 255, length=255),
        written("Text_Required__c", "string", "must", length=20, nillable=False),
        written("Text_Default__c", "string", "said", length=20, defaultValue="unsaid"),
        written("Text_Key__c", "string", "K-1", length=20, externalId=True),
        written("Text_Unique__c", "string", "Only", length=20, unique=True),
        written("Text_Cased__c", "string", "CaSe", length=20, unique=True, caseSensitive=True),
        written("Text_Trimmed__c", "string", "  wide  ", "wide", length=20),
        written("Text_Emptied__c", "string", "", None, length=20),
        written("Area__c", "textarea", LONG, length=255),
        written("Area_Long__c", "textarea", LONG * 1_000, length=131_072),
        written("Area_Rich__c", "textarea", "<p>Kai <b>7</b></p>", length=32_768),
        written("Encrypted__c", "encryptedstring", "DE-4815", length=175),
        written("Email__c", "email", "harbour@pier.example", length=80),
        written("Email_Key__c", "email", "key@pier.example", length=80, externalId=True),
        written("Phone__c", "phone", "+49 (89) 4815-16", length=40),
        written("Url__c", "url", "https://pier.example/7?a=b&c=%20", length=255),
        # Choices
        written("Pick__c", "picklist", "Own words", **choices("Open", "Shut")),
        written("Pick_Restricted__c", "picklist", "Shut", **choices("Open", "Shut"), **RESTRICTED),
        written("Pick_Any_Case__c", "picklist", "OPEN", "Open", **choices("Open", "Shut"), **RESTRICTED),
        written("Pick_Default__c", "picklist", "Shut", **choices("Open", "Shut", defaultValue="Open")),
        written(
            "Pick_Labelled__c", "picklist", "o", length=255, picklistValues=[{"value": "o", "label": "Open"}]
        ),
        written("Pick_Dependent__c", "picklist", "Low", **choices("Low", "High")),
        written("Multi__c", "multipicklist", "Crane;Rail", **choices("Crane", "Rail", "Road", length=4_099)),
        written(
            "Multi_Restricted__c",
            "multipicklist",
            "Rail",
            **choices("Crane", "Rail", length=4_099),
            **RESTRICTED,
        ),
        written("Combo__c", "combobox", "Own", length=255),
        # Numbers
        written("Flag__c", "boolean", True),
        written("Flag_Default__c", "boolean", False, defaultValue=True),
        written("Integer__c", "int", 4_815, digits=9),
        written("Number_Whole__c", "double", 162_342, **COUNTED),
        written("Number_Exact__c", "double", Decimal("0.1000000000000003"), precision=18, scale=16),
        written("Number_Largest__c", "double", 999_999_999_999_999, **COUNTED),
        written("Number_Below__c", "double", Decimal("-12.5"), precision=6, scale=2),
        written("Number_Rounded__c", "double", Decimal("2.345"), Decimal("2.35"), precision=6, scale=2),
        written("Number_Key__c", "double", 4_815, externalId=True, **COUNTED),
        written("Money__c", "currency", Decimal("9999999999999.99"), **MONEY),
        written("Money_Default__c", "currency", Decimal("0.01"), defaultValue=5, **MONEY),
        written("Percent__c", "percent", Decimal("12.5"), precision=5, scale=2),
        # Moments
        written("Day__c", "date", "2026-02-28"),
        written("Moment__c", "datetime", "2026-02-28T23:30:00+01:00", "2026-02-28T22:30:00.000+0000"),
        written("Clock__c", "time", "13:45:00Z", "13:45:00.000Z"),
        # References
        written("Account__c", "reference", account, **lookup("Account", "Account__r")),
        written("Contact__c", "reference", contact, **lookup("Contact", "Contact__r")),
        written("Master__c", "reference", account, nillable=False, **lookup("Account", "Master__r")),
        written("Agent__c", "reference", user, **lookup("User", "Agent__r")),
        # Places
        given("Place__c", "location", {"latitude": Decimal("48.137154"), "longitude": Decimal("11.575382")}),
        *(
            written(
                f"Place__{part}__s", "double", value, precision=18, scale=15, compoundFieldName="Place__c"
            )
            for part, value in (("Latitude", Decimal("48.137154")), ("Longitude", Decimal("11.575382")))
        ),
        # What Salesforce works out
        given(
            "Formula_Text__c", "string", "7 - open", length=1_300, calculated=True, defaultValue="7 - open"
        ),
        given(
            "Formula_Number__c",
            "double",
            Decimal("7.5"),
            calculated=True,
            defaultValue=7.5,
            precision=18,
            scale=2,
        ),
        given("Formula_Day__c", "date", "2026-03-01", calculated=True, defaultValue="2026-03-01"),
        given("Formula_Flag__c", "boolean", True, calculated=True, defaultValue=True),
        given("Roll_Up__c", "currency", 0, calculated=True, defaultValue=0, **MONEY),
        given("Counted__c", "string", None, length=30, nillable=False, autoNumber=True),
    ]
