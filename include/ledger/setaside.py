"""What an exception says: one reason why one record was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from include.errors import PermanentError
from include.ledger.columns import clean

if TYPE_CHECKING:
    from datetime import datetime

VALUE_LENGTH = 200


class ExceptionState(StrEnum):
    """Where an exception stands."""

    OPEN = "open"
    RETRYING = "retrying"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class NewException:
    """One reason why one record was set aside.

    Attributes:
        record_label: what a clerk calls the record: an order number.
        code: a value of :class:`include.canonical.reasons.Reason`.
        disposition: ``parked`` (act here or in the target) or ``rejected`` (act at the source).
        line: position of the line, 0 = the record itself.
        value: as the source sent it; cut at 200 characters.
        candidates: JSON list of suggestions.
        payload_ref: where the input lies.
        cause: what siblings share; made of code, field and value when empty.
    """

    flow: str
    record_key: str
    record_label: str
    code: str
    disposition: str
    field: str = ""
    line: int = 0
    value: str = ""
    message: str = ""
    remedy: str = ""
    candidates: str = "[]"
    payload_ref: str = ""
    mapping_version: str = ""
    source_version: str = ""
    run_id: str = ""
    task_id: str = ""
    dag_id: str = ""
    try_number: int = 0
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """An exception as it stands; ``attempts`` counts how often it was met."""

    id: int
    flow: str
    record_key: str
    record_label: str
    code: str
    disposition: str
    field: str
    line: int
    value: str
    message: str
    remedy: str
    candidates: str
    payload_ref: str
    mapping_version: str
    source_version: str
    run_id: str
    task_id: str
    dag_id: str
    try_number: int
    cause: str
    state: ExceptionState
    attempts: int
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    resolution: str


IDENTITY = ("flow", "record_key", "code", "field", "line", "value")
"""One row per value of these, for ever."""


def facts_of(item: NewException) -> dict[str, Any]:
    """The item as columns.

    Raises:
        PermanentError: there is no such disposition.
    """
    if item.disposition not in {"parked", "rejected"}:
        raise PermanentError(f"disposition {item.disposition!r}: there are parked and rejected")
    facts = {name: getattr(item, name) for name in NewException.__slots__}
    facts = {
        name: clean(str(value)) if name not in {"line", "try_number"} else int(value)
        for name, value in facts.items()
    }
    facts["value"] = facts["value"][:VALUE_LENGTH]
    return {**facts, "cause": facts["cause"] or f"{facts['code']}|{facts['field']}|{facts['value']}"}


def identity(row: Any) -> tuple[Any, ...]:
    """What makes two exceptions the same one."""
    return tuple(row[name] for name in IDENTITY)
