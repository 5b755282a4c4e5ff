"""What the addresses share: the key's header, the gateway at hand, documented refusals, batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, Header, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from include.gateway.models import BatchAnswer, Problem, RecordResult
from include.gateway.service import Gateway

if TYPE_CHECKING:
    from include.gateway.jobs import Job
    from include.gateway.problems import Answer

_KEY = r'^"?[A-Za-z0-9_.:|/+=-]{1,64}"?$'

KeyHeader = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="Same request, same key. The answer to a request that was carried out is repeated for "
        "168 hours, a refusal for 15 seconds (a site may set both). A key that was used for another request "
        "meanwhile is a 422.",
    ),
]
MaybeKeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", pattern=_KEY)]


def _gateway(request: Request) -> Gateway:
    return cast("Gateway", request.app.state.gateway)


Service = Annotated[Gateway, Depends(_gateway)]
BEARER = [
    Security(HTTPBearer(auto_error=False, description="One of the gateway's tokens; checked at the door"))
]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an address, for its documentation."""
    return {status: {"model": Problem} for status in (400, 401, 413, *statuses)}


WRITES = problems(409, 422, 423, 503, 504)


def bare(key: str) -> str:
    """The draft writes keys in quotes; most clients do not."""
    return key.removeprefix('"').removesuffix('"')


def many(jobs: list[Job], gateway: Gateway) -> JSONResponse:
    """Carry out a batch; 207 with one answer per record."""
    answers: list[Answer] = gateway.carry_out_batch(jobs)
    results = [
        RecordResult(
            idempotency_key=job.key, status=answer.status, body=dict(answer.body), replayed=answer.replayed
        )
        for job, answer in zip(jobs, answers, strict=True)
    ]
    return JSONResponse(BatchAnswer(results=results).model_dump(), 207)
