"""Which way of signing a sender has, as a site configures it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.webhooks import shared, standard, tags, timestamped
from include.webhooks.headers import usable

if TYPE_CHECKING:
    from include.webhooks.headers import Headers

_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}", re.ASCII)


class Scheme(StrEnum):
    """How a sender proves that a webhook is its own."""

    HEX = "hex"
    BASE64 = "base64"
    STANDARD = "standard"
    TIMESTAMPED = "timestamped"
    TIMESTAMP_APART = "timestamp_apart"
    SHARED_SECRET = "shared_secret"  # noqa: S105 - the scheme's name


HEADERS = {
    Scheme.STANDARD: standard.PREFIX,
    Scheme.TIMESTAMPED: "Stripe-Signature",
    Scheme.TIMESTAMP_APART: "X-Clarity",
    Scheme.SHARED_SECRET: "X-Tradebridge-Key",
}
"""Where the proof stands when the site does not say; of ``standard`` and ``timestamp_apart``, what their
headers begin with."""


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Lets a sender's requests through.

    Attributes:
        secrets: any of them may have signed: two while one is rotated out.
        scheme: how.
        header: that carries the proof; of ``standard`` and ``timestamp_apart``, the prefix of theirs.
    """

    secrets: tuple[str, ...] = field(repr=False)
    scheme: Scheme
    header: str

    @classmethod
    def of(
        cls, secrets: tuple[str, ...], *, scheme: str = "", header: str = "", usual: str = ""
    ) -> Doorkeeper:
        """What a connection says, completed.

        Args:
            secrets: of the connection.
            scheme: a value of :class:`Scheme`; ``hex`` when empty.
            header: where the proof stands; the scheme's usual place when empty.
            usual: where this sender puts a plain tag.

        Raises:
            ConfigurationError: no such scheme, no header's name, no secret.
        """
        try:
            chosen = Scheme(scheme or Scheme.HEX)
        except ValueError:
            known = ", ".join(Scheme)
            raise ConfigurationError(f"webhook_scheme {scheme!r}: there are {known}") from None
        place = header or HEADERS.get(chosen, usual)
        if not _HEADER.fullmatch(place):
            raise ConfigurationError(f"webhook_header {place!r} is not a header's name")
        return cls(tuple(usable(secrets)), chosen, place)

    def check(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Let pass in silence, or refuse.

        Args:
            body: as received, before any decoding.
            headers: a mapping or pairs; names in any case.
            now: seconds since the epoch.

        Raises:
            SignatureError: the request is not proved to be the sender's; it does not say why.
            ConfigurationError: a secret is not of the form that the scheme needs.
        """
        match self.scheme:
            case Scheme.HEX | Scheme.BASE64:
                spelling: tags.Spelling = "hex" if self.scheme is Scheme.HEX else "base64"
                tags.verify(body, headers, self.secrets, header=self.header, spelling=spelling)
            case Scheme.STANDARD:
                standard.verify(body, headers, self.secrets, now=now, prefix=self.header)
            case Scheme.TIMESTAMPED:
                timestamped.verify(body, headers, self.secrets, header=self.header, now=now)
            case Scheme.TIMESTAMP_APART:
                timestamped.verify_apart(body, headers, self.secrets, prefix=self.header, now=now)
            case Scheme.SHARED_SECRET:
                shared.verify(headers, self.secrets, header=self.header)
