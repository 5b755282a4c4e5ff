"""As many tasks as the order flow has, one after the other, each doing nothing: what Airflow itself costs."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task

TASKS = ("claim", "extract", "translate", "check", "load", "settle")


@dag(schedule=None, start_date=datetime(2024, 1, 1, tzinfo=UTC), catchup=False)
def bench_empty_tasks() -> None:
    """Wire them."""

    def nothing() -> None:
        """Do nothing."""

    before = None
    for name in TASKS:
        following = task(nothing, task_id=name)()
        if before is not None:
            before >> following
        before = following


bench_empty_tasks()
