"""The people of a contact. A ``PUT`` replaces the whole list, so everybody who is to stay is sent again.

People may be entered in Zoho as well as by us, and nothing in Zoho tells which: so nobody is taken away but
whom the source says to be deleted. The same person is recognised by id, else by e-mail and name, else by
either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.connectors.zoho_inventory.likeness import holds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Person = Mapping[str, Any]

FIELDS = (
    "salutation", "first_name", "last_name", "email", "phone", "mobile", "designation", "department",
    "skype",
)  # fmt: skip
ID, PRIMARY, DELETED = "contact_person_id", "is_primary_contact", "is_deleted"


def told(wanted: Sequence[Person]) -> list[dict[str, Any]]:
    """People of a new contact as Zoho takes them."""
    return [_said(person) for person in wanted if not person.get(DELETED)]


def merged(standing: Sequence[Person], wanted: Sequence[Person]) -> list[dict[str, Any]] | None:
    """The new list of a contact's people, None when it would say nothing new.

    Args:
        standing: as Zoho shows them.
        wanted: in Zoho's names; ``is_deleted`` takes the person away.
    """
    match = _matched(standing, wanted)
    people: list[dict[str, Any]] = []
    news = False
    for place, person in enumerate(standing):
        asked = wanted[match[place]] if place in match else {}
        if asked.get(DELETED):
            news = True
            continue
        said = _said(asked)
        kept = {name: person.get(name) or "" for name in FIELDS}
        news = news or not holds({PRIMARY: False, **kept, **person}, said)
        people.append({**kept, **said, ID: person.get(ID), PRIMARY: _primary(person, asked, wanted)})
    new = told([person for place, person in enumerate(wanted) if place not in match.values()])
    return [*people, *new] if news or new else None


def _primary(person: Person, asked: Person, wanted: Sequence[Person]) -> bool:
    """There is one primary person: who is one already, unless the source names another."""
    if any(each.get(PRIMARY) and not each.get(DELETED) for each in wanted):
        return bool(asked.get(PRIMARY))
    return bool(person.get(PRIMARY))


def _said(person: Person) -> dict[str, Any]:
    return {name: value for name, value in person.items() if name != DELETED}


def _matched(standing: Sequence[Person], wanted: Sequence[Person]) -> dict[int, int]:
    """Which standing person is which wanted one, the surest first."""
    match: dict[int, int] = {}
    for alike in (_same_id, _same_person, _same_email, _same_name):
        for asked, person in enumerate(wanted):
            if asked in match.values():
                continue
            free = (place for place in range(len(standing)) if place not in match)
            found = next((place for place in free if alike(standing[place], person)), None)
            if found is not None:
                match[found] = asked
    return match


def _plain(person: Person, name: str) -> str:
    return " ".join(str(person.get(name) or "").split()).casefold()


def _name(person: Person) -> tuple[str, str]:
    return _plain(person, "first_name"), _plain(person, "last_name")


def _same_id(one: Person, other: Person) -> bool:
    return bool(other.get(ID)) and str(one.get(ID)) == str(other[ID])


def _same_person(one: Person, other: Person) -> bool:
    return _email(one, other) and _name(one) == _name(other)


def _same_email(one: Person, other: Person) -> bool:
    """One mailbox may be shared: some part of the name must agree, too."""
    parts = zip(_name(one), _name(other), strict=True)
    return _email(one, other) and any(mine == theirs or not mine or not theirs for mine, theirs in parts)


def _same_name(one: Person, other: Person) -> bool:
    return any(_name(one)) and _name(one) == _name(other)


def _email(one: Person, other: Person) -> bool:
    return bool(_plain(one, "email")) and _plain(one, "email") == _plain(other, "email")
