"""What targets were told: kept with the write, gone with its link, erased on demand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import PermanentError
from include.ledger import Intent, Ledger, Link, Told
from tests.unit.ledger.conftest import FLOW, Clock

KEY = "k" * 64
LINK = Link("customer", "salesforce", "001A", "zoho_inventory", "77")


def told(content: str, source_id: str = "001A") -> Told:
    return Told("customer", "salesforce", source_id, "zoho_inventory", content)


def held(ledger: Ledger) -> dict[str, str]:
    return ledger.told.find("customer", "salesforce", "zoho_inventory")


def test_the_last_word_counts(ledger: Ledger) -> None:
    ledger.told.keep([told("{}"), told('{"a":1}'), told('{"b":2}', "001B")])
    ledger.told.keep([told('{"a":3}')])
    assert held(ledger) == {"001A": '{"a":3}', "001B": '{"b":2}'}
    assert ledger.told.find("customer", "salesforce", "zoho_inventory", ["001B", "x"]) == {"001B": '{"b":2}'}
    assert ledger.told.find("customer", "salesforce", "zoho_inventory", []) == {}
    assert ledger.told.find("customer", "salesforce", "sage100", ["001A"]) == {}


def test_it_is_kept_with_the_write_or_not_at_all(ledger: Ledger) -> None:
    with pytest.raises(PermanentError):
        ledger.writes.commit({KEY: "77"}, [LINK], told=[told("{}")])
    assert held(ledger) == {}
    ledger.writes.intend([Intent(KEY, FLOW, "customer", "001A", "1", "hash")])
    ledger.writes.commit({KEY: "77"}, [LINK], told=[told('{"a":1}')])
    assert held(ledger) == {"001A": '{"a":1}'}
    assert ledger.crosswalk.find("customer", "salesforce", ["001A"], "zoho_inventory")


@pytest.mark.parametrize(("system", "record"), [("salesforce", "001A"), ("zoho_inventory", "77")])
def test_a_persons_data_is_erased_by_either_id(ledger: Ledger, system: str, record: str) -> None:
    ledger.crosswalk.bind([LINK])
    ledger.told.keep([told('{"a":1}'), told('{"b":2}', "001B")])
    assert ledger.told.forget(system, record) == 1
    assert list(held(ledger)) == ["001B"]
    assert ledger.told.forget(system, record) == 0


def test_what_is_linked_no_longer_is_forgotten_in_time(ledger: Ledger, clock: Clock) -> None:
    ledger.crosswalk.bind([LINK])
    ledger.told.keep([told("{}"), told("{}", "001B")])
    assert ledger.retention.prune(FLOW, clock.now - timedelta(days=1))["told"] == 0
    clock.pass_(days=100)
    assert ledger.retention.prune(FLOW, clock.now - timedelta(days=90))["told"] == 1
    assert list(held(ledger)) == ["001A"]
