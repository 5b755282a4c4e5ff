"""A mirror flow run stage by stage against ends that are dictionaries."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from include.connectors.documents import Answer, Document
from include.connectors.zoho_inventory.changes import Changes, Stub
from include.pipelines.mirrors.announce import Request, announce
from include.pipelines.mirrors.check import check
from include.pipelines.mirrors.extract import extract
from include.pipelines.mirrors.load import load
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.mirrors.translate import translate
from include.pipelines.ports import Ticket
from include.pipelines.settle import settle

LEASE = timedelta(minutes=15)
_numbers = itertools.count(1)

Json = dict[str, Any]


@dataclass
class Records:
    """A source: documents by id, each under its version."""

    held: dict[str, Json] = field(default_factory=dict)
    key: str = "Id"

    def put(self, document: Mapping[str, Any], version: str) -> None:
        self.held[str(document[self.key])] = {**document, "version": version}

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        stubs = [
            Stub(key, each["version"]) for key, each in self.held.items() if known.get(key) != each["version"]
        ]
        return Changes(tuple(stubs), tuple(key for key in known if key not in self.held))

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        for key in keys:
            yield key, json.dumps(self.held[key]).encode() if key in self.held else None


@dataclass
class Target:
    """What it was asked to write, in its order; ``says`` makes the next answers, ``stands`` the look back."""

    asked: list[tuple[str, str, Json]] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    stands: dict[str, str] = field(default_factory=dict)

    def write(self, documents: Sequence[Document]) -> Sequence[Answer]:
        return [self._answer(each) for each in documents]

    def _answer(self, document: Document) -> Answer:
        self.asked.append((document.key, document.target_id, document.members))
        status = self.says.pop(0) if self.says else "changed" if document.target_id else "created"
        target_id = document.target_id or f"Z-{document.key}"
        return Answer(document.idempotency_key, status, "" if status == "unknown" else target_id)  # type: ignore[arg-type]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        return {each.key: self.stands[each.key] for each in documents if each.key in self.stands}

    def told(self) -> list[tuple[str, str, Json]]:
        """What was asked since this was asked last."""
        asked, self.asked = self.asked, []
        return asked


def run(world: MirrorWorld, request: Request | None = None) -> dict[str, int]:
    """One run; an error of the load comes after the books are closed."""
    run_id = f"run-{next(_numbers)}"
    announce(world, run_id, request or Request(poll=True))
    batches = world.ledger.inbox.claim(
        world.flow.name, batch_size=world.flow.batch_size, max_batches=1, lease=LEASE, run_id=run_id
    )
    try:
        for batch in batches:
            ticket = Ticket(run_id, batch.id, world.flow.name)
            for stage in (extract, translate, check, load):
                stage(world, ticket)
    finally:
        counts = dict(settle(world, run_id=run_id, batches=[batch.id for batch in batches]))
    return counts
