"""What a flow needs of a source's record besides what its connector gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.errors import TransientError
    from include.pipelines.mirrors.ports import Found, RecordSource

GONE = "gone"
OF_DELETED = frozenset({"MasterRecordId", "AccountId"})
"""What matters of a deleted record besides what is said of one that is gone for good."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def gone_customer(key: str) -> dict[str, Any]:
    """A customer who has left the recycle bin."""
    kind = "Contact" if key.startswith("003") else "Account"
    return {
        "Id": key, "version": GONE, "attributes": {"type": kind}, "Name": key, "LastName": key,
        "IsDeleted": True, "Contacts": [],
    }  # fmt: skip


def gone_opportunity(key: str) -> dict[str, Any]:
    """An opportunity that has left the recycle bin."""
    return {
        "Id": key, "version": GONE, "Name": key, "IsDeleted": True, "IsWon": False, "IsClosed": True,
        "CloseDate": "1970-01-01", "SystemModstamp": "1970-01-01T00:00:00.000+0000",
        "OpportunityLineItems": [],
    }  # fmt: skip


def gone_item(key: str) -> dict[str, Any]:
    """An item that Zoho has no longer."""
    return {"item_id": key, "version": GONE, "name": key, "status": "deleted"}


@dataclass(frozen=True, slots=True)
class Remembered:
    """A source whose records that are gone are told as deleted, and of whose deleted ones no more is told.

    Args:
        source: what is left of the records.
        gone: makes the document of one that is not.
        check: called once before the first documents; refuses a site whose fields cannot be read.
        number_field: of the record, whose value stands under ``named.number``; blank for none.
    """

    source: RecordSource
    gone: Callable[[str], dict[str, Any]]
    check: Callable[[], None] = lambda: None
    number_field: str = ""

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Found:
        """As the source's own."""
        return self.source.changes(known, since)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each record's JSON bytes, also of one that is gone.

        Raises:
            ConfigurationError: a field that the site names is not readable.
        """
        self.check()
        for key, answer in self.source.documents(keys):
            if answer is None:
                yield key, msgspec.json.encode(self.gone(key))
            elif isinstance(answer, bytes) and (self.number_field or b'"IsDeleted"' in answer):
                yield key, msgspec.json.encode(self._told(key, _MEMBERS.decode(answer)))
            else:
                yield key, answer

    def _told(self, key: str, members: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
        if self.number_field:
            members |= {"named": self._named(members)}
        if bytes(members.get("IsDeleted", b"")) != b"true":
            return members
        # Nobody mends a deleted record: what it says otherwise must not hold up that it is deleted.
        gone = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in self.gone(key).items()}
        lists = {name for name, value in gone.items() if bytes(value) == b"[]"}
        kept = ((gone.keys() - lists) | OF_DELETED | {"named"}) & members.keys()
        return gone | {name: members[name] for name in kept if bytes(members[name]) != b"null"}

    def _named(self, members: Mapping[str, msgspec.Raw]) -> msgspec.Raw:
        if self.number_field not in members:
            raise ConfigurationError(
                f"setting salesforce_number_field names {self.number_field!r}, which is not readable: create "
                "the field, or let the integration user read it"
            )
        return msgspec.Raw(msgspec.json.encode({"number": members[self.number_field]}))
