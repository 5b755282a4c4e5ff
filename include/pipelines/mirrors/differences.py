"""What of a record has changed since the target was told of it.

A member that is not said any more was said before: it is emptied, or the target would keep it for ever. An
address and a list are told whole when anything in them changed. Of people the target may know more than we
do, so those that we told it of and tell no more are named as deleted.
"""

from __future__ import annotations

from typing import Any

PEOPLE = "contact_persons"
DELETED = "is_deleted"


def differences(told: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The members of ``now`` that ``told`` says otherwise or not at all, and emptied ones.

    Args:
        told: the whole record as it was told last.
        now: the whole record.
    """
    changed = {
        name: _news(name, told.get(name), value)
        for name, value in now.items()
        if not _same(told.get(name), value)
    }
    return changed | _emptied({name: value for name, value in told.items() if name not in now})


def _same(before: Any, value: Any) -> bool:
    """``38`` and ``38.0`` are one number, and ``True`` is none."""
    return before == value and isinstance(before, bool) == isinstance(value, bool)


def _news(name: str, before: Any, value: Any) -> Any:
    if isinstance(before, dict) and isinstance(value, dict):
        return _emptied(before) | value
    if isinstance(before, list) and name == PEOPLE:
        return [*value, *({**each, DELETED: True} for each in before if not _stays(each, value))]
    return value


def _stays(person: dict[str, Any], people: list[dict[str, Any]]) -> bool:
    """Whether somebody of the same address or the same name is still there: they have only changed."""
    return any(_email(person) == _email(each) != "" or _name(person) == _name(each) for each in people)


def _email(person: dict[str, Any]) -> str:
    return str(person.get("email", "")).casefold()


def _name(person: dict[str, Any]) -> tuple[Any, Any]:
    return person.get("first_name"), person.get("last_name")


def _emptied(members: dict[str, Any]) -> dict[str, Any]:
    return {name: _empty(value) for name, value in members.items()}


def _empty(value: Any) -> Any:
    if isinstance(value, dict):
        return _emptied(value)
    if isinstance(value, list):
        return []
    return "" if isinstance(value, str) else None
