"""The checker on histories made by hand: each kind of wrong is found, and none is invented."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.chaos.checker import (
    ALERTS,
    ASIDE,
    AUDIT,
    CENTS,
    DISORDER,
    DOUBLED,
    DOUBT,
    KINDS,
    LOST,
    RESTLESS,
    UNBALANCED,
    Alert,
    Effect,
    Evidence,
    Order,
    findings,
)

FIRST, SECOND = Decimal("10.01"), Decimal("10.02")
PLACED, EDITED = ("2026-01-05T12:00:00Z", FIRST), ("2026-01-05T12:00:07Z", SECOND)
HISTORY = {
    "1": Order("SO-1", [PLACED, EDITED]),
    "2": Order("SO-2", [PLACED]),
    "3": Order("SO-3", [PLACED, ("2026-01-05T12:00:09Z", FIRST)], cancelled=True),
}
EFFECTS = [
    Effect("customer_created", "00-1", "c1", Decimal(0)),
    Effect("order_created", "1", "1", FIRST),
    Effect("order_created", "2", "2", FIRST),
    Effect("order_created", "3", "3", FIRST),
    Effect("order_changed", "1", "1", SECOND),
    Effect("order_cancelled", "3", "3", FIRST),
    Effect("order_created", "9", "somebody else's", Decimal("5.00")),
]
VERSIONS = frozenset((key, stamp) for key, order in HISTORY.items() for stamp, _ in order.versions)
WELL = Evidence(
    standing={"1": [SECOND], "2": [FIRST], "somebody else's": [Decimal("5.00")]},
    effects=EFFECTS,
    acknowledged=VERSIONS - {("2", PLACED[0])},
    kept=VERSIONS,
    inbox={"loaded": 4, "duplicate": 1, "unchanged": 1},
    rows=6,
    reports={"run": {"received": 6, "loaded": 4, "duplicate": 1, "unchanged": 1}},
    alerts=[Alert("zoho is away", sent=1, recovered=1)],
)


def effects(*more: Effect, without: str = "") -> list[Effect]:
    return [*(effect for effect in EFFECTS if effect.record != without), *more]


def test_nothing_is_found_where_all_is_well() -> None:
    assert findings(HISTORY, WELL) == []
    assert findings(HISTORY, replace(WELL, alerts=[])) == []
    assert findings({}, Evidence()) == []


WRONG = {
    "an order is missing": ({"standing": {"1": [SECOND]}}, LOST),
    "an edit is missing": ({"standing": {**WELL.standing, "1": [FIRST]}}, LOST),
    "a cancellation is missing": ({"standing": {**WELL.standing, "3": [FIRST]}}, LOST),
    "a field differs": ({"differences": {"2": ["carrier is 'A' in Zoho, 'B' in Sage"]}}, LOST),
    "an answered webhook is missing": ({"acknowledged": VERSIONS | {("2", "later")}}, LOST),
    "the last version was never heard of": ({"kept": VERSIONS - {("2", PLACED[0])}}, LOST),
    "an order stands twice": ({"standing": {**WELL.standing, "2": [FIRST, FIRST]}}, DOUBLED),
    "an order was made twice and tidied up": (
        {"effects": effects(Effect("order_created", "4", "2", FIRST))},
        DOUBLED,
    ),
    "a customer was made twice": (
        {"effects": effects(Effect("customer_created", "00-2", "c1", Decimal(0)))},
        DOUBLED,
    ),
    "an older version came after a newer one": (
        {"effects": effects(Effect("order_changed", "1", "1", FIRST))},
        DISORDER,
    ),
    "a cent too much stands": ({"standing": {**WELL.standing, "2": [FIRST + Decimal("0.01")]}}, CENTS),
    "a cent too much was written for a while": (
        {"effects": effects(Effect("order_changed", "2", "2", FIRST + Decimal("0.03")))},
        CENTS,
    ),
    "rows have no end that we know": ({"inbox": {"loaded": 5, "eaten": 1}}, UNBALANCED),
    "rows are fewer than were received": ({"rows": 7}, UNBALANCED),
    "a run's books do not add up": ({"reports": {"run": {"received": 2, "loaded": 1}}}, UNBALANCED),
    "a row is in doubt": ({"inbox": {"loaded": 5, "in_doubt": 1}}, DOUBT),
    "a write is in doubt": ({"writes_in_doubt": ["abc"]}, DOUBT),
    "a clean order was set aside": ({"exceptions": ["2 reference.not_found"]}, ASIDE),
    "the ledger finds its own books wrong": ({"books": ["loaded_unwritten: 1"]}, UNBALANCED),
    "an alert was never sent": ({"alerts": [Alert("x", sent=0, recovered=1)]}, ALERTS),
    "an alert was repeated": ({"alerts": [Alert("x", sent=3, recovered=1)]}, ALERTS),
    "an alert's end was never told": ({"alerts": [Alert("x", sent=1, recovered=0)]}, ALERTS),
    "the audit chain is broken": ({"broken_at": 3}, AUDIT),
    "rows are in flight": ({"inbox": {"loaded": 5, "pending": 1}}, RESTLESS),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_wrong_is_found_once_and_by_its_name(case: str) -> None:
    change, kind = WRONG[case]
    assert [finding.kind for finding in findings(HISTORY, replace(WELL, **change))] == [kind]


def test_every_kind_of_finding_is_tried() -> None:
    assert {kind for _, kind in WRONG.values()} == set(KINDS)


def test_the_same_version_written_twice_is_in_order() -> None:
    """A recheck writes what stands there already."""
    again = effects(Effect("order_changed", "1", "1", SECOND))
    assert findings(HISTORY, replace(WELL, effects=again)) == []
