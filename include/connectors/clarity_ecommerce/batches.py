"""Many records in one call, an answer for each.

Items carry absolute values, so a batch that is sent twice does what it does once. An answer is believed
for an item only when it speaks of that item, once; an item without such an answer is unknown. A call that is
refused as a whole, because one item spoils it or it is too large, is halved until the spoiler stands alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from include.connectors.clarity_ecommerce import wire
from include.connectors.clarity_ecommerce.errors import ClarityError, code_of, reason_for
from include.connectors.clarity_ecommerce.records import WriteResult
from include.errors import IntegrationError, OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.dialect import Batch
    from include.connectors.clarity_ecommerce.wire import Reply

Item = tuple[str, dict[str, Any]]
"""The key under which the result is told, and the item with our names."""

_PASSING = frozenset(
    {"internal_error", "upstream_error", "maintenance", "rate_limited", "concurrency_limited"}
)
_STALE = "stale"


def write_batch(
    client: ClarityClient, name: str, items: Sequence[Item], *, as_of: datetime | None = None
) -> list[WriteResult]:
    """Write items in calls of the dialect's size.

    Args:
        client: carries the calls.
        name: of the dialect's batch.
        items: in any order.
        as_of: when the values were true.

    Returns:
        One result per item, in their order.

    Raises:
        IntegrationError: as :meth:`ClarityClient.send`, only while nothing has been answered; after that the
            items left come back as ``retry``.
    """
    batch = client.dialect.batch(name)
    results: list[WriteResult] = []
    try:
        for start in range(0, len(items), batch.size):
            results.extend(_call(client, batch, items[start : start + batch.size], as_of))
    except _CutShortError as cut:
        results += cut.results
        if not results:
            raise cut.error from None
        wait = getattr(cut.error, "retry_after", None)
        results += [WriteResult(key, "retry", retry_after=wait) for key, _item in items[len(results) :]]
    return results


class _CutShortError(Exception):
    """What was answered before something made the rest pointless for now."""

    def __init__(self, results: list[WriteResult], error: IntegrationError) -> None:
        super().__init__(str(error))
        self.results = results
        self.error = error


def _call(
    client: ClarityClient, batch: Batch, items: Sequence[Item], as_of: datetime | None
) -> list[WriteResult]:
    content: dict[str, Any] = {**batch.fixed, batch.items: [item for _key, item in items]}
    if batch.as_of and as_of is not None:
        content[batch.as_of] = wire.write_time(as_of, client.dialect.window)
    try:
        reply = client.send(batch.method, batch.path, content, key=_key(batch, content), idempotent=True)
    except OutcomeUnknownError as error:
        return [WriteResult(key, "unknown", retry_after=error.retry_after) for key, _item in items]
    except ClarityError as error:
        if len(items) == 1:
            return [_refused(items[0][0], error)]
        return _halves(client, batch, items, as_of)
    except IntegrationError as error:
        raise _CutShortError([], error) from None
    return list(_answers(batch, items, reply))


def _halves(
    client: ClarityClient, batch: Batch, items: Sequence[Item], as_of: datetime | None
) -> list[WriteResult]:
    middle = len(items) // 2
    first = _call(client, batch, items[:middle], as_of)
    try:
        return first + _call(client, batch, items[middle:], as_of)
    except _CutShortError as cut:
        raise _CutShortError(first + cut.results, cut.error) from None


def _key(batch: Batch, content: dict[str, Any]) -> str:
    """The same batch has the same key, whoever sends it again."""
    said = msgspec.json.encode([batch.path, content], order="sorted")
    return f"tradebridge:{hashlib.sha256(said).hexdigest()}"


def _refused(key: str, error: ClarityError) -> WriteResult:
    return WriteResult(key, "refused", code=error.code, reason=error.reason, fields=error.fields)


def _answers(batch: Batch, items: Sequence[Item], reply: Reply) -> Iterator[WriteResult]:
    told: dict[int, list[bytes]] = {}
    raw = wire.at(reply.body, batch.results) or b"[]"
    for answer in wire.elements(raw) if raw[:1] == b"[" else ():
        index = wire.scalar(wire.at(answer, "index"))
        place = int(index) if index.isdecimal() else _place_of(batch, items, answer)
        told.setdefault(place, []).append(answer)
    for place, (key, item) in enumerate(items):
        match told.get(place, ()):
            case [only] if _speaks_of(batch, item, only):
                yield _result(key, only)
            case _:
                yield WriteResult(key, "unknown")


def _place_of(batch: Batch, items: Sequence[Item], answer: bytes) -> int:
    """Which item an answer without an index names; -1 for none or several."""
    mine = [place for place, (_key, item) in enumerate(items) if _names(batch, item, answer)]
    return mine[0] if len(mine) == 1 else -1


def _names(batch: Batch, item: dict[str, Any], answer: bytes) -> bool:
    return all(wire.scalar(wire.at(answer, name)) == str(item.get(name)) for name in batch.key)


def _speaks_of(batch: Batch, item: dict[str, Any], answer: bytes) -> bool:
    """Whether nothing in the answer speaks of another item."""
    return all(
        wire.scalar(found) == str(item.get(name))
        for name in batch.key
        if (found := wire.at(answer, name)) is not None
    )


def _result(key: str, answer: bytes) -> WriteResult:
    code = code_of(wire.scalar(wire.at(answer, "error.code")) or wire.scalar(wire.at(answer, "code")))
    record_id, version = wire.scalar(wire.at(answer, "id")), wire.scalar(wire.at(answer, "rowVersion"))
    match wire.scalar(wire.at(answer, "status")):
        case "created":
            return WriteResult(key, "created", record_id, version)
        case "updated":
            return WriteResult(key, "changed", record_id, version)
        case "unchanged":
            return WriteResult(key, "outdated" if code == _STALE else "unchanged", record_id, version)
        case "error" if code in _PASSING:
            return WriteResult(key, "retry", code=code)
        case "error":
            return WriteResult(key, "refused", code=code, reason=reason_for(code))
        case _:
            return WriteResult(key, "unknown")
