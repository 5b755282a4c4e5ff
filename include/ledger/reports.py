"""The closed books of each run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.ledger.tables import run_reports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from include.ledger.database import Database


@dataclass(frozen=True, slots=True)
class Report:
    """One run's counts by name; ``balanced`` when the others add up to ``received``."""

    flow: str
    run_id: str
    finished_at: datetime
    received: int
    balanced: bool
    counts: Mapping[str, int]


class Reports:
    """Saved by the last task of a run, read by pages."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def save(self, *, flow: str, run_id: str, counts: Mapping[str, int]) -> None:
        """Keep a run's counts, replacing what an earlier try of the same run kept.

        Args:
            flow: the flow.
            run_id: the run.
            counts: ``received`` and where the rows went, by name; ``on_hold`` counts some of them again.
        """
        received = counts.get("received", 0)
        row = {
            "finished_at": self._db.now(),
            "received": received,
            "balanced": sum(counts.values()) - counts.get("on_hold", 0) == 2 * received,
            "counts": json.dumps(dict(counts)),
        }
        statement = self._db.insert(run_reports).values(flow=flow, run_id=run_id, **row)
        statement = statement.on_conflict_do_update(index_elements=["flow", "run_id"], set_=row)
        with self._db.once("save a report") as connection:
            connection.execute(statement)

    def get(self, flow: str, run_id: str) -> Report | None:
        """One run's report."""
        return next(
            iter(self._read(_REPORTS.where(run_reports.c.flow == flow, run_reports.c.run_id == run_id))), None
        )

    def list(
        self, flow: str | None = None, *, since: datetime | None = None, limit: int = 50
    ) -> Sequence[Report]:
        """Reports, newest first."""
        query = _REPORTS
        if flow is not None:
            query = query.where(run_reports.c.flow == flow)
        if since is not None:
            query = query.where(run_reports.c.finished_at >= since)
        return self._read(query.order_by(run_reports.c.finished_at.desc()).limit(limit))

    def _read(self, query: Select[Any]) -> Sequence[Report]:
        with self._db.once("read reports") as connection:
            rows = connection.execute(query).all()
        return [Report(**{**row._mapping, "counts": json.loads(row.counts)}) for row in rows]


_REPORTS = select(*(run_reports.c[name] for name in Report.__slots__))
