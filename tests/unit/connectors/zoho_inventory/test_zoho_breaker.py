"""A48: which answers of Zoho count against it, and that nobody calls while the circuit is open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from include.errors import CircuitOpenError, IntegrationError, TransientError
from include.ledger import BreakerPolicy, Breakers, Circuit, Ledger, migrate

NAME = "zoho_inventory:5129873"
FINE = (200, {}, {"code": 0, "message": "success"})
POLICY = BreakerPolicy(threshold=3, fresh=timedelta(0))


@pytest.fixture
def breakers(bench, tmp_path: Path) -> Iterator[Breakers]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    ledger = Ledger.connect(url, clock=bench.clock)
    bench.breaker = Breakers(ledger.database, POLICY)
    yield bench.breaker
    ledger.close()


def circuit(breakers: Breakers, name: str = NAME) -> Circuit:
    found = breakers.states([name])
    return found[0].circuit(breakers.database.now()) if found else Circuit.CLOSED


def ask(bench, *paths: str) -> None:
    client = bench.client(attempts=1)
    for path in paths:
        with pytest.raises(IntegrationError):
            client.get(path)


OUTAGES = [
    (503, {}, b"<html>"),
    (500, {}, {"code": 1000, "message": "Internal error"}),
    (200, {}, b"<html>all is well</html>"),
    requests.ConnectionError("reset"),
    requests.ReadTimeout("nothing for 30 s"),
]


@pytest.mark.parametrize("reply", OUTAGES, ids=str)
def test_an_outage_counts_and_then_nobody_calls(bench, breakers: Breakers, reply) -> None:
    bench.zoho.replies(reply)
    ask(bench, "/items", "/contacts", "/salesorders")
    assert circuit(breakers) is Circuit.OPEN
    with pytest.raises(CircuitOpenError) as caught:
        bench.client().get("/items")
    assert caught.value.retry_after == 30
    assert len(bench.zoho.asked) == 3


def test_where_nobody_listens_one_address_is_enough(bench, breakers: Breakers) -> None:
    refused = NewConnectionError(None, "refused")
    bench.zoho.replies(requests.ConnectionError(MaxRetryError(None, "/", refused)))
    ask(bench, "/items", "/items", "/items")
    assert circuit(breakers) is Circuit.OPEN


ANSWERS = [
    (400, 4), (401, 57), (404, 1002), (404, 5), (405, 37),
    (429, 43), (429, 44), (429, 45), (429, 1070), (200, 43),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code"), ANSWERS)
def test_a_refusal_or_a_limit_does_not_count(
    bench, breakers: Breakers, refused, status: int, code: int
) -> None:
    for path in ("/items", "/contacts", "/salesorders", "/users"):
        bench.budget.blocked.clear()
        bench.zoho.replies(refused(status, code))
        ask(bench, path)
    assert breakers.states([NAME]) == []


def test_one_order_that_zoho_cannot_serve_condemns_nobody(bench, breakers: Breakers) -> None:
    bench.zoho.replies((500, {}, {"code": 1000, "message": "Internal error"}))
    ask(bench, *["/salesorders/1"] * 6)
    assert circuit(breakers) is Circuit.CLOSED


def test_every_try_of_a_call_counts_and_the_last_ones_are_not_made(bench, breakers: Breakers) -> None:
    bench.zoho.replies(
        requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused")))
    )
    with pytest.raises(CircuitOpenError):
        bench.client(attempts=10).get("/items")
    assert len(bench.zoho.asked) == 3


def test_after_the_pause_one_call_shows_that_zoho_is_back(bench, breakers: Breakers) -> None:
    bench.zoho.replies((503, {}, b""))
    ask(bench, "/items", "/contacts", "/salesorders")
    bench.zoho.replies((200, {}, {"code": 0, "message": "success", "salesorders": []}))
    bench.clock.sleep(30)
    bench.client().ping()
    assert circuit(breakers) is Circuit.CLOSED


def test_who_comes_while_another_probes_waits_a_moment(bench, breakers: Breakers) -> None:
    bench.zoho.replies((503, {}, b""))
    ask(bench, "/items", "/contacts", "/salesorders")
    bench.zoho.replies(FINE)
    bench.clock.sleep(30)
    probe = breakers.guard(NAME)
    probe.__enter__()
    sleep = bench.clock.sleep

    def meanwhile(seconds: float) -> None:
        sleep(seconds)
        probe.__exit__(None, None, None)

    bench.clock.sleep = meanwhile
    assert bench.client().get("/items").code == 0
    assert bench.clock.slept[-1] <= 5


def test_an_accounts_host_that_is_away_is_left_alone_too(bench, breakers: Breakers) -> None:
    calls = []

    def away(request: requests.PreparedRequest) -> requests.ConnectionError:
        calls.append(request)
        return requests.ConnectionError("reset")

    bench.zoho.accounts = away
    for _ in range(6):
        with pytest.raises(TransientError):
            bench.client(attempts=1).get("/items")
    assert len(calls) == 3
    assert circuit(breakers, "zoho_accounts:accounts.zoho.com") is Circuit.OPEN
