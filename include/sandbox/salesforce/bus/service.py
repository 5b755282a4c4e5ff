"""The gRPC service ``eventbus.v1.PubSub``, as far as an integration uses it."""

from __future__ import annotations

import queue
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import grpc

from include.pubsub_api import pubsub_api_pb2 as wire
from include.pubsub_api.pubsub_api_pb2_grpc import PubSubServicer
from include.sandbox.salesforce.bus import refusal
from include.sandbox.salesforce.bus.publishing import publish
from include.sandbox.salesforce.bus.refusal import Refusal
from include.sandbox.salesforce.bus.subscription import Caller, Inlet, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.salesforce.bus.access import Access
    from include.sandbox.salesforce.bus.bus import Bus

HEADERS = ("accesstoken", "instanceurl", "tenantid")


class Service(PubSubServicer):
    """The RPCs over one organisation's bus."""

    def __init__(self, bus: Bus, access: Access) -> None:
        self._bus = bus
        self._access = access

    def GetTopic(  # noqa: N802 - the contract's name
        self, request: wire.TopicRequest, context: grpc.ServicerContext
    ) -> wire.TopicInfo:
        """What a topic is."""
        with _answered(context):
            self._enter(context)
            topic = self._bus.topics.find(request.topic_name)
            if topic.schema:
                self._bus.log.keep_schema(topic.schema)
            return wire.TopicInfo(
                topic_name=topic.name,
                tenant_guid=f"core/sandbox/{self._access.organization_id}",
                can_publish=topic.can_publish,
                can_subscribe=True,
                schema_id=topic.schema.id if topic.schema else "",
                rpc_id=str(uuid.uuid4()),
            )

    def GetSchema(  # noqa: N802
        self, request: wire.SchemaRequest, context: grpc.ServicerContext
    ) -> wire.SchemaInfo:
        """A schema by its id: for ever the same."""
        with _answered(context):
            self._enter(context)
            text = self._bus.log.schema(request.schema_id)
            if text is None:
                raise refusal.no_schema(request.schema_id)
            return wire.SchemaInfo(schema_json=text, schema_id=request.schema_id, rpc_id=str(uuid.uuid4()))

    def Subscribe(  # noqa: N802
        self, requests: Iterator[wire.FetchRequest], context: grpc.ServicerContext
    ) -> Iterator[wire.FetchResponse]:
        """Events as fast as the client asks for them."""
        with _answered(context):
            caller = self._enter(context)
            context.add_callback(self._bus.wake)
            subscription = Subscription(self._bus, Inlet(requests, self._bus.wake), caller)
            self._bus.subscribers[subscription.id] = subscription
            try:
                yield from subscription.responses()
            finally:
                del self._bus.subscribers[subscription.id]

    def Publish(  # noqa: N802
        self, request: wire.PublishRequest, context: grpc.ServicerContext
    ) -> wire.PublishResponse:
        """Publish platform events."""
        with _answered(context):
            self._enter(context)
            return publish(self._bus, request)

    def PublishStream(  # noqa: N802
        self, requests: Iterator[wire.PublishRequest], context: grpc.ServicerContext
    ) -> Iterator[wire.PublishResponse]:
        """Publish platform events, request after request."""
        with _answered(context):
            self._enter(context)
            topic = ""
            for request in self._in_time(requests):
                if topic and request.topic_name not in {topic, ""}:
                    raise refusal.topic_mismatch("publish")
                topic = topic or request.topic_name
                request.topic_name = topic
                yield publish(self._bus, request)

    def ManagedSubscribe(  # noqa: N802
        self, requests: Iterator[wire.ManagedFetchRequest], context: grpc.ServicerContext
    ) -> Iterator[wire.ManagedFetchResponse]:
        """Refused: it is in beta."""
        del requests
        _abort(context, refusal.beta())

    def _enter(self, context: grpc.ServicerContext) -> Caller:
        """Let the caller in by its metadata.

        Raises:
            Refusal: a header is missing or wrong, or the service is told to be away.
        """
        if self._bus.switches.spend("refuse"):
            raise refusal.unavailable()
        sent = {name: str(value) for name, value in context.invocation_metadata()}
        token, instance, tenant = (sent.get(name, "").strip() for name in HEADERS)
        if not (token and instance and tenant):
            raise refusal.headers_missing()
        user = self._access.user(token, instance, tenant)
        if user is None:
            raise refusal.not_authenticated()

        def known() -> bool:
            return self._access.user(token, instance, tenant) is not None

        return Caller(user, context.is_active, known)

    def _in_time(self, requests: Iterator[wire.PublishRequest]) -> Iterator[wire.PublishRequest]:
        """The requests of a publishing stream.

        Raises:
            Refusal: none came for too long.
        """
        arrived: queue.SimpleQueue[wire.PublishRequest | None] = queue.SimpleQueue()

        def read() -> None:
            try:
                for request in requests:
                    arrived.put(request)
            except grpc.RpcError:
                pass  # the client is gone
            finally:
                arrived.put(None)

        threading.Thread(target=read, name="salesforce-bus-publisher", daemon=True).start()
        while True:
            try:
                request = arrived.get(timeout=self._bus.switches.present.publish_idle_seconds)
            except queue.Empty:
                raise refusal.publisher_silent() from None
            if request is None:
                return
            yield request


@contextmanager
def _answered(context: grpc.ServicerContext) -> Iterator[None]:
    """Turn a refusal into status, message and trailers."""
    try:
        yield
    except Refusal as refused:
        _abort(context, refused)


def _abort(context: grpc.ServicerContext, refused: Refusal) -> NoReturn:
    rpc_id = str(uuid.uuid4())
    trailers = (("rpc-id", rpc_id), *((("error-code", refused.code),) if refused.code else ()))
    context.set_trailing_metadata(trailers)
    context.abort(refused.status, f"{refused.message} rpcId: {rpc_id}")
    raise refused
