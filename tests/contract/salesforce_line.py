"""The line between the Salesforce connector and the sandbox: production's addresses lead to a port here.

Everything above the adapter is real: simple-salesforce, its ``https://`` addresses, the connector. The line
can end the process at a request, before it is sent or once it was answered.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from include.connectors.salesforce import SalesforceClient, SalesforceSession, Settings, login_with
from include.connectors.salesforce.login import credentials_of
from include.ledger import Ledger

DIED = 86
"""Exit status of a process that was ended here."""


class ToSandbox(HTTPAdapter):
    """Sends ``https`` requests to a plain port.

    Args:
        url: of the sandbox.
        die: ``before`` or ``after``, a method and a pattern of paths, e.g. ``after PUT batches``.
        nth: at which of these requests.
    """

    def __init__(self, url: str, die: str = "", nth: int = 1) -> None:
        super().__init__()
        self.url = url
        self.moment, self.method, self.pattern = die.split(" ", 2) if die else ("", "", "")
        self.left = nth
        self.sent: list[tuple[str, str]] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send it, or end here."""
        parts = urlsplit(str(request.url))
        self.sent.append((str(request.method), parts.path))
        request.headers["Host"] = parts.netloc
        request.url = f"{self.url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        kwargs["proxies"] = {}
        if request.method == self.method and re.search(self.pattern, parts.path):
            self.left -= 1
        else:
            return super().send(request, *args, **kwargs)
        if self.moment == "before" and not self.left:
            os._exit(DIED)
        answer = super().send(request, *args, **kwargs)
        if self.moment == "after" and not self.left:
            os._exit(DIED)
        return answer


def open_client(url: str, ledger: Ledger, *, die: str = "", nth: int = 1, **changes: Any) -> SalesforceClient:
    """One worker's client; its line is ``client.session.get_adapter("https://")``."""
    known = {
        "domain": "acme.my",
        "consumer_key": "salesforce-sandbox",
        "consumer_secret": "salesforce-sandbox-secret",
        "calls_per_minute": 1_000_000,
        "calls_per_day": 1_000_000,
        "timeout": (2.0, 20.0),
        "bulk_timeout": (2.0, 60.0),
    }
    login = changes.pop("login", None)
    settings = Settings(**(known | changes))
    session = SalesforceSession(settings)
    session.mount("https://", ToSandbox(url, die, nth))
    return SalesforceClient(
        settings,
        login or (lambda: login_with(credentials_of(settings), session)),
        tokens=ledger.tokens,
        budget=ledger.budgets,
        session=session,
        sleep=lambda _seconds: None,
    )
