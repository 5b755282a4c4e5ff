"""C18: change events in Salesforce's own Avro, with bitmaps for what changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from include.connectors.salesforce.pubsub import Kind
from include.connectors.salesforce.pubsub.avro import Schema, UnreadableError
from include.connectors.salesforce.pubsub.events import change_event, entity, unreadable
from tests.unit.connectors.salesforce.pubsub_bus import SAMPLES, SCHEMA, encoded, sample

DECODED = sorted(
    path.stem for path in SAMPLES.glob("*.json") if path.stem not in {"account_schema", "update_expanded"}
)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema(SCHEMA)


@pytest.mark.parametrize("name", DECODED)
def test_payload_decodes_to_its_twin(schema: Schema, name: str) -> None:
    assert schema.decode(encoded(sample(name))) == sample(name)


def test_bitmaps_name_what_changed_also_within_an_address(schema: Schema) -> None:
    expanded = sample("update_expanded")["ChangeEventHeader"]
    said = change_event(schema, encoded(sample("update")), b"\x01")
    assert list(said.changed) == expanded["changedFields"]
    assert list(said.nulled) == expanded["nulledFields"]


@pytest.mark.parametrize(
    ("bitmaps", "names"),
    [
        ([], ()),
        (["0x1"], ("ChangeEventHeader",)),
        (["0x400080"], ("Fax", "LastModifiedDate")),
        (["0x420000"], ("Rating", "LastModifiedDate")),
        (["4-0x3"], ("BillingAddress.Street", "BillingAddress.City")),
        (["5-0x10"], ("ShippingAddress.Country",)),
        (["1-0x6"], ("Name.FirstName", "Name.LastName")),
        (["0X40", "0x0"], ("Phone",)),
    ],
)
def test_bitmap(schema: Schema, bitmaps: list[str], names: tuple[str, ...]) -> None:
    """A type that is only named (the second address) has the parts of the one that is spelled out."""
    assert schema.names(bitmaps) == names


@pytest.mark.parametrize("bitmap", ["0x4000000", "99-0x1", "4-0x400", "6-0x1", "0xzz", "4-", "x-0x1"])
def test_bitmap_beyond_the_schema_is_not_guessed(schema: Schema, bitmap: str) -> None:
    with pytest.raises(UnreadableError):
        schema.names([bitmap])


def test_update_says_who_when_and_where(schema: Schema) -> None:
    said = change_event(schema, encoded(sample("update")), b"\x00\xe5\xb0")
    assert (said.entity, said.record_ids, said.kind) == ("Account", ("001Hp00002WqXyZIAV",), Kind.UPDATE)
    assert said.commit_user == "005Hp000004SalEIAS"
    assert said.origin == "com/salesforce/api/rest/64.0;client=mdm-loader"
    assert (said.transaction_key, said.sequence_number) == ("0008a1b2-3c4d-5e6f-7a8b-9c0d1e2f3a55", 1)
    assert said.commit_timestamp == datetime(2026, 3, 2, 14, 20, 40, tzinfo=UTC)
    assert said.replay_id == b"\x00\xe5\xb0"


@pytest.mark.parametrize(
    ("name", "kind", "records", "names_records"),
    [
        ("create", Kind.CREATE, 1, True),
        ("delete", Kind.DELETE, 1, True),
        ("merged_update_two_records", Kind.UPDATE, 2, True),
        ("gap_update", Kind.GAP_UPDATE, 1, True),
        ("gap_overflow", Kind.GAP_OVERFLOW, 0, False),
    ],
)
def test_kinds(schema: Schema, name: str, kind: Kind, records: int, names_records: bool) -> None:
    said = change_event(schema, encoded(sample(name)), b"\x01")
    assert (said.kind, len(said.record_ids), said.names_records) == (kind, records, names_records)
    assert said.kind.is_gap == name.startswith("gap")


def test_wildcard_names_no_record(schema: Schema) -> None:
    payload = sample("gap_update")
    payload["ChangeEventHeader"]["recordIds"] = ["001*"]
    assert not change_event(schema, encoded(payload), b"\x01").names_records


def test_text_told_as_a_difference_counts_as_changed(schema: Schema) -> None:
    payload = sample("update")
    payload["ChangeEventHeader"] |= {"changedFields": ["0x40"], "diffFields": ["0x10040"], "nulledFields": []}
    assert change_event(schema, encoded(payload), b"\x01").changed == ("Phone", "Description")


def test_bytes_of_another_schema_are_unreadable(schema: Schema) -> None:
    whole = encoded(sample("create"))
    for payload in (b"", whole[:-3], whole + b"\x00", b"\xff" * 40):
        with pytest.raises(UnreadableError) as caught:
            change_event(schema, payload, b"\x01")
        assert "Harbor" not in str(caught.value)


def test_event_without_a_header_is_unreadable() -> None:
    other = Schema(
        json.dumps({"type": "record", "name": "Note__e", "fields": [{"name": "Text__c", "type": "string"}]})
    )
    with pytest.raises(UnreadableError):
        change_event(other, b"\x04hi", b"\x01")


@pytest.mark.parametrize(
    "text", ["", "[]", '"string"', '{"type": "record", "name": "x", "fields": [{"type": "odd"}]}']
)
def test_what_is_no_schema_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError):
        Schema(text)


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("/data/AccountChangeEvent", "Account"),
        ("/data/Crate__ChangeEvent", "Crate__c"),
        ("/data/ChangeEvents", ""),
        ("/data/Sales__chn", ""),
        ("/event/Note__e", ""),
    ],
)
def test_topic_says_whose_changes_it_carries(topic: str, name: str) -> None:
    assert entity(topic) == name
    said = unreadable(topic, "id-1", b"\x01")
    assert (said.entity, said.kind, said.names_records) == (name, Kind.UNREADABLE, False)
