"""One flow between Salesforce and Zoho, over a ledger in a file, between a dictionary and a list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.ledger import Ledger, Link
from include.pipelines.flows import SALESFORCE, ZOHO_INVENTORY
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.mirrors.salesforce.sources import (
    Remembered,
    gone_customer,
    gone_item,
    gone_opportunity,
)
from include.pipelines.ports import Endpoint
from tests.unit.pipelines.mirror_runs import Records, Target, run
from tests.unit.pipelines.test_poll_pace import Clock

SECOND = "001dL00000ZyXwVQAV"
"""An account besides that of the samples."""
KEYS = {"salesforce/customer": "Id", "salesforce/opportunity": "Id", "zoho_inventory/item": "item_id"}


class Bench:
    """See above; ``source`` holds what Salesforce or Zoho says, ``target`` what the other was told."""

    def __init__(self, ledger: Ledger, flow: MirrorFlow, folder: Path, clock: Clock) -> None:
        self.source = Records(key=KEYS.get(flow.inbound, "salesforce_id"))
        self.target, self.ledger, self.clock = Target(), ledger, clock
        gone = {
            "salesforce/customer": gone_customer,
            "salesforce/opportunity": gone_opportunity,
            "zoho_inventory/item": gone_item,
        }.get(flow.inbound)
        self.world = MirrorWorld(
            flow=flow,
            ledger=ledger,
            source=Remembered(self.source, gone) if gone else self.source,
            target=self.target,
            staging_root=folder,
            clock=clock,
            endpoints=(Endpoint("source", lambda: None), Endpoint("target", lambda: None)),
        )

    def put(self, document: Mapping[str, Any], version: str = "1") -> None:
        self.source.put(document, version)

    def run(self, *keys: str) -> dict[str, int]:
        return run(self.world, Request(keys=keys) if keys else None)

    def told(self) -> dict[str, Any]:
        return {key: content for key, _, content in self.target.told()}

    def questions(self) -> dict[str, str]:
        return {each.record_key: each.code for each in self.ledger.exceptions.list(state="open")}

    def link(self, entity: str, source: str, one: str, other: str, **more: str) -> None:
        target = {SALESFORCE: ZOHO_INVENTORY, ZOHO_INVENTORY: SALESFORCE}[source]
        self.ledger.crosswalk.bind([Link(entity, source, one, target, other, **more)])
