"""Replay ids: a place in the stream, as bytes that say nothing to a client.

An id is good for its topic only. It carries the event's number and the moment for which it was given out, so
that it expires with the retention; the rest is there to look like nothing and to betray any change.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.database import Database

SETTING = "salesforce_bus_secret"
TAG, HALF = 8, 6


@dataclass(frozen=True, slots=True)
class Place:
    """After the event of this number; ``at`` in epoch milliseconds."""

    number: int
    at: int


class ReplayIds:
    """Writes and reads ids, with a secret that outlives a restart but not a reset."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reset()

    def reset(self) -> None:
        """Take the kept secret, or a new one: then all ids given out before are corrupt."""
        kept = self._database.setting(SETTING)
        if kept is None:
            kept = secrets.token_hex(16)
            self._database.keep_setting(SETTING, kept)
        self._secret = bytes.fromhex(kept)

    def write(self, topic: str, place: Place) -> bytes:
        """The id of a place in a topic."""
        plain = place.number.to_bytes(HALF, "big") + place.at.to_bytes(HALF, "big")
        tag = self._digest(topic.encode() + plain, TAG)
        return tag + self._masked(tag, plain)

    def read(self, topic: str, replay_id: bytes) -> Place | None:
        """The place that an id stands for; None: it is not one of this topic's."""
        if len(replay_id) != TAG + 2 * HALF:
            return None
        tag, plain = replay_id[:TAG], self._masked(replay_id[:TAG], replay_id[TAG:])
        if self._digest(topic.encode() + plain, TAG) != tag:
            return None
        return Place(int.from_bytes(plain[:HALF], "big"), int.from_bytes(plain[HALF:], "big"))

    def _digest(self, data: bytes, size: int) -> bytes:
        return blake2b(data, digest_size=size, key=self._secret).digest()

    def _masked(self, tag: bytes, data: bytes) -> bytes:
        mask = self._digest(tag, 2 * HALF)
        return bytes(one ^ other for one, other in zip(data, mask, strict=True))
