"""Where a connection may point: a plain http(s) address that is somebody's server.

Whoever may edit a connection chooses where our credentials are sent. Loopback and private networks are
allowed, since the gateway and the sandbox live there. Link-local ones are not: a cloud's metadata
service answers there, to whoever asks from inside.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit


def plain_address(text: str) -> SplitResult | None:
    """The address in its parts, or ``None`` when it is not one that may be called."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.query:
        return None
    return None if _is_nobodys(host) else parts


def _is_nobodys(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:  # a name
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    real = mapped or address
    return real.is_link_local or real.is_multicast or real.is_unspecified
