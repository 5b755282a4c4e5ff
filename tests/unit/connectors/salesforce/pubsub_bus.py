"""A bus that plays a script: what it answers to each opening of a stream, and what it was asked."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastavro
import grpc
import grpc.aio

from include.connectors.salesforce.pubsub import Settings
from include.pubsub_api import pubsub_api_pb2 as wire
from include.pubsub_api import pubsub_api_pb2_grpc as rpc

SAMPLES = Path(__file__).parent / "change_events"
SCHEMA = (SAMPLES / "account_schema.json").read_text()
PARSED: Any = fastavro.parse_schema(json.loads(SCHEMA))
TOPIC = "/data/AccountChangeEvent"
PREFIX = "sfdc.platform.eventbus.grpc."


def sample(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def encoded(payload: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, PARSED, payload)
    return out.getvalue()


def event(name: str, replay_id: bytes, *, schema_id: str = "schema-1", **header: Any) -> wire.ConsumerEvent:
    payload = sample(name)
    payload["ChangeEventHeader"].update(header)
    produced = wire.ProducerEvent(id=replay_id.hex(), schema_id=schema_id, payload=encoded(payload))
    return wire.ConsumerEvent(event=produced, replay_id=replay_id)


def answer(*events: wire.ConsumerEvent, latest: bytes = b"") -> wire.FetchResponse:
    return wire.FetchResponse(events=events, latest_replay_id=latest)


@dataclass(frozen=True)
class Fault:
    """Ends a stream with a status and, where the bus itself says so, its code."""

    status: grpc.StatusCode
    code: str = ""


class Hang:
    """Says nothing more."""


Step = wire.FetchResponse | Fault | type[Hang]


@dataclass
class Bus(rpc.PubSubServicer):
    """Each opening of a stream gets the next script, as far as its credit goes; after the last one, silence.

    Attributes:
        opened: the first request of each stream.
        credits: all that were asked for, by stream.
        metadata: with which each stream was opened.
        schemas: by id; what is not here is not found.
        closed: some stream has come to its end.
    """

    scripts: Sequence[Sequence[Step]] = ()
    schemas: dict[str, str] = field(default_factory=lambda: {"schema-1": SCHEMA})
    opened: list[wire.FetchRequest] = field(default_factory=list)
    credits: list[list[int]] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    schema_calls: list[str] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tokens(self) -> list[str]:
        return [each["accesstoken"] for each in self.metadata]

    async def Subscribe(self, requests: AsyncIterator[wire.FetchRequest], context: Any) -> AsyncIterator[Any]:  # noqa: N802
        place = len(self.opened)
        first = await anext(requests)
        self.opened.append(first)
        self.metadata.append(dict(context.invocation_metadata()))
        self.credits.append([first.num_requested])
        refilled, sent = asyncio.Event(), 0
        reading = asyncio.create_task(self._read(requests, place, refilled))
        try:
            for step in self.scripts[place] if place < len(self.scripts) else [Hang]:
                if isinstance(step, Fault):
                    trailer = (("error-code", PREFIX + step.code),) if step.code else ()
                    await context.abort(step.status, "a body that no log may quote", trailer)
                if step is Hang:
                    await asyncio.Event().wait()
                sent += len(step.events)
                while sent > sum(self.credits[place]):
                    refilled.clear()
                    await refilled.wait()
                yield step
        finally:
            self.closed.set()
            reading.cancel()

    async def _read(
        self, requests: AsyncIterator[wire.FetchRequest], place: int, refilled: asyncio.Event
    ) -> None:
        async for request in requests:
            self.credits[place].append(request.num_requested)
            refilled.set()

    async def GetSchema(self, request: wire.SchemaRequest, context: Any) -> wire.SchemaInfo:  # noqa: N802
        self.schema_calls.append(request.schema_id)
        if request.schema_id not in self.schemas:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such schema")
        return wire.SchemaInfo(schema_id=request.schema_id, schema_json=self.schemas[request.schema_id])


@dataclass
class Identity:
    """Whose tokens are numbered; ``refusals`` are raised by the next renewals."""

    instance_url: str = "https://acme.my.salesforce.com"
    tenant_id: str = "00DHp000000aBcDMAU"
    number: int = 1
    refusals: list[Exception] = field(default_factory=list)

    def access_token(self) -> str:
        return f"token-{self.number}"

    def renew(self, refused: str) -> None:
        assert refused == self.access_token(), "only what was used can have been refused"
        if self.refusals:
            raise self.refusals.pop(0)
        self.number += 1


@asynccontextmanager
async def serving(bus: Bus, port: int = 0) -> AsyncIterator[int]:
    server = grpc.aio.server()
    rpc.add_PubSubServicer_to_server(bus, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(None)


def local(port: int, **given: Any) -> Settings:
    return Settings(**{"host": "127.0.0.1", "port": port, "tls": False, "topics": (TOPIC,), **given})


def play(work: Callable[[], Any]) -> Any:
    return asyncio.run(work())
