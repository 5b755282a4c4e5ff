"""A11, B29: a receiver that dies while it keeps an event has not answered; the next try is one row.

The real app, in a process of its own on a port; the shop's part is a sender that tries again after anything
but a 2xx, as Zoho does.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from include import failpoints
from include.ledger import Ledger
from tests.airflow.events import WEBHOOK, an_event, signed
from tests.chaos.survival import KILLED
from tests.pipeline.house import House
from tests.pipeline.world import FLOW

STEP = "ledger.keep_deliveries"


def serve(ledger_url: str, port: int, environment: Mapping[str, str]) -> None:
    """The receiver without an Airflow around it: its ledger and its secrets are given."""
    os.environ.update(environment)
    import uvicorn

    from tests.airflow.events import DOOR
    from tradebridge import connections
    from tradebridge.web import waker
    from tradebridge.web.app import create_app

    book = Ledger.connect(ledger_url)
    connections.ledger = lambda *_: book
    connections.doorkeeper = lambda *_: DOOR
    waker.waker = lambda: SimpleNamespace(ring=lambda: None)
    uvicorn.run(create_app(), host="127.0.0.1", port=port, log_level="warning")


@contextmanager
def receiver(house: House, environment: Mapping[str, str]) -> Iterator[tuple[Any, str]]:
    """A receiver's process and its address, once it listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = get_context("spawn").Process(
        target=serve, args=(house.doors.ledger, port, environment), daemon=True
    )
    process.start()
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.is_alive():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process, f"http://127.0.0.1:{port}{WEBHOOK}"
    finally:
        process.terminate()
        process.join(30)


def announce(url: str) -> int:
    """One attempt; 0 when no answer comes."""
    try:
        body = an_event()
        return httpx.post(url, content=body, headers=signed(body), timeout=60, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


@pytest.mark.parametrize("point", failpoints.COMMIT)
def test_a_receiver_killed_before_it_answers_is_asked_again_and_keeps_one_row(
    house: House, point: str
) -> None:
    house.tidy(0)
    ledger = Ledger.connect(house.doors.ledger)
    environment = {failpoints.VARIABLE: f"{STEP}:{point}"}
    with receiver(house, environment) as (process, url):
        assert announce(url) == 0
        process.join(30)
        assert process.exitcode == KILLED
    assert ledger.inbox.pending(FLOW) == (1 if point == "after_local_commit" else 0)
    with receiver(house, {}) as (_, url):
        assert [announce(url), announce(url)] == [202, 202]
    assert ledger.inbox.pending(FLOW) == 1
    ledger.close()
