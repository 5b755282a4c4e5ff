"""Salesforce's change events inside Airflow: the triggerer holds the streams.

A stream is a daemon, no task: so it is a trigger, which Airflow runs in one triggerer, starts again when it
fails, moves when a triggerer dies, and stops when every DAG that waits for the asset is paused. Nothing
depends on any of that: rows and places are in the ledger, and two who follow a stream keep each event once.

Rows in the inbox start runs through the waker, as webhooks do: asset events that come while a run is being
made can wait for the next one for ever. An asset event is sent only when a flow must compare everything,
which no row says. The debt itself is in the ledger, so that a lost event costs a minute.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetWatcher, BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from include.errors import ConfigurationError, IntegrationError
from tradebridge import connections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping

    from airflow.sdk import Connection

    from include.connectors.salesforce import SalesforceClient
    from include.connectors.salesforce.pubsub import Settings
    from include.connectors.salesforce.pubsub.subscriber import Subscriber
    from include.pipelines.change_events import ChangeInbox

log = logging.getLogger(__name__)

FLOW = "salesforce_changes"
"""On whose behalf the org is called."""
AGAIN = 30.0
"""Seconds until the next try when nothing can be followed. Airflow itself would try every second."""
NO = frozenset({"0", "false", "no", "off"})
OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "host": str,
    "port": int,
    "tls": lambda said: said.lower() not in NO,
    "ca_file": str,
    "topics": lambda said: tuple(said.replace(",", " ").split()),
    "batch": int,
    "watchdog": float,
}
"""Settings that the connection's extras may give, each as ``pubsub_<name>``."""


class SalesforceChanges(BaseEventTrigger):
    """Follows the org's topics; yields when flows must compare everything.

    The connection is read when the trigger starts: after a change of it, restart the triggerer.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._following: list[asyncio.Task[None]] = []

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Its path, by which Airflow makes it anew wherever it runs."""
        return f"{__name__}.{type(self).__qualname__}", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Follow without an end; whatever may block is done in threads."""
        subscriber, inbox = await self._assembled()
        told: asyncio.Queue[frozenset[str] | Exception] = asyncio.Queue()
        topics = subscriber.settings.topics
        self._following = [asyncio.create_task(_follow(subscriber, inbox, each, told)) for each in topics]
        try:
            while True:
                news = await told.get()
                if isinstance(news, Exception):
                    await asyncio.sleep(AGAIN)
                    raise news
                yield TriggerEvent({"compare": sorted(news)})  # type: ignore[no-untyped-call]
        finally:
            await self.cleanup()

    async def cleanup(self) -> None:
        """Close the streams; Airflow calls it however the trigger ends."""
        following, self._following = self._following, []
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    async def _assembled(self) -> tuple[Subscriber, ChangeInbox]:
        while True:
            try:
                return await asyncio.to_thread(assembled)
            except (IntegrationError, AirflowNotFoundException) as error:
                log.error("Salesforce's change events are not followed: %s", error)  # noqa: TRY400
                await asyncio.sleep(AGAIN)
            except Exception:
                await asyncio.sleep(AGAIN)
                raise


SALESFORCE_CHANGES = Asset(
    "salesforce_changes", watchers=[AssetWatcher(name="pubsub", trigger=SalesforceChanges())]
)
"""Salesforce's records. A DAG that is scheduled on it keeps the streams open while it is not paused."""


async def _follow(
    subscriber: Subscriber,
    inbox: ChangeInbox,
    topic: str,
    told: asyncio.Queue[frozenset[str] | Exception],
) -> None:
    from include.pipelines.change_events import listen

    try:
        async for flows in listen(subscriber, inbox, topic):
            if flows:
                told.put_nowait(flows)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not end one topic in silence
        told.put_nowait(error)


def assembled() -> tuple[Subscriber, ChangeInbox]:
    """Who follows the org's streams, and who keeps what they tell.

    Raises:
        AirflowNotFoundException: there is no such connection.
        ConfigurationError: an extra of it cannot be right.
        IntegrationError: the ledger or the org is away, or refuses us.
    """
    from include.connectors.salesforce.pubsub.session import ClientSession
    from include.connectors.salesforce.pubsub.subscriber import Subscriber
    from include.pipelines.change_events import ChangeInbox

    settings = bus_settings(BaseHook.get_connection(connections.SALESFORCE))
    client = connections.salesforce_client(flow=FLOW)
    session = ClientSession(client)
    inbox = ChangeInbox(
        connections.ledger(), session.tenant_id, own_user=session.user_id, accounts_of=accounts_of(client)
    )
    inbox.forget_others(settings.topics)
    return Subscriber(settings, session), inbox


def bus_settings(connection: Connection) -> Settings:
    """Where the event bus is, as the connection's extras say.

    Raises:
        ConfigurationError: one of them cannot be right.
    """
    from include.connectors.salesforce.pubsub import Settings

    given: dict[str, Any] = {}
    for name, read in OPTIONS.items():
        said = connection.extra_dejson.get(f"pubsub_{name}")
        if said is None or said == "":
            continue
        try:
            given[name] = read(str(said))
        except ValueError:
            raise ConfigurationError(
                f"connection {connection.conn_id!r}: pubsub_{name} cannot be {said!r}"
            ) from None
    return Settings(**given)


def accounts_of(client: SalesforceClient) -> Callable[[Collection[str]], Mapping[str, str]]:
    """Looks accounts of contacts up, those in the recycle bin too: one query for as many as fit into one."""
    from include.connectors.salesforce.records import SalesforceRecords

    records = SalesforceRecords(client)

    def look(contacts: Collection[str]) -> Mapping[str, str]:
        rows = records.where("Contact", "Id", contacts, fields=["AccountId"], deleted=True)
        return {row["Id"]: row["AccountId"] or "" for row in rows}

    return look
