"""A subscriber as a process of its own, to be killed: follows accounts until so many batches are kept."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from include.connectors.salesforce.pubsub import Settings
from include.connectors.salesforce.pubsub.subscriber import Subscriber
from include.ledger import Ledger
from include.pipelines.change_events import ChangeInbox, listen
from include.pipelines.flows import SALESFORCE_CUSTOMERS

TOPIC = "/data/AccountChangeEvent"


@dataclass
class Fixed:
    """A token that is good for as long as the test."""

    token: str
    tenant_id: str
    instance_url: str = "https://acme.my.salesforce.com"

    def access_token(self) -> str:
        return self.token

    def renew(self, refused: str) -> None:
        raise AssertionError(refused)


def fast(port: int, **given: Any) -> Settings:
    """Settings for tests: short waits, small batches."""
    usual = {"tls": False, "batch": 7, "first_wait": 0.01, "longest_wait": 0.05, "topics": (TOPIC,)}
    return Settings(**{"host": "127.0.0.1", "port": port, **usual, **given})


async def follow(asked: dict[str, Any]) -> None:
    ledger = Ledger.connect(asked["ledger"])
    inbox = ChangeInbox(ledger, asked["tenant"], own_user="", accounts_of=lambda _: {})
    subscriber = Subscriber(fast(asked["port"]), Fixed(asked["token"], asked["tenant"]))
    async with aclosing(listen(subscriber, inbox, TOPIC)) as kept:
        async for _ in kept:
            if sum(ledger.inbox.tally(SALESFORCE_CUSTOMERS).values()) >= asked["until"]:
                return


if __name__ == "__main__":
    asyncio.run(follow(json.loads(sys.argv[1])))
