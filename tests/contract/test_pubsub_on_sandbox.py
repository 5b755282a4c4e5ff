"""The sandbox's event bus over real gRPC, driven by the vendor's plain stubs: C12, C18.

What is tried here is what the vendor's guide promises a subscriber; the client has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import grpc
import httpx
import pytest
import trustme

from include.pubsub_api import pubsub_api_pb2 as wire
from include.pubsub_api.pubsub_api_pb2_grpc import PubSubStub
from include.sandbox.salesforce.world import CONSUMER_KEY
from tests.contract.pubsub_site import (
    ACCOUNTS,
    ALL,
    CONTACTS,
    HOUR,
    PATIENCE,
    Process,
    Site,
    Stream,
    refused,
    wait_until,
)
from tests.unit.sandbox_salesforce.bus_reading import header


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


def test_subscribers_lose_and_double_nothing_while_streams_break_and_others_write(site: Site) -> None:
    wanted = [f"No {n}" for n in range(120)]

    def write() -> None:
        for n, name in enumerate(wanted):
            site.org.account(Name=name)
            if n % 17 == 0:
                site.org.bus.drop()

    with ThreadPoolExecutor(4) as pool:
        following = [pool.submit(site.follow, len(wanted), at_once) for at_once in (10, 11, 12)]
        pool.submit(write).result(PATIENCE)
        for one in following:
            assert site.names(one.result(PATIENCE)) == wanted


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


def test_a_killed_sandbox_has_an_event_for_every_change_and_none_besides(tmp_path: Path) -> None:
    sandbox = Process(tmp_path)
    headers = sandbox.log_in()
    bearer = {"Authorization": f"Bearer {headers['accesstoken']}"}
    with ThreadPoolExecutor(1) as pool:

        def write() -> None:
            with suppress(httpx.TransportError):
                while True:
                    body = {"Name": "Harbor Lights"}
                    sandbox.http.post("/services/data/v64.0/sobjects/Account/", json=body, headers=bearer)

        writing = pool.submit(write)
        wait_until(lambda: sandbox.http.get("/_sandbox/salesforce/bus").json()["newest"] >= 10)
        sandbox.kill()
        writing.result(PATIENCE)
    again = Process(tmp_path)
    again.http.post("/_sandbox/salesforce/bus/settings", json={"keepalive_seconds": 0.2})
    query = {"q": "SELECT Id FROM Account ORDER BY Id"}
    rows = again.http.get("/services/data/v64.0/query/", params=query, headers=bearer).json()["records"]
    assert again.changed(headers) == [one["Id"] for one in rows]
    assert len(rows) >= 10
    again.kill()
