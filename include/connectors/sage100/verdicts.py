"""An answer of the gateway becomes a verdict on one record.

What is not understood is ``unknown``, never a success and never a refusal: the request was sent, so
only Sage itself can say what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from include.connectors.sage100.records import GatewayIssue, WriteResult
from include.connectors.sage100.wire import Problem

if TYPE_CHECKING:
    from include.connectors.sage100.wire import Standing

DONE = frozenset({200, 201})
REFUSED = frozenset({400, 404, 413, 422})
"""Nothing was written, and the same request will be refused again."""
RETRY = frozenset({423, 429, 503})
"""Nothing was written; the gateway asks us to come back."""


def verdict(
    key: str,
    status: int,
    body: dict[str, Any] | None,
    shape: type[Standing],
    *,
    retry_after: float | None = None,
) -> WriteResult:
    """What one answer says about one record.

    Args:
        key: the record's idempotency key.
        status: HTTP status.
        body: the JSON object, ``None`` when there was none that could be read.
        shape: what a success must look like.
        retry_after: seconds from the answer's header.
    """
    if status in DONE:
        return _success(key, body, shape)
    problem = _problem(body)
    wait = retry_after if retry_after is not None else problem.retry_after
    if status in REFUSED:
        return WriteResult(key, "refused", errors=_issues(status, problem))
    if status in RETRY:
        return WriteResult(key, "retry", errors=_issues(status, problem), retry_after=wait)
    return WriteResult(key, "unknown", retry_after=wait)


def _success(key: str, body: dict[str, Any] | None, shape: type[Standing]) -> WriteResult:
    try:
        answer = shape.model_validate(body)
    except ValidationError:
        return WriteResult(key, "unknown")
    return WriteResult(
        key,
        answer.status,  # type: ignore[attr-defined]  # each shape narrows it to its own words
        target_id=answer.target_id,
        warnings=tuple(issue.as_issue() for issue in answer.warnings),
        totals=answer.figures,
        on_hold=answer.on_hold,
    )


def _problem(body: dict[str, Any] | None) -> Problem:
    try:
        return Problem.model_validate(body or {})
    except ValidationError:
        return Problem()


def _issues(status: int, problem: Problem) -> tuple[GatewayIssue, ...]:
    """Every reason given; a refusal without one still says something a person can act on."""
    if problem.errors:
        return tuple(issue.as_issue() for issue in problem.errors)
    said = problem.detail or problem.title or "no reason given"
    return (GatewayIssue("invalid_value", message=f"the gateway answered {status}: {said}"),)
