"""C12, C17, C33: the trigger as the triggerer runs it, on an org with its proxy, TLS, sessions and bus."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from airflow.sdk import BaseHook, Connection
from cryptography.fernet import Fernet

from include.ledger import Ledger
from include.pipelines import resync
from include.pipelines.flows import SALESFORCE_CUSTOMERS
from include.sandbox.app import Sandbox, create_app
from tradebridge import connections
from tradebridge.change_events import SalesforceChanges

PATIENCE = 40.0


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Started as for a machine of its own; the connection is what such a machine has."""
    plain, secure, proxy, bus = ports(4)
    app = create_app(tmp_path / "sandbox", salesforce_ports=(secure, proxy), salesforce_bus_port=bus)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=plain, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    extra = {
        "domain": "acme.my",
        "consumer_key": "salesforce-sandbox",
        "consumer_secret": "salesforce-sandbox-secret",
        "proxies": {"https": f"http://127.0.0.1:{proxy}"},
        "ca_file": str(app.doors.papers.authority),
        "pubsub_host": "127.0.0.1",
        "pubsub_port": bus,
        "pubsub_ca_file": str(app.doors.papers.authority),
    }
    connection = Connection(conn_id="salesforce", conn_type="salesforce", extra=json.dumps(extra))
    monkeypatch.setattr(BaseHook, "get_connection", lambda _: connection)
    yield app
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def book(empty_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    path = shutil.copy(empty_ledger, tmp_path / "book.sqlite")
    made = Ledger.connect(f"sqlite:///{path}", secret_key=Fernet.generate_key().decode())
    monkeypatch.setattr(connections, "ledger", lambda *_: made)
    yield made
    made.close()


def ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    found = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return found


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_what_is_saved_in_the_org_arrives_through_a_new_session_too(sandbox: Sandbox, book: Ledger) -> None:
    salesforce = sandbox.salesforce
    world = salesforce.world
    admin = world.user("admin@acme.example")

    def save(name: str, **values: Any) -> str:
        with world.store.commit(admin) as tx:
            made: str = tx.insert(name, values)
        return made

    def work() -> None:
        account = save("Account", Name="Harbor Lights Supply")
        wait_until(lambda: book.inbox.unfinished(SALESFORCE_CUSTOMERS) == [account])
        world.accounts.expire()
        salesforce.bus.drop()
        contact = save("Contact", LastName="Ashe", AccountId=account)
        told = book.inbox.history
        wait_until(lambda: any(row.delivery_id.startswith("Contact:") for row in told(account)))
        assert told(contact) == []
        salesforce.bus.turn({"overflow_commits": 1})
        save("Account", Name="One of very many")

    async def run() -> Any:
        trigger = SalesforceChanges()
        working = asyncio.create_task(asyncio.to_thread(work))
        event = await asyncio.wait_for(anext(aiter(trigger.run())), 3 * PATIENCE)
        await working
        await trigger.cleanup()
        return event.payload

    assert asyncio.run(run()) == {"compare": [SALESFORCE_CUSTOMERS]}
    assert resync.owed(book, SALESFORCE_CUSTOMERS) is not None
