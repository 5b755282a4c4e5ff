"""The list of a contact's people: who is who, who stays, who goes."""

from __future__ import annotations

from typing import Any

import pytest

from include.connectors.zoho_inventory import persons

NGOZI = {"contact_person_id": "1", "first_name": "Ngozi", "last_name": "Okafor", "email": "n@x.example"}
IAN = {"contact_person_id": "2", "first_name": "Ian", "last_name": "Petrov", "email": "i@x.example"}
STANDING = [{**NGOZI, "is_primary_contact": True}, {**IAN, "is_primary_contact": False}]


def ids(people: list[dict[str, Any]] | None) -> list[str | None]:
    return [person.get("contact_person_id") for person in people or []]


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [{"first_name": "Ngozi", "last_name": "Okafor"}],
        [{"last_name": "OKAFOR", "first_name": "ngozi", "email": "N@X.example"}][:0],
        [{"contact_person_id": "2", "email": "i@x.example"}],
        [{"first_name": "Nobody", "is_deleted": True}],
        [{**NGOZI, "is_primary_contact": True}, IAN],
    ],
)
def test_what_says_nothing_new_is_not_sent(wanted: list[dict[str, Any]]) -> None:
    assert persons.merged(STANDING, wanted) is None


@pytest.mark.parametrize(
    ("wanted", "person"),
    [
        ({"contact_person_id": "2", "first_name": "Other", "last_name": "Name"}, "2"),
        ({"first_name": "Ian", "last_name": "Petrov", "email": "new@x.example"}, "2"),
        ({"first_name": "Ian", "last_name": "Married", "email": "I@X.example "}, "2"),
        ({"first_name": "Quite", "last_name": "Another", "email": "i@x.example"}, None),
        ({"email": "third@x.example"}, None),
    ],
)
def test_a_person_is_recognised_by_what_is_surest(wanted: dict[str, Any], person: str | None) -> None:
    """A mailbox that two people share makes them not one."""
    people = persons.merged(STANDING, [wanted])
    assert people is not None
    assert ids(people) == (["1", "2"] if person else ["1", "2", None])
    changed = people[-1]
    assert {name: changed[name] for name in wanted} == wanted


def test_whoever_is_not_named_is_sent_again_whole() -> None:
    standing = [
        {**IAN, "phone": "1", "department": "Lager", "is_primary_contact": True, "is_added_in_portal": True}
    ]
    people = persons.merged(standing, [{"last_name": "New"}])
    assert people is not None
    assert people[0] == {**dict.fromkeys(persons.FIELDS, ""), **IAN, "phone": "1", "department": "Lager",
                         "is_primary_contact": True}  # fmt: skip


def test_only_who_is_deleted_at_the_source_goes() -> None:
    people = persons.merged(STANDING, [{**NGOZI, "contact_person_id": "", "is_deleted": True}])
    assert ids(people) == ["2"]
    assert persons.told([{"last_name": "A", "is_deleted": True}, {"last_name": "B"}]) == [{"last_name": "B"}]


def test_there_is_one_primary_person() -> None:
    people = persons.merged(STANDING, [{**IAN, "is_primary_contact": True}])
    assert people is not None
    assert [person["is_primary_contact"] for person in people] == [False, True]
    people = persons.merged(STANDING, [{"last_name": "New", "is_primary_contact": True}])
    assert people is not None
    assert [person["is_primary_contact"] for person in people] == [False, False, True]
    people = persons.merged(STANDING, [{**NGOZI, "phone": "1"}])
    assert people is not None
    assert [person["is_primary_contact"] for person in people] == [True, False]


def test_two_of_one_mailbox_are_each_found_by_name() -> None:
    shared = [{**NGOZI, "email": "info@x.example"}, {**IAN, "email": "info@x.example"}]
    wanted = [{"first_name": "Ian", "last_name": "Petrov", "email": "info@x.example", "phone": "2"}]
    people = persons.merged(shared, wanted)
    assert people is not None
    assert [person.get("phone") for person in people] == ["", "2"]
