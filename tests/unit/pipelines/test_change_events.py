"""C12, C17, C18: what Salesforce says has changed is in the inbox, once, with the place in the stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.connectors.salesforce.pubsub import ChangeEvent, Kind, Received, ReplayLost
from include.errors import ConfigurationError, IntegrationError, TransientError
from include.ledger import Ledger, Link, migrate
from include.pipelines import resync
from include.pipelines.change_events import AWAY, BROKEN, ChangeInbox, listen
from include.pipelines.flows import SALESFORCE_CUSTOMERS, SALESFORCE_WON

ACCOUNTS, CONTACTS, DEALS, ALL = (
    "/data/AccountChangeEvent",
    "/data/ContactChangeEvent",
    "/data/OpportunityChangeEvent",
    "/data/ChangeEvents",
)
ORG, US, THEM = "00DHp000000aBcDMAU", "005Hp000004IntUIAS", "005Hp000004SalEIAS"
HARBOR, PIER = "001Hp00002WqXyZIAV", "001Hp00002WqXyaIAF"
ANNA, BEN, CARL = "003Hp00001AnnaaIAA", "003Hp00001BennnIAA", "003Hp00001CarllIAA"
DEAL = "006Hp00001DealsIAA"


def change(*records: str, entity: str = "Account", kind: Kind = Kind.UPDATE, **given: Any) -> ChangeEvent:
    facts: dict[str, Any] = {
        "changed": ("Phone",),
        "nulled": (),
        "commit_user": THEM,
        "origin": "com/salesforce/api/rest/64.0;client=mdm",
        "transaction_key": "t-1",
        "sequence_number": 1,
        "commit_timestamp": datetime(2026, 3, 2, 14, 5, 11, tzinfo=UTC),
        "replay_id": b"\x07",
    }
    return ChangeEvent(entity=entity, record_ids=records, kind=kind, **{**facts, **given})


def batch(*events: ChangeEvent, topic: str = ACCOUNTS, replay_id: bytes = b"\x00\xff") -> Received:
    return Received(topic, events, replay_id)


class Contacts:
    """Whose account each contact has, and how often that was asked."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self.accounts = dict(accounts)
        self.asked: list[list[str]] = []
        self.failures: list[IntegrationError] = []

    def __call__(self, ids: Collection[str]) -> Mapping[str, str]:
        self.asked.append(list(ids))
        if self.failures:
            raise self.failures.pop(0)
        return {each: self.accounts[each] for each in ids if each in self.accounts}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    book = Ledger.connect(url)
    yield book
    book.close()


@pytest.fixture
def contacts() -> Contacts:
    return Contacts({ANNA: HARBOR, BEN: HARBOR, CARL: ""})


@pytest.fixture
def inbox(ledger: Ledger, contacts: Contacts) -> ChangeInbox:
    return ChangeInbox(ledger, ORG, own_user=US, accounts_of=contacts)


def kept(ledger: Ledger, flow: str = SALESFORCE_CUSTOMERS) -> list[str]:
    """Keys that the flow would carry now, oldest first."""
    return ledger.inbox.unfinished(flow)


def test_change_is_announced_and_the_place_moves_with_it(ledger: Ledger, inbox: ChangeInbox) -> None:
    assert inbox.position(ACCOUNTS) is None
    assert inbox.keep(batch(change(HARBOR))) == frozenset()
    assert kept(ledger) == [HARBOR]
    assert inbox.position(ACCOUNTS) == b"\x00\xff"


def test_announcement_says_what_happened_and_nothing_of_the_customer(
    ledger: Ledger, inbox: ChangeInbox
) -> None:
    inbox.keep(batch(change(HARBOR, changed=("Phone", "BillingAddress.City"), nulled=("Phone",))))
    (row,) = ledger.inbox.history(HARBOR)
    assert (row.system, row.event, row.version) == ("salesforce", "customer", "")
    assert row.headers == {"origin": "change_event", "kind": "UPDATE"}
    assert json.loads(row.payload) == {
        "entity": "Account",
        "records": [HARBOR],
        "kind": "UPDATE",
        "changed": ["Phone", "BillingAddress.City"],
        "nulled": ["Phone"],
        "user": THEM,
        "origin": "com/salesforce/api/rest/64.0;client=mdm",
        "transaction": "t-1",
        "sequence": 1,
        "committed": "2026-03-02T14:05:11Z",
    }


def test_event_that_is_delivered_again_is_kept_once(ledger: Ledger, inbox: ChangeInbox) -> None:
    """The same transaction and place in it is the same event, wherever it stands in a stream."""
    inbox.keep(batch(change(HARBOR), change(HARBOR)))
    inbox.keep(batch(change(HARBOR, replay_id=b"\x08"), replay_id=b"\x01"))
    assert len(ledger.inbox.history(HARBOR)) == 1
    inbox.keep(batch(change(HARBOR, sequence_number=2), change(HARBOR, transaction_key="t-2")))
    assert len(ledger.inbox.history(HARBOR)) == 3


def test_one_event_may_tell_of_several_records(ledger: Ledger, inbox: ChangeInbox) -> None:
    inbox.keep(batch(change(HARBOR, PIER)))
    assert kept(ledger) == sorted([HARBOR, PIER])


@pytest.mark.parametrize(
    "kind",
    [
        Kind.CREATE, Kind.UPDATE, Kind.DELETE, Kind.UNDELETE, Kind.SNAPSHOT,
        Kind.GAP_CREATE, Kind.GAP_UPDATE, Kind.GAP_DELETE, Kind.GAP_UNDELETE,
    ],
)  # fmt: skip
def test_whatever_happened_the_record_is_announced(ledger: Ledger, inbox: ChangeInbox, kind: Kind) -> None:
    assert inbox.keep(batch(change(HARBOR, kind=kind))) == frozenset()
    assert kept(ledger) == [HARBOR]


def test_contacts_announce_their_accounts_asked_for_once_a_batch(
    ledger: Ledger, inbox: ChangeInbox, contacts: Contacts
) -> None:
    """C17. Two contacts of one account in one event are one announcement."""
    events = [change(ANNA, BEN, entity="Contact"), change(CARL, entity="Contact", sequence_number=2)]
    inbox.keep(batch(*events, topic=CONTACTS))
    assert contacts.asked == [[ANNA, BEN, CARL]]
    assert [len(ledger.inbox.history(key)) for key in (HARBOR, ANNA, BEN, CARL)] == [1, 0, 0, 1]


def test_contact_that_is_gone_for_good_announces_itself(ledger: Ledger, inbox: ChangeInbox) -> None:
    inbox.keep(batch(change("003gone", entity="Contact", kind=Kind.DELETE), topic=CONTACTS))
    assert kept(ledger) == ["003gone"]


def test_contact_that_was_a_customer_itself_and_got_an_account_announces_both(
    ledger: Ledger, inbox: ChangeInbox
) -> None:
    ledger.crosswalk.bind([Link("customer", "salesforce", ANNA, "zoho_inventory", "4815")])
    inbox.keep(batch(change(ANNA, entity="Contact", changed=("AccountId",)), topic=CONTACTS))
    assert kept(ledger) == [HARBOR, ANNA]


def test_no_contact_no_question(inbox: ChangeInbox, contacts: Contacts) -> None:
    inbox.keep(batch(change(HARBOR)))
    assert contacts.asked == []


def test_opportunities_are_another_flows(ledger: Ledger, inbox: ChangeInbox) -> None:
    inbox.keep(batch(change(DEAL, entity="Opportunity"), change(HARBOR), topic=ALL))
    assert (kept(ledger), kept(ledger, SALESFORCE_WON)) == ([HARBOR], [DEAL])
    assert ledger.inbox.history(DEAL)[0].event == "sales_order"


def test_object_that_no_flow_takes_moves_the_place_only(ledger: Ledger, inbox: ChangeInbox) -> None:
    asked = inbox.keep(
        batch(change("01t1", entity="Product2"), change(entity="Order", kind=Kind.GAP_OVERFLOW), topic=ALL)
    )
    assert asked == frozenset()
    assert (kept(ledger), kept(ledger, SALESFORCE_WON), inbox.position(ALL)) == ([], [], b"\x00\xff")


@pytest.mark.parametrize("user", [US, US[:15]])
def test_our_own_change_is_no_news_but_moves_the_place(ledger: Ledger, contacts: Contacts, user: str) -> None:
    """Rule 6. A user's id is written with 15 characters or 18."""
    inbox = ChangeInbox(ledger, ORG, own_user=user, accounts_of=contacts)
    events = [change(HARBOR, commit_user=US), change(ANNA, entity="Contact", commit_user=US)]
    inbox.keep(batch(*events))
    assert kept(ledger) == []
    assert inbox.position(ACCOUNTS) == b"\x00\xff"
    assert contacts.asked == []


def test_gap_is_looked_at_whoever_made_it(ledger: Ledger, inbox: ChangeInbox) -> None:
    inbox.keep(batch(change(HARBOR, kind=Kind.GAP_UPDATE, commit_user=US)))
    assert kept(ledger) == [HARBOR]


def test_site_that_names_no_user_of_ours_hears_all(ledger: Ledger, contacts: Contacts) -> None:
    ChangeInbox(ledger, ORG, own_user="", accounts_of=contacts).keep(batch(change(HARBOR, commit_user="")))
    assert kept(ledger) == [HARBOR]


def test_sign_of_life_moves_the_place(ledger: Ledger, inbox: ChangeInbox) -> None:
    """Places know no order: the next one may look smaller."""
    for place in (b"\xff\x01", b"\x00\x02"):
        inbox.keep(batch(replay_id=place))
        assert inbox.position(ACCOUNTS) == place


def test_places_are_each_topics_and_each_orgs(ledger: Ledger, inbox: ChangeInbox, contacts: Contacts) -> None:
    inbox.keep(batch(replay_id=b"\x01"))
    inbox.keep(batch(topic=DEALS, replay_id=b"\x02"))
    other = ChangeInbox(ledger, "00Dother", own_user=US, accounts_of=contacts)
    assert (inbox.position(ACCOUNTS), inbox.position(DEALS), other.position(DEALS)) == (
        b"\x01",
        b"\x02",
        None,
    )


def test_topics_that_are_followed_no_more_are_forgotten(ledger: Ledger, inbox: ChangeInbox) -> None:
    inbox.keep(batch(replay_id=b"\x01"))
    inbox.keep(batch(topic=DEALS, replay_id=b"\x02"))
    inbox.forget_others([DEALS])
    assert (inbox.position(ACCOUNTS), inbox.position(DEALS)) == (None, b"\x02")


@pytest.mark.parametrize(
    ("event", "flows"),
    [
        (change(kind=Kind.GAP_OVERFLOW), {SALESFORCE_CUSTOMERS}),
        (change(entity="Contact", kind=Kind.GAP_OVERFLOW), {SALESFORCE_CUSTOMERS}),
        (change(entity="Opportunity", kind=Kind.GAP_OVERFLOW), {SALESFORCE_WON}),
        (change("001*", kind=Kind.GAP_UPDATE), {SALESFORCE_CUSTOMERS}),
        (change(kind=Kind.UNREADABLE), {SALESFORCE_CUSTOMERS}),
        (change(entity="", kind=Kind.UNREADABLE), {SALESFORCE_CUSTOMERS, SALESFORCE_WON}),
        (change(kind=Kind.GAP_OVERFLOW, commit_user=US), {SALESFORCE_CUSTOMERS}),
    ],
)
def test_event_that_names_no_records_has_the_flow_compare_everything(
    ledger: Ledger, inbox: ChangeInbox, event: ChangeEvent, flows: set[str]
) -> None:
    assert inbox.keep(batch(event, change(PIER))) == flows
    assert {each.flow for each in resync.all_asked(ledger)} == flows
    assert kept(ledger) == [PIER], "what came with it is kept all the same"


@pytest.mark.parametrize(
    ("topic", "flows"),
    [
        (ACCOUNTS, {SALESFORCE_CUSTOMERS}),
        (DEALS, {SALESFORCE_WON}),
        (ALL, {SALESFORCE_CUSTOMERS, SALESFORCE_WON}),
    ],
)
def test_lost_place_has_the_flow_compare_everything(
    ledger: Ledger, inbox: ChangeInbox, topic: str, flows: set[str]
) -> None:
    inbox.keep(batch(topic=topic))
    assert inbox.keep(ReplayLost(topic, "replayid.corrupted")) == flows
    owed = [resync.owed(ledger, flow) for flow in sorted(flows)]
    assert all(each is not None and topic in each.reason for each in owed)
    assert inbox.position(topic) is None


def test_nothing_is_durable_of_a_batch_that_cannot_be_kept_whole(
    ledger: Ledger, inbox: ChangeInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the place would be beyond rows that are not there."""
    inbox.keep(batch(replay_id=b"\x01"))

    def away(*_: object) -> None:
        raise TransientError("the ledger is away")

    monkeypatch.setattr(ledger.cursors, "put_in", away)
    with pytest.raises(TransientError):
        inbox.keep(batch(change(HARBOR), change(kind=Kind.GAP_OVERFLOW), replay_id=b"\x02"))
    assert kept(ledger) == []
    assert resync.all_asked(ledger) == []
    assert inbox.position(ACCOUNTS) == b"\x01"


class Stream:
    """Gives what was put in, from the place that it is asked for; then is silent."""

    def __init__(self, *said: Received | ReplayLost | IntegrationError) -> None:
        self.said = list(said)
        self.begun: list[bytes | None] = []

    async def follow(self, topic: str, replay_id: bytes | None) -> AsyncGenerator[Received | ReplayLost]:
        del topic
        self.begun.append(replay_id)
        while self.said:
            each = self.said.pop(0)
            if isinstance(each, IntegrationError):
                raise each
            yield each
        await asyncio.Event().wait()


def heard(stream: Stream, inbox: ChangeInbox, number: int) -> tuple[list[frozenset[str]], list[float]]:
    async def work() -> tuple[list[frozenset[str]], list[float]]:
        said, waits = [], []

        async def nap(seconds: float) -> None:
            waits.append(seconds)

        async with aclosing(listen(stream, inbox, ACCOUNTS, sleep=nap)) as news:
            async for each in news:
                said.append(each)
                if len(said) == number:
                    break
        return said, waits

    return asyncio.run(work())


def test_listening_goes_on_from_the_durable_place(ledger: Ledger, inbox: ChangeInbox) -> None:
    inbox.keep(batch(replay_id=b"\x01"))
    stream = Stream(
        batch(change(HARBOR), replay_id=b"\x02"), TransientError("away"), batch(replay_id=b"\x03")
    )
    said, waits = heard(stream, inbox, 2)
    assert said == [frozenset(), frozenset()]
    assert stream.begun == [b"\x01", b"\x02"]
    assert waits == [AWAY]
    assert kept(ledger) == [HARBOR]


def test_listening_survives_what_only_a_person_can_mend(inbox: ChangeInbox) -> None:
    stream = Stream(ConfigurationError("no such topic"), TransientError("busy", retry_after=77.0), batch())
    _, waits = heard(stream, inbox, 1)
    assert waits == [BROKEN, 77.0]


def test_batch_whose_contacts_could_not_be_looked_up_comes_again(
    ledger: Ledger, inbox: ChangeInbox, contacts: Contacts
) -> None:
    contacts.failures.append(TransientError("Salesforce is away"))
    told = batch(change(ANNA, entity="Contact"))
    stream = Stream(told, told)
    heard(stream, inbox, 1)
    assert stream.begun == [None, None], "the place has not moved"
    assert kept(ledger) == [HARBOR]


def test_lost_place_is_told_to_whoever_can_start_a_run(inbox: ChangeInbox) -> None:
    said, _ = heard(Stream(ReplayLost(ACCOUNTS, "x"), batch()), inbox, 2)
    assert said == [frozenset({SALESFORCE_CUSTOMERS}), frozenset()]
