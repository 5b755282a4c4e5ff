"""Change events of Salesforce become announcements in the inbox, together with the place in the stream.

One transaction keeps a batch's rows and its place. A process that dies before it gets the batch again,
one that dies behind it does not; what is delivered twice is kept once. An event is a hint: the record is
read again when its flow carries it. Where events cannot say which records to read, the flow compares all.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from include.connectors.salesforce.pubsub import Kind, ReplayLost
from include.connectors.salesforce.pubsub.events import entity
from include.errors import IntegrationError, TransientError
from include.ledger import Delivery
from include.pipelines import resync
from include.pipelines.flows import SALESFORCE, SALESFORCE_CUSTOMERS, SALESFORCE_WON, ZOHO_INVENTORY
from include.pipelines.ports import CUSTOMER, ORDER

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping

    from include.connectors.salesforce.pubsub import ChangeEvent, Received
    from include.ledger import Ledger

log = logging.getLogger(__name__)

PLACES = "change_events/"
"""Cursors that hold places in streams begin with it, then come org and topic."""
AWAY, BROKEN = 10.0, 300.0
"""Seconds until a topic is followed again after trouble: that passes, and that a person must mend."""
ID = 15
"""Characters of a record id that tell records apart; three more are a checksum."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Whom an object's changes are told to.

    Attributes:
        flow: DAG id.
        event: under which the flow's records are kept in the inbox.
    """

    flow: str
    event: str


FEEDS: Mapping[str, Feed] = {
    "Account": Feed(SALESFORCE_CUSTOMERS, CUSTOMER),
    "Contact": Feed(SALESFORCE_CUSTOMERS, CUSTOMER),
    "Opportunity": Feed(SALESFORCE_WON, ORDER),
}
"""By object. What no flow takes moves the place and nothing else."""
FED = frozenset(feed.flow for feed in FEEDS.values())


class ChangeInbox:
    """Keeps what a subscriber receives.

    Args:
        ledger: our memory.
        org: id of the org whose events they are.
        own_user: id of the user as whom we write; its changes are no news. ``""`` = all are.
        accounts_of: accounts by contact, ``""`` for one without; asked once a batch. May leave out contacts
            that are gone for good.
    """

    def __init__(
        self,
        ledger: Ledger,
        org: str,
        *,
        own_user: str,
        accounts_of: Callable[[Collection[str]], Mapping[str, str]],
    ) -> None:
        self._ledger = ledger
        self._org = org
        self._own_user = own_user[:ID]
        self._accounts_of = accounts_of

    def position(self, topic: str) -> bytes | None:
        """Where the stream stands, ``None`` before its first event."""
        stands = self._ledger.cursors.get(self._place(topic))
        return bytes.fromhex(stands) if stands else None

    def keep(self, news: Received | ReplayLost) -> frozenset[str]:
        """Make a batch and its place durable, or the loss of the place.

        Returns:
            Flows that must compare everything; that is durable, too.

        Raises:
            IntegrationError: nothing of it is durable.
        """
        return self._lose(news) if isinstance(news, ReplayLost) else self._keep(news)

    def _keep(self, received: Received) -> frozenset[str]:
        news = [event for event in received.events if event.entity in FEEDS or not event.entity]
        named = [event for event in news if event.names_records and not self._is_own(event)]
        rows = self._announced(named)
        reasons = {
            flow: f"{_said(event)} on {received.topic}"
            for event in news
            if not event.names_records
            for flow in _flows(event.entity)
        }
        ledger = self._ledger
        with ledger.database.begin("keep change events") as connection:
            for flow, deliveries in rows.items():
                ledger.inbox.keep_in(connection, flow, deliveries)
            for flow, reason in reasons.items():
                resync.ask_in(ledger, connection, flow, reason)
            ledger.cursors.put_in(connection, self._place(received.topic), received.replay_id.hex())
        return frozenset(reasons)

    def _lose(self, lost: ReplayLost) -> frozenset[str]:
        ledger, flows = self._ledger, _flows(entity(lost.topic))
        with ledger.database.begin("lose a place") as connection:
            for flow in sorted(flows):
                resync.ask_in(ledger, connection, flow, f"the place on {lost.topic} has expired")
            ledger.cursors.forget_in(connection, self._place(lost.topic))
        return flows

    def forget_others(self, topics: Collection[str]) -> None:
        """Forget places of topics that are followed no more, of whatever org."""
        ours = {self._place(topic) for topic in topics}
        gone = [each.name for each in self._ledger.cursors.under(PLACES) if each.name not in ours]
        with self._ledger.database.begin("forget places") as connection:
            for name in gone:
                self._ledger.cursors.forget_in(connection, name)

    def _place(self, topic: str) -> str:
        return f"{PLACES}{self._org}{topic}"

    def _is_own(self, event: ChangeEvent) -> bool:
        """No echo. After a gap nobody knows whose changes were missed."""
        return not event.kind.is_gap and bool(self._own_user) and event.commit_user[:ID] == self._own_user

    def _announced(self, events: Iterable[ChangeEvent]) -> dict[str, list[Delivery]]:
        """What to keep by flow: each record once an event, a contact as its account."""
        rows: dict[str, dict[str, Delivery]] = {}
        for event, keys in self._keyed(list(events)):
            feed = FEEDS[event.entity]
            for key in keys:
                made = _delivery(feed, key, event)
                rows.setdefault(feed.flow, {})[made.delivery_id] = made
        return {flow: list(made.values()) for flow, made in rows.items()}

    def _keyed(self, events: list[ChangeEvent]) -> Iterable[tuple[ChangeEvent, list[str]]]:
        contacts = {each for event in events if event.entity == "Contact" for each in event.record_ids}
        accounts = self._accounts_of(sorted(contacts)) if contacts else {}
        # One that had no account was a customer itself, who must now hear that it has one.
        links = self._ledger.crosswalk.find(CUSTOMER, SALESFORCE, contacts, ZOHO_INVENTORY)
        for event in events:
            if event.entity == "Contact":
                owners = [accounts.get(each) or each for each in event.record_ids]
                once = [each for each in event.record_ids if each in links]
                yield event, list(dict.fromkeys([*owners, *once]))
            else:
                yield event, list(event.record_ids)


def _flows(entity: str) -> frozenset[str]:
    """Whoever an object's changes are told to; everybody where nobody knows whose changes they are."""
    if not entity:
        return FED
    return frozenset({FEEDS[entity].flow}) if entity in FEEDS else frozenset()


def _said(event: ChangeEvent) -> str:
    if event.kind is Kind.UNREADABLE:
        return "an event cannot be read"
    return f"{event.kind} of {event.entity} names no records"


def _delivery(feed: Feed, key: str, event: ChangeEvent) -> Delivery:
    """An announcement; the version stays open, for only the record itself has one."""
    told = {
        "entity": event.entity,
        "records": event.record_ids,
        "kind": event.kind,
        "changed": event.changed,
        "nulled": event.nulled,
        "user": event.commit_user,
        "origin": event.origin,
        "transaction": event.transaction_key,
        "sequence": event.sequence_number,
        "committed": event.commit_timestamp,
    }
    parts = (event.entity, key, event.transaction_key, str(event.sequence_number))
    return Delivery(
        system=SALESFORCE,
        event=feed.event,
        record_key=key,
        delivery_id=":".join(parts),
        version="",
        payload=msgspec.json.encode(told),
        headers={"origin": "change_event", "kind": str(event.kind)},
    )


class Follows(Protocol):
    """A subscriber, as :class:`include.connectors.salesforce.pubsub.Subscriber`."""

    def follow(self, topic: str, replay_id: bytes | None) -> AsyncGenerator[Received | ReplayLost]:
        """What is told on a topic behind a place."""


async def listen(
    subscriber: Follows,
    inbox: ChangeInbox,
    topic: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[frozenset[str]]:
    """Follow a topic without an end, and keep all of it; the ledger is asked in threads.

    Yields:
        After each answer that is durable: flows that must compare everything, mostly none.
    """
    while True:
        try:
            place = await asyncio.to_thread(inbox.position, topic)
            async with aclosing(subscriber.follow(topic, place)) as news:
                async for each in news:
                    yield await asyncio.to_thread(inbox.keep, each)
            wait = AWAY
        except TransientError as error:
            log.warning("%s: %s", topic, error)
            wait = max(AWAY, error.retry_after or 0.0)
        except IntegrationError as error:
            log.error("%s: %s", topic, error)  # noqa: TRY400 - our errors say what is wrong
            wait = BROKEN
        await sleep(wait)
