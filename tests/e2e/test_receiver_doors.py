"""A11, B20: what the receiver refuses or keeps, it does behind Airflow's own server and middleware, too."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest

from tests.airflow.events import an_event
from tests.airflow.serving import Wire
from tests.e2e.site import RECEIVER, Site

pytestmark = pytest.mark.e2e


@pytest.fixture
def port(site: Site) -> int:
    return int(urlsplit(site.machine.airflow_url).port or 0)


def test_a_long_body_is_refused_by_its_announcement(port: int) -> None:
    for path in (RECEIVER, "/tradebridge/api/exceptions/replay"):
        with Wire(port) as wire:
            wire.head(headers={"Content-Length": 100_000_000}, path=path)
            assert wire.answer().status == 413
            assert wire.is_closed()


def test_a_compressed_body_is_refused_unread(port: int) -> None:
    with Wire(port) as wire:
        wire.head(b"x" * 1000, {"Content-Encoding": "gzip", "Expect": "100-continue"}, path=RECEIVER)
        answer = wire.answer()
        assert (answer.interim, answer.status) == ([], 415)


def test_a_slow_body_is_cut_while_others_are_answered(port: int) -> None:
    with Wire(port) as slow, Wire(port) as quick:
        slow.head(an_event(), path=RECEIVER)
        slow.send(b"{")
        assert quick.post(an_event(), path=RECEIVER).status == 401
        assert slow.answer().status == 408
        assert slow.is_closed()


def test_a_trailing_slash_is_no_redirect(port: int) -> None:
    with Wire(port) as wire:
        assert wire.post(an_event(), path=f"{RECEIVER}/").status == 404


def test_the_clarity_shop_of_this_machine_is_let_in(site: Site) -> None:
    """Subscription, secret and address are as the machine made them; a test event has no flow to disturb."""
    (subscription,) = site.sandbox.get("/clarity/webhooks").json()["subscriptions"]
    httpx.post(
        f"{site.machine.clarity_url}/api/v1/webhooks/subscriptions/{subscription['id']}/test",
        headers={"X-API-Key": "clk_sandbox_0001"},
        json={},
        trust_env=False,
    ).raise_for_status()

    def delivered() -> list[str]:
        listed = site.sandbox.get("/clarity/webhooks/deliveries").json()["deliveries"]
        return [
            row["eventId"] for row in listed if row["type"] == "webhook.test" and row["status"] == "success"
        ]

    (event_id,) = site.wait_until(delivered, "the test event to be taken")
    told = site.ledger.inbox.history(str(subscription["id"]))
    (row,) = [row for row in told if row.delivery_id == event_id]
    assert (row.flow, row.event, row.outcome) == ("clarity_ecommerce", "webhook.test", "unchanged")
