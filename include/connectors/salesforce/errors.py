"""What Salesforce's answers mean, as tables: one for whole calls, one for single records.

A body is a list of ``{errorCode, message, fields}``; in collections the code is called ``statusCode``. A
verdict is looked up in :data:`RULES`, first match wins: codes we know, then the status.

Messages quote what was sent (``data value too large: <the name>``) and ids of other records. They go
no further: our errors carry the status, the code and the names of fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from include.canonical.reasons import Reason
from include.connectors.documents import Refusal
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
    from collections.abc import Iterable, Mapping


class Verdict(StrEnum):
    """What to do next about an answer."""

    DAY_SPENT = "the org's daily calls are spent"
    BUSY = "too many calls at once"
    TOKEN_REFUSED = "session refused"  # noqa: S105 - a verdict, no password
    FORBIDDEN = "permission missing"
    NOT_NOW = "nothing was done, ask again"
    OUTAGE = "out of order"
    CURSOR_LOST = "the query's cursor is gone"
    GONE = "does not exist"
    AMBIGUOUS = "the external id is in several records"
    OUR_MISTAKE = "the call is wrong"
    ELSEWHERE = "redirected"
    REFUSED = "refused"


class SalesforceRefusal(PermanentError):  # noqa: N818 - stands beside simple-salesforce's SalesforceError
    """Salesforce understood the call and refuses it.

    Args:
        message: what we asked, the status and the code; never Salesforce's own words.
        refusals: one for each thing it said.
    """

    def __init__(self, message: str, *, refusals: tuple[Refusal, ...] = ()) -> None:
        super().__init__(message)
        self.refusals = refusals

    @property
    def code(self) -> str:
        """The first code, ``""`` when there was none."""
        return self.refusals[0].code if self.refusals else ""


class NotFoundError(SalesforceRefusal):
    """The record does not exist (any more)."""


class AmbiguousError(SalesforceRefusal):
    """Several records have that external id."""


class CursorLostError(SalesforceRefusal):
    """A query's next page cannot be had: ask the query again."""


class UnauthorisedError(AuthenticationError):
    """The session was refused; renewing it once may help."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What an answer said against a call.

    Attributes:
        codes: in the answer's order.
        fields: names of fields.
        text: all messages in lower case; matched here, shown nowhere.
        about: a column and an object that the schema does not have, as ``Product2.Sku__c``.
    """

    codes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    text: str = ""
    about: str = ""

    @property
    def code(self) -> str:
        """The first code."""
        return self.codes[0] if self.codes else ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; an empty condition holds always, all conditions must hold."""

    verdict: Verdict
    codes: frozenset[str] = frozenset()
    statuses: range | frozenset[int] = frozenset()
    says: str = ""

    def matches(self, status: int, problem: Problem) -> bool:
        """Whether this line speaks of the answer."""
        return (
            (not self.codes or problem.code in self.codes)
            and (not self.statuses or status in self.statuses)
            and self.says in problem.text
        )


def _codes(*names: str) -> frozenset[str]:
    return frozenset(names)


NOT_NOW = _codes(
    "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "API_TEMPORARILY_UNAVAILABLE",
    "API_CURRENTLY_DISABLED", "REQUEST_RUNNING_TOO_LONG", "PROCESSING_HALTED",
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
)  # fmt: skip
"""Nothing was written, and the same request may succeed in a while."""

RULES: tuple[Rule, ...] = (
    Rule(Verdict.BUSY, codes=_codes("REQUEST_LIMIT_EXCEEDED"), says="concurrent"),
    Rule(Verdict.DAY_SPENT, codes=_codes("REQUEST_LIMIT_EXCEEDED")),
    Rule(Verdict.BUSY, statuses=frozenset({429})),
    Rule(Verdict.TOKEN_REFUSED, codes=_codes("INVALID_SESSION_ID", "INVALID_AUTH_HEADER")),
    Rule(Verdict.CURSOR_LOST, codes=_codes("INVALID_QUERY_LOCATOR")),
    Rule(Verdict.NOT_NOW, codes=NOT_NOW),
    Rule(
        Verdict.FORBIDDEN,
        codes=_codes("API_DISABLED_FOR_ORG", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"),
    ),
    Rule(Verdict.OUR_MISTAKE, says="external id field does not exist"),
    Rule(Verdict.GONE, codes=_codes("ENTITY_IS_DELETED")),
    Rule(Verdict.GONE, statuses=frozenset({404})),
    Rule(
        Verdict.OUR_MISTAKE,
        codes=_codes(
            "MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE", "JSON_PARSER_ERROR", "EXCEEDED_ID_LIMIT",
            "INVALID_QUERY_FILTER_OPERATOR", "UNSUPPORTED_API_VERSION",
        ),
    ),
    Rule(Verdict.AMBIGUOUS, statuses=frozenset({300})),
    Rule(Verdict.ELSEWHERE, statuses=range(301, 400)),
    Rule(Verdict.TOKEN_REFUSED, statuses=frozenset({401})),
    Rule(Verdict.FORBIDDEN, statuses=frozenset({403})),
    Rule(Verdict.OUR_MISTAKE, statuses=frozenset({405, 409, 410, 414, 415, 431})),
    Rule(Verdict.OUTAGE, statuses=frozenset({408, 420, 425})),
    Rule(Verdict.OUTAGE, statuses=range(500, 600)),
)  # fmt: skip

LIMITS = frozenset({Verdict.DAY_SPENT, Verdict.BUSY})

REASONS: Mapping[str, Reason] = {
    "DUPLICATE_VALUE": Reason.DUPLICATE,
    "DUPLICATE_EXTERNAL_ID": Reason.DUPLICATE,
    "DUPLICATES_DETECTED": Reason.DUPLICATE,
    "REQUIRED_FIELD_MISSING": Reason.MISSING,
    "STRING_TOO_LONG": Reason.TOO_LONG,
    "NUMBER_OUTSIDE_VALID_RANGE": Reason.OUT_OF_RANGE,
    "INVALID_EMAIL_ADDRESS": Reason.INVALID_FORMAT,
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Reason.INVALID_FORMAT,
    "JSON_PARSER_ERROR": Reason.INVALID_FORMAT,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Reason.UNKNOWN_VALUE,
    "FIELD_INTEGRITY_EXCEPTION": Reason.UNKNOWN_VALUE,
    "INVALID_CROSS_REFERENCE_KEY": Reason.NO_REFERENCE,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Reason.NO_REFERENCE,
    "INVALID_FIELD": Reason.NO_REFERENCE,
    "MALFORMED_ID": Reason.NO_REFERENCE,
    "NOT_FOUND": Reason.NO_REFERENCE,
    "ENTITY_IS_DELETED": Reason.NO_REFERENCE,
    "STANDARD_PRICE_NOT_DEFINED": Reason.NO_REFERENCE,
    "INACTIVE_OWNER_OR_USER": Reason.INACTIVE_REFERENCE,
    "ENTITY_IS_LOCKED": Reason.LOCKED_IN_TARGET,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Reason.REFUSED,
    "FAILED_ACTIVATION": Reason.REFUSED,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Reason.REFUSED,
}
"""Codes of records that say more than that the target refuses."""

ROW_AGAIN = NOT_NOW | _codes("REQUEST_LIMIT_EXCEEDED", "UNKNOWN_EXCEPTION")
"""Codes of records with which nothing was written and the same may succeed in a while."""

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,79}", re.ASCII)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}", re.ASCII)
_NO_COLUMN = re.compile(r"No such column '([A-Za-z][\w.]{0,79})' on entity '(\w{1,80})'", re.ASCII)
_NO_FIELD = re.compile(r"external ID field does not exist or is not accessible: (\w{1,80})", re.ASCII)
MOST_FIELDS = 20


def problem_of(content: Any) -> Problem:
    """What a body says, as far as it may be shown.

    Args:
        content: the parsed JSON, or the text of a body that is none.
    """
    rows = [row for row in content if isinstance(row, dict)] if isinstance(content, list) else []
    texts = " ".join(str(row.get("message", "")) for row in rows)
    column, keyed = _NO_COLUMN.search(texts), _NO_FIELD.search(texts)
    about = f"{column[2]}.{column[1]}" if column else keyed[1] if keyed else ""
    return Problem(
        codes=tuple(code for row in rows if (code := code_of(row.get("errorCode") or row.get("statusCode")))),
        fields=tuple(name for row in rows for name in fields_of(row.get("fields")))[:MOST_FIELDS],
        text=texts.lower(),
        about=about,
    )


def code_of(value: object) -> str:
    """A code that may be shown: anything else than a plain word could quote a customer."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def fields_of(value: object) -> tuple[str, ...]:
    """Names of fields that may be shown; see :func:`code_of`."""
    names = value if isinstance(value, list) else ()
    return tuple(name for name in names if isinstance(name, str) and _FIELD.fullmatch(name))


def judge(status: int, problem: Problem) -> Verdict:
    """The verdict over an answer that is no success, from the first rule that matches."""
    return next((rule.verdict for rule in RULES if rule.matches(status, problem)), Verdict.REFUSED)


_SET_UP: Mapping[Verdict, tuple[type[IntegrationError], str]] = {
    Verdict.TOKEN_REFUSED: (UnauthorisedError, "if a renewed session is refused too, the user is blocked"),
    Verdict.FORBIDDEN: (ConfigurationError, "grant the integration user the permission that this call needs"),
    Verdict.OUR_MISTAKE: (ConfigurationError, "check field names, mapping and api_version"),
    Verdict.ELSEWHERE: (ConfigurationError, "redirects are refused; check domain"),
}

_REFUSALS: Mapping[Verdict, type[SalesforceRefusal]] = {
    Verdict.GONE: NotFoundError,
    Verdict.AMBIGUOUS: AmbiguousError,
    Verdict.CURSOR_LOST: CursorLostError,
    Verdict.REFUSED: SalesforceRefusal,
}


def error_for(
    verdict: Verdict, problem: Problem, *, doing: str, status: int, retry_after: float | None, safe: bool
) -> IntegrationError:
    """The error that goes with a verdict; returned, so that the caller raises.

    Args:
        verdict: from :func:`judge`.
        problem: what the answer said.
        doing: the call, e.g. ``POST composite/sobjects``.
        status: HTTP status.
        retry_after: seconds to wait, if known.
        safe: the call changes nothing; an outage then loses nothing, else the outcome is unknown.
    """
    fact = f"{doing}: {verdict} (HTTP {status}, code {problem.code or 'none'})"
    if problem.about or problem.fields:
        fact += f"; {problem.about or ', '.join(problem.fields)}"
    if verdict in LIMITS:
        return RateLimitedError(fact, retry_after=retry_after)
    if verdict is Verdict.NOT_NOW or (verdict is Verdict.OUTAGE and safe):
        return TransientError(fact, retry_after=retry_after)
    if verdict is Verdict.OUTAGE:
        return OutcomeUnknownError(fact, retry_after=retry_after)
    if verdict in _SET_UP:
        kind, way_out = _SET_UP[verdict]
        return kind(f"{fact}; {way_out}")
    refusals = tuple(refusals_for(code, problem.fields) for code in problem.codes)
    return _REFUSALS[verdict](fact, refusals=tuple(each for some in refusals for each in some))


def refusals_for(code: str, fields: Iterable[str] = ()) -> tuple[Refusal, ...]:
    """What one code says against a record, once for each field that it names."""
    shown = code or "UNKNOWN"
    reason = REASONS.get(code, Reason.REFUSED)
    return tuple(
        Refusal(shown, reason, name, f"Salesforce says {shown}{f' about {name}' if name else ''}")
        for name in tuple(fields) or ("",)
    )
