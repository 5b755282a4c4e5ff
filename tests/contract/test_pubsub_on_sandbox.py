"""The sandbox's event bus over real gRPC, driven by the vendor's plain stubs: C12, C18.

What is tried here is what the vendor's guide promises a subscriber; the client has no part in it.
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import grpc
import pytest
import trustme
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
HOUR = 3600
PATIENCE = 20.0


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


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.stop()


# Where a stream begins


def test_earliest_begins_with_the_oldest_event(site: Site) -> None:
    site.accounts("A", "B", "C")
    assert site.names(site.from_start().events(3)) == ["A", "B", "C"]


def test_latest_begins_with_what_comes_next(site: Site) -> None:
    site.accounts("A")
    stream = site.from_now()
    site.accounts("B")
    assert site.names(stream.events(1)) == ["B"]


def test_custom_begins_behind_an_event(site: Site) -> None:
    site.accounts("A", "B", "C")
    first, *_ = site.from_start().events(3)
    assert site.names(site.behind(first.replay_id).events(2)) == ["B", "C"]


def test_a_stream_resumes_without_a_hole_or_a_double(site: Site) -> None:
    site.turn(keepalive_seconds=0.2)
    wanted = [f"No {n}" for n in range(40)]
    seen: list[wire.ConsumerEvent] = []
    for n in range(0, 40, 10):
        site.accounts(*wanted[n : n + 10])
        stream = site.behind(seen[-1].replay_id, 7) if seen else site.from_start(7)
        seen += stream.events(7)
        assert site.tell("/drop", {})["dropped"] == 1
        assert stream.end() == (grpc.StatusCode.UNAVAILABLE, "service.unavailable")
    seen += site.behind(seen[-1].replay_id).events(12)
    assert site.names(seen) == wanted


def test_a_restart_of_the_sandbox_loses_no_event_and_no_position(site: Site) -> None:
    site.accounts("A", "B")
    first, _ = site.from_start().events(2)
    site.restart()
    site.accounts("C")
    assert site.names(site.behind(first.replay_id).events(2)) == ["B", "C"]


def test_all_changes_share_a_channel_in_their_order(site: Site) -> None:
    site.accounts("A")
    with site.org.commit() as tx:
        tx.insert("Contact", {"LastName": "Ashe"})
    site.accounts("B")
    told = [header(site.decoded(one))["entityName"] for one in site.from_start(topic=ALL).events(3)]
    assert told == ["Account", "Contact", "Account"]
    (contact,) = site.from_start(topic=CONTACTS).events(1)
    assert site.decoded(contact)["Name"]["LastName"] == "Ashe"


# Positions that are none


def test_an_expired_id_is_corrupt_and_earliest_goes_on(site: Site) -> None:
    site.accounts("A", "B")
    first, _ = site.from_start().events(2)
    assert site.tell("/expire", {"keep": 1}) == {"expired": 1}
    end = site.behind(first.replay_id).end()
    assert end == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted")
    assert site.names(site.from_start().events(1)) == ["B"]


def test_after_72_hours_an_id_is_corrupt(site: Site) -> None:
    site.accounts("A")
    (first,) = site.from_start().events(1)
    site.org.clock.jump(73 * HOUR)
    end = site.behind(first.replay_id).end()
    assert end == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted")


def test_the_id_of_a_sign_of_life_keeps_a_quiet_subscriber_in_place(site: Site) -> None:
    site.turn(keepalive_seconds=0.05)
    site.accounts("A")
    stream = site.from_start()
    stream.events(1)
    site.org.clock.jump(73 * HOUR)
    next(stream)
    alive = next(stream).latest_replay_id
    site.accounts("B")
    assert site.names(site.behind(alive).events(1)) == ["B"]


@pytest.mark.parametrize("replay_id", [b"12345", b"\x00" * 20])
def test_a_made_up_id_is_corrupt(site: Site, replay_id: bytes) -> None:
    end = site.behind(replay_id).end()
    assert end == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted")


def test_another_topics_id_is_corrupt(site: Site) -> None:
    site.accounts("A")
    (first,) = site.from_start().events(1)
    end = site.behind(first.replay_id, topic=CONTACTS).end()
    assert end == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted")


def test_custom_needs_an_id(site: Site) -> None:
    end = site.behind(b"").end()
    assert end == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.validation.failed")


# Credit


def test_no_more_events_come_than_were_asked_for(site: Site) -> None:
    site.accounts("A", "B", "C")
    stream = site.from_start(2)
    first = next(stream)
    assert (len(first.events), first.pending_num_requested) == (2, 0)
    assert site.state()["subscribers"][0]["delivered"] == 2
    assert site.names(stream.ask(5).events(1)) == ["C"]


def test_credit_adds_up_and_a_request_counts_100_at_most(site: Site) -> None:
    site.turn(keepalive_seconds=0.05)
    stream = site.stream().ask(40).ask(250)
    wait_until(lambda: [one["pending"] for one in site.state()["subscribers"]] == [140])
    assert next(stream).pending_num_requested == 140


@pytest.mark.parametrize("number", [0, -1])
def test_a_request_for_nothing_ends_the_stream(site: Site, number: int) -> None:
    end = site.stream().ask(number).end()
    assert end == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.requested.events.invalid")


def test_a_stream_without_credit_is_closed(site: Site) -> None:
    site.turn(credit_seconds=0.05)
    site.accounts("A", "B")
    stream = site.from_start(1)
    stream.events(1)
    assert stream.end() == (grpc.StatusCode.OK, "")
    assert site.state()["subscribers"] == []


def test_credit_is_served_after_the_last_request(site: Site) -> None:
    site.accounts("A")
    stream = site.from_start(2)
    stream.no_more()
    site.accounts("B")
    assert site.names(stream.events(2)) == ["A", "B"]
    assert stream.end() == (grpc.StatusCode.OK, "")


def test_a_stream_keeps_its_topic(site: Site) -> None:
    end = site.stream().ask(1).ask(1, topic=CONTACTS).end()
    assert end == (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.topic.mismatch")


def test_preset_and_id_count_in_the_first_request_only(site: Site) -> None:
    site.accounts("A", "B")
    stream = site.from_start(1)
    stream.events(1)
    stream.ask(1, replay_preset=wire.EARLIEST)
    assert site.names(stream.events(1)) == ["B"]


# Signs of life


def test_a_quiet_stream_gives_signs_of_life(site: Site) -> None:
    site.turn(keepalive_seconds=0.05)
    alive = next(site.from_now(10))
    assert not alive.events
    assert alive.latest_replay_id
    assert alive.pending_num_requested == 10


def test_a_stalled_stream_is_silent_and_stays_open(site: Site) -> None:
    site.turn(keepalive_seconds=0.05, stall="all")
    stream = site.from_start()
    site.accounts("A")
    wait_until(lambda: site.state()["newest"])
    assert site.state()["subscribers"][0]["delivered"] == 0
    assert stream.call.is_active()
    site.turn(stall="no", keepalive_seconds=60)
    assert site.names(stream.events(1)) == ["A"]


def test_signs_of_life_may_fail_while_events_still_come(site: Site) -> None:
    site.turn(keepalive_seconds=0.01, stall="keepalive")
    stream = site.from_now()
    site.accounts("A")
    assert next(stream).events
    site.accounts("B")
    assert next(stream).events


def test_held_events_come_late(site: Site) -> None:
    site.turn(hold=True, keepalive_seconds=0.05)
    stream = site.from_start()
    site.accounts("A")
    assert not next(stream).events
    site.turn(hold=False, keepalive_seconds=60)
    assert site.names(stream.events(1)) == ["A"]


def test_events_may_come_twice(site: Site) -> None:
    site.turn(duplicate=1)
    site.accounts("A", "B")
    first, again, other = site.from_start().events(3)
    assert first == again
    assert site.names([other]) == ["B"]


# Gaps


def test_a_gap_names_its_records(site: Site) -> None:
    site.turn(gap_commits=1)
    (made,) = site.accounts("A")
    (event,) = site.from_start().events(1)
    told = header(site.decoded(event))
    assert (told["changeType"], told["recordIds"]) == ("GAP_CREATE", [made])


def test_an_overflow_names_none(site: Site) -> None:
    site.turn(overflow_commits=1)
    site.accounts("A")
    (event,) = site.from_start().events(1)
    told = header(site.decoded(event))
    assert (told["changeType"], told["recordIds"]) == ("GAP_OVERFLOW", [])


def test_a_gap_may_come_out_of_nowhere_with_a_wildcard(site: Site) -> None:
    site.tell("/gaps", {"entity": "Account", "record_ids": ["001*"]})
    (event,) = site.from_start().events(1)
    told = header(site.decoded(event))
    assert (told["changeType"], told["recordIds"], told["changeOrigin"]) == ("GAP_UPDATE", ["001*"], "")


# Who may call, and how much


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"accesstoken": "made-up"}, "service.auth.error"),
        ({"tenantid": "00Dxx0000000001AAA"}, "service.auth.error"),
        ({"instanceurl": "https://other.my.salesforce.com"}, "service.auth.error"),
        ({"accesstoken": ""}, "service.auth.headers.invalid"),
        ({"tenantid": " "}, "service.auth.headers.invalid"),
    ],
)
def test_all_three_headers_must_be_right(site: Site, changes: dict[str, str], code: str) -> None:
    metadata = site.metadata(**changes)
    with refused(grpc.StatusCode.UNAUTHENTICATED, code):
        site.stub.GetTopic(wire.TopicRequest(topic_name=ACCOUNTS), metadata=metadata, timeout=PATIENCE)
    ended = Stream(site.stub, metadata, ACCOUNTS).ask(1)
    site.open.append(ended)
    assert ended.end() == (grpc.StatusCode.UNAUTHENTICATED, code)


def test_a_revoked_token_ends_the_stream_and_a_new_one_resumes(site: Site) -> None:
    site.turn(keepalive_seconds=0.05)
    site.accounts("A")
    stream = site.from_start()
    (first,) = stream.events(1)
    site.org.world.accounts.revoke()
    assert stream.end() == (grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")
    site.token = site.org.world.accounts.open(site.org.user, CONSUMER_KEY)
    site.accounts("B")
    assert site.names(site.behind(first.replay_id).events(1)) == ["B"]


def test_deliveries_end_with_the_allocation_and_go_on_a_day_later(site: Site) -> None:
    site.org.world.switches.turn({"daily_delivered_events": 2})
    site.accounts("A", "B", "C")
    stream = site.from_start()
    seen = stream.events(2)
    assert stream.end() == (grpc.StatusCode.RESOURCE_EXHAUSTED, "subscription.limit.exceeded")
    site.org.clock.jump(25 * HOUR)
    assert site.names(site.behind(seen[-1].replay_id).events(1)) == ["C"]


def test_the_service_may_be_away_for_some_calls(site: Site) -> None:
    site.turn(refuse=1)
    asked = wire.TopicRequest(topic_name=ACCOUNTS)
    with refused(grpc.StatusCode.UNAVAILABLE, "service.unavailable"):
        site.stub.GetTopic(asked, metadata=site.metadata(), timeout=PATIENCE)
    assert site.stub.GetTopic(asked, metadata=site.metadata(), timeout=PATIENCE).can_subscribe


def test_streams_may_be_dropped_with_another_status(site: Site) -> None:
    stream = site.from_now()
    site.tell("/drop", {"status": "INTERNAL", "code": "subscription.internal.error", "message": "Broken."})
    assert stream.end() == (grpc.StatusCode.INTERNAL, "subscription.internal.error")


# Topics and schemas


def test_there_is_no_such_topic(site: Site) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "topic.not.found"):
        site.stub.GetTopic(
            wire.TopicRequest(topic_name="/data/No"), metadata=site.metadata(), timeout=PATIENCE
        )
    assert site.from_start(topic="/data/No").end() == (grpc.StatusCode.NOT_FOUND, "topic.not.found")


def test_a_new_field_brings_a_new_schema_and_old_events_keep_theirs(site: Site) -> None:
    site.accounts("A")
    asked = wire.TopicRequest(topic_name=ACCOUNTS)
    before = site.stub.GetTopic(asked, metadata=site.metadata(), timeout=PATIENCE).schema_id
    site.org.world.alter("field", "Account", {"name": "Region__c", "type": "string", "length": 20})
    assert site.stub.GetTopic(asked, metadata=site.metadata(), timeout=PATIENCE).schema_id != before
    with site.org.commit() as tx:
        tx.insert("Account", {"Name": "B", "Region__c": "Gulf"})
    old, new = site.from_start().events(2)
    assert old.event.schema_id == before != new.event.schema_id
    assert "Region__c" not in site.decoded(old)
    assert site.decoded(new)["Region__c"] == "Gulf"


def test_an_unknown_schema_is_refused(site: Site) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "schema.meta.permission"):
        site.stub.GetSchema(wire.SchemaRequest(schema_id="no"), metadata=site.metadata(), timeout=PATIENCE)
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "schema.validation.failed"):
        site.stub.GetSchema(wire.SchemaRequest(), metadata=site.metadata(), timeout=PATIENCE)


def test_managed_subscriptions_are_refused(site: Site) -> None:
    call = site.stub.ManagedSubscribe(
        iter([wire.ManagedFetchRequest()]), metadata=site.metadata(), timeout=PATIENCE
    )
    with refused(grpc.StatusCode.UNIMPLEMENTED, ""):
        next(call)


# Publishing


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


# The connection


def test_with_a_certificate_the_port_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("localhost", "127.0.0.1")
    chain = b"".join(one.bytes() for one in made.cert_chain_pems)
    site = Site(tmp_path, (chain, made.private_key_pem.bytes()))
    site.channel.close()
    trusted = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
    site.channel = grpc.secure_channel(f"127.0.0.1:{site.server.port}", trusted)
    asked = wire.TopicRequest(topic_name=ACCOUNTS)
    found = PubSubStub(site.channel).GetTopic(asked, metadata=site.metadata(), timeout=PATIENCE)
    assert found.topic_name == ACCOUNTS
    site.stop()


def test_a_client_that_goes_away_leaves_nothing_behind(site: Site) -> None:
    site.from_now().close()
    wait_until(lambda: site.state()["subscribers"] == [])
