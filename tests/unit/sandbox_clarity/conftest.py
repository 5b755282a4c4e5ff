"""A Clarity sandbox on a real port: faults and headers need a real connection."""

from __future__ import annotations

import base64
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

from include.sandbox.app import create_app

CLIENT, SECRET, KEY = "clarity-sandbox", "clarity-sandbox-secret", "clk_sandbox_0001"
QUIET = {"per_minute": 100_000, "burst": 100_000, "webhook_time_scale": 0.0005}


class Clarity:
    """A caller with a token: what a client would do, in as few words as possible."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.token = ""

    def grant(self, **form: str) -> httpx.Response:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = {"grant_type": "client_credentials", **form}
        answer = self.http.post(
            "/clarity/oauth2/token", data=asked, headers={"Authorization": f"Basic {basic}"}
        )
        self.token = answer.json().get("access_token", "") if answer.status_code == 200 else ""
        return answer

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        if not self.token:
            self.grant()
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.http.request(
            method, f"/clarity/api/v1{path}", params=query or None, headers=sent, json=body
        )

    def get(self, path: str, **query: Any) -> Any:
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, number: str = "WEB-110248") -> dict[str, Any]:
        return self.get(f"/orders/by-number/{number}")["data"]

    def tell(self, path: str, /, body: Any = None, method: str = "POST") -> Any:
        """Use the control API."""
        answer = self.http.request(method, f"/_sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def ask(self, path: str, /, **query: Any) -> Any:
        """Read from the control API."""
        answer = self.http.get(f"/_sandbox{path}", params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def play(self, case: str, **asked: Any) -> dict[str, Any]:
        """Play one named case."""
        return self.tell("/clarity/cases", {"cases": [case], **asked})[0]

    def played(self, case: str, **asked: Any) -> list[dict[str, Any]]:
        """The orders of a case."""
        return [self.order(number) for number in self.play(case, **asked)["orders"]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


@contextmanager
def serving(data: Path) -> Iterator[Clarity]:
    """The sandbox on a free port."""
    port = free_port()
    config = uvicorn.Config(create_app(data), port=port, log_config=None, ws="none", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        yield Clarity(client)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clarity]:
    """One server for all tests; they tidy up by ``reset``."""
    with serving(tmp_path_factory.mktemp("clarity")) as caller:
        yield caller


@pytest.fixture
def clarity(small: Clarity) -> Clarity:
    """The shop with all customers and products and its first three orders, no limit in the way."""
    small.token = ""
    small.tell("/reset")
    small.tell("/load", {"story": "clarity", "limit": 3})
    small.tell("/clarity/settings", QUIET)
    return small


class Receiver:
    """Takes webhooks and keeps them; answers with the statuses it is given, then 202."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 202)
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
