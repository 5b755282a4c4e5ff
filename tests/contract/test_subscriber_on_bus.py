"""Our subscriber on the sandbox's event bus: C7, C12, C17, C18, C23.

Between the two is nothing but the vendor's contract: gRPC, Avro, trailers.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from include import failpoints
from include.connectors.salesforce.pubsub.subscriber import Subscriber
from include.errors import TransientError
from include.ledger import Ledger, migrate
from include.pipelines import resync
from include.pipelines.change_events import ChangeInbox, listen
from include.pipelines.flows import SALESFORCE_CUSTOMERS, SALESFORCE_WON
from include.sandbox.salesforce.bus.access import Access
from include.sandbox.salesforce.bus.refusal import Refusal, Status
from include.sandbox.salesforce.bus.server import BusServer
from include.sandbox.salesforce.world import CONSUMER_KEY, INTEGRATION
from tests.contract.bus_subscriber import fast
from tests.unit.sandbox_salesforce.bus_reading import Org

ACCOUNTS, CONTACTS, DEALS = (
    "/data/AccountChangeEvent",
    "/data/ContactChangeEvent",
    "/data/OpportunityChangeEvent",
)
HOUR = 3600
TIER = {"name": "Tier__c", "type": "string", "length": 10, "label": "Tier", "custom": True}
PATIENCE = 120.0


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


class Site:
    """An org with its bus, a ledger, and who follows the one into the other."""

    def __init__(self, folder: Path, certificate: tuple[bytes, bytes] | None = None) -> None:
        self.org = Org(folder)
        self.us = self.org.world.user(INTEGRATION)
        self.org.world.switches.turn({"token_seconds": 1000 * HOUR})
        self.server = BusServer(self.org.bus, Access(self.org.world), certificate=certificate)
        self.server.start()
        self.url = f"sqlite:///{folder / 'ledger.sqlite'}"
        migrate(self.url)
        self.ledger = Ledger.connect(self.url)
        self.tenant_id = self.org.world.organization()
        self.instance_url = "https://acme.my.salesforce.com"
        self.tokens = [self.new_token()]
        self.asked: list[list[str]] = []

    def close(self) -> None:
        self.server.stop()
        self.ledger.close()
        self.org.world.control.database.close()

    # Who we are, as a session

    def new_token(self) -> str:
        return self.org.world.accounts.open(self.us, CONSUMER_KEY)

    def access_token(self) -> str:
        return self.tokens[-1]

    def renew(self, refused: str) -> None:
        if refused == self.tokens[-1]:
            self.tokens.append(self.new_token())

    # What happens in the org

    def save(self, *names: str, user: str = "") -> list[str]:
        """Accounts, each in a transaction of its own."""
        made = []
        for name in names:
            with self.org.store.commit(user or self.org.user) as tx:
                made.append(tx.insert("Account", {"Name": name}))
        return made

    # What we hear of it

    def accounts_of(self, contacts: Collection[str]) -> Mapping[str, str]:
        self.asked.append(list(contacts))
        found = {each: self.org.store.read("Contact", each, deleted=True) for each in contacts}
        return {each: row["AccountId"] or "" for each, row in found.items() if row}

    def inbox(self) -> ChangeInbox:
        return ChangeInbox(self.ledger, self.tenant_id, own_user=self.us, accounts_of=self.accounts_of)

    @contextmanager
    def following(self, *topics: str, **settings: Any) -> Iterator[None]:
        """Followed in a thread, as the triggerer does, until the block ends."""
        inbox = self.inbox()
        subscriber = Subscriber(fast(self.server.port, topics=topics, **settings), self)
        stopped, loops = threading.Event(), []

        async def follow(topic: str) -> None:
            async for _ in listen(subscriber, inbox, topic):
                pass

        async def work() -> None:
            loops.append((asyncio.get_running_loop(), asyncio.current_task()))
            await asyncio.gather(*map(follow, topics))

        def run() -> None:
            try:
                asyncio.run(work())
            except asyncio.CancelledError:
                stopped.set()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            loop, task = loops[0]
            loop.call_soon_threadsafe(task.cancel)
            thread.join(PATIENCE)
            assert stopped.is_set(), "a stream could not be closed"

    def heard(self, flow: str = SALESFORCE_CUSTOMERS) -> Counter[str]:
        """How often each record was announced and is not carried yet."""
        keys = self.ledger.inbox.unfinished(flow)
        return Counter({key: len(self.ledger.inbox.history(key)) for key in keys})

    def hears(self, *keys: str, flow: str = SALESFORCE_CUSTOMERS) -> None:
        """Waits until these are announced."""
        wait_until(lambda: set(keys) <= set(self.heard(flow)))

    def place(self, topic: str = ACCOUNTS) -> bytes | None:
        return self.inbox().position(topic)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def test_what_was_saved_before_we_first_came_and_what_is_saved_now(site: Site) -> None:
    before = site.save("A", "B")
    with site.following(ACCOUNTS):
        site.hears(*before)
        (now,) = site.save("C")
        site.hears(now)
    assert site.heard() == Counter([*before, now])


def test_update_delete_and_undelete_are_told(site: Site) -> None:
    (account,) = site.save("A")
    with site.org.commit() as tx:
        tx.update("Account", account, {"Phone": "+1 409 555 0142"})
    with site.org.commit() as tx:
        tx.delete("Account", account)
    with site.org.commit() as tx:
        tx.undelete(account)
    with site.following(ACCOUNTS):
        wait_until(lambda: site.heard()[account] == 4)
    rows = reversed(site.ledger.inbox.history(account))
    assert [row.headers["kind"] for row in rows] == ["CREATE", "UPDATE", "DELETE", "UNDELETE"]
    update = json.loads(site.ledger.inbox.history(account)[2].payload)
    assert "Phone" in update["changed"]


def test_merger_tells_of_both(site: Site) -> None:
    """C20. The loser is deleted, its contacts move."""
    winner, loser = site.save("A", "B")
    with site.org.commit() as tx:
        contact = tx.insert("Contact", {"LastName": "Ashe", "AccountId": loser})
    with site.following(ACCOUNTS, CONTACTS):
        site.hears(winner, loser)
        with site.org.commit() as tx:
            tx.merge("Account", winner, [loser])
        wait_until(lambda: site.ledger.inbox.history(loser)[0].headers["kind"] == "DELETE")
        told = site.ledger.inbox.history
        wait_until(lambda: any(row.delivery_id.startswith("Contact:") for row in told(winner)))
    assert contact not in site.heard()


def test_contact_tells_of_its_account(site: Site) -> None:
    """C17, also when the contact's event comes before its account's: topics have no common order."""
    (account,) = site.save("A")
    with site.org.commit() as tx:
        people = [tx.insert("Contact", {"LastName": name, "AccountId": account}) for name in "XYZ"]
        private = tx.insert("Contact", {"LastName": "Ashe"})
    with site.following(CONTACTS):
        site.hears(account, private)
    assert set(site.heard()) == {account, private}
    assert sorted(each for some in site.asked for each in some) == sorted([*people, private])


def test_opportunities_tell_their_own_flow(site: Site) -> None:
    with site.org.commit() as tx:
        deal = tx.insert(
            "Opportunity", {"Name": "Lamps", "StageName": "Prospecting", "CloseDate": "2026-03-31"}
        )
    with site.following(DEALS):
        site.hears(deal, flow=SALESFORCE_WON)
    assert site.heard() == Counter()


def test_own_changes_are_no_news(site: Site) -> None:
    ours = site.save("ours", user=site.us)
    theirs = site.save("theirs")
    with site.following(ACCOUNTS):
        site.hears(*theirs)
    assert set(site.heard()) == set(theirs)
    place = site.place()
    with site.org.store.commit(site.us) as tx:
        tx.update("Account", ours[0], {"Zoho_Contact_Id__c": "4815000000044080"})
    with site.following(ACCOUNTS):
        wait_until(lambda: site.place() != place)
    assert set(site.heard()) == set(theirs)


@pytest.mark.parametrize(
    "end",
    [
        Refusal(Status.UNAVAILABLE, "service.unavailable", "away"),
        Refusal(Status.INTERNAL, "service.internal", "broken"),
        Refusal(Status.UNAUTHENTICATED, "service.auth.error", "expired"),
    ],
)
def test_dropped_streams_lose_nothing_and_tell_nothing_twice(site: Site, end: Refusal) -> None:
    saved: list[str] = []
    with site.following(ACCOUNTS):
        for turn in range(6):
            saved += site.save(*(f"No {turn}-{n}" for n in range(9)))
            site.org.bus.drop(end)
        site.hears(*saved)
    assert site.heard() == Counter(saved)


def test_service_that_is_away_for_a_while(site: Site) -> None:
    site.org.bus.turn({"refuse": 5})
    (account,) = site.save("A")
    with site.following(ACCOUNTS):
        site.hears(account)


def test_restarted_bus_is_found_again(site: Site) -> None:
    (first,) = site.save("A")
    with site.following(ACCOUNTS, connect_timeout=0.5):
        site.hears(first)
        port = site.server.port
        site.server.stop()
        (second,) = site.save("B")
        site.server = BusServer(site.org.bus, Access(site.org.world), port=port)
        site.server.start()
        site.hears(second)
    assert site.heard() == Counter([first, second])


def test_events_that_are_delivered_twice_are_kept_once(site: Site) -> None:
    site.org.bus.turn({"duplicate": 10})
    saved = site.save(*(f"No {n}" for n in range(10)))
    with site.following(ACCOUNTS):
        site.hears(*saved)
    assert site.heard() == Counter(saved)
    assert site.org.bus.switches.present.duplicate < 10


def test_more_than_the_credit_of_one_request(site: Site) -> None:
    saved = site.save(*(f"No {n}" for n in range(40)))
    with site.following(ACCOUNTS, batch=3):
        site.hears(*saved)
    assert site.heard() == Counter(saved)


def test_gap_tells_of_its_record(site: Site) -> None:
    site.org.bus.turn({"gap_commits": 1})
    saved = site.save("A", "B")
    with site.following(ACCOUNTS):
        site.hears(*saved)
    assert site.ledger.inbox.history(saved[0])[0].headers["kind"] == "GAP_CREATE"
    assert resync.all_asked(site.ledger) == []


def test_overflow_has_the_flow_compare_everything(site: Site) -> None:
    site.org.bus.turn({"overflow_commits": 1})
    lost, told = site.save("A", "B")
    with site.following(ACCOUNTS):
        site.hears(told)
    assert lost not in site.heard()
    owed = resync.owed(site.ledger, SALESFORCE_CUSTOMERS)
    assert owed is not None
    assert "GAP_OVERFLOW" in owed.reason


@pytest.mark.parametrize("how", ["expired", "after 73 hours", "of another org"])
def test_lost_place_has_the_flow_compare_everything_and_goes_on_with_the_oldest(site: Site, how: str) -> None:
    """Never on with the newest: what is still there would be skipped, too."""
    with site.following(ACCOUNTS):
        site.hears(*site.save("A"))
    missed = site.save("B", "C")
    if how == "expired":
        site.org.bus.log.expire(1)
    elif how == "after 73 hours":
        site.org.clock.jump(73 * HOUR)
        missed = site.save("D")
    else:
        with site.ledger.database.begin("put a wrong place") as connection:
            name = f"change_events/{site.tenant_id}{ACCOUNTS}"
            site.ledger.cursors.put_in(connection, name, b"a place of another org".hex())
    with site.following(ACCOUNTS):
        site.hears(missed[-1])
        (now,) = site.save("E")
        site.hears(now)
    owed = resync.owed(site.ledger, SALESFORCE_CUSTOMERS)
    assert owed is not None
    assert "expired" in owed.reason


def test_sign_of_life_keeps_the_place_of_a_quiet_topic(site: Site) -> None:
    """Else three quiet days would cost the place, and everything would have to be compared."""
    site.org.bus.turn({"keepalive_seconds": 0.05})
    with site.following(ACCOUNTS):
        site.hears(*site.save("A"))
        place = site.place()
        wait_until(lambda: site.place() != place)
        site.org.clock.jump(73 * HOUR)
        place = site.place()
        wait_until(lambda: site.place() != place)
    (now,) = site.save("B")
    with site.following(ACCOUNTS):
        site.hears(now)
    assert resync.all_asked(site.ledger) == []


@pytest.mark.parametrize("stall", ["all", "keepalive"])
def test_stream_that_only_looks_open_is_opened_again(site: Site, stall: str) -> None:
    site.org.bus.turn({"stall": stall, "keepalive_seconds": 0.05})
    with site.following(ACCOUNTS, watchdog=0.3):
        wait_until(lambda: site.org.bus.subscribers)
        (first,) = set(site.org.bus.subscribers)
        wait_until(lambda: set(site.org.bus.subscribers) - {first})
        site.org.bus.turn({"stall": "no"})
        (account,) = site.save("A")
        site.hears(account)
    assert site.heard() == Counter([account])


def test_token_that_expires_in_mid_stream_is_renewed_and_the_place_kept(site: Site) -> None:
    """C33. The bus looks at the token when it speaks, and when it is asked for more."""
    site.org.bus.turn({"keepalive_seconds": 0.05})
    saved = site.save("A")
    with site.following(ACCOUNTS):
        site.hears(*saved)
        site.org.world.accounts.expire()
        wait_until(lambda: len(site.tokens) == 2)
        saved += site.save("B")
        site.hears(*saved)
    assert site.heard() == Counter(saved)
    assert resync.all_asked(site.ledger) == []


def test_used_up_allocation_is_waited_for(site: Site) -> None:
    site.org.world.switches.turn({"daily_delivered_events": 2})
    saved = site.save("A", "B", "C", "D")
    with site.following(ACCOUNTS, allocation_wait=0.1):
        site.hears(*saved[:2])
        site.org.world.switches.turn({"daily_delivered_events": 25_000})
        site.hears(*saved)
    assert site.heard() == Counter(saved)


def test_new_field_changes_the_schema_in_mid_stream(site: Site) -> None:
    (first,) = site.save("A")
    with site.following(ACCOUNTS):
        site.hears(first)
        site.org.store.schema.add_field("Account", TIER)
        with site.org.commit() as tx:
            second = tx.insert("Account", {"Name": "B", "Tier__c": "gold"})
        site.hears(second)


def test_two_who_follow_one_topic_keep_each_event_once(site: Site) -> None:
    """As for a moment when a triggerer is believed dead and is not."""
    with site.following(ACCOUNTS), site.following(ACCOUNTS):
        saved = site.save(*(f"No {n}" for n in range(20)))
        site.hears(*saved)
        wait_until(lambda: all(one.delivered >= 20 for one in list(site.org.bus.subscribers.values())))
    assert site.heard() == Counter(saved)


def test_ledger_that_goes_away_holds_the_stream_up_and_loses_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.pipelines.change_events.AWAY", 0.02)
    put, tries = site.ledger.cursors.put_in, []

    def away_at_first(*told: Any) -> None:
        tries.append(told)
        if len(tries) <= 3:
            raise TransientError("the ledger is away")
        put(*told)

    monkeypatch.setattr(site.ledger.cursors, "put_in", away_at_first)
    saved = site.save("A", "B")
    with site.following(ACCOUNTS):
        site.hears(*saved)
    assert len(tries) > 3
    assert site.heard() == Counter(saved)


def test_tls_with_an_authority_of_our_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    site = Site(tmp_path, (chain, issued.private_key_pem.bytes()))
    (account,) = site.save("A")
    with site.following(ACCOUNTS, tls=True, ca_file=str(tmp_path / "ca.pem")):
        site.hears(account)
    site.close()


def run(site: Site, until: int, **environment: str) -> int:
    asked = {"port": site.server.port, "token": site.access_token(), "tenant": site.tenant_id}
    asked |= {"ledger": site.url, "until": until}
    command = [sys.executable, "-m", "tests.contract.bus_subscriber", json.dumps(asked)]
    return subprocess.run(command, env=os.environ | environment, timeout=120, check=False).returncode


@pytest.mark.parametrize("point", failpoints.COMMIT)
def test_killed_subscriber_loses_nothing_and_tells_nothing_twice(
    site: Site, point: str, tmp_path: Path
) -> None:
    """kill -9 between receiving and the commit, and right behind the commit."""
    saved = site.save(*(f"No {n}" for n in range(20)))
    fatal = {
        failpoints.VARIABLE: f"ledger.keep_change_events:{point}",
        failpoints.ONCE: str(tmp_path / "once"),
    }
    assert run(site, 20, **fatal) == -signal.SIGKILL
    assert len(site.heard()) == (0 if point == "before_local_commit" else 7)
    saved += site.save("one more")
    assert run(site, 21, **fatal) == 0
    assert site.heard() == Counter(saved)
    assert site.place() is not None
