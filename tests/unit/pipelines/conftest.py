"""Flows between Salesforce and Zoho for whoever tries a rule of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.ledger import Ledger, migrate
from include.pipelines.flows import SALESFORCE, ZOHO_INVENTORY
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.ports import CUSTOMER, ITEM
from tests.unit.mappings.salesforce_records import ACCOUNT_ID, ITEM_ID, PRODUCT_ID, ZOHO_CONTACT
from tests.unit.pipelines.salesforce_bench import Bench
from tests.unit.pipelines.test_poll_pace import Clock


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[[MirrorFlow], Bench]]:
    """Makes flows over one ledger."""
    url, clock = f"sqlite:///{tmp_path}/ledger.sqlite", Clock()
    migrate(url)
    ledger = Ledger.connect(url, clock=clock)
    yield lambda flow: Bench(ledger, flow, tmp_path, clock)
    ledger.close()


@pytest.fixture
def customers(bench: Callable[[MirrorFlow], Bench]) -> Bench:
    """Accounts and contacts."""
    return bench(flows.SALESFORCE_CUSTOMERS)


@pytest.fixture
def won(bench: Callable[[MirrorFlow], Bench]) -> Bench:
    """Opportunities whose customer and product are linked."""
    made = bench(flows.SALESFORCE_WON)
    made.link(CUSTOMER, SALESFORCE, ACCOUNT_ID, ZOHO_CONTACT)
    made.link(ITEM, ZOHO_INVENTORY, ITEM_ID, PRODUCT_ID)
    return made
