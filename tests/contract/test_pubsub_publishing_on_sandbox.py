"""Publishing platform events to the sandbox's event bus, with the vendor's plain stubs: C12."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import grpc
import pytest

from include.pubsub_api import pubsub_api_pb2 as wire
from tests.contract.pubsub_site import (
    ACCOUNTS,
    PATIENCE,
    Site,
    refused,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.stop()


SYNC_REQUESTS = "/event/Sync_Request__e"


def a_platform_event(site: Site, reason: str, **changes: Any) -> wire.ProducerEvent:
    topic = wire.TopicRequest(topic_name=SYNC_REQUESTS)
    schema_id = site.stub.GetTopic(topic, metadata=site.metadata(), timeout=PATIENCE).schema_id
    asked = wire.SchemaRequest(schema_id=schema_id)
    text = site.stub.GetSchema(asked, metadata=site.metadata(), timeout=PATIENCE).schema_json
    out = BytesIO()
    fields = {"CreatedDate": 1_772_460_311_000, "CreatedById": site.org.user, "Reason__c": reason}
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(text)), fields)
    return wire.ProducerEvent(**({"id": reason, "schema_id": schema_id, "payload": out.getvalue()} | changes))


def test_a_platform_event_reaches_its_subscribers(site: Site) -> None:
    asked = wire.PublishRequest(topic_name=SYNC_REQUESTS, events=[a_platform_event(site, "stale")])
    answer = site.stub.Publish(asked, metadata=site.metadata(), timeout=PATIENCE)
    (result,) = answer.results
    (event,) = site.from_start(topic=SYNC_REQUESTS).events(1)
    assert (result.correlation_key, result.replay_id) == ("stale", event.replay_id)
    assert site.decoded(event)["Reason__c"] == "stale"


def test_each_event_has_its_own_result(site: Site) -> None:
    good = a_platform_event(site, "good")
    events = [
        wire.ProducerEvent(id="other schema", schema_id="no", payload=good.payload),
        wire.ProducerEvent(id="broken", schema_id=good.schema_id, payload=b"\x02"),
        wire.ProducerEvent(id="large", schema_id=good.schema_id, payload=b"\x02" * 1_000_001),
        good,
    ]
    asked = wire.PublishRequest(topic_name=SYNC_REQUESTS, events=events)
    results = site.stub.Publish(asked, metadata=site.metadata(), timeout=PATIENCE).results
    assert [one.correlation_key for one in results] == ["other schema", "broken", "large", "good"]
    assert [bool(one.error.msg) for one in results] == [True, True, True, False]
    assert [one.error.code for one in results[:3]] == [wire.PUBLISH] * 3


def test_change_events_cannot_be_published(site: Site) -> None:
    asked = wire.PublishRequest(topic_name=ACCOUNTS, events=[a_platform_event(site, "forged")])
    with refused(grpc.StatusCode.PERMISSION_DENIED, "topic.meta.permission"):
        site.stub.Publish(asked, metadata=site.metadata(), timeout=PATIENCE)


def test_nothing_and_too_much_are_refused(site: Site) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "publish.event.count.invalid"):
        site.stub.Publish(
            wire.PublishRequest(topic_name=SYNC_REQUESTS), metadata=site.metadata(), timeout=PATIENCE
        )
    heavy = wire.PublishRequest(
        topic_name=SYNC_REQUESTS, events=[wire.ProducerEvent(payload=b"\x00" * 1_000_000)] * 5
    )
    with refused(grpc.StatusCode.UNAVAILABLE, ""):
        site.stub.Publish(heavy, metadata=site.metadata(), timeout=PATIENCE)


def test_a_publishing_stream_answers_each_request_and_ends_when_silent(site: Site) -> None:
    site.turn(publish_idle_seconds=0.5)
    requests: queue.SimpleQueue[wire.PublishRequest | None] = queue.SimpleQueue()
    events = [a_platform_event(site, reason) for reason in ("one", "two")]
    call = site.stub.PublishStream(iter(requests.get, None), metadata=site.metadata(), timeout=PATIENCE)
    for event in events:
        requests.put(wire.PublishRequest(topic_name=SYNC_REQUESTS, events=[event]))
        assert next(call).results[0].correlation_key == event.id
    with refused(grpc.StatusCode.UNAVAILABLE, "publish.stream.sweeper.timeout"):
        next(call)
    requests.put(None)
