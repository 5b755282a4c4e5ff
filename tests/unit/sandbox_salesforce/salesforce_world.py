"""A Salesforce org without a wire, and one on real ports."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from include.sandbox.app import create_app
from include.sandbox.control import Control
from include.sandbox.database import Database
from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.store import Store
from include.sandbox.salesforce.world import CONSUMER_KEY, CONSUMER_SECRET, INTEGRATION, World

V64 = "/services/data/v64.0"


class Org:
    """An org in this process: rows in, rows out."""

    def __init__(self, data: Path) -> None:
        self.control = Control(Database(data / "org.sqlite"))
        self.world = World.over(self.control)
        self.store = self.world.store
        self.user = self.world.user(INTEGRATION)
        self.book = next(one["Id"] for one in self.store.rows("Pricebook2"))

    def insert(self, name: str, /, **values: Any) -> str:
        with self.store.commit(self.user) as tx:
            return tx.insert(name, values)

    def update(self, name: str, record: str, /, **values: Any) -> dict[str, Any]:
        with self.store.commit(self.user) as tx:
            tx.update(name, record, values)
        return self.read(name, record)

    def read(self, name: str, record: str, *, deleted: bool = False) -> dict[str, Any]:
        found = self.store.read(name, record, deleted=deleted)
        assert found is not None
        return found

    def refused(self, name: str, /, **values: Any) -> RowError:
        """Why a new record is not taken."""
        try:
            self.insert(name, **values)
        except RowError as exc:
            return exc
        raise AssertionError(f"{name} was taken")

    def entry(self, code: str = "LAMP", price: str = "10.00") -> str:
        """A product with a standard price; answers the price book entry."""
        product = self.insert("Product2", Name=code.title(), ProductCode=code, IsActive=True)
        return self.insert(
            "PricebookEntry", Product2Id=product, Pricebook2Id=self.book, UnitPrice=price, IsActive=True
        )

    def close(self) -> None:
        self.control.database.close()


class Site:
    """A sandbox on real ports, with a caller that has a token."""

    def __init__(self, data: Path, http: httpx.Client, store: Store, tls_port: int, proxy_port: int) -> None:
        self.data = data
        self.store = store
        self.http = http
        self.tls_port = tls_port
        self.proxy_port = proxy_port
        self.token = ""

    def log_in(self) -> dict[str, Any]:
        answer = self.http.post(
            "/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(CONSUMER_KEY, CONSUMER_SECRET),
        )
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return answer.json()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One call below ``/services/data/v64.0``."""
        if not self.token:
            self.log_in()
        sent = {
            "Authorization": f"Bearer {self.token}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        return self.http.request(method, f"{V64}{path}", json=body, headers=sent)

    def tell(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Use the control API."""
        answer = self.http.request(method, f"/_sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def requests(self) -> list[dict[str, Any]]:
        """What Salesforce was asked."""
        answer = self.http.get("/_sandbox/requests", params={"system": "salesforce"})
        return answer.json()["requests"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data: Path) -> Iterator[Site]:
    """The sandbox on three free ports: plain, TLS and proxy."""
    port, tls_port, proxy_port = free_port(), free_port(), free_port()
    app = create_app(data, salesforce_ports=(tls_port, proxy_port))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none", server_header=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < until, "the sandbox does not start"
        time.sleep(0.02)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
        yield Site(data, http, app.salesforce.world.store, tls_port, proxy_port)
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive()
