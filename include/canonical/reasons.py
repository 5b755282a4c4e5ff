"""Why a record is set aside: one vocabulary for checks, translation, loads and the exceptions desk."""

from __future__ import annotations

from enum import StrEnum


class Disposition(StrEnum):
    """Who can mend it."""

    PARKED = "parked"
    """Mend it here or in the target (an alias, a terms code, a credit limit), then replay."""

    REJECTED = "rejected"
    """Mend it at the source; the source is told, and its next version is carried."""


class Reason(StrEnum):
    """Codes of ``exceptions.code``; stable, documented in ``docs/exceptions.md``."""

    UNREADABLE = "record.unreadable"
    NOT_FOUND_AT_SOURCE = "record.not_found_at_source"
    NOT_SERVED = "record.not_served"
    MISSING = "field.missing"
    INVALID_FORMAT = "field.invalid_format"
    OUT_OF_RANGE = "field.out_of_range"
    TOO_LONG = "field.too_long"
    UNKNOWN_VALUE = "value.unknown"
    NO_REFERENCE = "reference.not_found"
    AMBIGUOUS_REFERENCE = "reference.ambiguous"
    INACTIVE_REFERENCE = "reference.inactive"
    AMBIGUOUS_CUSTOMER = "customer.ambiguous"
    TOTALS_MISMATCH = "totals.mismatch"
    DUPLICATE = "record.duplicate"
    NO_LINES = "record.no_lines"
    NO_RATE = "currency.no_rate"
    OUT_OF_STOCK = "stock.insufficient"
    REFUSED = "target.refused"
    CREDIT_HOLD = "target.credit_hold"
    CREDIT_LIMIT = "target.credit_limit"
    LOCKED_IN_TARGET = "target.locked"
    READ_BACK_DIFFERS = "target.read_back_differs"
    WITHDRAWN = "record.withdrawn"
    """What was carried is no longer meant: an order whose sale fell through."""
    TASK_FAILED = "task.failed"

    @property
    def disposition(self) -> Disposition:
        """Whether the clerk here or the source must act."""
        return Disposition.REJECTED if self in _REJECTED else Disposition.PARKED


_REJECTED = frozenset(
    {
        Reason.UNREADABLE,
        Reason.NOT_FOUND_AT_SOURCE,
        Reason.MISSING,
        Reason.INVALID_FORMAT,
        Reason.OUT_OF_RANGE,
        Reason.TOTALS_MISMATCH,
        Reason.DUPLICATE,
        Reason.NO_LINES,
        Reason.WITHDRAWN,
    }
)
