"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of all measurements.

    Attributes:
        orders: in the comparison of versions.
        stream: in ours' long run.
        chunk: orders at a time in ours.
        warm_up: orders before the clock starts.
        repeats: runs of each version.
        webhooks: in the burst.
        singles: orders, and runs of empty tasks, one after the other.
        batches: sizes of batches whose queries are counted.
        window: orders changed in the window that is swept.
        announced: orders announced by webhook, and swept after that.
        items: of Zoho's catalogue, carried to Salesforce; one batch of them before, for comparison.
        item_batch: of them, as many as one job carries.
        accounts: of Salesforce, made and then changed.
    """

    orders: int = 10_000
    stream: int = 100_000
    chunk: int = 4_000
    warm_up: int = 200
    repeats: int = 3
    webhooks: int = 400
    singles: int = 15
    batches: tuple[int, ...] = (1, 20, 200)
    window: int = 830
    announced: int = 1_000
    items: int = 100_000
    item_batch: int = 10_000
    accounts: int = 10_000


FULL = Sizes()
QUICK = Sizes(
    orders=300,
    stream=600,
    chunk=200,
    warm_up=50,
    repeats=1,
    webhooks=20,
    singles=2,
    batches=(1, 5),
    window=30,
    announced=20,
    items=1_000,
    item_batch=250,
    accounts=60,
)
