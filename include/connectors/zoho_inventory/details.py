"""Details of items, a hundred a call, and records as they are handed on: Zoho's own bytes and a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from include.connectors.zoho_inventory.errors import NotFoundError
from include.connectors.zoho_inventory.reader import ZohoReader
from include.connectors.zoho_inventory.wire import ZOHO_ID, decode, rows
from include.errors import CircuitOpenError, RateLimitedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.connectors.zoho_inventory.client import ZohoClient

MOST = 100
"""Items in one call to ``/itemdetails``."""


class _Item(msgspec.Struct):
    item_id: str | int


class _Stamp(msgspec.Struct):
    last_modified_time: str = ""


class _Hashed(msgspec.Struct):
    custom_field_hash: msgspec.Raw = msgspec.Raw(b"{}")


def item_id(raw: bytes) -> str:
    """Which item a row or a detail is of."""
    return str(decode(raw, _Item, what="items").item_id)


def version_of(raw: bytes) -> str:
    """``last_modified_time`` as Zoho wrote it."""
    return decode(raw, _Stamp, what="last_modified_time").last_modified_time


def item_details(
    client: ZohoClient, keys: Sequence[str]
) -> Iterator[tuple[str, bytes | TransientError | None]]:
    """The raw details of items, in the order of ``keys``.

    Yields:
        The id and the raw JSON, or None when there is no such item (any more), or the error when Zoho could
        not serve this call.

    Raises:
        RateLimitedError, CircuitOpenError: no more calls for now; items not yet yielded are unread.
        PermanentError: see :meth:`ZohoClient.get`.
    """
    for start in range(0, len(keys), MOST):
        some = keys[start : start + MOST]
        ids = [key for key in some if ZOHO_ID.fullmatch(key)]
        try:
            found = _read(client, ids) if ids else {}
        except (RateLimitedError, CircuitOpenError):
            raise
        except TransientError as error:
            yield from ((key, error) for key in some)
            continue
        yield from ((key, found.get(key)) for key in some)


def _read(client: ZohoClient, ids: Sequence[str]) -> dict[str, bytes]:
    try:
        raw = client.get("/itemdetails", {"item_ids": ",".join(ids)}).part("items")
    except NotFoundError:
        # One that is gone may spoil the call for its siblings.
        singles = {key: ZohoReader(client).item(key) for key in ids}
        return {key: one for key, one in singles.items() if one is not None}
    return {item_id(row): row for row in rows(raw, what="items")}


def told(raw: bytes, version: str, *, flat: bool = False) -> bytes:
    """A record with its version at the top, and with its custom fields there, too.

    Everything else stays byte for byte as Zoho wrote it.

    Args:
        raw: a JSON object.
        version: of the record.
        flat: it is a list's row, whose custom fields are at the top already.
    """
    hashed = b"{}" if flat else bytes(decode(raw, _Hashed, what="custom_field_hash").custom_field_hash)
    fields = hashed.strip()[1:-1].strip()
    return b"".join(
        (b'{"version":', msgspec.json.encode(version), b",", fields, b"," if fields else b"", raw.strip()[1:])
    )
