"""What a record of Salesforce's says of the record elsewhere that was made of it: its id and its number."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.connectors.salesforce.batches import Batches
from include.connectors.salesforce.describe import Describe
from include.connectors.salesforce.likeness import holds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.salesforce.batches import Done
    from include.connectors.salesforce.client import SalesforceClient

log = logging.getLogger(__name__)

OPPORTUNITY = "Opportunity"


@dataclass(frozen=True, slots=True)
class OpportunityMarks:
    """Marks opportunities with the Zoho orders that were made of them, where the org has fields for it.

    To mark twice is to mark once, so an answer that was lost needs no look.

    Args:
        client: carries the calls; its settings name the field of the id.
        number_field: for the order's number.
    """

    client: SalesforceClient
    number_field: str
    describe: Describe = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "describe", Describe(self.client))

    def write(
        self, orders: Mapping[str, tuple[str, str]], known: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, str]:
        """Say on each opportunity which order it became; 200 a call, none where all is said.

        Args:
            orders: id and number of the order, by opportunity.
            known: what the opportunities say now.

        Returns:
            What came of those that were written: ``changed``, ``refused``; or, to be asked again,
            ``retry`` and ``unknown``.

        Raises:
            IntegrationError: see :meth:`Batches.update`.
        """
        rows = []
        names = self._writable()
        for key, told in orders.items():
            said = {name: value for name, value in zip(self._fields, told, strict=True) if name in names}
            if not holds(known.get(key, {}), said):
                rows.append({"Id": key, **said})
        if not rows:
            return {}
        done = Batches(self.client).update(OPPORTUNITY, rows)
        for row, each in zip(rows, done, strict=True):
            if each.status == "refused":
                _complain(str(row["Id"]), each)
        return {str(row["Id"]): each.status for row, each in zip(rows, done, strict=True)}

    @property
    def _fields(self) -> tuple[str, str]:
        return self.client.settings.opportunity_key, self.number_field

    def _writable(self) -> set[str]:
        fields = self.describe.object(OPPORTUNITY).fields
        return {name for name in self._fields if name in fields and fields[name].updateable}


def _complain(key: str, done: Done) -> None:
    codes = ", ".join(sorted({error.code for error in done.errors}))
    log.warning("opportunity %s does not take the number of its order: %s", key, codes)
