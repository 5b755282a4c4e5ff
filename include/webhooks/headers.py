"""What all schemes share: one header, usable secrets, and one way to say no."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from include.errors import ConfigurationError, PermanentError

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

TOLERANCE = 300.0
"""Seconds that a signed time may lie in the past or, with the sender's clock ahead, in the future."""
MOST_SIGNATURES = 16
"""In one header: a sender that rotates has two, and each costs a comparison for every secret."""

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


class SignatureError(PermanentError):
    """The request is not proved to be its sender's; it does not say why."""

    def __init__(self, message: str = "the webhook's signature is missing or wrong") -> None:
        super().__init__(message)


def only(headers: Headers, name: str) -> str:
    """The one value of a header; none or several cannot be trusted.

    Raises:
        SignatureError: there is no such header, or more than one, or it is empty.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found = [value for key, value in pairs if key.lower() == name.lower()]
    if len(found) != 1 or not found[0]:
        raise SignatureError
    return found[0]


def usable(secrets: Sequence[str]) -> list[str]:
    """The secrets that are not blank.

    Raises:
        ConfigurationError: there is none. An empty key would make every sender's tag computable.
    """
    kept = [secret for secret in secrets if secret.strip()]
    if not kept:
        raise ConfigurationError("no webhook secret is set; every delivery is refused until there is one")
    return kept


def recent(text: str, now: float, tolerance: float) -> None:
    """Refuse a signed time that is no number of seconds, or too far from ours.

    Raises:
        SignatureError: it is; a recorded request cannot be sent again for ever.
    """
    if not _SECONDS.fullmatch(text) or abs(now - int(text)) > tolerance:
        raise SignatureError
