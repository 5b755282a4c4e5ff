"""Many records in one call: sObject Collections, 200 rows, an answer for each.

The call answers 200 even when every row failed, so each row's own answer is read. A row that met a
lock is asked again after a random wait; the others are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.connectors.documents import Answer, DocumentStatus, Refusal
from include.connectors.salesforce.errors import ROW_AGAIN, code_of, fields_of, refusals_for
from include.errors import OutcomeUnknownError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from include.connectors.salesforce.client import SalesforceClient

ROWS = 200
LOCK_FIRST, LOCK_MOST = 1.0, 15.0
"""Seconds within which a locked row is asked again, doubled each time."""
FINE = frozenset({"created", "changed", "unchanged", "adopted"})


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one row.

    Attributes:
        id: of the record, if known.
        errors: why it was refused; never empty then.
        retry_after: seconds to wait, if known.
    """

    status: DocumentStatus
    id: str = ""
    errors: tuple[Refusal, ...] = ()
    retry_after: float | None = None

    @property
    def fine(self) -> bool:
        """The row stands as asked."""
        return self.status in FINE

    def answer(self, key: str) -> Answer:
        """The same in the words of all targets."""
        return Answer(key, self.status, self.id, self.errors, self.retry_after)


@dataclass(frozen=True, slots=True)
class Batches:
    """Writes rows of one org.

    Args:
        client: carries the calls.
    """

    client: SalesforceClient

    def upsert(self, name: str, key: str, rows: Sequence[Mapping[str, Any]]) -> list[Done]:
        """Create or change records by an external id, one answer a row in their order.

        Args:
            name: of the object.
            key: its external id field; every row has it.
            rows: members by field; a member that is an object refers to a record by its external id.

        Raises:
            PermanentError: the call itself is refused; see :meth:`SalesforceClient.send`.
        """
        path = f"composite/sobjects/{name}/{key}"
        return self._write(
            [_typed(name, row) for row in rows],
            lambda some: self.client.send("PATCH", path, _body(some), idempotent=True),
            "changed",
        )

    def create(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[Done]:
        """Create records; an answer that is lost leaves its rows unknown. Raises as :meth:`upsert`."""
        return self._write(
            [_typed(name, row) for row in rows],
            lambda some: self.client.send("POST", "composite/sobjects", _body(some)),
            "created",
        )

    def update(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[Done]:
        """Change records by their ``Id``. Raises as :meth:`upsert`."""
        ided = [{"id" if member == "Id" else member: row[member] for member in row} for row in rows]
        return self._write(
            [_typed(name, row) for row in ided],
            lambda some: self.client.send("PATCH", "composite/sobjects", _body(some), idempotent=True),
            "changed",
        )

    def delete(self, ids: Sequence[str]) -> list[Done]:
        """Delete records; one that is gone is gone. Raises as :meth:`upsert`."""

        def ask(some: Sequence[Any]) -> Any:
            params = {"ids": ",".join(some), "allOrNone": "false"}
            return self.client.send("DELETE", "composite/sobjects", params=params, idempotent=True)

        done = self._write(list(ids), ask, "changed")
        gone = {"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"}
        return [
            Done("unchanged", key) if {e.code for e in each.errors} & gone else each
            for key, each in zip(ids, done, strict=True)
        ]

    def _write(
        self, rows: Sequence[Any], ask: Callable[[Sequence[Any]], Any], usual: DocumentStatus
    ) -> list[Done]:
        done = dict(self._round(range(len(rows)), rows, ask, usual))
        for attempt in range(1, self.client.settings.attempts):
            again = [place for place, each in done.items() if each.status == "retry" and each.errors]
            if not again:
                break
            self.client.pause(self.client.jitter(0.0, min(LOCK_MOST, LOCK_FIRST * 2**attempt)))
            done |= dict(self._round(again, rows, ask, usual))
        return [done[place] for place in range(len(rows))]

    def _round(
        self,
        places: Sequence[int],
        rows: Sequence[Any],
        ask: Callable[[Sequence[Any]], Any],
        usual: DocumentStatus,
    ) -> Iterator[tuple[int, Done]]:
        """Ask for the rows at those places; once a call is refused for now, the rest waits too."""
        later: Done | None = None
        for start in range(0, len(places), ROWS):
            some = places[start : start + ROWS]
            if later is None:
                try:
                    told = ask([rows[place] for place in some])
                except OutcomeUnknownError as error:
                    yield from ((place, Done("unknown", retry_after=error.retry_after)) for place in some)
                    continue
                except TransientError as error:
                    later = Done("retry", retry_after=error.retry_after)
                else:
                    yield from zip(some, read(told, len(some), usual), strict=True)
                    continue
            yield from ((place, later) for place in some)


def read(told: Any, count: int, usual: DocumentStatus) -> list[Done]:
    """The rows' own answers; what is no list of as many answers as rows says nothing about any."""
    if not isinstance(told, list) or len(told) != count:
        return [Done("unknown")] * count
    return [_read(row, usual) for row in told]


def _read(row: Any, usual: DocumentStatus) -> Done:
    if not isinstance(row, dict):
        return Done("unknown")
    if row.get("success") is True:
        return Done("created" if row.get("created") is True else usual, str(row.get("id") or ""))
    errors = [each for each in row.get("errors") or () if isinstance(each, dict)]
    return judged((code_of(each.get("statusCode")), fields_of(each.get("fields"))) for each in errors)


def judged(errors: Iterable[tuple[str, Iterable[str]]]) -> Done:
    """What codes and their fields mean for a row that failed."""
    refusals = tuple(each for code, fields in errors for each in refusals_for(code, fields))
    refusals = refusals or refusals_for("")
    again = all(each.code in ROW_AGAIN for each in refusals)
    return Done("retry" if again else "refused", errors=refusals)


def worst(several: Iterable[Done], id: str = "") -> Done:
    """One answer for a record that was written in several rows; what hurts most is said."""
    rows = list(several)
    for status in ("unknown", "retry", "refused"):
        hurt = [each for each in rows if each.status == status]
        if hurt:
            errors = tuple(error for each in hurt for error in each.errors)
            waits = [each.retry_after for each in hurt if each.retry_after is not None]
            return Done(hurt[0].status, id, errors, max(waits, default=None))
    for status in ("created", "changed"):
        if any(each.status == status for each in rows):
            return Done("created" if status == "created" else "changed", id)
    return Done("unchanged", id)


def _typed(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"attributes": {"type": name}, **row}


def _body(rows: Sequence[Any]) -> dict[str, Any]:
    return {"allOrNone": False, "records": list(rows)}
