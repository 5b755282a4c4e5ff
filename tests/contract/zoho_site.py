"""A Zoho sandbox served on a real port, a ledger, and a worker's client between them."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from cryptography.fernet import Fernet

from include.connectors.zoho_inventory import Settings, ZohoClient, ZohoContacts, ZohoSalesOrders
from include.ledger import Ledger, migrate
from include.sandbox.app import DATABASE, create_app

API = "/inventory/v1"


class Site:
    """A running sandbox, its control API, and one worker's client on a ledger."""

    def __init__(self, url: str, http: httpx.Client, ledger: Ledger) -> None:
        self.url = url
        self.http = http
        self.ledger = ledger
        self.slept: list[float] = []
        self.opened: list[ZohoClient] = []

    def client(self, **changes: Any) -> ZohoClient:
        known = {
            "organization_id": "5129873",
            "client_id": "1000.SANDBOX",
            "client_secret": "sandbox-secret",
            "refresh_token": "1000.sandbox.refresh",
            "api_base": self.url,
            "accounts_base": self.url,
            "calls_per_minute": 100_000,
            "calls_per_day": 1_000_000,
            "timeout": (2.0, 5.0),
            "patience": 20.0,
        }
        made = ZohoClient(
            Settings(**(known | changes)),
            tokens=self.ledger.tokens,
            budget=self.ledger.budgets,
            sleep=self.slept.append,
        )
        self.opened.append(made)
        return made

    def wait(self, seconds: float) -> None:
        """Sleep on the sandbox's clock."""
        self.slept.append(seconds)
        self.tell("/clock", {"jump_seconds": seconds})

    def contacts(self, **changes: Any) -> ZohoContacts:
        return ZohoContacts(self.client(**changes), sleep=self.wait)

    def orders(self, **changes: Any) -> ZohoSalesOrders:
        return ZohoSalesOrders(self.client(**changes), sleep=self.wait)

    def tell(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Use the control API."""
        answer = self.http.request(method, f"/_sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def fault(self, kind: str, **rule: Any) -> None:
        """Put up a fault that strikes once unless told otherwise."""
        self.tell("/faults", {"kind": kind, "times": 1} | rule)

    def asked(self) -> Counter[str]:
        """How often the sandbox was asked for what; ids are left out."""
        found = self.http.get("/_sandbox/requests", params={"system": "zoho", "limit": 20_000}).json()
        paths = (row["method"] + " " + row["path"].removeprefix(API) for row in found["requests"])
        return Counter("/".join(part for part in path.split("/") if not part.isdecimal()) for path in paths)

    def contact(self, contact_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/_sandbox/zoho/documents/contacts/{contact_id}").json())

    def order(self, order_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/_sandbox/zoho/documents/salesorders/{order_id}").json())

    def item(self, item_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/_sandbox/zoho/documents/items/{item_id}").json())

    def count(self, resource: str) -> int:
        return int(self.http.get("/_sandbox/zoho/counts").json()[resource])


def northwind(data: Path, orders: int) -> Path:
    """The database of a sandbox in which the first orders of Northwind's story are told."""
    app = create_app(data)
    app.control.load("northwind", orders)
    app.control.database.close()
    return data / DATABASE


@contextmanager
def serving(data: Path) -> Iterator[Site]:
    """A sandbox over a directory, on a free port, and an empty ledger."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(data), port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end, "it never started"
        time.sleep(0.02)
    url = f"sqlite:///{data / 'ledger.sqlite'}"
    migrate(url)
    ledger = Ledger.connect(url, secret_key=Fernet.generate_key().decode())
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        made = Site(f"http://127.0.0.1:{port}", http, ledger)
        made.tell("/zoho/settings", {"per_minute": 100_000, "per_day": 1_000_000})
        yield made
    for client in made.opened:
        client.close()
    ledger.close()
    server.should_exit = True
    thread.join(10)
