"""P2: every DAG file is a DAG, thin, tagged, explained, and opens nothing while it is parsed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from tradebridge.retries import FollowTheError
from tradebridge.tags import Tag

DAGS = Path(__file__).parents[2] / "dags"
FORBIDDEN = {"pandas", "pyarrow", "great_expectations", "pyodbc", "requests", "psycopg2", "alembic"}


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(str(DAGS))


def test_every_file_is_a_dag_of_the_same_name(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {path.stem for path in DAGS.glob("*.py")} != set()


def test_every_dag_tells_what_to_do_when_it_fails_and_when_it_is_quiet(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.doc_md, dag.dag_id
        assert "### When it fails" in dag.doc_md
        assert "### When it is quiet" in dag.doc_md


def test_tags_are_from_the_vocabulary(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.tags
        assert set(dag.tags) <= {tag.value for tag in Tag}


def test_every_task_follows_the_one_retry_policy_and_reports_its_failure(bag: DagBag) -> None:
    for dag in bag.dags.values():
        for task in dag.tasks:
            policy = getattr(task, "retry_policy", None) or task.partial_kwargs["retry_policy"]
            assert isinstance(policy, FollowTheError), task.task_id
            callbacks = (
                getattr(task, "on_failure_callback", None) or task.partial_kwargs["on_failure_callback"]
            )
            assert callbacks, task.task_id


def test_orders_go_before_everything_else_where_slots_are_short(bag: DagBag) -> None:
    """A13: after a restart every schedule fires at once."""
    weights = {dag.dag_id: {weight_of(task) for task in dag.tasks} for dag in bag.dags.values()}
    orders = {"zoho_orders_to_sage100", "clarity_orders_to_sage100", "salesforce_closed_won_to_zoho"}
    least = min(min(weights.pop(dag_id)) for dag_id in orders)
    assert least > max(max(others) for others in weights.values())


def weight_of(task: object) -> int:
    """A task's place in the queue, as the scheduler computes it; mapped tasks say it in a property too."""
    rule = task.partial_kwargs["weight_rule"] if hasattr(task, "partial_kwargs") else task.weight_rule  # type: ignore[attr-defined]
    assert "Absolute" in type(rule).__name__ or rule == "absolute", rule
    return int(task.priority_weight)  # type: ignore[attr-defined]


def test_what_a_task_returns_is_one_xcom(bag: DagBag) -> None:
    """Each XCom is a call to the API server: of counts one by one there were four of five."""
    several = [
        f"{dag.dag_id}.{task.task_id}"
        for dag in bag.dags.values()
        for task in dag.tasks
        if getattr(task, "multiple_outputs", False)
        or getattr(task, "partial_kwargs", {}).get("multiple_outputs")
    ]
    assert several == []


def test_dag_files_are_pages() -> None:
    for path in DAGS.glob("*.py"):
        assert len(path.read_text().splitlines()) <= 100, path.name


def test_parsing_loads_nothing_heavy() -> None:
    """Rule 9, also for what is imported indirectly; in a process of its own."""
    program = (
        "import sys, json, logging; logging.disable(logging.CRITICAL)\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag({str(DAGS)!r}); assert bag.dags and not bag.import_errors\n"
        "print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"
    )
    paths = os.pathsep.join([str(DAGS.parent), str(DAGS.parent / "plugins")])
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    loaded = set(json.loads(answer.stdout.splitlines()[-1]))
    assert loaded & FORBIDDEN == set()


def test_the_order_dag_can_be_backfilled(bag: DagBag) -> None:
    """A window needs a periodic timetable whose interval is not empty."""
    timetable = bag.dags["zoho_orders_to_sage100"].timetable
    assert type(timetable).__name__ == "CronDataIntervalTimetable"


def test_params_describe_what_may_be_asked(bag: DagBag) -> None:
    params = bag.dags["zoho_orders_to_sage100"].params
    assert set(params) == {"order_numbers", "modified_from", "modified_until", "recheck"}
    assert all(params.get_param(name).description for name in params)
