"""The ``requests`` session under simple-salesforce, which itself sets no time-out and follows redirects."""

from __future__ import annotations

import re
import threading
import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from include.connectors.rest.transport import NoAuth

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.connectors.salesforce.settings import Settings

BULK_PATH = "/jobs/ingest"
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)", re.ASCII)


class SalesforceSession(requests.Session):
    """Every request has a time-out, a deadline, our name and no redirect; every answer's quota is read.

    Nothing is retried here: a retry is a call, and calls are counted by the client.

    Args:
        settings: time-outs, sizes, name, proxies, certificates.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._usual, self._bulk = settings.timeout, settings.bulk_timeout
        self._deadline, self._most = settings.deadline, settings.max_response_bytes
        self.monotonic: Callable[[], float] = time.monotonic
        self._heard = threading.local()
        self.on_usage: Callable[[int, int], None] | None = None
        # Cookies would tie us to one server, and .netrc could replace our token.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.auth = NoAuth()
        self.proxies = dict(settings.proxies)
        self.verify = settings.verify
        if settings.verify is not True or settings.proxies:
            # What a connection says goes before what the environment says.
            self.trust_env = False
        self.headers["Sforce-Call-Options"] = f"client={settings.client_name}"
        self.mount("https://", HTTPAdapter(pool_maxsize=settings.concurrency, max_retries=0))

    def request(self, method: Any, url: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """As ``requests``, within time and size and without redirects.

        Raises:
            requests.RequestException: no answer, or none that came whole in time.
        """
        kwargs.setdefault("timeout", self._bulk if BULK_PATH in str(url) else self._usual)
        kwargs["allow_redirects"] = False
        is_streamed = kwargs.pop("stream", False)
        until = self.monotonic() + self._deadline
        answer = super().request(method, url, stream=True, **kwargs)
        if not is_streamed:
            with answer:
                self._read(answer, until)
        self._heard.retry_after = answer.headers.get("Retry-After")
        usage = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if usage and self.on_usage is not None:
            self.on_usage(int(usage[1]), int(usage[2]))
        return answer

    @property
    def retry_after(self) -> str | None:
        """What the last answer to this thread said of waiting; Salesforce itself says nothing of it."""
        return getattr(self._heard, "retry_after", None)

    def _read(self, answer: requests.Response, until: float) -> None:
        """The whole body; a time-out between two bytes alone would let a trickle last for ever."""
        body = bytearray()
        for block in answer.iter_content(1 << 16):
            body += block
            if len(body) > self._most:
                raise requests.exceptions.ContentDecodingError(f"larger than {self._most} bytes")
            if self.monotonic() > until:
                raise requests.ReadTimeout(f"no whole answer within {self._deadline:g} s")
        # What requests itself does with a body that it reads.
        answer._content = bytes(body)
