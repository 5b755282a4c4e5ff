"""Tell somebody else's HTTP endpoint something: signed, in time, and never into our own network.

An address is typed by a person and may lead anywhere: to the cloud's metadata service, to a database
beside us. So the name is resolved here, every address it has must be a public one unless the site
allows private ones, and the connection goes to an address that was looked at, not to a second look-up.
Redirects are not followed and proxies of the environment are not used.

Bodies are signed as Standard Webhooks describe: ``webhook-id``, ``webhook-timestamp``,
``webhook-signature``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from include.errors import ConfigurationError, PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and between two bytes of the answer."""
LONGEST_ANSWER = 65_536
PREFIX = "whsec_"


def post_signed(url: str, body: bytes, *, message_id: str, secret: str, allow_private: bool = False) -> None:
    """Send ``body`` once.

    Args:
        url: http or https.
        body: JSON.
        message_id: the same for every attempt at the same message, so that a receiver can tell.
        secret: ``whsec_...`` (base64), or any other text taken as it is.
        allow_private: addresses of our own networks, loopback included, are allowed.

    Raises:
        ConfigurationError: the address is none that we may call.
        TransientError: nobody answered, or with a status that may pass.
        PermanentError: it answered that it will not have it.
    """
    stamp = str(int(time.time()))
    headers = {
        "content-type": "application/json",
        "user-agent": "tradebridge",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(secret, message_id, stamp, body),
    }
    status = _post(url, body, headers, address_of(url, allow_private=allow_private))
    if status in {408, 425, 429} or status >= 500:
        raise TransientError(f"the alert webhook answered {status}")
    if not 200 <= status < 300:
        raise PermanentError(f"the alert webhook answered {status}")


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """The ``webhook-signature`` of a message."""
    key = base64.b64decode(secret.removeprefix(PREFIX)) if secret.startswith(PREFIX) else secret.encode()
    signed = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def address_of(url: str, *, allow_private: bool = False) -> str:
    """The address to connect to.

    Raises:
        ConfigurationError: not http(s), or one of the name's addresses is not public.
        TransientError: the name cannot be resolved now.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ConfigurationError("an alert webhook needs an http(s) address without credentials in it")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(f"cannot resolve the alert webhook's host: {type(error).__name__}") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private and not all(_is_public(address) for address in addresses):
        raise ConfigurationError(
            "the alert webhook's host leads into a private network; set allow_private to mean it"
        )
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    # An IPv4 address in the clothes of IPv6 is judged by what it is.
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None) or ip
    return bool(ip.is_global and inner.is_global and not ip.is_multicast)


def _post(url: str, body: bytes, headers: Mapping[str, str], address: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        adapter = _ToAddress(address)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            with session.post(
                url, data=body, headers=dict(headers), timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                answer.raw.read(LONGEST_ANSWER, decode_content=False)
                return answer.status_code
        except requests.RequestException as error:
            raise TransientError(f"the alert webhook did not answer: {type(error).__name__}") from None


class _ToAddress(HTTPAdapter):
    """Connects to one address; name, certificate and ``Host`` stay those of the URL."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Where the request goes, and under which name."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        parts, arguments = urlsplit(str(request.url)), dict[str, Any](pool)
        if parts.scheme == "https":
            arguments |= {"server_hostname": parts.hostname, "assert_hostname": parts.hostname}
        request.headers["Host"] = parts.netloc
        return {**host, "host": self._address}, arguments
