"""One request as a handler sees it, one reply as it leaves a handler, and the table that joins them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from include.sandbox.clarity.kinds import public
from include.sandbox.clarity.problem import Problem, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.sandbox.clarity.listing import Listing
    from include.sandbox.clarity.oauth import Caller
    from include.sandbox.clarity.store import By
    from include.sandbox.clarity.wire import Json
    from include.sandbox.faults import Rule

Model = TypeVar("Model", bound=BaseModel)
Pairs = list[tuple[str, str]]
BODY_LIMIT = 2 * 1024 * 1024
UNKNOWN = "extra_forbidden"


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the wire: path below the tenant's address, still percent-encoded."""

    method: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    raw: bytes
    fault: Rule | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request in ``v1``'s terms, whatever dialect it came in."""

    ids: Mapping[str, str]
    query: Pairs
    body: Any
    headers: Mapping[str, str]
    caller: Caller
    by: By
    strict: bool = True
    free_filters: bool = False
    """Phoenix and the legacy filter by any member; ``v1`` by those it lists."""

    def model(self, model: type[Model]) -> Model:
        """The body as a model.

        Raises:
            Problem: 422, every bad field named.
        """
        return read(model, self.body, strict=self.strict)

    def number(self, name: str = "id") -> int:
        """An id out of the path; text that is none names no record (-1)."""
        text = self.ids[name]
        return int(text) if text.isdecimal() and len(text) < 19 else -1

    def expect(self, document: Json) -> None:
        """Honour ``If-Match``.

        Raises:
            Problem: 412, somebody else changed the record.
        """
        asked = self.headers.get("if-match", "*").strip()
        present = document["rowVersion"]
        if asked not in {"*", f'"{present}"', str(present)}:
            text = asked.strip('"')
            detail = f"If-Match {text} does not match current rowVersion {present}."
            raise Problem(412, "row_version_mismatch", detail)


def read(model: type[Model], body: Any, *, strict: bool = True, at: str = "") -> Model:
    """A JSON value as a model; a lenient server drops the members it does not know.

    Raises:
        Problem: 422, with the path of every bad field.
    """
    try:
        return model.model_validate(body, extra="forbid" if strict else "ignore")
    except ValidationError as exc:
        errors: dict[str, list[str]] = {}
        for error in exc.errors(include_url=False, include_context=False):
            message = "Unknown member." if error["type"] == UNKNOWN else error["msg"]
            errors.setdefault(at + path(error["loc"]), []).append(message)
        raise invalid(errors) from exc


def path(location: tuple[int | str, ...]) -> str:
    """``("lines", 0, "quantity")`` as ``lines[0].quantity``."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_json(raw: bytes, *, strict: bool) -> Any:
    """A body with exact numbers; a strict server takes no member twice.

    Raises:
        Problem: 400 ``malformed_json``.
    """
    try:
        return json.loads(
            raw.decode("utf-8"), parse_float=Decimal, object_pairs_hook=_once if strict else None
        )
    except ValueError as exc:
        raise Problem(400, "malformed_json", "The body is not valid JSON.") from exc


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: ready rows, and what the envelope says of them."""

    rows: list[str]
    meta: Json


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers; each dialect has its own envelope for it."""

    payload: Any = None
    status: int = 200
    page: Page | None = None
    bare: bool = False
    """No envelope: batch results, service documents."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. ``listing`` says which parameters it takes; without one it takes none."""

    method: str
    template: str
    scope: str
    """Empty: open to everybody."""
    handler: Callable[[Call], Reply]
    model: type[BaseModel] | None = None
    listing: Listing | None = None
    params: frozenset[str] = frozenset()

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The ids in a path of this shape; None when it is of another."""
        steps = self.template.strip("/").split("/")
        if len(steps) != len(segments):
            return None
        ids = {}
        for step, segment in zip(steps, segments, strict=True):
            if step.startswith("{"):
                ids[step[1:-1]] = segment
            elif step != segment:
                return None
        return ids


def found(document: Json, status: int = 200, location: str = "") -> Reply:
    """One record, with its ETag."""
    headers = {"ETag": f'"{document["rowVersion"]}"'} if "rowVersion" in document else {}
    if location:
        headers["Location"] = location
    return Reply(public(document), status, headers=headers)
