"""C4: a field of any type goes through describe, check, write and read, by collections and by jobs.

The object is added to the sandbox through its control API; the shipped metadata knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.canonical.reasons import Reason
from include.connectors.salesforce import Describe, SalesforceClient, SalesforceRecords, describe
from include.connectors.salesforce.batches import Batches, Done
from include.connectors.salesforce.bulk import Bulk, Load
from include.connectors.salesforce.likeness import holds
from include.errors import ConfigurationError
from tests.contract.field_kinds import KEY, OBJECT, Kind, kinds
from tests.contract.salesforce_line import open_client
from tests.contract.zoho_site import Site, serving

SET_BY_SALESFORCE = {"Id", "Name", "Counted__c", "CreatedDate", "CreatedById"} | {
    "LastModifiedDate", "LastModifiedById", "SystemModstamp",
}  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    describe.forget()
    with serving(tmp_path) as made:
        yield made


@pytest.fixture
def fields(site: Site) -> list[Kind]:
    """The object, in the org."""
    user = site.tell("/salesforce/credentials", method="GET")["user_id"]
    account = save(site, "Account", Name="Harbour")
    made = kinds(account, save(site, "Contact", LastName="Vega"), user)
    described = {"name": OBJECT, "keyPrefix": "a0b", "fields": [each.described for each in made]}
    site.tell("/salesforce/schema/objects", described)
    return made


@pytest.fixture
def client(site: Site, fields: list[Kind]) -> Iterator[SalesforceClient]:
    made = open_client(site.url, site.ledger)
    yield made
    made.close()


def save(site: Site, name: str, **values: Any) -> str:
    """A record that somebody saves by hand."""
    return str(site.tell(f"/salesforce/records/{name}", {"values": values})["id"])


def by_collection(client: SalesforceClient, row: dict[str, Any]) -> Done:
    return Batches(client).upsert(OBJECT, KEY, [row])[0]


def by_job(client: SalesforceClient, row: dict[str, Any]) -> Done:
    return Bulk(client).run(Load("upsert", OBJECT, KEY, [row]))[0]


def test_there_are_sixty_kinds_of_every_type(fields: list[Kind]) -> None:
    assert len(fields) >= 60
    types = {each.described["type"] for each in fields}
    assert types >= describe.TEXTS - {"anyType"} | {"location", "boolean", "int", "double", "currency"}
    assert types >= {"percent", "date", "datetime", "time"}


def test_describe_says_what_the_administrator_made(client: SalesforceClient, fields: list[Kind]) -> None:
    known = Describe(client).object(OBJECT)
    assert list(known.fields) == [each.name for each in fields]
    for each in fields:
        said, found = each.described, known.fields[each.name]
        assert (found.type, found.length, found.precision, found.scale) == (
            said["type"],
            *(said.get(name, 0) for name in ("length", "precision", "scale")),
        )
        assert (found.createable, found.external_id, found.unique, found.restricted) == (
            said.get("createable", True),
            *(said.get(name, False) for name in ("externalId", "unique", "restrictedPicklist")),
        )
        assert found.picklist == tuple(value["value"] for value in said.get("picklistValues", ()))
        assert found.reference_to == tuple(said.get("referenceTo", ()))
    assert {name for name, field in known.fields.items() if field.required} == {
        "Text_Required__c",
        "Master__c",
    }
    assert set(known.fields) - set(known.readable) == {"Place__c"}


@pytest.mark.parametrize("write", [by_collection, by_job])
def test_every_value_comes_back_as_it_was_written(
    client: SalesforceClient, fields: list[Kind], write: Any
) -> None:
    row = {each.name: each.value for each in fields if each.value is not None}
    Describe(client).check_writable(OBJECT, row)
    assert write(client, row).status == "created"
    (stands,) = SalesforceRecords(client).by_key(OBJECT, KEY, [row[KEY]]).values()
    for each in fields:
        if each.name in SET_BY_SALESFORCE:
            assert stands[each.name], each.name
        elif each.described["type"] != "location":
            assert plain(stands[each.name]) == plain(each.read), each.name
    rounded = {"Number_Rounded__c": Decimal("2.35"), "Pick_Any_Case__c": "Open"}
    assert holds(stands, row | rounded), "what stands would be written again and again"
    (place,) = client.query(f"SELECT Place__c FROM {OBJECT}")
    assert place["Place__c"] == next(each.read for each in fields if each.name == "Place__c")
    assert write(client, row).status == "changed"
    assert len(client.query(f"SELECT Id FROM {OBJECT}")) == 1


def plain(value: Any) -> Any:
    """Numbers by their value, exactly."""
    return value if isinstance(value, bool) or not isinstance(value, int | Decimal) else Decimal(value)


@pytest.mark.parametrize("write", [by_collection, by_job])
def test_null_empties_every_field_that_may_be_empty(
    client: SalesforceClient, fields: list[Kind], write: Any
) -> None:
    row = {each.name: each.value for each in fields if each.value is not None}
    kept = {"OwnerId", "Text_Required__c", "Master__c", KEY}
    flags = {each.name for each in fields if each.described["type"] == "boolean"}
    assert by_collection(client, row).status == "created"
    emptied = {name: None for name in row if name not in kept | flags}
    assert write(client, {KEY: row[KEY], **emptied}).status == "changed"
    (stands,) = SalesforceRecords(client).by_key(OBJECT, KEY, [row[KEY]]).values()
    assert [name for name in emptied if stands[name] is not None] == []
    assert all(stands[name] == row[name] for name in kept)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("Text__c", "x" * 81, Reason.TOO_LONG),
        ("Encrypted__c", "x" * 176, Reason.TOO_LONG),
        ("Area__c", "x" * 256, Reason.TOO_LONG),
        ("Url__c", "https://" + "x" * 255, Reason.TOO_LONG),
        ("Email__c", "nobody", Reason.INVALID_FORMAT),
        ("Pick_Restricted__c", "Ajar", Reason.UNKNOWN_VALUE),
        ("Multi_Restricted__c", "Rail;Canal", Reason.UNKNOWN_VALUE),
        ("Number_Below__c", 10_000, Reason.OUT_OF_RANGE),
        ("Integer__c", 1_000_000_000, Reason.OUT_OF_RANGE),
        ("Percent__c", 1_000, Reason.OUT_OF_RANGE),
        ("Account__c", "001Hp00000ZZZZZIA5", Reason.NO_REFERENCE),
        ("Text_Required__c", None, Reason.MISSING),
        ("Master__c", None, Reason.MISSING),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(
    client: SalesforceClient, fields: list[Kind], field: str, value: Any, reason: Reason
) -> None:
    row = {each.name: each.value for each in fields if each.value is not None} | {field: value}
    for write in (by_collection, by_job):
        done = write(client, row)
        assert (done.status, [each.reason for each in done.errors]) == ("refused", [reason])
        assert [each.field for each in done.errors] == [field]
    assert client.query(f"SELECT Id FROM {OBJECT}") == []


def test_what_salesforce_works_out_is_not_ours_to_write(client: SalesforceClient, fields: list[Kind]) -> None:
    fixed = [each.name for each in fields if each.value is None]
    for name in fixed:
        with pytest.raises(ConfigurationError, match=rf"^{OBJECT}\.{name}: not writable"):
            Describe(client).check_writable(OBJECT, [name])
    Describe(client).check_fields(OBJECT, fixed)


def test_each_hidden_field_is_named_with_the_way_out(
    site: Site, client: SalesforceClient, fields: list[Kind]
) -> None:
    """Field-level security: neither described, nor read, nor written, whatever its type."""
    hidden = [
        each for each in fields if each.name.endswith("__c") and each.value is not None and each.name != KEY
    ]
    for each in hidden:
        site.tell(f"/salesforce/schema/{OBJECT}/fields/{each.name}", {"hidden": True}, "PUT")
    describe.forget()
    for each in hidden:
        with pytest.raises(
            ConfigurationError, match=rf"^{OBJECT}\.{each.name} is not readable .*field-level security"
        ):
            Describe(client).check_writable(OBJECT, [each.name])
        with pytest.raises(ConfigurationError, match=rf"{OBJECT}\.{each.name} is not readable"):
            list(SalesforceRecords(client).where(OBJECT, KEY, ["berth/7 a"], fields=[each.name]))
    assert not {each.name for each in hidden} & set(SalesforceRecords(client).readable(OBJECT))
