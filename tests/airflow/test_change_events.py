"""C12, C18, C23: Airflow holds the streams. It makes the trigger anew from what it has stored of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, AssetOrTimeSchedule, BaseHook, Connection, CronTriggerTimetable
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.serialization.decoders import smart_decode_trigger_kwargs
from airflow.serialization.encoders import encode_trigger
from airflow.serialization.serialized_objects import DagSerialization
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from include.errors import AuthenticationError, ConfigurationError
from include.ledger import Ledger
from include.pipelines.flows import SALESFORCE_CUSTOMERS, SALESFORCE_WON
from tradebridge import change_events, connections
from tradebridge.change_events import SALESFORCE_CHANGES, SalesforceChanges, assembled, bus_settings

ACCOUNTS, DEALS = "/data/AccountChangeEvent", "/data/OpportunityChangeEvent"


def test_trigger_is_made_anew_from_what_was_stored() -> None:
    stored = json.loads(json.dumps(encode_trigger(SalesforceChanges())))
    module, _, name = stored["classpath"].rpartition(".")
    kind = getattr(import_module(module), name)
    made = kind(**{name: smart_decode_trigger_kwargs(value) for name, value in stored["kwargs"].items()})
    assert isinstance(made, SalesforceChanges)
    assert made.serialize() == SalesforceChanges().serialize()


def test_every_dag_that_waits_means_the_same_trigger() -> None:
    """Or each would open streams of its own, and each reading of a DAG file, too."""

    def mark(trigger: BaseEventTrigger) -> int:
        return BaseEventTrigger.hash(*trigger.serialize())

    (watcher,) = SALESFORCE_CHANGES.watchers
    assert mark(watcher.trigger) == mark(SalesforceChanges())


def test_dag_keeps_its_watcher_when_it_is_stored() -> None:
    schedule = AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("* * * * *", timezone="UTC"), assets=[SALESFORCE_CHANGES]
    )
    with DAG("waits", schedule=schedule) as dag:
        pass
    stored = DagSerialization.deserialize_dag(json.loads(json.dumps(DagSerialization.serialize_dag(dag))))
    (asset,) = [each for _, each in stored.timetable.asset_condition.iter_assets()]
    (watcher,) = asset.watchers
    assert watcher.trigger["classpath"] == "tradebridge.change_events.SalesforceChanges"
    assert watcher.trigger["kwargs"] == {}


class Streams:
    """Plays both ends: what each topic tells, and whether its stream was closed."""

    def __init__(self, **told: list[Any]) -> None:
        self.told = told
        self.open: set[str] = set()
        self.settings = SimpleNamespace(topics=tuple(told))

    async def listen(self, _subscriber: Any, _inbox: Any, topic: str) -> AsyncIterator[frozenset[str]]:
        self.open.add(topic)
        try:
            for each in self.told[topic]:
                if isinstance(each, Exception):
                    raise each
                yield each
            await asyncio.Event().wait()
        finally:
            self.open.discard(topic)


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Streams:
    made = Streams(
        a=[frozenset(), frozenset({SALESFORCE_CUSTOMERS})],
        b=[frozenset({SALESFORCE_WON, SALESFORCE_CUSTOMERS})],
    )
    monkeypatch.setattr(change_events, "assembled", lambda: (made, None))
    monkeypatch.setattr("include.pipelines.change_events.listen", made.listen)
    monkeypatch.setattr(change_events, "AGAIN", 0.0)
    return made


async def first(trigger: SalesforceChanges, number: int) -> list[TriggerEvent]:
    heard: list[TriggerEvent] = []
    async with aclosing(trigger.run()) as events:  # type: ignore[type-var]
        async for event in events:
            heard.append(event)
            if len(heard) == number:
                break
    return heard


def test_trigger_fires_when_a_flow_must_compare_everything(streams: Streams) -> None:
    """Rows start their runs by themselves: an answer that only brought rows fires nothing."""
    heard = asyncio.run(first(SalesforceChanges(), 2))
    assert sorted(event.payload["compare"] for event in heard) == [
        sorted([SALESFORCE_WON, SALESFORCE_CUSTOMERS]),
        [SALESFORCE_CUSTOMERS],
    ]
    assert streams.open == set()


def test_cancelled_trigger_closes_its_streams(streams: Streams) -> None:
    """As Airflow does it: the task is cancelled wherever it stands, then cleaned up."""

    async def work() -> set[str]:
        trigger = SalesforceChanges()

        async def run() -> None:
            async for _ in trigger.run():
                pass

        task = asyncio.create_task(run())
        while len(streams.open) < 2:  # noqa: ASYNC110 - what is waited for is a plain set
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await trigger.cleanup()
        return streams.open

    assert asyncio.run(work()) == set()


def test_what_nobody_has_thought_of_is_airflows_to_know(streams: Streams) -> None:
    """It logs the error and starts the trigger again."""
    streams.told["b"] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        asyncio.run(first(SalesforceChanges(), 5))
    assert streams.open == set()


def test_site_without_salesforce_waits_for_its_connection(
    streams: Streams, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A trigger that fails is started again every second: that would fill the log."""
    refusals = [AirflowNotFoundException("no connection"), AuthenticationError("credentials are dead")]

    def later() -> Any:
        if refusals:
            raise refusals.pop(0)
        return streams, None

    monkeypatch.setattr(change_events, "assembled", later)
    assert len(asyncio.run(first(SalesforceChanges(), 1))) == 1
    assert "no connection" in caplog.text
    assert "credentials are dead" in caplog.text


def test_trigger_that_cannot_even_begin_does_not_come_back_at_once(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    def broken() -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(change_events, "assembled", broken)
    monkeypatch.setattr(change_events, "AGAIN", 30.0)
    monkeypatch.setattr(change_events.asyncio, "sleep", nap)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(first(SalesforceChanges(), 1))
    assert naps == [30.0]


def connection(**extra: Any) -> Connection:
    return Connection(conn_id="salesforce", conn_type="salesforce", extra=json.dumps(extra))


def test_extras_say_where_the_bus_is() -> None:
    settings = bus_settings(
        connection(
            pubsub_host="127.0.0.1", pubsub_port="7443", pubsub_tls=False, pubsub_batch=50, pubsub_ca_file="",
            pubsub_topics=f"{ACCOUNTS} {DEALS}", pubsub_watchdog=90,
        )
    )  # fmt: skip
    assert (settings.address, settings.tls, settings.batch) == ("127.0.0.1:7443", False, 50)
    assert (settings.topics, settings.watchdog, settings.ca_file) == ((ACCOUNTS, DEALS), 90.0, "")


def test_usual_bus_is_salesforces_own() -> None:
    settings = bus_settings(connection())
    assert (settings.address, settings.tls) == ("api.pubsub.salesforce.com:7443", True)


@pytest.mark.parametrize(
    "extra", [{"pubsub_port": "many"}, {"pubsub_batch": 500}, {"pubsub_topics": "Account"}]
)
def test_extra_that_cannot_be_right_is_said(extra: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        bus_settings(connection(**extra))


def test_parts_come_from_the_connection_and_the_ledger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = SimpleNamespace(
        settings=SimpleNamespace(user_id=""),
        identity=lambda: SimpleNamespace(user_id="005Hp000004IntUIAS", organization_id="00DHp000000aBcDMAU"),
    )
    monkeypatch.setattr(BaseHook, "get_connection", lambda _: connection(pubsub_topics=ACCOUNTS))
    monkeypatch.setattr(connections, "salesforce_client", lambda **_: client)
    monkeypatch.setattr(change_events, "accounts_of", lambda _: dict)
    with ledger.database.begin("put places") as transaction:
        for topic in (ACCOUNTS, DEALS):
            ledger.cursors.put_in(transaction, f"change_events/00DHp000000aBcDMAU{topic}", "ff")
    subscriber, inbox = assembled()
    assert subscriber.settings.topics == (ACCOUNTS,)
    assert (inbox.position(ACCOUNTS), inbox.position(DEALS)) == (b"\xff", None)
