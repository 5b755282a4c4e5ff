"""What Clarity's answers mean, as a table.

Errors come as ``application/problem+json`` with a ``code``, or from a gateway in front as HTML with a
status alone. A verdict is looked up in :data:`RULES`, first match wins: codes we know, then the status.

Titles and details quote numbers, SKUs and names. They go no further: our errors carry the
status, the code and the paths of the refused members.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from include.canonical.reasons import Reason
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    IntegrationError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

if TYPE_CHECKING:
    from include.connectors.clarity_ecommerce.wire import Problem


class Verdict(StrEnum):
    """What to do next about an answer."""

    SUCCESS = "success"
    RATE_LIMITED = "too many calls"
    BUSY = "too many calls at once"
    MAINTENANCE = "closed for maintenance"
    OUTAGE = "out of order"
    IN_PROGRESS = "the same write is still under way"
    TOKEN_REFUSED = "token refused"  # noqa: S105 - a verdict, no password
    KEY_REFUSED = "API key refused"
    FORBIDDEN = "permission missing"
    WRONG_ADDRESS = "no such address"
    WRONG_PARAMETER = "unknown parameter"
    GONE = "does not exist"
    DUPLICATE = "exists already"
    ILLEGAL_MOVE = "status cannot change so"
    KEY_REUSED = "idempotency key used for something else"
    STALE = "changed meanwhile"
    TOO_LARGE = "too large"
    REFUSED = "refused"


class ClarityError(PermanentError):
    """Clarity understood the call and refuses it.

    Args:
        message: what we asked, the status and the code; never Clarity's own words.
        code: of the problem, ``""`` when there was none.
        reason: the same in our vocabulary.
        fields: paths of the members that are refused.
        existing_id: of the record that stands there already.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        reason: Reason = Reason.REFUSED,
        fields: tuple[str, ...] = (),
        existing_id: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.fields = fields
        self.existing_id = existing_id


class NotFoundError(ClarityError):
    """The record does not exist (any more)."""


class DuplicateError(ClarityError):
    """Another record already bears that number: adopt it."""


class StaleError(ClarityError):
    """The record has changed since we read it: read it again."""


class IllegalMoveError(ClarityError):
    """The order's status does not allow it; somebody else may have moved it."""


class KeyReusedError(ClarityError):
    """The idempotency key has carried another body before."""


class TooLargeError(ClarityError):
    """The call is larger than Clarity takes."""


class UnauthorisedError(AuthenticationError):
    """The access token was refused; renewing it once may help."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; an empty condition holds always, all conditions must hold."""

    verdict: Verdict
    codes: frozenset[str] = frozenset()
    statuses: range | frozenset[int] = frozenset()
    ends: str = ""

    def matches(self, status: int, code: str) -> bool:
        """Whether this line speaks of the answer."""
        return (
            (not self.codes or code in self.codes)
            and (not self.statuses or status in self.statuses)
            and code.endswith(self.ends)
        )


RULES: tuple[Rule, ...] = (
    Rule(Verdict.RATE_LIMITED, codes=frozenset({"rate_limited"})),
    Rule(Verdict.BUSY, codes=frozenset({"concurrency_limited"})),
    Rule(Verdict.RATE_LIMITED, statuses=frozenset({429})),
    Rule(Verdict.MAINTENANCE, codes=frozenset({"maintenance"})),
    Rule(Verdict.KEY_REFUSED, codes=frozenset({"key_invalid"})),
    Rule(Verdict.TOKEN_REFUSED, codes=frozenset({"token_missing", "token_expired", "token_invalid"})),
    Rule(Verdict.TOKEN_REFUSED, statuses=frozenset({401})),
    Rule(Verdict.FORBIDDEN, statuses=frozenset({403})),
    Rule(Verdict.WRONG_PARAMETER, codes=frozenset({"unknown_parameter"})),
    Rule(Verdict.GONE, statuses=frozenset({404, 410}), ends="_not_found"),
    Rule(Verdict.WRONG_ADDRESS, statuses=frozenset({404, 405, 410})),
    Rule(Verdict.DUPLICATE, codes=frozenset({"duplicate"})),
    Rule(Verdict.ILLEGAL_MOVE, codes=frozenset({"invalid_status_transition"})),
    Rule(Verdict.KEY_REUSED, codes=frozenset({"idempotency_key_reused"})),
    Rule(Verdict.IN_PROGRESS, codes=frozenset({"idempotency_in_progress"})),
    Rule(Verdict.STALE, statuses=frozenset({412})),
    Rule(Verdict.TOO_LARGE, statuses=frozenset({413})),
    Rule(Verdict.OUTAGE, statuses=frozenset({408, 425})),
    Rule(Verdict.OUTAGE, statuses=range(500, 600)),
)


def judge(status: int, code: str) -> Verdict:
    """The verdict over an answer, from the first rule that matches.

    Args:
        status: HTTP status.
        code: of the problem, ``""`` when the answer carried none.
    """
    if 200 <= status < 300:
        return Verdict.SUCCESS
    return next((rule.verdict for rule in RULES if rule.matches(status, code)), Verdict.REFUSED)


LIMITS = frozenset({Verdict.RATE_LIMITED, Verdict.BUSY})

_REFUSALS: dict[Verdict, type[ClarityError]] = {
    Verdict.GONE: NotFoundError,
    Verdict.DUPLICATE: DuplicateError,
    Verdict.STALE: StaleError,
    Verdict.ILLEGAL_MOVE: IllegalMoveError,
    Verdict.KEY_REUSED: KeyReusedError,
    Verdict.TOO_LARGE: TooLargeError,
    Verdict.REFUSED: ClarityError,
}

_SET_UP: dict[Verdict, tuple[type[IntegrationError], str]] = {
    Verdict.TOKEN_REFUSED: (
        UnauthorisedError,
        "if a renewed token is refused too, the client is blocked or the token is of another tenant",
    ),
    Verdict.KEY_REFUSED: (AuthenticationError, "enter the tenant's present API key"),
    Verdict.FORBIDDEN: (AuthenticationError, "give the client the scope that this call needs"),
    Verdict.WRONG_ADDRESS: (ConfigurationError, "check the host and the dialect's paths"),
    Verdict.WRONG_PARAMETER: (ConfigurationError, "check the dialect's names of filters"),
}

REASONS = {
    "duplicate": Reason.DUPLICATE,
    "invalid_status_transition": Reason.LOCKED_IN_TARGET,
    "row_version_mismatch": Reason.LOCKED_IN_TARGET,
}
"""Codes that say more than that the target refuses; a code that ends in ``_not_found`` lacks a reference."""

_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}", re.ASCII)
_FIELD = re.compile(r"[A-Za-z0-9_.\[\]]{1,80}", re.ASCII)
MOST_FIELDS = 20


def code_of(text: str) -> str:
    """A code that may be shown: anything else than a plain word could quote a customer."""
    return text if _CODE.fullmatch(text) else ""


def fields_of(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Paths that may be shown; see :func:`code_of`."""
    return tuple(path for path in paths if _FIELD.fullmatch(path))[:MOST_FIELDS]


def reason_for(code: str) -> Reason:
    """Clarity's code in our vocabulary."""
    if code.endswith("_not_found"):
        return Reason.NO_REFERENCE
    return REASONS.get(code, Reason.REFUSED)


def error_for(
    verdict: Verdict, problem: Problem, *, doing: str, status: int, retry_after: float | None, safe: bool
) -> IntegrationError:
    """The error that goes with a verdict; returned, so that the caller raises.

    Args:
        verdict: from :func:`judge`, not ``SUCCESS``.
        problem: what the answer said.
        doing: the call, e.g. ``GET /orders/42``.
        status: HTTP status.
        retry_after: seconds to wait, if known.
        safe: the call changes nothing; an outage then loses nothing, else the outcome is unknown.
    """
    fact = f"{doing}: {verdict} (HTTP {status}, code {problem.code or 'none'})"
    if verdict in LIMITS:
        return RateLimitedError(fact, retry_after=retry_after)
    if verdict is Verdict.MAINTENANCE or (verdict is Verdict.OUTAGE and safe):
        return TransientError(fact, retry_after=retry_after)
    if verdict in {Verdict.OUTAGE, Verdict.IN_PROGRESS}:
        return OutcomeUnknownError(fact, retry_after=retry_after)
    if verdict in _SET_UP:
        kind, way_out = _SET_UP[verdict]
        return kind(f"{fact}; {way_out}")
    named = f"; members {', '.join(problem.fields)}" if problem.fields else ""
    return _REFUSALS[verdict](
        fact + named,
        code=problem.code,
        reason=reason_for(problem.code),
        fields=problem.fields,
        existing_id=problem.existing_id,
    )
