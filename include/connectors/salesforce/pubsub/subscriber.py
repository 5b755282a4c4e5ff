"""Follow topics without an end: whatever breaks, the stream goes on from the last place that was dealt with.

The bus delivers at least once, in order within a topic. Events are handed out one answer at a time, and the
next is asked for when the one before has been dealt with. So a place in the stream never runs ahead of what
the caller has made durable.
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import grpc
import grpc.aio

from include.connectors.salesforce.pubsub.avro import Schema, UnreadableError
from include.connectors.salesforce.pubsub.events import Received, ReplayLost, change_event, unreadable
from include.connectors.salesforce.pubsub.faults import Backoff, Reaction, error_code, reaction, told
from include.errors import ConfigurationError, TransientError
from include.pubsub_api import pubsub_api_pb2 as wire
from include.pubsub_api import pubsub_api_pb2_grpc as rpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from include.connectors.salesforce.pubsub.events import ChangeEvent
    from include.connectors.salesforce.pubsub.settings import Settings

log = logging.getLogger(__name__)

NO_SCHEMA = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT})


class Session(Protocol):
    """Who we are at Salesforce. Its methods may call the org, and are called in a thread."""

    @property
    def instance_url(self) -> str:
        """The org's own address, e.g. ``https://acme.my.salesforce.com``."""

    @property
    def tenant_id(self) -> str:
        """The org's id."""

    def access_token(self) -> str:
        """The token to use now."""

    def renew(self, refused: str) -> None:
        """That token was refused: get another, unless there is one already."""


class _SilentError(Exception):
    """Neither events nor a sign of life."""


class Subscriber:
    """Follows topics of one org.

    Args:
        settings: where and how.
        session: who we are.
        sleep: waits so many seconds.
        jitter: a number between two bounds.
    """

    def __init__(
        self,
        settings: Settings,
        session: Session,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.settings = settings
        self._session = session
        self._sleep = sleep
        self._jitter = jitter
        self._schemas: dict[str, Schema] = {}
        self._used: dict[str, str] = {}

    async def follow(self, topic: str, replay_id: bytes | None) -> AsyncGenerator[Received | ReplayLost]:
        """Everything that is told on ``topic`` behind ``replay_id``; does not end by itself.

        Ask for the next only when the last is durable. After a :class:`ReplayLost` the caller must compare
        its whole world with the org's: what was missed will not come.

        Args:
            topic: one of the org's.
            replay_id: where we stand; ``None`` begins at the oldest event that is kept.

        Raises:
            AuthenticationError: the credentials are dead; a person must renew them.
            ConfigurationError: the topic is not there, or not for us.
        """
        backoff = Backoff(self.settings.first_wait, self.settings.longest_wait, self._jitter)
        while True:
            try:
                async with aclosing(self._stream(topic, replay_id)) as stream:
                    async for received in stream:
                        backoff.reset()
                        yield received
                        replay_id = received.replay_id
                log.info("%s: the stream was closed", topic)
                wait = backoff.wait()
            except grpc.aio.AioRpcError as error:
                log.warning("%s: %s", topic, told(error))
                if reaction(error) is Reaction.RESYNC:
                    yield ReplayLost(topic, error_code(error))
                    replay_id = None
                    wait = backoff.wait()
                else:
                    wait = await self._after(topic, error, backoff)
            except (_SilentError, TransientError) as error:
                log.warning("%s: %s", topic, error)
                wait = backoff.wait()
            await self._sleep(wait)

    async def _after(self, topic: str, error: grpc.aio.AioRpcError, backoff: Backoff) -> float:
        """React; returns seconds to wait."""
        match reaction(error):
            case Reaction.RENEW:
                return await self._renew(topic, backoff)
            case Reaction.WAIT_LONG:
                wait = self.settings.allocation_wait
                return self._jitter(wait, wait * 1.1)
            case Reaction.GIVE_UP:
                raise ConfigurationError(
                    f"Salesforce Pub/Sub refuses {topic}: {told(error)}. Check the topic's name, that its "
                    "object is selected under Change Data Capture, and the integration user's rights"
                ) from None
            case _:
                return backoff.wait()

    async def _renew(self, topic: str, backoff: Backoff) -> float:
        """A new token, at once; a bus that refuses that one too is left alone for longer and longer."""
        first, wait = not backoff.failures, backoff.wait()
        try:
            await asyncio.to_thread(self._session.renew, self._used[topic])
        except TransientError as error:
            log.warning("no new token: %s", error)
            return wait
        return 0.0 if first else wait

    async def _stream(self, topic: str, replay_id: bytes | None) -> AsyncGenerator[Received]:
        """One stream until it breaks or is closed."""
        settings = self.settings
        metadata = await asyncio.to_thread(self._metadata)
        self._used[topic] = dict(metadata)["accesstoken"]
        async with self._open() as stub:
            call = stub.Subscribe(metadata=metadata)
            try:
                await self._ask(call, _first(topic, replay_id, settings.batch))
                credit = settings.batch
                while True:
                    answer = await self._within(settings.watchdog, call.read(), "no sign of life")
                    if answer is grpc.aio.EOF:
                        return
                    received = Received(
                        topic, await self._events(stub, metadata, topic, answer), _end(answer)
                    )
                    if received.replay_id:
                        yield received
                    credit -= len(received.events)
                    if credit <= settings.batch // 2:
                        await self._ask(call, wire.FetchRequest(num_requested=settings.batch - credit))
                        credit = settings.batch
            finally:
                call.cancel()

    async def _ask(self, call: Any, request: wire.FetchRequest) -> None:
        try:
            await self._within(self.settings.call_timeout, call.write(request), "takes no request")
        except asyncio.InvalidStateError:
            # The stream is over already; reading says why.
            return

    async def _events(
        self, stub: Any, metadata: Any, topic: str, answer: wire.FetchResponse
    ) -> tuple[ChangeEvent, ...]:
        """An answer's events; one that cannot be read must not stop those behind it."""
        events = []
        for each in answer.events:
            try:
                schema = await self._schema(stub, metadata, each.event.schema_id)
                events.append(change_event(schema, each.event.payload, each.replay_id))
            except UnreadableError as error:
                log.error("%s: event %s cannot be read: %s", topic, each.event.id, error)  # noqa: TRY400
                events.append(unreadable(topic, each.event.id or each.replay_id.hex(), each.replay_id))
        return tuple(events)

    async def _schema(self, stub: Any, metadata: Any, schema_id: str) -> Schema:
        """A schema never changes under its id."""
        known = self._schemas.get(schema_id)
        if known is None:
            request = wire.SchemaRequest(schema_id=schema_id)
            try:
                said = await stub.GetSchema(request, metadata=metadata, timeout=self.settings.call_timeout)
            except grpc.aio.AioRpcError as error:
                if error.code() in NO_SCHEMA:
                    raise UnreadableError(f"its schema is not there: {told(error)}") from None
                raise
            known = self._schemas[schema_id] = Schema(said.schema_json)
        return known

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        session = self._session
        return (
            ("accesstoken", session.access_token()),
            ("instanceurl", session.instance_url),
            ("tenantid", session.tenant_id),
        )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Any]:
        """A connection of its own: what hung on the last one does not hang on this."""
        settings = self.settings
        if settings.tls:
            certificates = await asyncio.to_thread(_read, settings.ca_file)
            secret = grpc.ssl_channel_credentials(certificates)
            channel = grpc.aio.secure_channel(settings.address, secret, options=settings.options)
        else:
            channel = grpc.aio.insecure_channel(settings.address, options=settings.options)
        async with channel:
            await self._within(settings.connect_timeout, channel.channel_ready(), "no connection")
            yield rpc.PubSubStub(channel)

    async def _within(self, seconds: float, doing: Awaitable[Any], fault: str) -> Any:
        try:
            return await asyncio.wait_for(doing, seconds)
        except TimeoutError:
            raise _SilentError(f"{self.settings.address}: {fault} within {seconds:g} s") from None


def _first(topic: str, replay_id: bytes | None, number: int) -> wire.FetchRequest:
    """Topic and place count in the first request only. Never from the newest: that would lose the others."""
    if replay_id is None:
        return wire.FetchRequest(
            topic_name=topic, replay_preset=wire.ReplayPreset.EARLIEST, num_requested=number
        )
    return wire.FetchRequest(
        topic_name=topic,
        replay_preset=wire.ReplayPreset.CUSTOM,
        replay_id=replay_id,
        num_requested=number,
    )


def _end(answer: wire.FetchResponse) -> bytes:
    """Behind the last event; the answer's own mark may be further, it counts when there are none."""
    return answer.events[-1].replay_id if answer.events else answer.latest_replay_id


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes() if path else None
    except OSError as error:
        raise ConfigurationError(f"Salesforce Pub/Sub: ca_file {path}: {error.strerror}") from None
