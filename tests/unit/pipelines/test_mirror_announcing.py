"""What a poll found is announced in parts: memory does not grow with the catalogue."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.ledger import Ledger, migrate
from include.pipelines.mirrors.announce import AT_ONCE, Request, announce, keep
from include.pipelines.mirrors.flows import ZOHO_CATALOGUE
from include.pipelines.mirrors.ports import MirrorWorld
from tests.unit.pipelines.mirror_runs import Records, Target


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    made = Ledger.connect(url)
    yield made
    made.close()


def a_world(ledger: Ledger, folder: Path, source: Records) -> MirrorWorld:
    return MirrorWorld(
        flow=ZOHO_CATALOGUE, ledger=ledger, source=source, target=Target(), staging_root=folder
    )


def versions(count: int) -> Iterator[tuple[str, str]]:
    return ((f"46000000{number:011}", "1") for number in range(count))


def test_announcing_ten_times_as_much_takes_no_more_memory(ledger: Ledger, tmp_path: Path) -> None:
    """C9."""
    world = a_world(ledger, tmp_path, Records())
    keep(world, versions(10), "warm", origin="sweep")
    peaks = []
    for run, count in (("few", AT_ONCE), ("many", 10 * AT_ONCE)):
        tracemalloc.start()
        assert keep(world, versions(count), run, origin="sweep") == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_a_poll_that_dies_half_way_is_completed_by_the_next(ledger: Ledger, tmp_path: Path) -> None:
    """C9: and announces nothing twice."""
    source, count = Records(key="item_id"), AT_ONCE + 5
    for number in range(count):
        source.put({"item_id": str(number)}, "1")
    world = a_world(ledger, tmp_path, source)
    first = [(str(number), "1") for number in range(AT_ONCE)]
    keep(world, first, "dies", origin="sweep")
    assert announce(world, "next", Request(poll=True)) == count - AT_ONCE
    assert ledger.inbox.tally(ZOHO_CATALOGUE.name) == {"pending": count}
