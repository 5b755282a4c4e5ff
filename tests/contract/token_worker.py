"""A process of its own that calls Salesforce with the token all share, and may be killed as it renews it."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import requests

from include.connectors.salesforce import SalesforceSession, login_with
from include.connectors.salesforce.login import Login, credentials_of
from include.errors import AuthenticationError
from include.ledger import Ledger
from tests.contract.salesforce_line import ToSandbox, open_client


@dataclass(frozen=True)
class Told:
    """What a worker is to do.

    Attributes:
        url: of the sandbox.
        ledger: database that all workers share.
        secret: seals its tokens.
        calls: how many to make.
        killed: when the first who logs in is killed: before the request, while it is under way, or when it
            was answered and nothing is kept yet; nobody is when it is blank.
    """

    url: str
    ledger: str
    secret: str
    calls: int = 1
    killed: str = ""


class Watched(ToSandbox):
    """Notes which token each request carries, and what became of it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.used: list[tuple[str, int]] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        token = request.headers.get("Authorization", "")
        answer = super().send(request, *args, **kwargs)
        if token.startswith("Bearer "):
            self.used.append((known_as(token), answer.status_code))
        return answer


@dataclass
class Done:
    """What a worker did: the tokens that it sent with the status each got, and how its calls ended."""

    used: list[tuple[str, int]]
    ends: list[str] = field(default_factory=list)


def known_as(token: str) -> str:
    """A token's name in a report."""
    return hashlib.sha256(token.removeprefix("Bearer ").encode()).hexdigest()[:12]


def work(told: Told, meet: Any, victims: Any, report: Connection) -> None:
    """Load the token, meet the others twice (the token dies in between), call, and report."""
    # Fifty pools would be more connections than PostgreSQL has.
    ledger = Ledger.connect(told.ledger, secret_key=told.secret, pooled=False)

    def log_in() -> Login:
        with victims.get_lock():
            is_victim, victims.value = victims.value > 0, 0
        if is_victim and told.killed == "before":
            die()
        if is_victim and told.killed == "under way":
            threading.Timer(0.3, die).start()
        made = login_with(credentials_of(client.settings), line)
        if is_victim:
            die()
        return made

    client = open_client(told.url, ledger, login=log_in, concurrency=100)
    line = SalesforceSession(client.settings)
    line.mount("https://", ToSandbox(told.url))
    watched = Watched(told.url)
    client.session.mount("https://", watched)
    meet.wait()
    meet.wait()
    done = Done(watched.used)
    for _ in range(told.calls):
        try:
            client.get("limits/")
            done.ends.append("")
        except AuthenticationError as error:
            done.ends.append(type(error).__name__)
    report.send(done)
    report.close()
    ledger.close()


def die() -> None:
    """As by ``kill -9``: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
