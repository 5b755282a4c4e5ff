"""One request as a handler sees it, one reply as it leaves a handler, and the table that joins them.

A module with routes of its own offers ``table() -> list[Route]``; the app joins all tables and the server
takes the first route that fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from include.sandbox.salesforce.errors import ApiError
from include.sandbox.salesforce.store import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JSON = "application/json;charset=UTF-8"
DATA = "/services/data/v{version}"
"""Where most patterns begin."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose session it is and what the client calls itself."""

    user_id: str
    client: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    ``path`` holds the pattern's variables, percent-decoded; ``query`` the parameters, decoded; ``headers``
    have lower-case names; ``version`` is the API version in the path (``64.0``), empty where it has none.
    """

    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    headers: Mapping[str, str]
    caller: Caller
    version: str = ""
    url: str = ""
    """Path and query as they came."""
    all_or_none: bool = False
    """Part of a composite request that wants all or nothing."""

    def json(self) -> Any:
        """The body, with exact numbers.

        Raises:
            ApiError: 400 ``JSON_PARSER_ERROR``; 415, it is announced as something else.
        """
        if "json" not in self.headers.get("content-type", "json").lower():
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The content-type specified is not supported.")
        try:
            return loads(self.raw)
        except ValueError as exc:
            raise ApiError(400, "JSON_PARSER_ERROR", str(exc)) from exc

    def record(self) -> dict[str, Any]:
        """The body as an object.

        Raises:
            ApiError: 400, it is none.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object.")
        return body

    @property
    def root(self) -> str:
        """``/services/data/v64.0``, for addresses in answers."""
        return f"/services/data/v{self.version}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: ``payload`` becomes JSON; ``raw`` goes out as it is, its content type among the headers."""

    payload: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    failed: bool = False
    """Something in it went wrong, whatever the status says."""


@dataclass(frozen=True)
class Route:
    """One operation: ``Route("GET", "/services/data/v{version}/sobjects/{object}/describe", handler)``.

    ``{name}`` takes one path segment, still percent-encoded there and decoded for the handler, so an external
    id may hold a slash; a trailing slash makes no difference. ``open``: no session is needed and no call
    counted.
    """

    method: str
    pattern: str
    handler: Callable[[Call], Reply]
    open: bool = False

    @cached_property
    def _shape(self) -> re.Pattern[str]:
        steps = re.split(r"(\{\w+\})", self.pattern.rstrip("/"))
        parts = [f"(?P<{one[1:-1]}>[^/]+)" if one.startswith("{") else re.escape(one) for one in steps]
        return re.compile("".join(parts) + "/?")

    def match(self, path: str) -> dict[str, str] | None:
        """The variables in a path of this shape; None when it is of another."""
        found = self._shape.fullmatch(path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def query_of(text: str) -> dict[str, str]:
    """A query string; a parameter given twice counts once, by its last value."""
    return dict(parse_qsl(text, keep_blank_values=True))
