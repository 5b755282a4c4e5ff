"""Only what has changed is told: Zoho's own edits stay, a crash leaves no hole, silence is no proof."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import OutcomeUnknownError
from include.ledger import Ledger, migrate
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.differences import differences
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import Endpoint
from tests.unit.mappings.salesforce_records import ACCOUNT_ID, account, person
from tests.unit.pipelines.mirror_runs import Records, Target, run
from tests.unit.pipelines.test_poll_pace import Clock

ADDRESS = {"address": "12 Harbor Rd", "street2": "Ste 4", "city": "Galveston"}


@pytest.mark.parametrize(
    ("told", "now", "said"),
    [
        ({}, {"a": "1"}, {"a": "1"}),
        ({"a": "1"}, {"a": "1"}, {}),
        ({"a": "1", "b": "2"}, {"a": "1", "b": "3"}, {"b": "3"}),
        ({"a": "1"}, {}, {"a": ""}),
        ({"a": Decimal(1)}, {}, {"a": None}),
        ({"a": True}, {"a": Decimal(1)}, {"a": Decimal(1)}),
        ({"a": Decimal("38.0")}, {"a": 38}, {}),
        ({"a": [1]}, {}, {"a": []}),
        ({"at": ADDRESS}, {"at": ADDRESS | {"city": "Austin"}}, {"at": ADDRESS | {"city": "Austin"}}),
        (
            {"at": ADDRESS},
            {"at": {"city": "Austin"}},
            {"at": {"address": "", "street2": "", "city": "Austin"}},
        ),
        ({"at": ADDRESS}, {}, {"at": dict.fromkeys(ADDRESS, "")}),
    ],
)
def test_what_has_changed(told: dict[str, Any], now: dict[str, Any], said: dict[str, Any]) -> None:
    assert differences(told, now) == said


ANA = {"first_name": "Ana", "last_name": "Ruiz", "email": "ana@gulf.example"}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ([ANA | {"phone": "1"}], [ANA | {"phone": "1"}]),
        ([ANA | {"last_name": "Ruiz-Lee"}], [ANA | {"last_name": "Ruiz-Lee"}]),
        ([ANA | {"email": "ana@new.example"}], [ANA | {"email": "ana@new.example"}]),
        ([], [ANA | {"is_deleted": True}]),
    ],
    ids=["a telephone", "a name", "an address", "she left"],
)
def test_who_is_told_no_more_is_named_as_deleted(now: list[Any], said: list[Any]) -> None:
    """Zoho's own people would be deleted with her, were the list taken for the whole of them."""
    assert differences({"contact_persons": [ANA]}, {"contact_persons": now}) == {"contact_persons": said}


VALUES = st.text(max_size=3) | st.booleans() | st.integers(0, 9)
MEMBERS = st.dictionaries(st.sampled_from("abcd"), VALUES | st.dictionaries(st.sampled_from("xy"), VALUES))


@given(told=MEMBERS, now=MEMBERS)
def test_told_and_what_has_changed_are_the_whole(told: dict[str, Any], now: dict[str, Any]) -> None:
    """Whatever a target was told, after the differences it knows what it would know from the whole."""
    known = told | differences(told, now)
    assert {name: value for name, value in known.items() if name in now and not isinstance(value, dict)} == {
        name: value for name, value in now.items() if not isinstance(value, dict)
    }
    assert not any(known[name] for name in told if name not in now and not isinstance(told[name], dict))
    assert differences(now, now) == {}


@pytest.fixture
def source() -> Records:
    found = Records()
    found.put(account(), "1")
    return found


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, source: Records, target: Target, clock: Clock) -> Iterator[MirrorWorld]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    ledger = Ledger.connect(url, clock=clock)
    yield MirrorWorld(
        flow=flows.SALESFORCE_CUSTOMERS,
        ledger=ledger,
        source=source,
        target=target,
        staging_root=tmp_path,
        clock=clock,
        endpoints=(Endpoint("salesforce", lambda: None), Endpoint("zoho_inventory", lambda: None)),
    )
    ledger.close()


def test_a_new_record_is_told_whole_and_a_known_one_by_its_changes(
    world: MirrorWorld, source: Records, target: Target
) -> None:
    assert run(world)["loaded"] == 1
    ((key, target_id, whole),) = target.told()
    assert (key, target_id, whole["contact_name"]) == (ACCOUNT_ID, "", "Gulf Coast Marine")
    source.put(account(Website="https://new.example"), "2")
    assert run(world)["loaded"] == 1
    assert target.told() == [(ACCOUNT_ID, f"Z-{ACCOUNT_ID}", {"website": "https://new.example"})]
    source.put(account(Website=None), "3")
    run(world)
    assert target.told() == [(ACCOUNT_ID, f"Z-{ACCOUNT_ID}", {"website": ""})]


def test_what_is_no_change_to_zoho_is_not_told(world: MirrorWorld, source: Records, target: Target) -> None:
    run(world)
    target.told()
    source.put(account(Industry="Shipping"), "2")
    assert run(world)["unchanged"] == 1
    assert target.told() == []
    assert run(world)["received"] == 0


def test_a_change_that_comes_back_is_told_both_times(
    world: MirrorWorld, source: Records, target: Target
) -> None:
    run(world)
    for version, website in (("2", "https://new.example"), ("3", "https://gulf.example")):
        source.put(account(Website=website), version)
        run(world)
    assert [each[2] for each in target.told()[1:]] == [
        {"website": "https://new.example"},
        {"website": "https://gulf.example"},
    ]


def test_what_was_not_answered_is_asked_again_as_it_was(
    world: MirrorWorld, source: Records, target: Target, clock: Clock
) -> None:
    run(world)
    target.told()
    target.says = ["unknown"]
    source.put(account(Website="https://new.example"), "2")
    with pytest.raises(OutcomeUnknownError):
        run(world)
    assert target.told()[0][2] == {"website": "https://new.example"}
    told = world.ledger.told.find("customer", "salesforce", "zoho_inventory", [ACCOUNT_ID])
    assert "https://gulf.example" in told[ACCOUNT_ID]
    clock.now += timedelta(hours=1)
    assert run(world)["loaded"] == 1
    assert target.told()[0][2] == {"website": "https://new.example"}


def test_what_another_write_did_unheard_is_told_over(
    world: MirrorWorld, source: Records, target: Target
) -> None:
    """The name was perhaps changed; it is changed back, which is no difference to what was told last."""
    run(world)
    target.told()
    target.says = ["unknown"]
    source.put(account(Name="Gulf Marine"), "2")
    with pytest.raises(OutcomeUnknownError):
        run(world)
    target.told()
    source.put(account(Website="https://new.example"), "3")
    assert run(world)["loaded"] == 1
    ((_, _, told),) = target.told()
    assert (told["contact_name"], told["website"]) == ("Gulf Coast Marine", "https://new.example")
    assert run(world)["received"] == 0


def test_what_was_told_and_the_link_are_kept_together(world: MirrorWorld, target: Target) -> None:
    run(world)
    told = world.ledger.told.find("customer", "salesforce", "zoho_inventory")
    assert list(told) == [ACCOUNT_ID]
    assert world.ledger.crosswalk.find("customer", "salesforce", list(told), "zoho_inventory")
    (entry,) = world.ledger.audit.latest("committed")
    assert (entry.record_key, entry.target_id) == (ACCOUNT_ID, f"Z-{ACCOUNT_ID}")


def test_someone_who_left_is_deleted_and_nobody_else(
    world: MirrorWorld, source: Records, target: Target
) -> None:
    run(world)
    target.told()
    source.put(account(Contacts=[person("003A")]), "2")
    run(world)
    ((_, _, told),) = target.told()
    assert [each.get("is_deleted", False) for each in told["contact_persons"]] == [False, True]
    source.put(account(Contacts=[person("003A", Title="Owner")]), "3")
    run(world)
    ((_, _, told),) = target.told()
    assert [each["designation"] for each in told["contact_persons"]] == ["Owner"]


def test_what_is_forgotten_is_told_whole_the_next_time(
    world: MirrorWorld, source: Records, target: Target
) -> None:
    run(world)
    target.told()
    assert world.ledger.told.forget("zoho_inventory", f"Z-{ACCOUNT_ID}") == 1
    source.put(account(Website=None), "2")
    run(world)
    ((_, _, told),) = target.told()
    assert told["contact_name"] == "Gulf Coast Marine"
