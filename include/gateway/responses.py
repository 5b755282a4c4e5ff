"""Answers as HTTP responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse

if TYPE_CHECKING:
    from include.gateway.problems import Answer

PROBLEM = "application/problem+json"


def answered(answer: Answer) -> JSONResponse:
    """An answer as an HTTP response."""
    headers = {} if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    media = PROBLEM if answer.status >= 400 else "application/json"
    return JSONResponse(dict(answer.body), answer.status, headers=headers, media_type=media)
