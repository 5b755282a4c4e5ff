"""``kill -9`` leaves the shop as it was; those without a shop pay nothing for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from include.sandbox.app import create_app

from .conftest import KEY, QUIET, Clarity, Receiver, free_port, wait_until

ROOT = Path(__file__).parents[3]


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


@contextmanager
def process(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Clarity]]:
    command = [sys.executable, "-m", "include.sandbox", "--port", str(port), "--data", str(data)]
    running = subprocess.Popen([*command, "--story", "clarity"], cwd=ROOT)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/_sandbox/health"), 40)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield running, Clarity(client)
    finally:
        running.kill()
        running.wait(10)


def test_orders_tokens_keys_effects_and_undelivered_webhooks_survive(
    tmp_path: Path, receiver: Receiver
) -> None:
    port = free_port()
    body = {"email": "kept@buyer.example", "company": "Kept"}
    with process(tmp_path, port) as (running, clarity):
        clarity.tell("/clarity/settings", {**QUIET, "webhook_retry_seconds": [200] * 200})
        receiver.statuses = [503] * 10_000
        clarity.call(
            "POST", "/webhooks/subscriptions", body={"url": receiver.url, "events": ["order.created"]}
        )
        placed = clarity.tell("/clarity/orders", {})["orders"][0]
        first = clarity.call("POST", "/customers", body=body, headers={"Idempotency-Key": "k"})
        clarity.tell("/clock", {"jump_seconds": 100})
        token, effects = clarity.token, clarity.ask("/clarity/effects")["effects"]
        running.send_signal(signal.SIGKILL)
        running.wait(10)
    assert receiver.statuses
    receiver.statuses.clear()
    with process(tmp_path, port) as (_, clarity):
        clarity.token = token
        assert clarity.order(placed["orderNumber"])["totals"]["grandTotal"] == placed["grandTotal"]
        assert clarity.ask("/clarity/effects")["effects"] == effects
        again = clarity.call("POST", "/customers", body=body, headers={"Idempotency-Key": "k"})
        assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
        assert clarity.ask("/clock")["offset_seconds"] == 100
        wait_until(lambda: clarity.ask("/clarity/webhooks")["deliveries"]["success"] == 1)
        assert placed["orderNumber"].encode() in receiver.taken[-1][1]


def test_no_thread_sends_before_somebody_listens(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    app = create_app(tmp_path)
    app.clarity.start()
    started = set(threading.enumerate()) - before
    assert not [one for one in started if one.name.startswith("clarity-webhook")]
    app.clarity.stop()
    app.control.database.close()


def test_reset_empties_the_shop_and_keeps_its_published_credentials(clarity: Clarity) -> None:
    clarity.tell("/clarity/orders", {})
    clarity.tell("/reset")
    counts = clarity.ask("/clarity/counts")
    assert {name: n for name, n in counts.items() if name != "deliveries" and n} == {}
    assert clarity.http.get("/clarity/api/v1/orders", headers={"X-API-Key": KEY}).json()["totalCount"] == 0
    assert clarity.ask("/clarity/effects")["effects"] == []


def test_clarity_leaves_zohos_own_paths_alone(clarity: Clarity) -> None:
    assert clarity.http.get("/api/v1/salesorders").json()["code"] == 57


def test_the_story_is_northwind_and_adds_up(clarity: Clarity) -> None:
    told = clarity.tell("/load", {"story": "clarity"})["loaded"]["clarity"]
    assert (told["customers"], told["products"], told["orders"]) == (91, 77, 830)
    assert told["payments"] == 830
    order = clarity.order("WEB-110248")
    totals = order["totals"]
    assert totals["subtotal"] == 440.0
    assert totals["grandTotal"] == round(totals["subtotal"] + totals["shipping"], 2)


def test_the_credentials_can_be_asked_for_and_a_client_enrolled(clarity: Clarity) -> None:
    told = clarity.ask("/clarity/credentials")
    assert (told["tenant"], told["token_path"]) == ("/clarity", "/clarity/oauth2/token")
    clarity.tell(
        "/clarity/clients", {"client": "c", "secret": "s", "scopes": ["orders.read"], "key": "clk_c"}
    )
    headers = {"X-API-Key": "clk_c"}
    assert clarity.http.get("/clarity/api/v1/orders", headers=headers).status_code == 200
    assert clarity.http.get("/clarity/api/v1/products", headers=headers).status_code == 403
