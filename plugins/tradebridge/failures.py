"""A task that failed for good is an exception like any other: it stands in the table, with its cause."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


def record_failed_task(context: Context) -> None:
    """``on_failure_callback`` of every task: write DAG, run, task, try and cause to the exceptions table.

    The batch's rows are not lost either way: ``settle_orders`` gives them back, or their lease runs out.
    """
    from include.canonical import Reason
    from include.ledger import NewException
    from include.ledger.signs import LOST_PROCESS
    from tradebridge import connections

    task = context["task_instance"]
    error = context.get("exception")
    name = type(error).__name__ if error is not None else LOST_PROCESS
    cause = f"{name}: {error}" if error is not None else "the task's process was lost"
    connections.ledger().exceptions.open(
        [
            NewException(
                flow=task.dag_id,
                record_key=f"task:{task.task_id}",
                record_label=task.task_id,
                code=Reason.TASK_FAILED.value,
                disposition=Reason.TASK_FAILED.disposition.value,
                field=task.task_id,
                cause=f"{Reason.TASK_FAILED.value}|{task.task_id}|{name}",
                value=task.run_id,
                message=f"task {task.task_id} of {task.dag_id} failed on try {task.try_number}: {cause}"[
                    :2000
                ],
                remedy="Mend the cause; the batch comes back by itself, or clear the task in Airflow.",
                run_id=task.run_id,
                task_id=task.task_id,
                dag_id=task.dag_id,
                try_number=task.try_number,
            )
        ]
    )
    log.info("failure of %s recorded in the exceptions table", task.task_id)
