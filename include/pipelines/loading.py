"""One batch while it is being loaded: what is accepted, what is known, what must wait."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.canonical import Disposition
from include.connectors.sage100 import WriteResult, reason_for
from include.ledger import Outcome
from include.pipelines.credit import remedy_for
from include.pipelines.outcomes import problem, problem_frame, set_aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.pipelines.delivery import Delivered
    from include.pipelines.ports import Ticket, World

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Loading:
    """One batch being loaded: its accepted plan, and what is known so far."""

    world: World
    ticket: Ticket
    plan: pd.DataFrame
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    problems: list[dict[str, object]] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    retry_after: float = 0.0
    held: set[str] = field(default_factory=set)
    """Orders that the target has put on hold for their customer's credit."""
    answered: set[str] = field(default_factory=set)
    """Records that the target has spoken of in this load: they stand there as we want them."""
    purchase_orders: dict[str, str] = field(default_factory=dict)
    """CustomerPONo by record key: the name under which Sage finds an order."""

    @property
    def labels(self) -> dict[str, str]:
        """Order numbers by record key."""
        return dict(zip(self.plan.key, self.plan.number, strict=True))

    def wait(self, keys: set[str], retry_after: float = 0.0) -> None:
        """These orders come back with the task's next try."""
        self.waiting |= keys
        self.retry_after = max(self.retry_after, retry_after)

    def refuse(self, keys: Sequence[str], result: WriteResult) -> None:
        """The target said no, and why."""
        for key in keys:
            said = _refusal(key, self.labels[key], result, self.world.flow.shop)
            self.problems.extend(said)
            self.outcomes |= set_aside(problem_frame(said))

    def take(self, delivered: Delivered[WriteResult]) -> None:
        """Remember what came of orders that were written."""
        self.answered |= delivered.done.keys()
        for key, result in delivered.done.items():
            self.outcomes[key] = Outcome.UNCHANGED if result.status in _AS_IT_WAS else Outcome.LOADED
            if result.warnings:
                codes = ", ".join(sorted({issue.code for issue in result.warnings}))
                log.warning("order %s: Sage wrote it and warns: %s", self.labels[key], codes)
            if result.on_hold and any(remedy_for(issue.code) for issue in result.warnings):
                self.held.add(key)
        for key, result in delivered.refused.items():
            self.refuse([key], result)
        for key in delivered.in_doubt:
            self.outcomes[key] = Outcome.IN_DOUBT
        self.wait(delivered.later, delivered.retry_after)


def adopted(key: str, target_id: str) -> WriteResult:
    """The answer for a record that Sage was found to have written."""
    return WriteResult(key=key, status="adopted", target_id=target_id)


_AS_IT_WAS = frozenset({"unchanged", "absent"})


def _refusal(key: str, number: str, result: WriteResult, shop: str) -> list[dict[str, object]]:
    return [
        problem(
            key,
            reason,
            line=issue.line or 0,
            field=issue.field,
            value=issue.value,
            message=f"order {number}: Sage 100 refused {issue.field or issue.source}: {issue.message}",
            remedy=remedy_for(issue.code) or _REMEDIES[reason.disposition].format(shop=shop),
        )
        for issue in result.errors
        for reason in [reason_for(issue.code)]
    ]


_REMEDIES = {
    Disposition.PARKED: "Mend it in Sage 100 (or in the mapping), then replay this exception.",
    Disposition.REJECTED: "Correct it in {shop} and save the order.",
}
