"""What a worker is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from include.gateway.models import CustomerRequest, OrderRequest

Verb = Literal[
    "create_order",
    "change_order",
    "cancel_order",
    "hold_order",
    "release_order",
    "read_order",
    "create_customer",
    "read_customer",
]


@dataclass(frozen=True, slots=True)
class Job:
    """One request; ``number`` and ``division`` name an existing record."""

    verb: Verb
    key: str = ""
    number: str = ""
    division: str = ""
    reason: str = ""
    order: OrderRequest | None = None
    customer: CustomerRequest | None = None
    resumed: bool = False

    @property
    def noun(self) -> str:
        """The kind of record, which says whose desk the job goes to."""
        return self.verb.partition("_")[2]

    def misses_its_record(self) -> ValueError:
        """The job came without what its verb needs: a mistake of the routes."""
        return ValueError(f"job {self.verb} lacks its record")
