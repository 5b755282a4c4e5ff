"""Replay ids and retention: what a place in the stream is, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.sandbox.salesforce.bus.replay import Place
from tests.unit.sandbox_salesforce.bus_reading import Org

TOPIC = "/data/AccountChangeEvent"
HOUR = 3600


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    made = Org(tmp_path)
    yield made
    made.world.control.database.close()


def numbers(org: Org, after: int = 0) -> list[int]:
    return [one.number for one in org.bus.log.read(["Account"], after, 1000)]


def test_an_id_says_nothing_and_keeps_no_order(org: Org) -> None:
    ids = [org.bus.log.ids.write(TOPIC, Place(n, 1_772_460_311_000)) for n in range(200)]
    assert len({one[:4] for one in ids}) == 200
    assert ids != sorted(ids)
    assert not any(one.isdigit() for one in ids)
    assert [org.bus.log.ids.read(TOPIC, one) for one in ids[:3]] == [
        Place(n, 1_772_460_311_000) for n in range(3)
    ]


def test_an_id_is_good_for_its_topic_unchanged_and_whole(org: Org) -> None:
    made = org.bus.log.ids.write(TOPIC, Place(7, 1))
    assert org.bus.log.ids.read("/data/ContactChangeEvent", made) is None
    assert org.bus.log.ids.read(TOPIC, made[:-1]) is None
    assert org.bus.log.ids.read(TOPIC, b"12345") is None
    for n in range(len(made)):
        assert org.bus.log.ids.read(TOPIC, made[:n] + bytes([made[n] ^ 1]) + made[n + 1 :]) is None


def test_ids_and_events_outlive_a_restart(org: Org, tmp_path: Path) -> None:
    org.account()
    made = org.bus.log.ids.write(TOPIC, Place(numbers(org)[0], 5))
    again = Org(tmp_path)
    assert again.bus.log.ids.read(TOPIC, made) == org.bus.log.ids.read(TOPIC, made) is not None
    assert numbers(again) == numbers(org) != []
    again.world.control.database.close()


def test_events_are_kept_for_72_hours(org: Org) -> None:
    org.clock.freeze()
    org.account()
    org.clock.jump(71 * HOUR)
    org.account()
    place = Place(numbers(org)[0], org.bus.log.now() - 71 * HOUR * 1000)
    assert org.bus.log.good(place)
    assert len(numbers(org)) == 2
    org.clock.jump(2 * HOUR)
    assert not org.bus.log.good(place)
    assert len(numbers(org)) == 1
    org.bus.log.purge()
    assert org.bus.log.counts() == {"Account": {"CREATE": 1}}


def test_the_newest_place_stays_good_when_all_events_are_gone(org: Org) -> None:
    org.clock.freeze()
    org.account()
    org.clock.jump(100 * HOUR)
    org.bus.log.purge()
    assert org.bus.log.counts() == {}
    assert org.bus.log.good(Place(org.bus.log.end(), org.bus.log.now()))


def test_expired_places_are_no_longer_good_and_later_ones_are(org: Org) -> None:
    for _ in range(3):
        org.account()
    before = Place(org.bus.log.end(), org.bus.log.now())
    assert org.bus.log.expire() == 3
    assert not org.bus.log.good(before)
    assert org.bus.log.good(Place(org.bus.log.end(), org.bus.log.now()))
    org.account()
    assert len(numbers(org)) == 1


def test_the_newest_events_may_be_kept_from_expiring(org: Org) -> None:
    for _ in range(3):
        org.account()
    old, *_, last = numbers(org)
    assert org.bus.log.expire(keep=1) == 2
    assert numbers(org) == [last]
    assert not org.bus.log.good(Place(old, org.bus.log.now()))
    assert org.bus.log.good(Place(last, org.bus.log.now()))


def test_no_place_is_ahead_of_the_stream(org: Org) -> None:
    org.account()
    assert not org.bus.log.good(Place(org.bus.log.end() + 1, org.bus.log.now()))


def test_held_events_come_when_they_are_let_go(org: Org) -> None:
    org.account()
    org.bus.turn({"hold": True})
    org.account()
    assert len(numbers(org)) == 1
    org.bus.turn({"hold": True})
    assert len(numbers(org)) == 1
    org.bus.turn({"hold": False})
    assert len(numbers(org)) == 2


def test_a_reset_makes_all_ids_corrupt(org: Org) -> None:
    org.account()
    made = org.bus.log.ids.write(TOPIC, Place(1, 1))
    org.world.control.database.wipe()
    org.world.reset()
    org.bus.reset()
    assert org.bus.log.ids.read(TOPIC, made) is None
    assert numbers(org) == []
    assert org.bus.log.good(Place(org.bus.log.end(), org.bus.log.now()))
