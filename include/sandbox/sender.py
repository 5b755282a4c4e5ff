"""Sends webhooks: a few threads that take what is due and write down what came back."""

from __future__ import annotations

import http.client
import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG = logging.getLogger(__name__)
IDLE_SECONDS, OUT_OF_WORK_SECONDS = 0.05, 1.0
"""Between two looks for what is due; between two looks of a thread whether it may send again."""


class Parcel(Protocol):
    """One attempt to make: where to, with which method and headers, which bytes."""

    @property
    def id(self) -> int:
        """The delivery's number."""

    @property
    def body(self) -> bytes:
        """What is sent."""

    @property
    def method(self) -> str:
        """POST, mostly."""

    def target(self) -> str:
        """The whole URL."""

    def headers(self) -> Mapping[str, str]:
        """Signature and all; asked for at the moment of sending."""


class Queue(Protocol):
    """Where one system keeps its deliveries."""

    def take(self) -> Any:
        """The next :class:`Parcel` that is due, now marked as being sent, or None."""

    def record(self, delivery: Any, status: int, detail: str = "") -> None:
        """Write an attempt's end down: HTTP status, or 0 and what went wrong."""


class Pace(Protocol):
    """The two settings that govern sending."""

    @property
    def webhook_workers(self) -> int:
        """How many threads may send."""

    @property
    def webhook_timeout_seconds(self) -> float:
        """How long a receiver may take."""


class Switches(Protocol):
    """A switchboard whose settings hold a pace."""

    @property
    def present(self) -> Pace:
        """The settings as they stand."""


class Sender:
    """Threads that live as long as the application.

    One of them keeps looking for what is due; when it has found something, another takes its place.
    """

    def __init__(self, webhooks: Queue, switches: Switches, name: str = "zoho") -> None:
        self._webhooks = webhooks
        self._switches = switches
        self._name = name
        self._stop = threading.Event()
        self._lookout = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin with as many threads as the settings say; call again after turning them up."""
        for number in range(len(self._threads), self._switches.present.webhook_workers):
            thread = threading.Thread(
                target=self._work, args=(number,), name=f"{self._name}-webhook-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Finish what is being sent and end; pending deliveries stay pending."""
        self._stop.set()
        for thread in self._threads:
            thread.join(self._switches.present.webhook_timeout_seconds)
        self._threads.clear()

    def _work(self, number: int) -> None:
        while not self._stop.is_set():
            if number >= self._switches.present.webhook_workers:
                self._stop.wait(OUT_OF_WORK_SECONDS)
                continue
            with self._lookout:
                delivery = self._webhooks.take()
                if delivery is None:
                    self._stop.wait(IDLE_SECONDS)
                    continue
            try:
                status = self.send(delivery)
            except (OSError, http.client.HTTPException) as exc:
                LOG.warning("webhook delivery %s not taken: %s", delivery.id, type(exc).__name__)
                self._webhooks.record(delivery, 0, f"{type(exc).__name__}: {exc}")
            else:
                self._webhooks.record(delivery, status)

    def send(self, delivery: Parcel) -> int:
        """One attempt; answers the HTTP status.

        Raises:
            OSError, http.client.HTTPException: no answer.
        """
        target = urlsplit(delivery.target())
        make = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        connection = make(target.netloc, timeout=self._switches.present.webhook_timeout_seconds)
        try:
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            connection.request(delivery.method, path, delivery.body, dict(delivery.headers()))
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()
