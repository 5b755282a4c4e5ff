"""Refusals as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import secrets
from typing import Any

from include.sandbox.border import Answer, Manner
from include.sandbox.clarity.wire import Json, dumps

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Payload too large",
    415: "Unsupported media type",
    422: "Unprocessable entity",
    429: "Too many requests",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service unavailable",
    504: "Gateway timeout",
}
OWN_FAILURES = {
    429: ("rate_limited", "Limit of 120 requests per minute reached."),
    502: ("upstream_error", "An upstream service failed."),
    503: ("maintenance", "Scheduled maintenance."),
}
"""What the server says of itself; anything else is ``internal_error``."""


class Problem(Exception):  # noqa: N818 - the RFC's word
    """A refusal: status, stable code, text for people; ``errors`` by path for a 422."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers: dict[str, str] = more.pop("headers", {})
        self.more = more

    def payload(self) -> Json:
        """The body."""
        return {
            "type": f"https://docs.sandbox.clarity.test/errors/{self.code}",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "traceId": f"0HM{secrets.token_hex(5).upper()}:00000001",
            **self.more,
        }


def invalid(errors: dict[str, list[str]]) -> Problem:
    """Fields that make no sense: path to messages."""
    many = f"{len(errors)} fields are" if len(errors) != 1 else "1 field is"
    return Problem(422, "validation_failed", f"{many} invalid.", errors=errors)


def not_found(entity: str, what: str) -> Problem:
    """No such record: ``not_found("order", "number 'WEB-9'")``."""
    return Problem(404, f"{entity}_not_found", f"No {entity} with {what}.")


def problem_answer(problem: Problem) -> Answer:
    """The whole HTTP answer."""
    named = {"content-type": MEDIA_TYPE, **problem.headers}
    headers = tuple((name.lower().encode(), value.encode()) for name, value in named.items())
    return Answer(problem.status, headers, dumps(problem.payload()).encode())


def own_failure(status: int) -> Answer:
    """The server's answer to its own failure; maintenance says how long."""
    code, detail = OWN_FAILURES.get(status, ("internal_error", "Unexpected error."))
    headers = {"Retry-After": "120"} if status == 503 else {}
    return problem_answer(Problem(status, code, detail, headers=headers))


MANNER = Manner("cloudgate", own_failure)
