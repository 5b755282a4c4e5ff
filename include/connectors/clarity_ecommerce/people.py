"""By which number people know the shop's customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from include.connectors.clarity_ecommerce.reader import ClarityReader
from include.connectors.clarity_ecommerce.records import Kind
from include.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.connectors.clarity_ecommerce.client import ClarityClient

MERGED = "merged"


class _Standing(msgspec.Struct):
    status: str = ""


_STANDING = msgspec.json.Decoder(_Standing)


@dataclass(frozen=True, slots=True)
class ClarityCustomers:
    """One tenant's customers.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def numbers(self, ids: Iterable[str]) -> dict[str, str]:
        """``customerNumber`` by id; one that is gone or was merged into another has none.

        Raises:
            TransientError: Clarity could not serve one of them.
            IntegrationError: see :meth:`ClarityReader.records`.
        """
        found = {}
        for customer_id, record in ClarityReader(self.client).records(Kind.CUSTOMERS, ids):
            if isinstance(record, TransientError):
                raise record
            if record is not None and _STANDING.decode(record.raw).status != MERGED:
                found[customer_id] = record.number
        return found
