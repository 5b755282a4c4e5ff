"""Publishing platform events."""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import TYPE_CHECKING

import fastavro

from include.pubsub_api import pubsub_api_pb2 as wire
from include.sandbox.salesforce.bus import refusal
from include.sandbox.salesforce.bus.events import LARGEST_EVENT, Event
from include.sandbox.salesforce.bus.replay import Place

if TYPE_CHECKING:
    from include.sandbox.salesforce.bus.bus import Bus
    from include.sandbox.salesforce.bus.layout import EventSchema
    from include.sandbox.salesforce.bus.topics import Topic

LARGEST_REQUEST = 4 * 1024 * 1024
PLATFORM_EVENT = "PLATFORM_EVENT"


def publish(bus: Bus, request: wire.PublishRequest) -> wire.PublishResponse:
    """Put a request's events on the bus; each has its own result, in the order of the request.

    Raises:
        Refusal: no such topic, not one to publish to, nothing in the request, or too much.
    """
    if request.ByteSize() > LARGEST_REQUEST:
        raise refusal.too_big()
    topic = bus.topics.find(request.topic_name)
    if not topic.can_publish or topic.schema is None:
        raise refusal.no_publishing(topic.name)
    if not request.events:
        raise refusal.nothing_to_publish()
    bus.log.keep_schema(topic.schema)
    return wire.PublishResponse(
        results=[_published(bus, topic, topic.schema, one) for one in request.events],
        schema_id=topic.schema.id,
        rpc_id=str(uuid.uuid4()),
    )


def _published(bus: Bus, topic: Topic, schema: EventSchema, event: wire.ProducerEvent) -> wire.PublishResult:
    wrong = _wrong(schema, event)
    if wrong:
        error = wire.Error(code=wire.PUBLISH, msg=wrong)
        return wire.PublishResult(error=error, correlation_key=event.id)
    given = event.id or str(uuid.uuid4())
    at = bus.log.now()
    made = Event(topic.carries[0], PLATFORM_EVENT, schema.id, event.payload, given)
    number = bus.append([made])[0]
    return wire.PublishResult(
        replay_id=bus.log.ids.write(topic.name, Place(number, at)), correlation_key=given
    )


def _wrong(schema: EventSchema, event: wire.ProducerEvent) -> str:
    """Why an event cannot be published; empty when it can."""
    if event.schema_id != schema.id:
        return f"The schema ID {event.schema_id!r} isn't the topic's present one."
    if len(event.payload) > LARGEST_EVENT:
        return "The event is larger than 1 MB."
    payload = BytesIO(event.payload)
    try:
        fastavro.schemaless_reader(payload, schema.parsed, None)
    except (EOFError, IndexError, ValueError, OverflowError):
        return "The payload can't be read with the schema."
    return "" if not payload.read(1) else "The payload is longer than its schema says."
