"""What a run did, as a till that must balance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.errors import UnbalancedError
from include.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class RunReport:
    """Rows received by a run and what became of each.

    ``received = loaded + unchanged + parked + rejected + duplicate + in doubt + waiting + returned``.
    *Waiting* rows went back to the inbox because a system is away and their flow is parked until it is
    there again, or because the source could not serve just these. *Returned* rows went back because their
    batch failed; a run that returns rows is red, but nothing of it is lost.
    """

    flow: str
    run_id: str
    received: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    returned: int = 0
    on_hold: int = 0
    """Of the loaded, those that the target took and put on hold; told when there are any."""
    details: dict[str, str] = field(default_factory=dict)
    carried_after: list[float] = field(default_factory=list)
    """Seconds from a webhook to its record's end in the target, one each."""

    def count(self, outcomes: Mapping[str, int]) -> None:
        """Add rows by outcome."""
        self.outcomes.update({str(name): rows for name, rows in outcomes.items()})

    @property
    def accounted(self) -> int:
        """Rows of which we know what became."""
        return self.outcomes.total() + self.waiting + self.returned

    @property
    def counts(self) -> dict[str, int]:
        """Rows by name, whether they balance or not."""
        return {
            "received": self.received,
            **{outcome.value: self.outcomes.get(outcome.value, 0) for outcome in Outcome},
            "waiting": self.waiting,
            "returned": self.returned,
            **({"on_hold": self.on_hold} if self.on_hold else {}),
        }

    def close(self) -> dict[str, int]:
        """Counts by name, once they balance.

        Raises:
            UnbalancedError: received and accounted differ: something was lost or counted twice.
        """
        if self.received != self.accounted:
            raise UnbalancedError(
                f"run {self.run_id} of {self.flow} does not balance: received {self.received}, "
                f"accounted for {self.accounted} ({dict(self.outcomes)}, waiting {self.waiting}, "
                f"returned {self.returned})"
            )
        return self.counts
