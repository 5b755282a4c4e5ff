"""Sends webhooks: a few threads that take what is due and write down what came back."""

from __future__ import annotations

import http.client
import logging
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from include.sandbox.zoho.settings import Switchboard
    from include.sandbox.zoho.webhooks import Delivery, Webhooks

LOG = logging.getLogger(__name__)
IDLE_SECONDS = 0.05


class Sender:
    """Threads that live as long as the application."""

    def __init__(self, webhooks: Webhooks, switches: Switchboard) -> None:
        self._webhooks = webhooks
        self._switches = switches
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin with as many threads as the settings say; call again after turning them up."""
        for number in range(len(self._threads), self._switches.present.webhook_workers):
            thread = threading.Thread(
                target=self._work, args=(number,), name=f"zoho-webhook-{number}", daemon=True
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
            allowed = number < self._switches.present.webhook_workers
            delivery = self._webhooks.take() if allowed else None
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

    def send(self, delivery: Delivery) -> int:
        """One attempt; answers the HTTP status.

        Raises:
            OSError, http.client.HTTPException: no answer.
        """
        target = urlsplit(delivery.webhook.target())
        make = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        connection = make(target.netloc, timeout=self._switches.present.webhook_timeout_seconds)
        try:
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            headers = delivery.webhook.signed(delivery.body)
            connection.request(delivery.webhook.method, path, delivery.body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()
