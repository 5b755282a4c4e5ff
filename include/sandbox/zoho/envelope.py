"""Zoho's envelope: how a request is read whatever its content type, how answers and refusals are wrapped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import Response

from include.sandbox.zoho.wire import Json, dumps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

MEDIA_TYPE = "application/json;charset=UTF-8"
HEADERS = {
    "server": "ZGS",
    "build_version": "INV_2026_11_3",
    "cache-control": "no-cache, no-store, must-revalidate",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "vary": "accept-encoding",
}
"""What Zoho sends with every answer."""


class Refusal(Exception):  # noqa: N818 - Zoho's word for it is a code, ours is a refusal
    """An answer whose ``code`` is not 0; the HTTP status says less than the code."""

    def __init__(self, status: int, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def payload(self) -> Json:
        """The body."""
        return {"code": self.code, "message": self.message}


def invalid_value(name: str) -> Refusal:
    """A query parameter that makes no sense."""
    return Refusal(400, 2, f"Invalid value passed for {name}")


def invalid_field(name: str) -> Refusal:
    """A body field that makes no sense, or a mandatory one that is absent: Zoho says the same."""
    return Refusal(400, 4, f"Invalid value passed for {name}")


def not_there(noun: str) -> Refusal:
    """No record has this id."""
    return Refusal(404, 1002, f"{noun} does not exist.")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it: ids out of the path, last value of each query parameter, body."""

    ids: dict[str, str]
    query: dict[str, str]
    body: Any
    base_url: str
    header: Callable[[str], str | None]

    def fields(self) -> Json:
        """The body as an object.

        Raises:
            Refusal: it is none.
        """
        if not isinstance(self.body, dict):
            raise invalid_field("JSONString")
        return self.body

    def flag(self, name: str) -> bool:
        """A true/false query parameter."""
        return self.query.get(name, "").lower() == "true"


def success(key: str = "", value: Any = None, *, message: str = "success", status: int = 200) -> Response:
    """``{"code": 0, "message": ..., key: value}``."""
    payload = {"code": 0, "message": message} | ({key: value} if key else {})
    return Response(dumps(payload), status, media_type=MEDIA_TYPE)


def ready(key: str, text: str, *, message: str = "success", status: int = 200) -> Response:
    """The envelope around JSON that is already text."""
    body = f'{{"code":0,"message":{dumps(message)},"{key}":{text}}}'
    return Response(body, status, media_type=MEDIA_TYPE)


def refused(refusal: Refusal) -> Response:
    """The envelope of a refusal."""
    return Response(dumps(refusal.payload()), refusal.status, refusal.headers, media_type=MEDIA_TYPE)


def read_json(text: str | bytes) -> Any:
    """JSON with exact numbers.

    Raises:
        Refusal: it is not JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as exc:
        raise invalid_field("JSONString") from exc


async def read_body(request: Request) -> Any:
    """The body, sniffed: raw JSON, form ``JSONString``, multipart ``JSONString``, or plain form fields.

    The content type is believed only for multipart; clients send JSON with any type or none.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        async with request.form() as form:
            return read_json(str(form.get("JSONString", "{}")))
    raw = (await request.body()).strip()
    if not raw:
        return {}
    if raw[:1] in b"{[":
        return read_json(raw)
    form_fields = {name: values[-1] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
    if "JSONString" in form_fields:
        inner = read_json(form_fields.pop("JSONString"))
        return {**inner, **form_fields} if isinstance(inner, dict) else inner
    if not form_fields:
        raise invalid_field("JSONString")
    return form_fields


def endpoint(handler: Callable[[Call], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Let a plain function of a :class:`Call` serve a route."""

    async def serve(request: Request) -> Response:
        try:
            body = await read_body(request) if request.method in {"POST", "PUT"} else None
            call = Call(
                ids=dict(request.path_params),
                query=dict(request.query_params),
                body=body,
                base_url=str(request.base_url).rstrip("/"),
                header=request.headers.get,
            )
            return handler(call)
        except Refusal as refusal:
            return refused(refusal)

    return serve
