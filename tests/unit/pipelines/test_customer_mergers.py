"""Accounts that the shop merged: the survivor's customer in the ERP is the customer of both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.ledger import Ledger, Link, migrate
from include.pipelines.mirrors.customers import customers
from include.pipelines.mirrors.flows import CUSTOMERS
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import CUSTOMER
from include.translation import load
from tests.unit.mappings.flows import a_flow_site
from tests.unit.mappings.test_clarity_customers import SAMPLE
from tests.unit.pipelines.test_poll_pace import Nobody, Source


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MirrorWorld]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    ledger = Ledger.connect(url)
    yield MirrorWorld(flow=CUSTOMERS, ledger=ledger, source=Source(), target=Nobody(), staging_root=tmp_path)
    ledger.close()


def merge(world: MirrorWorld, **links: str) -> dict[str, str]:
    """Customer 10482 is merged into 7; whose customers they are then, given what they were linked with."""
    flow = world.flow
    ids = {"old": "10482", "kept": "7"}
    world.ledger.crosswalk.bind(
        [Link(CUSTOMER, flow.source, ids[who], flow.target, number) for who, number in links.items()]
    )
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))["data"]
    document |= {"status": "merged", "mergedIntoId": 7}
    read = load(flow.inbound).to_canonical(["10482"], [json.dumps(document).encode()], a_flow_site())
    prepared = customers(world, read.frames)
    assert prepared.frames["customers"].empty
    found = world.ledger.crosswalk.find(CUSTOMER, flow.source, list(ids.values()), flow.target)
    return {who: found[key].target_id for who, key in ids.items() if key in found}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"old": "00-0001", "kept": "00-0002"}, {"old": "00-0002", "kept": "00-0002"}),
        ({"old": "00-0001"}, {"old": "00-0001", "kept": "00-0001"}),
        ({"kept": "00-0002"}, {"old": "00-0002", "kept": "00-0002"}),
        ({}, {}),
    ],
    ids=["both are linked", "the survivor inherits", "the merged one follows", "nobody is linked"],
)
def test_both_are_the_survivors_customer(
    world: MirrorWorld, before: dict[str, str], after: dict[str, str]
) -> None:
    assert merge(world, **before) == after
    assert merge(world) == after
