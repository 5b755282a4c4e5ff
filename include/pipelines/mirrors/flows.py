"""The mirror flows: what is told to whom, through which mappings, held to which rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.checks.suites import Words

if TYPE_CHECKING:
    from include.checks.suites import Rule


@dataclass(frozen=True, slots=True)
class MirrorFlow:
    """One kind of record on its way from one system to another.

    Attributes:
        name: of the flow, which is its DAG's id.
        noun: what it carries, in the plural; part of its tasks' names.
        entity: the same as the crosswalk calls it.
        source: system id of where it carries from.
        target: system id of where it carries to.
        inbound: mapping from the source's record to ours.
        outbound: mapping from ours to the target's.
        record: our frame that has one row for each record.
        label: its column by which people know a record.
        rules: what must hold for a row of that frame.
        words: by which problems are told.
        passed_over: refusals by which the target says no more than that it does not carry the record.
        batch_size: records a batch; a batch is written in as few calls as the target allows.
    """

    name: str
    noun: str
    entity: str
    source: str
    target: str
    inbound: str
    outbound: str
    record: str
    label: str
    rules: tuple[Rule, ...] = ()
    words: Words = field(default_factory=Words)
    passed_over: frozenset[str] = frozenset()
    batch_size: int = 200

    @property
    def event(self) -> str:
        """Under which its records are kept in the inbox."""
        return self.entity
