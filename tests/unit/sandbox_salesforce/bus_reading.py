"""Reading change events as a client does: with the schema and nothing else. Written for tests alone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import fastavro

from include.sandbox.control import Control
from include.sandbox.database import Database
from include.sandbox.salesforce.bus.bus import Bus
from include.sandbox.salesforce.world import ADMINISTRATOR, World

Json = dict[str, Any]


class Org:
    """A small org with an event bus, and what has come out of the bus."""

    def __init__(self, folder: Path) -> None:
        self.world = World.over(Control(Database(folder / "sandbox.sqlite")))
        self.bus = Bus(self.world)
        self.store = self.world.store
        self.clock = self.world.control.clock
        self.user = self.world.user(ADMINISTRATOR)
        self._seen = self.bus.log.end()

    def commit(self, client: str = "", origin: str = "rest") -> Any:
        return self.store.commit(self.user, client=client, origin=origin)

    def account(self, **values: Any) -> str:
        with self.commit() as tx:
            made: str = tx.insert("Account", {"Name": "Harbor Lights", **values})
        return made

    def events(self, topic: str = "/data/ChangeEvents") -> list[Json]:
        """What was published since the last time, decoded."""
        kept = self.bus.log.read(self.bus.topics.find(topic).carries, self._seen, 10_000)
        self._seen = self.bus.log.end()
        return [read(one.payload, self.bus.log.schema(one.schema_id) or "") for one in kept]


def read(payload: bytes, schema: str) -> Json:
    """Decode an event; its bitmaps become names (``Address.Street`` for a member)."""
    described = json.loads(schema)
    event: Json = fastavro.schemaless_reader(io.BytesIO(payload), fastavro.parse_schema(described), None)
    header = event.get("ChangeEventHeader", {})
    for bitmap in ("changedFields", "nulledFields", "diffFields") if header else ():
        header[f"{bitmap}:names"] = names(header[bitmap], described)
    return event


def names(bitmaps: Iterable[str], schema: Json) -> set[str]:
    """The names that a bitmap marks."""
    found = set()
    for bitmap in bitmaps:
        position, dash, bits = bitmap.rpartition("-")
        fields, prefix = schema["fields"], ""
        if dash:
            owner = fields[int(position)]
            fields, prefix = members(owner["type"], schema), f"{owner['name']}."
        found |= {f"{prefix}{field['name']}" for n, field in enumerate(fields) if int(bits, 16) >> n & 1}
    return found


def members(union: list[Any], schema: Json) -> list[Json]:
    """The fields of the record in a union, which may be named only."""
    records = [kind for kind in union if isinstance(kind, dict)]
    if records:
        return list(records[0]["fields"])
    defined = [kind for field in schema["fields"][1:] for kind in field["type"] if isinstance(kind, dict)]
    return next(list(kind["fields"]) for kind in defined if kind["name"] == union[-1])


def sent(event: Json) -> Json:
    """What an event says besides its header."""
    return {name: value for name, value in event.items() if name != "ChangeEventHeader" and value is not None}


def header(event: Json) -> Json:
    found: Json = event["ChangeEventHeader"]
    return found
