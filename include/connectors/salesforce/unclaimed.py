"""Products that people made in Salesforce, and that no item of Zoho is known by yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.salesforce.records import SalesforceRecords
from include.connectors.salesforce.targets import PRODUCT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.salesforce.client import SalesforceClient


@dataclass(frozen=True, slots=True)
class UnclaimedProducts:
    """Looks for them by ``ProductCode``, which Salesforce does not keep unique.

    Args:
        client: carries the calls; its settings name the field in which a product has its item's id.
    """

    client: SalesforceClient

    def find(self, codes: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Names of the products that have an item's code and no item, by product id, by item id.

        An item that has its product already has none besides it. All products without an item are read: one
        call for each 2,000, and none where no item asks. Codes are compared in any case.

        Args:
            codes: by item id; a blank one finds nothing.

        Raises:
            IntegrationError: see :meth:`SalesforceClient.query`.
        """
        wanted = {item: code.strip().casefold() for item, code in codes.items() if code.strip()}
        if not wanted:
            return {}
        key, found = self.client.settings.product_key, dict[str, dict[str, str]]()
        records = SalesforceRecords(self.client)
        records.describe.check_fields(PRODUCT, [key])
        free = f"{key} = null AND ProductCode != null"
        for row in self.client.query(f"SELECT Id,ProductCode,Name FROM {PRODUCT} WHERE {free} ORDER BY Id"):  # noqa: S608
            named = str(row["ProductCode"]).strip().casefold()
            found.setdefault(named, {})[str(row["Id"])] = str(row["Name"])
        hits = {item: found[code] for item, code in wanted.items() if code in found}
        carried = records.by_key(PRODUCT, key, hits, fields=["Id"])
        return {item: products for item, products in hits.items() if item not in carried}
