"""Somebody who is told of alerts: an HTTP endpoint that believes only what is signed, and counts."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONNECTION, CHANNEL = "alerts_webhook", "chaos"
LIMITS = {"outage": 0.5, "calm": 0.5, "longest_calm": 1, "aftermath": 1}
"""Minutes: an outage of ten minutes' chaos is worth an alert sooner than one in an office."""


class Listener(ThreadingHTTPServer):
    """Hears on a free port; ``heard`` counts each message by its id, which a second attempt shares."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ear)
        self.heard: Counter[str] = Counter()
        self.about: dict[str, str] = {}
        self._thread = threading.Thread(target=self.serve_forever, name="listener", daemon=True)

    def open(self) -> None:
        """Start to listen."""
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def environment(self) -> dict[str, str]:
        """What makes a machine tell us."""
        connection = {
            "conn_type": "http",
            "host": f"http://127.0.0.1:{self.server_port}/",
            "password": SECRET,
            "extra": {"allow_private": True},
        }
        channel = {"notifier": "webhook", "connection": CONNECTION, "name": CHANNEL}
        return {
            f"AIRFLOW_CONN_{CONNECTION.upper()}": json.dumps(connection),
            "AIRFLOW_VAR_TRADEBRIDGE_ALERTS": json.dumps([channel]),
            "AIRFLOW_VAR_TRADEBRIDGE_WATCH": json.dumps(LIMITS),
        }


class _Ear(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            told = Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError:
            self.send_error(401)
            return
        number = headers["webhook-id"]
        self.server.heard[number] += 1
        self.server.about[number] = f"{told['type'].rpartition('.')[2]} {told['data']['key']}"
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The count is enough."""
