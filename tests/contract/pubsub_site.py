"""A subscriber made of the vendor's plain stubs, and event buses for it to call."""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from include.pubsub_api import pubsub_api_pb2 as wire
from include.pubsub_api.pubsub_api_pb2_grpc import PubSubStub
from include.sandbox.salesforce.bus.access import Access
from include.sandbox.salesforce.bus.control import router
from include.sandbox.salesforce.bus.server import BusServer
from include.sandbox.salesforce.world import CONSUMER_KEY
from tests.unit.sandbox_salesforce.bus_reading import Org, header, read

ACCOUNTS, CONTACTS, ALL = "/data/AccountChangeEvent", "/data/ContactChangeEvent", "/data/ChangeEvents"
PREFIX = "sfdc.platform.eventbus.grpc."
EARLIEST = {"replay_preset": wire.EARLIEST}
HOUR = 3600
PATIENCE = 120.0


class Stream:
    """One Subscribe call: requests go in one by one, responses come out."""

    def __init__(self, stub: PubSubStub, metadata: Any, topic: str) -> None:
        self._requests: queue.SimpleQueue[wire.FetchRequest | None] = queue.SimpleQueue()
        self._topic = topic
        self.call = stub.Subscribe(iter(self._requests.get, None), metadata=metadata, timeout=60)

    def ask(self, number: int, topic: str | None = None, **first: Any) -> Stream:
        name = self._topic if topic is None else topic
        self._requests.put(wire.FetchRequest(topic_name=name, num_requested=number, **first))
        return self

    def no_more(self) -> None:
        """Say that no request will follow."""
        self._requests.put(None)

    def __next__(self) -> wire.FetchResponse:
        answer: wire.FetchResponse = next(self.call)
        return answer

    def events(self, number: int) -> list[wire.ConsumerEvent]:
        """So many events, over as many responses as it takes."""
        found: list[wire.ConsumerEvent] = []
        while len(found) < number:
            found += next(self).events
        return found

    def end(self) -> tuple[grpc.StatusCode, str]:
        """Read on to the stream's end: its status and its code without the prefix."""
        try:
            for _ in self.call:
                pass
        except grpc.RpcError as error:
            return error.code(), code_of(error)
        return grpc.StatusCode.OK, ""

    def close(self) -> None:
        self.call.cancel()
        self.no_more()


def code_of(error: Any) -> str:
    found = {name: value for name, value in error.trailing_metadata()}  # noqa: C416 - pairs of an odd kind
    assert f"rpcId: {found['rpc-id']}" in error.details()
    return str(found.get("error-code", "")).removeprefix(PREFIX)


class Site:
    """A running bus, its control API and a caller with a token."""

    def __init__(self, folder: Path, certificate: tuple[bytes, bytes] | None = None) -> None:
        self.folder = folder
        self.certificate = certificate
        self.open: list[Stream] = []
        self.start()

    def start(self) -> None:
        self.org = Org(self.folder)
        self.server = BusServer(self.org.bus, Access(self.org.world), certificate=self.certificate)
        self.server.start()
        app = FastAPI()
        app.include_router(router(self.org.bus))
        self.control = TestClient(app)
        self.org.world.switches.turn({"token_seconds": 1000 * HOUR})
        self.token = self.org.world.accounts.open(self.org.user, CONSUMER_KEY)
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.server.port}")
        self.stub = PubSubStub(self.channel)

    def stop(self) -> None:
        for stream in self.open:
            stream.close()
        self.channel.close()
        self.server.stop()
        self.org.world.control.database.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def metadata(self, **changes: str) -> tuple[tuple[str, str], ...]:
        known = {
            "accesstoken": self.token,
            "instanceurl": "https://acme.my.salesforce.com",
            "tenantid": self.org.world.organization(),
        }
        return tuple((known | changes).items())

    def stream(self, topic: str = ACCOUNTS) -> Stream:
        self.open.append(Stream(self.stub, self.metadata(), topic))
        return self.open[-1]

    def from_start(self, number: int = 100, topic: str = ACCOUNTS) -> Stream:
        return self.stream(topic).ask(number, replay_preset=wire.EARLIEST)

    def behind(self, replay_id: bytes, number: int = 100, topic: str = ACCOUNTS) -> Stream:
        return self.stream(topic).ask(number, replay_preset=wire.CUSTOM, replay_id=replay_id)

    def from_now(self, number: int = 100, topic: str = ACCOUNTS) -> Stream:
        """A stream that has begun: before that, nobody knows what is new to it."""
        known = len(self.state()["subscribers"])
        stream = self.stream(topic).ask(number)
        wait_until(lambda: self.positioned() > known)
        return stream

    def positioned(self) -> int:
        return sum(1 for one in self.state()["subscribers"] if one["pending"])

    def tell(self, path: str, body: Any) -> Any:
        answer = self.control.post(f"/_sandbox/salesforce/bus{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def state(self) -> Any:
        return self.control.get("/_sandbox/salesforce/bus").json()

    def turn(self, **switches: Any) -> None:
        self.tell("/settings", switches)

    def accounts(self, *names: str) -> list[str]:
        return [self.org.account(Name=name) for name in names]

    def decoded(self, event: wire.ConsumerEvent) -> dict[str, Any]:
        asked = wire.SchemaRequest(schema_id=event.event.schema_id)
        found = self.stub.GetSchema(asked, metadata=self.metadata(), timeout=PATIENCE)
        return read(event.event.payload, found.schema_json)

    def follow(self, wanted: int, at_once: int) -> list[wire.ConsumerEvent]:
        """So many events, over streams that break in between."""
        found: list[wire.ConsumerEvent] = []
        while len(found) < wanted:
            replay = {"replay_preset": wire.CUSTOM, "replay_id": found[-1].replay_id} if found else EARLIEST
            stream = Stream(self.stub, self.metadata(), ACCOUNTS).ask(at_once, **replay)
            try:
                while len(found) < wanted:
                    arrived = next(stream).events
                    found += arrived
                    stream.ask(max(1, len(arrived)))
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
            finally:
                stream.close()
        return found

    def names(self, events: list[wire.ConsumerEvent]) -> list[str]:
        return [self.decoded(one)["Name"] for one in events]


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@contextmanager
def refused(status: grpc.StatusCode, code: str) -> Iterator[None]:
    with pytest.raises(grpc.RpcError) as caught:
        yield
    assert caught.value.code() is status
    assert code_of(caught.value) == code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """``python -m include.sandbox``, with TLS, proxy and bus."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, tls, self.proxy, bus = (free_port() for _ in range(4))
        ports = {"port": self.port, "salesforce-port": tls, "salesforce-proxy-port": self.proxy}
        flags = [f"--{name}={port}" for name, port in {**ports, "salesforce-bus-port": bus}.items()]
        self.running = subprocess.Popen([sys.executable, "-m", "include.sandbox", f"--data={data}", *flags])
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE)
        wait_until(self.healthy)

    def healthy(self) -> bool:
        try:
            return self.http.get("/_sandbox/health").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.running.kill()
        self.running.wait()
        self.http.close()

    def log_in(self) -> dict[str, str]:
        """The three headers of every call."""
        known = self.http.get("/_sandbox/salesforce/credentials").json()
        answer = self.http.post(
            "/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(known["consumer_key"], known["consumer_secret"]),
        ).json()
        return {
            "accesstoken": answer["access_token"],
            "instanceurl": answer["instance_url"],
            "tenantid": known["organization_id"],
        }

    def changed(self, headers: dict[str, str]) -> list[str]:
        """The accounts that the bus tells of, as a client in production would reach it."""
        trusted = grpc.ssl_channel_credentials((self.data / "salesforce-ca.pem").read_bytes())
        options = [("grpc.http_proxy", f"http://127.0.0.1:{self.proxy}")]
        found: list[str] = []
        with grpc.secure_channel("api.pubsub.salesforce.com:7443", trusted, options) as channel:
            stub, metadata = PubSubStub(channel), tuple(headers.items())
            topic = stub.GetTopic(wire.TopicRequest(topic_name=ACCOUNTS), metadata=metadata, timeout=PATIENCE)
            asked = wire.SchemaRequest(schema_id=topic.schema_id)
            schema = stub.GetSchema(asked, metadata=metadata, timeout=PATIENCE).schema_json
            stream = Stream(stub, metadata, ACCOUNTS).ask(100, **EARLIEST)
            while answer := next(stream).events:
                told = [header(read(one.event.payload, schema))["recordIds"] for one in answer]
                found += [record for records in told for record in records]
                stream.ask(len(answer))
            stream.close()
        return found
