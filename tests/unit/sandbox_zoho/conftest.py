"""A Zoho sandbox over a temporary directory, served on a real port: faults need a real connection."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from include.sandbox.app import DATABASE, create_app

ORG = "5129873"
GRANT = {
    "grant_type": "refresh_token",
    "client_id": "1000.SANDBOX",
    "client_secret": "sandbox-secret",
    "refresh_token": "1000.sandbox.refresh",
}


class Zoho:
    """A caller with a token: what a client would do, in as few words as possible."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.token = ""

    def refresh(self) -> httpx.Response:
        answer = self.http.post("/oauth/v2/token", params=GRANT)
        self.token = answer.json().get("access_token", "")
        return answer

    def call(self, method: str, path: str, *, body: Any = None, prefix: str = "/inventory/v1", **query: Any):
        if not self.token:
            self.refresh()
        headers = {"Authorization": f"Zoho-oauthtoken {self.token}"}
        params = {"organization_id": ORG, **{name: str(value) for name, value in query.items()}}
        return self.http.request(method, prefix + path, params=params, headers=headers, json=body)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return self.call("POST", path, body=body, **query)

    def put(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return self.call("PUT", path, body=body, **query)

    def tell(self, path: str, /, body: Any = None) -> Any:
        """Use the control API."""
        answer = self.http.post(f"/_sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def ask(self, path: str, /, **query: Any) -> Any:
        """Read from the control API."""
        answer = self.http.get(f"/_sandbox{path}", params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def order(self, number: str = "SO-10248") -> dict[str, Any]:
        found = self.get("/salesorders", salesorder_number=number)["salesorders"]
        return self.get(f"/salesorders/{found[0]['salesorder_id']}")["salesorder"]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which Northwind's story is already told."""
    data = tmp_path_factory.mktemp("told")
    app = create_app(data, story="northwind")
    app.control.database.close()
    return data


@pytest.fixture
def data(told: Path, tmp_path: Path) -> Path:
    """A copy of Northwind's story for one test."""
    shutil.copy(told / DATABASE, tmp_path / DATABASE)
    return tmp_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


@contextmanager
def serving(data: Path) -> Iterator[Zoho]:
    """The sandbox on a free port."""
    port = free_port()
    config = uvicorn.Config(create_app(data), port=port, log_config=None, ws="none", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        yield Zoho(client)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoho]:
    """One server for every test that changes something; they tidy up by ``reset``."""
    with serving(tmp_path_factory.mktemp("small")) as caller:
        yield caller


def afresh(caller: Zoho, limit: int | None) -> Zoho:
    """Northwind as it was told, with no limit in the way and webhook retries at once."""
    caller.token = ""
    caller.tell("/reset")
    caller.tell("/load", {"story": "northwind", "limit": limit})
    caller.tell("/zoho/settings", {"per_minute": 100_000, "webhook_retry_seconds": [0.05, 0.05]})
    return caller


@pytest.fixture
def zoho(small: Zoho) -> Zoho:
    """The sandbox with Northwind's items, customers and first three orders."""
    return afresh(small, 3)


@pytest.fixture
def full(small: Zoho) -> Zoho:
    """The sandbox with all of Northwind."""
    return afresh(small, None)


@pytest.fixture(scope="session")
def reader(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoho]:
    """The sandbox with all of Northwind, for tests that only read."""
    data = tmp_path_factory.mktemp("read")
    shutil.copy(told / DATABASE, data / DATABASE)
    with serving(data) as caller:
        caller.tell("/zoho/settings", {"per_minute": 100_000})
        yield caller


class Receiver:
    """Takes webhooks and keeps them; answers with the statuses it is given, then 200."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append((self.path, dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on a real port."""
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(5)
