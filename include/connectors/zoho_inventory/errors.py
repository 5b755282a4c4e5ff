"""What Zoho's answers mean, as a table.

Zoho reports the same trouble in several ways: its envelope carries a ``code`` that counts whatever
the HTTP status, 43 and 1070 have been seen inside a 200, and one code means different things to
different modules. So a verdict is looked up in :data:`RULES`, first match wins: codes we know,
then the wording of limits, then the status, then the wording of refusals. Nothing here is ever read as
"no rows".

Zoho's messages quote customers' names (``The customer "X" already exists``). They are matched
here and go no further: our errors carry the status and the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from include.errors import (
    AuthenticationError,
    ConfigurationError,
    IntegrationError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    TransientError,
)


class Verdict(StrEnum):
    """What to do next about an answer."""

    SUCCESS = "success"
    BLOCKED = "blocked for an hour"
    MINUTE_SPENT = "too many calls this minute"
    DAY_SPENT = "the day's calls are spent"
    BUSY = "too many calls at once"
    SLOW_DOWN = "too many calls"
    UNAUTHORISED = "token refused"
    FORBIDDEN = "permission missing"
    WRONG_ORGANISATION = "not our organisation"
    WRONG_ADDRESS = "no such address"
    DUPLICATE = "exists already"
    GONE = "does not exist"
    OUTAGE = "Zoho is out of order"
    REFUSED = "refused"


LIMITS = frozenset(
    {Verdict.BLOCKED, Verdict.MINUTE_SPENT, Verdict.DAY_SPENT, Verdict.BUSY, Verdict.SLOW_DOWN}
)


class ZohoError(PermanentError):
    """Zoho understood the call and refuses it.

    Args:
        message: what we asked, the status and the code; never Zoho's own words.
        code: the envelope's code, None when there was none.
        field: Zoho's name of what it is about, blank when it names none.
    """

    def __init__(self, message: str, *, code: int | None = None, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class NotFoundError(ZohoError):
    """The record does not exist (any more)."""


class DuplicateError(ZohoError):
    """Another record already bears that number or name: adopt it."""


class UnauthorisedError(AuthenticationError):
    """The access token was refused; renewing it once may help."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; an empty condition holds always, all conditions must hold."""

    verdict: Verdict
    codes: frozenset[int] = frozenset()
    statuses: range | frozenset[int] = frozenset()
    says: str = ""

    def matches(self, status: int, code: int | None, message: str) -> bool:
        """Whether this line speaks of the answer; ``message`` in lower case."""
        return (
            (not self.codes or code in self.codes)
            and (not self.statuses or status in self.statuses)
            and self.says in message
        )


RULES: tuple[Rule, ...] = (
    Rule(Verdict.BLOCKED, codes=frozenset({43})),
    Rule(Verdict.MINUTE_SPENT, codes=frozenset({44})),
    Rule(Verdict.DAY_SPENT, codes=frozenset({45})),
    Rule(Verdict.BUSY, codes=frozenset({1070})),
    Rule(Verdict.UNAUTHORISED, codes=frozenset({14, 57})),
    Rule(Verdict.WRONG_ORGANISATION, codes=frozenset({6041, 9017})),
    Rule(Verdict.WRONG_ORGANISATION, codes=frozenset({2, 4}), says="organization"),
    Rule(Verdict.DUPLICATE, codes=frozenset({1001, 3062, 13011, 36004})),
    Rule(Verdict.GONE, codes=frozenset({1002, 2006})),
    Rule(Verdict.WRONG_ADDRESS, codes=frozenset({5, 37})),
    Rule(Verdict.OUTAGE, codes=frozenset({1000})),
    Rule(Verdict.DAY_SPENT, says="maximum call rate limit"),
    Rule(Verdict.BUSY, says="in process requests"),
    Rule(Verdict.MINUTE_SPENT, says="requests per minute"),
    Rule(Verdict.SLOW_DOWN, statuses=frozenset({429})),
    Rule(Verdict.UNAUTHORISED, statuses=frozenset({401})),
    Rule(Verdict.FORBIDDEN, statuses=frozenset({403})),
    Rule(Verdict.OUTAGE, statuses=frozenset({408, 425})),
    Rule(Verdict.OUTAGE, statuses=range(500, 600)),
    Rule(Verdict.DUPLICATE, says="already exists"),
    Rule(Verdict.GONE, says="does not exist"),
    Rule(Verdict.WRONG_ADDRESS, statuses=frozenset({404, 405, 410})),
)


def judge(status: int, code: int | None, message: str) -> Verdict:
    """The verdict over an answer, from the first rule that matches.

    Args:
        status: HTTP status.
        code: the envelope's code, None when the answer carried none.
        message: the envelope's message.
    """
    if status < 300 and code in {0, None}:
        return Verdict.SUCCESS
    said = message.lower()
    return next((rule.verdict for rule in RULES if rule.matches(status, code, said)), Verdict.REFUSED)


_ERRORS: dict[Verdict, tuple[type[IntegrationError], str]] = {
    Verdict.UNAUTHORISED: (
        UnauthorisedError,
        "the access token is refused; if a renewed one is too, the scope or the permission is missing",
    ),
    Verdict.FORBIDDEN: (AuthenticationError, "the user may not do this; grant the scope or the role"),
    Verdict.WRONG_ORGANISATION: (
        ConfigurationError,
        "the user does not belong to the organisation; check organization_id and the data centre",
    ),
    Verdict.WRONG_ADDRESS: (ConfigurationError, "no such address; check the API base and the data centre"),
}

_REFUSALS: dict[Verdict, type[ZohoError]] = {
    Verdict.DUPLICATE: DuplicateError,
    Verdict.GONE: NotFoundError,
    Verdict.REFUSED: ZohoError,
}


_FIELD = re.compile(
    r"(?:Invalid value passed for|Please ensure that the) ([a-z][a-z0-9_]{0,59})(?: has less than|\.?$)",
    re.ASCII,
)


def field_of(message: str) -> str:
    """The field that a refusal names, "" if none: its name is Zoho's word, the rest may be a customer's."""
    found = _FIELD.match(message)
    return found[1] if found else ""


def error_for(
    verdict: Verdict,
    *,
    doing: str,
    status: int,
    code: int | None,
    retry_after: float | None,
    safe: bool,
    field: str = "",
) -> IntegrationError:
    """The error that goes with a verdict; returned, so that the caller raises.

    Args:
        verdict: from :func:`judge`, not ``SUCCESS``.
        doing: the call, e.g. ``GET /salesorders/42``.
        status: HTTP status.
        code: the envelope's code, if any.
        retry_after: seconds to wait, if known.
        safe: the call changes nothing; an outage then loses nothing, else the outcome is unknown.
        field: what a refusal is about, see :func:`field_of`.
    """
    fact = f"{doing}: {verdict} (HTTP {status}, code {'none' if code is None else code})"
    if verdict in LIMITS:
        return RateLimitedError(fact, retry_after=retry_after)
    if verdict is Verdict.OUTAGE:
        return (TransientError if safe else OutcomeUnknownError)(fact, retry_after=retry_after)
    if verdict in _REFUSALS:
        return _REFUSALS[verdict](fact, code=code, field=field)
    kind, way_out = _ERRORS[verdict]
    return kind(f"{fact}; {way_out}")
