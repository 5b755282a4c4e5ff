"""From a method and a path to a handler, and from whatever it raises to an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import ApiError, RowError, not_found
from include.sandbox.salesforce.exchange import Call, Caller, Reply, Route, query_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.sandbox.salesforce.settings import Switchboard

VERSIONED = re.compile(r"/services/data/v(\d{1,3})\.(\d)(?=/|$)")
RETIRED = 30
"""The last API version that is switched off."""


class Dispatcher:
    """The table of routes; subrequests of composite calls come in by it too."""

    def __init__(self, switches: Switchboard) -> None:
        self._switches = switches
        self._routes: list[Route] = []

    def add(self, routes: Sequence[Route]) -> None:
        """Take routes in; where several fit a path, the one with the most fixed text answers."""
        self._routes += routes
        self._routes.sort(key=lambda route: len(re.sub(r"\{\w+\}", "", route.pattern)), reverse=True)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a request and the variables in its path.

        Raises:
            ApiError: 404, 405 or 410.
        """
        self._version(path)
        allowed = set()
        for route in self._routes:
            found = route.match(path)
            if found is not None and route.method == method:
                return route, found
            if found is not None:
                allowed.add(route.method)
        if allowed:
            text = f"HTTP Method '{method}' not allowed. Allowed are {','.join(sorted(allowed))}"
            raise ApiError(405, "METHOD_NOT_ALLOWED", text)
        raise not_found()

    def call(
        self,
        method: str,
        url: str,
        caller: Caller,
        *,
        raw: bytes = b"",
        headers: Mapping[str, str] | None = None,
        all_or_none: bool = False,
    ) -> Reply:
        """Handle one request from its route to its answer, refusals too."""
        path, _, query = url.partition("?")
        try:
            route, found = self.find(method, path)
            call = Call(
                method=method,
                path=found,
                query=query_of(query),
                raw=raw,
                headers=headers or {},
                caller=caller,
                version=found.get("version", ""),
                url=url,
                all_or_none=all_or_none,
            )
            return route.handler(call)
        except (ApiError, RowError) as exc:
            return refusal(exc)

    def _version(self, path: str) -> None:
        found = VERSIONED.match(path)
        if found is None:
            return
        number = int(found[1])
        if number <= RETIRED:
            raise ApiError(410, "UNSUPPORTED_API_VERSION", "The requested API version is retired.")
        present = self._switches.present
        if not present.oldest_version <= number <= present.newest_version or found[2] != "0":
            raise not_found()


def refusal(exc: ApiError | RowError) -> Reply:
    """A refusal as an answer."""
    return Reply(exc.body(), exc.http, failed=True)
