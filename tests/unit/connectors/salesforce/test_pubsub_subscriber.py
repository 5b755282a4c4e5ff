"""C12: whatever happens to the stream, it goes on from the last place that was dealt with."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import grpc
import pytest

from include.connectors.salesforce.pubsub import Kind, Received, ReplayLost, Settings
from include.connectors.salesforce.pubsub.faults import Backoff
from include.connectors.salesforce.pubsub.subscriber import Subscriber
from include.errors import AuthenticationError, ConfigurationError, TransientError
from include.pubsub_api.pubsub_api_pb2 import ReplayPreset
from tests.unit.connectors.salesforce.pubsub_bus import (
    SCHEMA,
    TOPIC,
    Bus,
    Fault,
    Hang,
    Identity,
    answer,
    event,
    local,
    play,
    serving,
)

GONE = Fault(grpc.StatusCode.UNAVAILABLE)
A, B, C = b"\x00\xffA", b"\x00\x01B", b"\x00\x00C"
"""Places in a stream; neither their order nor their bytes mean anything."""


class Naps:
    """Sleeps that take no time."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


def hear(
    bus: Bus, number: int, *, start: bytes | None = None, who: Identity | None = None, **settings: Any
) -> tuple[list[Received | ReplayLost], list[float]]:
    """What a subscriber hands out, the first ``number``, and how long it waited between streams."""

    async def work() -> tuple[list[Received | ReplayLost], list[float]]:
        naps, heard = Naps(), []
        async with serving(bus) as port:
            subscriber = Subscriber(
                local(port, **settings), who or Identity(), sleep=naps, jitter=lambda _least, most: most
            )
            async with aclosing(subscriber.follow(TOPIC, start)) as news:
                async for each in news:
                    heard.append(each)
                    if len(heard) == number:
                        break
        return heard, naps.waits

    return play(work)


def test_first_stream_ever_begins_at_the_oldest_event() -> None:
    """Never at the newest: what happened before we came would be lost."""
    bus = Bus([[answer(event("create", A))]])
    (received,), _ = hear(bus, 1)
    assert isinstance(received, Received)
    assert [each.record_ids for each in received.events] == [("001Hp00002WqXyZIAV",)]
    assert received.replay_id == A
    assert (bus.opened[0].replay_preset, bus.opened[0].topic_name) == (ReplayPreset.EARLIEST, TOPIC)


def test_stream_begins_behind_the_stored_place() -> None:
    bus = Bus([[answer(event("create", B))]])
    hear(bus, 1, start=A)
    assert (bus.opened[0].replay_preset, bus.opened[0].replay_id) == (ReplayPreset.CUSTOM, A)


def test_every_call_says_who_we_are() -> None:
    bus = Bus([[answer(event("create", A))]])
    hear(bus, 1)
    said = {name: bus.metadata[0][name] for name in ("accesstoken", "instanceurl", "tenantid")}
    assert said == {
        "accesstoken": "token-1",
        "instanceurl": "https://acme.my.salesforce.com",
        "tenantid": "00DHp000000aBcDMAU",
    }


def test_place_of_an_answer_is_its_last_event_not_the_newest_of_the_topic() -> None:
    bus = Bus([[answer(event("create", A), event("update", B), latest=C)]])
    (received,), _ = hear(bus, 1)
    assert received == Received(TOPIC, received.events, B)


def test_sign_of_life_moves_the_place() -> None:
    bus = Bus([[answer(latest=A), GONE]])
    heard, _ = hear(Bus([[answer(latest=A), GONE], [answer(event("create", B))]]), 2)
    assert heard[0] == Received(TOPIC, (), A)
    bus = Bus([[answer(latest=A), GONE], [answer(event("create", B))]])
    hear(bus, 2)
    assert bus.opened[1].replay_id == A


def test_schema_is_asked_for_once() -> None:
    bus = Bus([[answer(event("create", A)), answer(event("update", B)), GONE], [answer(event("delete", C))]])
    hear(bus, 3)
    assert bus.schema_calls == ["schema-1"]


def test_schema_that_changes_in_mid_stream_is_the_events_own() -> None:
    bus = Bus([[answer(event("create", A), event("update", B, schema_id="schema-2"))]])
    bus.schemas["schema-2"] = SCHEMA.replace('"Fax"', '"Telefax__c"')
    (received,), _ = hear(bus, 1)
    assert isinstance(received, Received)
    assert [each.kind for each in received.events] == [Kind.CREATE, Kind.UPDATE]
    assert bus.schema_calls == ["schema-1", "schema-2"]


@pytest.mark.parametrize("schemas", [{}, {"schema-1": "no schema"}])
def test_event_that_cannot_be_read_is_said_to_be_and_stops_nothing(schemas: dict[str, str]) -> None:
    bus = Bus([[answer(event("create", A)), answer(latest=B)]], schemas=schemas)
    heard, _ = hear(bus, 2)
    assert isinstance(heard[0], Received)
    assert [(each.kind, each.entity) for each in heard[0].events] == [(Kind.UNREADABLE, "Account")]
    assert heard[1] == Received(TOPIC, (), B)


def test_credit_is_refilled_when_half_is_used_and_never_exceeds_what_the_bus_takes() -> None:
    singles = [answer(event("create", bytes([place]))) for place in range(8)]
    bus = Bus([[*singles, Hang]])
    hear(bus, 8, batch=4)
    assert bus.credits[0][:1] == [4]
    assert set(bus.credits[0][1:]) == {2}
    assert len(bus.credits[0]) in {3, 4, 5}, "the last refills may be under way when the stream is left"


def test_next_answer_is_not_read_before_the_last_is_dealt_with() -> None:
    """Else a crash between the two would have moved the place beyond what is durable."""

    async def work() -> list[bytes]:
        bus = Bus([[answer(event("create", A)), GONE], [Hang]])
        async with serving(bus) as port:
            naps = Naps()
            news = Subscriber(local(port), Identity(), sleep=naps).follow(TOPIC, None)
            await anext(news)
            await asyncio.sleep(0.05)
            assert naps.waits == [], "the end of the stream has not been noticed"
            await news.aclose()
            return [each.replay_id for each in bus.opened]

    assert play(work) == [b""]


@pytest.mark.parametrize(
    "end", [[GONE], [Fault(grpc.StatusCode.INTERNAL)], [Fault(grpc.StatusCode.UNKNOWN)], []]
)
def test_broken_stream_is_opened_again_at_the_last_place(end: list[Any]) -> None:
    bus = Bus([[answer(event("create", A)), *end], [answer(event("update", B))]])
    heard, waits = hear(bus, 2)
    assert [each.replay_id for each in heard if isinstance(each, Received)] == [A, B]
    assert bus.opened[1].replay_id == A
    assert waits == [1.0]


def test_waits_double_up_to_a_bound_and_begin_anew_with_the_first_answer() -> None:
    """An open stream alone proves nothing: it is the first answer that does."""
    bus = Bus([*[[GONE]] * 5, [answer(latest=A), GONE], [GONE], [answer(latest=B)]])
    _, waits = hear(bus, 2, longest_wait=8.0)
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 1.0, 2.0]


def test_waits_are_spread() -> None:
    asked: list[tuple[float, float]] = []

    def middle(least: float, most: float) -> float:
        asked.append((least, most))
        return (least + most) / 2

    backoff = Backoff(1.0, 60.0, middle)
    assert [backoff.wait() for _ in range(3)] == [0.75, 1.5, 3.0]
    assert asked == [(0.5, 1.0), (1.0, 2.0), (2.0, 4.0)]
    backoff.failures = 5000
    assert backoff.wait() == 45.0


def test_silence_is_a_broken_stream() -> None:
    """Streams were seen that look open and bring nothing any more."""
    bus = Bus([[answer(event("create", A)), Hang], [answer(event("update", B))]])
    heard, waits = hear(bus, 2, watchdog=0.2)
    assert len(heard) == 2
    assert bus.opened[1].replay_id == A
    assert waits == [1.0]


def test_bus_that_cannot_be_reached_is_tried_again() -> None:
    async def work() -> tuple[int, list[float]]:
        waits: list[float] = []
        bus = Bus([[answer(event("create", A))]])
        async with serving(Bus()) as port:
            pass  # now the port is free, and nobody listens

        async def nap(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                await bus_up.__aenter__()

        bus_up = serving(bus, port)
        settings = local(port, connect_timeout=0.2)
        async with aclosing(Subscriber(settings, Identity(), sleep=nap).follow(TOPIC, A)) as news:
            await anext(news)
        await bus_up.__aexit__(None, None, None)
        return len(bus.opened), waits

    opened, waits = play(work)
    assert opened == 1
    assert len(waits) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        Fault(grpc.StatusCode.UNAUTHENTICATED, "service.auth.error"),
        Fault(grpc.StatusCode.UNAUTHENTICATED),
        Fault(grpc.StatusCode.UNKNOWN, "service.auth.error"),
    ],
)
def test_refused_token_is_renewed_and_the_place_kept(refusal: Fault) -> None:
    bus = Bus([[answer(event("create", A)), refusal], [answer(event("update", B))]])
    heard, waits = hear(bus, 2)
    assert len(heard) == 2
    assert bus.tokens == ["token-1", "token-2"]
    assert bus.opened[1].replay_id == A
    assert waits == [0.0], "at once: nothing is wrong with the bus"


def test_bus_that_refuses_every_token_is_not_hammered() -> None:
    refusal = Fault(grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")
    bus = Bus([*[[refusal]] * 4, [answer(latest=A)]])
    _, waits = hear(bus, 1)
    assert waits == [0.0, 2.0, 4.0, 8.0]
    assert bus.tokens[-1] == "token-5"


def test_dead_credentials_end_it() -> None:
    bus = Bus([[Fault(grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")]])
    with pytest.raises(AuthenticationError):
        hear(bus, 1, who=Identity(refusals=[AuthenticationError("no such user")]))


def test_token_endpoint_that_is_away_is_asked_again() -> None:
    refusal = Fault(grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")
    bus = Bus([[refusal], [refusal], [answer(latest=A)]])
    _, waits = hear(bus, 1, who=Identity(refusals=[TransientError("away")]))
    assert bus.tokens == ["token-1", "token-1", "token-2"]
    assert waits == [1.0, 2.0]


def test_session_that_gives_no_token_for_now_is_asked_again() -> None:
    class Moody(Identity):
        def access_token(self) -> str:
            if not bus.opened and not self.refusals:
                self.refusals.append(TransientError("away"))
                raise self.refusals[0]
            return super().access_token()

    bus = Bus([[answer(latest=A)]])
    heard, waits = hear(bus, 1, who=Moody())
    assert heard == [Received(TOPIC, (), A)]
    assert waits == [1.0]


@pytest.mark.parametrize(
    "code", ["subscription.fetch.replayid.corrupted", "subscription.fetch.replayid.validation.failed"]
)
def test_lost_place_is_said_before_the_oldest_event_is_asked_for(code: str) -> None:
    bus = Bus([[Fault(grpc.StatusCode.INVALID_ARGUMENT, code)], [answer(event("create", B))]])
    heard, _ = hear(bus, 2, start=A)
    assert heard[0] == ReplayLost(TOPIC, f"sfdc.platform.eventbus.grpc.{code}")
    assert isinstance(heard[1], Received)
    assert [each.replay_preset for each in bus.opened] == [ReplayPreset.CUSTOM, ReplayPreset.EARLIEST]


def test_used_up_allocation_is_waited_for_and_nothing_skipped() -> None:
    used_up = Fault(grpc.StatusCode.RESOURCE_EXHAUSTED, "subscription.limit.exceeded")
    bus = Bus([[answer(event("create", A)), used_up], [used_up], [answer(event("update", B))]])
    _, waits = hear(bus, 2)
    assert waits == [pytest.approx(990.0)] * 2
    assert [each.replay_id for each in bus.opened] == [b"", A, A]


@pytest.mark.parametrize(
    "refusal",
    [
        Fault(grpc.StatusCode.NOT_FOUND),
        Fault(grpc.StatusCode.PERMISSION_DENIED),
        Fault(grpc.StatusCode.INVALID_ARGUMENT),
        Fault(grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.requested.events.invalid"),
    ],
)
def test_topic_that_is_not_for_us_is_a_persons_matter(refusal: Fault) -> None:
    with pytest.raises(ConfigurationError, match=TOPIC) as caught:
        hear(Bus([[refusal]]), 1)
    assert "a body" not in str(caught.value)


def test_service_that_says_it_is_away_is_tried_again_whatever_its_status() -> None:
    bus = Bus([[Fault(grpc.StatusCode.INVALID_ARGUMENT, "service.unavailable")], [answer(latest=A)]])
    assert len(hear(bus, 1)[0]) == 1


def test_logs_hold_neither_tokens_nor_bodies(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "include")
    bus = Bus(
        [
            [answer(event("create", A, schema_id="unknown")), GONE],
            [Fault(grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")],
            [answer(event("update", B))],
        ]
    )
    hear(bus, 2)
    assert "UNAUTHENTICATED" in caplog.text
    for secret in ("token-", "a body that no log may quote", "Harbor", "Pier Road"):
        assert secret not in caplog.text


def test_leaving_closes_the_stream() -> None:
    async def work() -> bool:
        bus = Bus([[answer(event("create", A)), Hang]])
        async with serving(bus) as port:
            news = Subscriber(local(port), Identity()).follow(TOPIC, None)
            await anext(news)
            await news.aclose()
            await asyncio.wait_for(bus.closed.wait(), 10)
        return bus.closed.is_set()

    assert play(work)


def test_cancelling_a_wait_for_news_closes_the_stream() -> None:
    """As the engine does when it goes down."""

    async def work() -> bool:
        bus = Bus([[answer(event("create", A)), Hang]])
        async with serving(bus) as port:
            news = Subscriber(local(port), Identity()).follow(TOPIC, None)
            await anext(news)
            waiting = asyncio.ensure_future(anext(news))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await asyncio.wait_for(bus.closed.wait(), 10)
        return bus.closed.is_set()

    assert play(work)


@pytest.mark.parametrize(
    "given",
    [
        {"host": ""},
        {"host": "https://api.pubsub.salesforce.com"},
        {"topics": ()},
        {"topics": ("AccountChangeEvent",)},
        {"batch": 0},
        {"batch": 101},
        {"watchdog": 0},
        {"longest_wait": -1},
        {"tls": False},
    ],
)
def test_settings_that_cannot_be_right(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="Salesforce Pub/Sub"):
        Settings(**given)


def test_authority_that_is_not_there_is_named(tmp_path: Any) -> None:
    settings = Settings(host="127.0.0.1", port=1, ca_file=str(tmp_path / "no.pem"))

    async def work() -> None:
        await anext(Subscriber(settings, Identity()).follow(TOPIC, None))

    with pytest.raises(ConfigurationError, match=r"no\.pem"):
        play(work)


def test_pings_are_rarer_than_servers_allow() -> None:
    """Two pings without data between them, at most, in the five minutes that servers grant."""
    assert dict(Settings().options)["grpc.keepalive_time_ms"] >= 150_000
