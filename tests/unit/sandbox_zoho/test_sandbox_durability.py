"""``kill -9`` leaves the outside world as it was (A7)."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from .conftest import Receiver, Zoho, answers, free_port, wait_until

ROOT = Path(__file__).parents[3]


@contextmanager
def process(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Zoho]]:
    command = [sys.executable, "-m", "include.sandbox", "--port", str(port), "--data", str(data)]
    running = subprocess.Popen([*command, "--story", "northwind"], cwd=ROOT)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/_sandbox/health"), 20)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            yield running, Zoho(client)
    finally:
        running.kill()
        running.wait(10)


def test_orders_tokens_faults_and_undelivered_webhooks_survive(data: Path, receiver: Receiver) -> None:
    port = free_port()
    with process(data, port) as (running, zoho):
        zoho.refresh()
        zoho.tell("/zoho/settings", {"webhook_retry_seconds": [0.1] * 50})
        zoho.tell("/zoho/webhooks", {"url": "http://127.0.0.1:9/nobody", "name": "orders"})
        placed = zoho.tell("/zoho/salesorders", {"like": "SO-10248"})["salesorders"][0]
        zoho.tell("/zoho/emit", {"rate_per_second": 1})
        zoho.tell("/faults", {"kind": "status", "path": "*/items", "times": 2})
        assert zoho.call("GET", "/items").status_code == 500
        zoho.tell("/clock", {"jump_seconds": 100})
        token = zoho.token
        running.send_signal(signal.SIGKILL)
        running.wait(10)
    with process(data, port) as (_, zoho):
        zoho.token = token
        assert zoho.get(f"/salesorders/{placed['salesorder_id']}")["salesorder"]["total"] == placed["total"]
        assert zoho.ask("/faults")["faults"][0]["struck"] == 1
        assert zoho.ask("/clock")["offset_seconds"] == 100
        counts = zoho.ask("/zoho/webhooks")["deliveries"]
        assert counts["pending"] + counts["sending"] == 831 + 1  # the placed order announced itself too
        zoho.tell("/zoho/webhooks", {"url": receiver.url, "name": "orders"})
        wait_until(lambda: any(placed["salesorder_id"].encode() in body for _, _, body in receiver.taken))
        assert zoho.ask("/requests", path="*/items")["requests"][0]["status"] == 500
