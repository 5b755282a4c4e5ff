"""The history of a chaos run is settled by its seed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.schedule import NEMESIS, SHOP, fingerprint, planned, schedule

MINIMUM = 200
"""Kills or cuts that ten minutes must ask for, at the very least."""


def test_the_same_seed_and_seconds_give_the_same_history() -> None:
    assert schedule(7, 120) == schedule(7, 120)
    assert len({fingerprint(schedule(seed, 120)) for seed in range(20)}) == 20


def test_a_history_does_not_depend_on_pythons_hash_seed() -> None:
    assert fingerprint(schedule(1, 60)) == "c8a1e1f19f9cb115"


def test_deeds_come_in_their_order_and_within_the_time() -> None:
    deeds = schedule(3, 300)
    assert [deed.at for deed in deeds] == sorted(deed.at for deed in deeds)
    assert all(0 <= deed.at < 300 for deed in deeds)


@pytest.mark.parametrize("seed", range(10))
def test_ten_minutes_ask_for_enough_of_every_fault(seed: int) -> None:
    counted = planned(schedule(seed, 600))
    assert counted["kill"] + counted["break"] > MINIMUM
    kinds = {
        "kill", "pause", "break", "expire_token", "revoke_token", "storm_429", "html_5xx", "resend", "sage",
        "jump", "fill_disk",
    }  # fmt: skip
    assert set(counted) == kinds | {"place", "edit", "cancel"}


def test_every_victim_link_and_breach_gets_its_turn() -> None:
    deeds = [deed for seed in range(5) for deed in schedule(seed, 600) if deed.hand == NEMESIS]
    seen = Counter(str(value) for deed in deeds for value in deed.about.values())
    named = {"task", "worker", "scheduler", "api-server", "gateway", "triggerer", "dag-processor", "postgres"}
    assert named | {"zoho", "ledger", "receiver", "cut_answer", "refuse", "delay", "hang"} <= set(seen)


@pytest.mark.parametrize("seed", range(5))
def test_the_shop_touches_only_what_stands_and_no_two_versions_have_one_freight(seed: int) -> None:
    """A total tells which version it is."""
    placed: set[int] = set()
    cancelled: set[int] = set()
    freights = []
    for deed in schedule(seed, 300):
        if deed.hand != SHOP:
            continue
        order = deed.about["order"]
        assert order not in cancelled
        assert (order in placed) == (deed.kind != "place")
        placed.add(order)
        if deed.kind == "cancel":
            cancelled.add(order)
        else:
            freights.append(deed.about["freight"])
    assert cancelled
    assert len(freights) == len(set(freights))


def test_nothing_is_paused_for_as_long_as_the_supervisor_waits() -> None:
    pauses = [deed.about["seconds"] for deed in schedule(1, 3600) if deed.kind == "pause"]
    assert pauses
    assert max(pauses) < 30
