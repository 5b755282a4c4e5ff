"""A Salesforce sandbox behind TLS and its proxy, with the real simple-salesforce logged in to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import requests
import uvicorn
from simple_salesforce import Salesforce  # noqa: TID253 - the real client is what is proved

from include.sandbox.app import Sandbox, create_app
from include.sandbox.salesforce.world import CONSUMER_KEY, CONSUMER_SECRET

VERSION = "64.0"
HOST = "acme.my"


@dataclass
class Org:
    """The running sandbox: its records, its control API, and a client like production's."""

    app: Sandbox
    http: httpx.Client
    proxy: str
    authority: Path
    bundle: Path

    def client(self, version: str = VERSION) -> Salesforce:
        """Log in by client credentials through the proxy: a session of its own each time."""
        session = requests.Session()
        session.verify = str(self.authority)
        session.trust_env = False
        session.proxies = {"https": self.proxy}
        return Salesforce(
            consumer_key=CONSUMER_KEY,
            consumer_secret=CONSUMER_SECRET,
            domain=HOST,
            version=version,
            proxies={"https": self.proxy},
            session=session,
        )

    def settings(self, **changes: Any) -> None:
        """Turn the sandbox's switches."""
        self.http.post("/_sandbox/salesforce/settings", json=changes).raise_for_status()

    def reset(self) -> None:
        """An org that nobody has used."""
        self.http.post("/_sandbox/reset").raise_for_status()

    def insert(self, name: str, rows: list[dict[str, Any]]) -> list[str]:
        """Records without a call, in one transaction."""
        world = self.app.salesforce.world
        with world.store.commit(world.user("admin@acme.example")) as tx:
            return [tx.insert(name, row) for row in rows]


@contextmanager
def organization(folder: Path) -> Iterator[Org]:
    """Serve until left."""
    plain, secure, proxy = free_ports(3)
    app = create_app(folder, salesforce_ports=(secure, proxy))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=plain, log_config=None, ws="none", server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    papers = app.doors.papers
    with httpx.Client(base_url=f"http://127.0.0.1:{plain}", timeout=30) as http:
        yield Org(app, http, f"http://127.0.0.1:{proxy}", papers.authority, papers.bundle)
    server.should_exit = True
    thread.join(10)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
