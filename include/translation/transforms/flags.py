"""Transforms of yes and no."""

from __future__ import annotations

from include.translation.registry import each_value

YES = frozenset({"true", "yes", "y", "1", "on"})
NO = frozenset({"false", "no", "n", "0", "off"})


@each_value(inverse="true_false")
def yes_no(value: str) -> str:
    """Any way of saying yes or no becomes `Y` or `N`, as Sage keeps it; blank stays blank."""
    return _said(value, "Y", "N")


@each_value(inverse="yes_no")
def true_false(value: str) -> str:
    """Any way of saying yes or no becomes `true` or `false`, as JSON keeps it; blank stays blank."""
    return _said(value, "true", "false")


def _said(value: str, yes: str, no: str) -> str:
    word = value.strip().lower()
    if not word:
        return ""
    if word not in YES | NO:
        raise ValueError("is neither yes nor no")
    return yes if word in YES else no
