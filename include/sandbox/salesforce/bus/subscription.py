"""One Subscribe stream: credit, position, signs of life."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from include.pubsub_api import pubsub_api_pb2 as wire
from include.sandbox.salesforce.bus import refusal
from include.sandbox.salesforce.bus.replay import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.sandbox.salesforce.bus.bus import Bus
    from include.sandbox.salesforce.bus.log import Logged
    from include.sandbox.salesforce.bus.topics import Topic

MOST_AT_ONCE = 100
UNTIL_WOKEN = 3600.0
LARGEST_RESPONSE = 3_000_000
"""Bytes of events in one response: clients take 4 MB."""


class Inlet:
    """The requests of a stream, read by a thread of its own because gRPC's iterator blocks."""

    def __init__(self, requests: Iterator[wire.FetchRequest], wake: Callable[[], None]) -> None:
        self._arrived: queue.SimpleQueue[wire.FetchRequest] = queue.SimpleQueue()
        self._wake = wake
        self.closed = False
        """The client has said its last."""
        threading.Thread(
            target=self._read, args=(requests,), name="salesforce-bus-inlet", daemon=True
        ).start()

    def _read(self, requests: Iterator[wire.FetchRequest]) -> None:
        try:
            for request in requests:
                self._arrived.put(request)
                self._wake()
        except grpc.RpcError:
            pass  # the client is gone; the stream's own loop notices
        finally:
            self.closed = True
            self._wake()

    def take(self) -> Iterator[wire.FetchRequest]:
        """What has arrived since the last time."""
        while not self._arrived.empty():
            yield self._arrived.get()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds the stream, and whether the token is still good."""

    user_id: str
    alive: Callable[[], bool]
    """Whether the call is open."""
    known: Callable[[], bool]
    """Whether the token is valid."""


class Subscription:
    """What one stream has asked for and got."""

    def __init__(self, bus: Bus, inlet: Inlet, caller: Caller) -> None:
        self.id = str(uuid.uuid4())
        self.delivered = 0
        self.pending = 0
        self._bus = bus
        self._inlet = inlet
        self._caller = caller
        self._topic: Topic | None = None
        self._place = Place(0, 0)
        self._began = bus.drops
        self._spoke = self._paid = time.monotonic()

    def state(self) -> dict[str, object]:
        """What the control API shows."""
        return {
            "id": self.id,
            "topic": self._topic.name if self._topic else "",
            "user_id": self._caller.user_id,
            "position": self._place.number,
            "pending": self.pending,
            "delivered": self.delivered,
        }

    def responses(self) -> Iterator[wire.FetchResponse]:
        """Serve until the client goes, its credit has been used up for too long, or the bus ends it.

        Raises:
            Refusal: the stream ends with an error.
        """
        while self._caller.alive():
            seen = self._bus.turns
            if self._bus.drops != self._began:
                raise self._bus.end
            for request in self._inlet.take():
                self._take(request)
            response = self._next()
            if response:
                self._spoke = time.monotonic()
                yield response
            elif self._over():
                return
            else:
                self._bus.wait(seen, self._patience())

    def _take(self, request: wire.FetchRequest) -> None:
        if not self._caller.known():
            raise refusal.not_authenticated()
        if self._topic is None:
            self._topic = self._bus.topics.find(request.topic_name)
            self._place = self._start(self._topic, request)
        elif request.topic_name not in {"", self._topic.name}:
            raise refusal.topic_mismatch("subscription.fetch")
        if request.num_requested <= 0:
            raise refusal.bad_count()
        self.pending += min(request.num_requested, MOST_AT_ONCE)
        self._paid = time.monotonic()

    def _start(self, topic: Topic, request: wire.FetchRequest) -> Place:
        log = self._bus.log
        if request.replay_preset == wire.EARLIEST:
            return Place(0, log.now())
        if request.replay_preset == wire.LATEST:
            return Place(log.end(), log.now())
        if not request.replay_id:
            raise refusal.replay_id_missing()
        place = log.ids.read(topic.name, request.replay_id)
        if place is None or not log.good(place):
            raise refusal.replay_id_corrupted()
        return place

    def _next(self) -> wire.FetchResponse | None:
        """Events if there are any to send, else a sign of life if one is due."""
        present = self._bus.switches.present
        if self._topic is None or not self.pending or present.stall == "all":
            return None
        response = self._events(self._topic)
        due = time.monotonic() >= self._spoke + present.keepalive_seconds and present.stall == "no"
        return response or (self._keepalive(self._topic) if due else None)

    def _events(self, topic: Topic) -> wire.FetchResponse | None:
        log = self._bus.log
        end = log.end()
        found = log.read(topic.carries, self._place.number, self.pending)
        if not found:
            self._place = Place(max(self._place.number, end), log.now())
            return None
        left = self._bus.left()
        if left <= 0:
            raise refusal.delivery_exhausted()
        sent = self._batch(found, min(left, self.pending))
        self._place = sent[-1].place
        self.pending -= len(sent)
        self.delivered += len(sent)
        self._paid = time.monotonic()
        self._bus.count_delivered(len(sent))
        return wire.FetchResponse(
            events=[_consumer_event(one, log.ids.write(topic.name, one.place)) for one in sent],
            latest_replay_id=log.ids.write(topic.name, self._place),
            rpc_id=str(uuid.uuid4()),
            pending_num_requested=self.pending,
        )

    def _batch(self, found: list[Logged], limit: int) -> list[Logged]:
        """As many as credit and size allow, some of them twice when told so."""
        sent: list[Logged] = []
        size = 0
        for one in found:
            if len(sent) == limit or (sent and size + len(one.payload) > LARGEST_RESPONSE):
                break
            sent.append(one)
            size += len(one.payload)
            if len(sent) < limit and self._bus.switches.spend("duplicate"):
                sent.append(one)
        return sent

    def _keepalive(self, topic: Topic) -> wire.FetchResponse:
        if not self._caller.known():
            raise refusal.not_authenticated()
        return wire.FetchResponse(
            latest_replay_id=self._bus.log.ids.write(topic.name, self._place),
            rpc_id=str(uuid.uuid4()),
            pending_num_requested=self.pending,
        )

    def _over(self) -> bool:
        if self.pending:
            return False
        return (
            self._inlet.closed or time.monotonic() >= self._paid + self._bus.switches.present.credit_seconds
        )

    def _patience(self) -> float:
        present = self._bus.switches.present
        if self.pending:
            return (
                self._spoke + present.keepalive_seconds - time.monotonic() if present.stall == "no" else 3600
            )
        return self._paid + present.credit_seconds - time.monotonic()


def _consumer_event(one: Logged, replay_id: bytes) -> wire.ConsumerEvent:
    event = wire.ProducerEvent(id=one.id, schema_id=one.schema_id, payload=one.payload)
    return wire.ConsumerEvent(event=event, replay_id=replay_id)
