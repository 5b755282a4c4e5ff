"""The currencies that an organisation has switched on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.zoho_inventory.client import ZohoClient


class _Currency(msgspec.Struct):
    currency_id: str | int
    currency_code: str


@dataclass(frozen=True, slots=True)
class ZohoCurrencies:
    """Currencies of one organisation, read once.

    Args:
        client: carries the call.
    """

    client: ZohoClient
    _read: dict[str, str] = field(default_factory=dict, repr=False)

    def ids(self) -> Mapping[str, str]:
        """Zoho's ids by ISO 4217 code. Raises as :meth:`ZohoClient.get`."""
        if not self._read:
            found = self.client.get("/settings/currencies").read("currencies", list[_Currency])
            self._read.update({each.currency_code: str(each.currency_id) for each in found})
        return self._read
