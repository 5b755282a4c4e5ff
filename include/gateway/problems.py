"""The gateway's one way to say no: problem documents (RFC 9457) and the verdict behind each status.

===  ==========================================================================================
422  refused: nothing was written, the same request will be refused again until something changes
423  the record is locked by a user: come back
503  no seat, exclusive mode, draining, no free worker: nothing was written, come back
504  outcome unknown: repeat with the same key, the gateway looks in Sage before it writes
===  ==========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.gateway.messages import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TITLES = {
    400: "The request cannot be read",
    401: "A valid bearer token is needed",
    404: "Not found",
    405: "This address has no such method",
    409: "The same request is being carried out",
    413: "The body is too large",
    422: "Sage refuses the record",
    423: "The record is in use",
    500: "The gateway failed",
    503: "Sage cannot be written to for now",
    504: "The outcome is not known",
}
_COME_BACK = frozenset({"no_seat", "exclusive", "logon_refused", "misconfigured"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to: status, JSON body and, when the caller is to come back, in how many seconds."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after: int | None = None
    replayed: bool = False

    @property
    def definitive(self) -> bool:
        """Whether the same key must get this answer again."""
        return self.status in {200, 201, 422}


class ProblemError(Exception):
    """Anything but success.

    Args:
        status: the HTTP status.
        detail: what is wrong and the way out, for a person; no customer data.
        errors: the findings, all of them.
        extra: further members of the problem document.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Finding] = (),
        retry_after: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = dict(extra or {})

    @property
    def codes(self) -> str:
        """The distinct codes for a log line."""
        return ",".join(sorted({error.code for error in self.errors})) or "none"

    def as_answer(self) -> Answer:
        """The problem document with its status."""
        body = problem(self.status, self.detail, errors=[error.as_json() for error in self.errors])
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return Answer(self.status, body | self.extra, self.retry_after)


def problem(status: int, detail: str, *, errors: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A problem document as a dictionary."""
    return {
        "type": f"urn:tradebridge:gateway:{status}",
        "title": TITLES.get(status, "The request failed"),
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }


def refusal(errors: Sequence[Finding], *, retry_after: int) -> ProblemError:
    """The verdict on findings: come back later if any of them passes by itself, else refused."""
    codes = {error.code for error in errors}
    if "locked" in codes:
        return ProblemError(
            423, "another user has the record open; try again", errors=errors, retry_after=retry_after
        )
    if codes & _COME_BACK:
        return ProblemError(
            503, f"no Sage session: {', '.join(sorted(codes))}", errors=errors, retry_after=retry_after
        )
    return ProblemError(
        422, f"nothing was written: {', '.join(sorted(codes)) or 'no reason given'}", errors=errors
    )


def unavailable(code: str, detail: str, *, retry_after: int) -> ProblemError:
    """503 with one finding of the session."""
    return ProblemError(503, detail, errors=[Finding(code, "session", detail)], retry_after=retry_after)
