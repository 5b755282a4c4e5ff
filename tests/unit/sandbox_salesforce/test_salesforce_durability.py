"""``kill -9`` between any two bytes leaves whole transactions, sessions and numbers."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from include.sandbox.salesforce.world import CONSUMER_KEY, CONSUMER_SECRET

from .salesforce_world import V64, free_port

ROOT = Path(__file__).parents[3]
ROWS = 50
PATH = f"{V64}/composite/sobjects/Product2/Zoho_Item_Id__c"


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


@contextmanager
def process(
    data: Path, ports: tuple[int, int, int]
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    port, tls_port, proxy_port = map(str, ports)
    command = [sys.executable, "-m", "include.sandbox", "--data", str(data), "--port", port]
    doors = ["--salesforce-port", tls_port, "--salesforce-proxy-port", proxy_port]
    running = subprocess.Popen([*command, *doors, "--story", "salesforce"], cwd=ROOT)
    try:
        until = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{port}/_sandbox/health"):
            assert time.monotonic() < until, "the sandbox does not start"
            time.sleep(0.05)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            yield running, http
    finally:
        running.kill()
        running.wait(10)


def rows(batch: int) -> dict[str, Any]:
    kept = [
        {"attributes": {"type": "Product2"}, "Name": f"P{n}", "Zoho_Item_Id__c": f"{batch}-{n}"}
        for n in range(ROWS)
    ]
    return {"allOrNone": True, "records": kept}


def test_a_killed_process_leaves_whole_transactions(tmp_path: Path) -> None:
    ports = (free_port(), free_port(), free_port())
    answered: list[list[str]] = []
    with process(tmp_path, ports) as (running, http):
        form = {"grant_type": "client_credentials"}
        granted = http.post("/services/oauth2/token", data=form, auth=(CONSUMER_KEY, CONSUMER_SECRET)).json()
        headers = {"Authorization": f"Bearer {granted['access_token']}"}

        def write() -> None:
            try:
                for batch in range(10_000):
                    found = http.patch(PATH, json=rows(batch), headers=headers).json()
                    answered.append([one["id"] for one in found])
            except httpx.TransportError:
                return

        writer = threading.Thread(target=write)
        writer.start()
        until = time.monotonic() + 60
        while len(answered) < 5:
            assert time.monotonic() < until, "nothing is written"
            time.sleep(0.001)
        running.send_signal(signal.SIGKILL)
        writer.join(30)
        assert not writer.is_alive()
    with process(tmp_path, ports) as (_, http):
        counts = http.get("/_sandbox/salesforce/counts").json()
        kept = http.get("/_sandbox/salesforce/records/Product2").json()["records"]
        assert counts["Account"] == 91, "the story is not told twice"
        assert len(kept) % ROWS == 0, "no transaction is there in part"
        assert {one for batch in answered for one in batch} <= {one["Id"] for one in kept}
        again = http.patch(PATH, json=rows(10_001), headers=headers).json()
        assert min(one["id"] for one in again) > max(one["Id"] for one in kept)
