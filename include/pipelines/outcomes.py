"""What each stage found out about the records of a batch, kept in staging until they are settled.

A stage writes its own outcomes and problems; nobody edits another stage's. A task that is tried
again replaces its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from include.canonical import PROBLEM_FRAME, Reason, empty_frame
from include.canonical.reasons import Disposition
from include.ledger import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from include.pipelines.staging import Staging

LATER = "later"
ON_HOLD = "on_hold"
STAGES = ("extract", "translate", "check", "load")
_KEYS = pa.schema([pa.field("key", pa.string())])
OUTCOME_FRAME = pa.schema([pa.field("key", pa.string()), pa.field("outcome", pa.string())])


def problem(
    key: str,
    code: Reason,
    *,
    message: str,
    remedy: str,
    line: int = 0,
    field: str = "",
    value: str = "",
    candidates: Sequence[Mapping[str, object]] = (),
) -> dict[str, object]:
    """One row of ``PROBLEM_FRAME``."""
    return {
        "key": key,
        "line": line,
        "code": code.value,
        "field": field,
        "value": value[:200],
        "message": message,
        "remedy": remedy,
        "candidates": json.dumps(list(candidates), ensure_ascii=False),
    }


def problem_frame(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of :func:`problem` as a frame."""
    frame: pd.DataFrame = pa.Table.from_pylist([dict(row) for row in rows], schema=PROBLEM_FRAME).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return frame


def keep(
    staging: Staging, stage: str, outcomes: Mapping[str, Outcome], problems: pd.DataFrame | None = None
) -> None:
    """Write what ``stage`` found out: outcomes by record key, and problems."""
    columns = {"key": list(outcomes), "outcome": [outcome.value for outcome in outcomes.values()]}
    table = pa.table(columns, schema=OUTCOME_FRAME)
    staging.write(f"outcomes_{stage}", table.to_pandas(types_mapper=pd.ArrowDtype))
    staging.write(f"problems_{stage}", empty_frame(PROBLEM_FRAME) if problems is None else problems)


def leave(staging: Staging, keys: Collection[str]) -> None:
    """Write which records the source could not serve now: they go back to the inbox by intention."""
    _list(staging, LATER, keys)


def left(staging: Staging) -> set[str]:
    """What :func:`leave` wrote."""
    return _listed(staging, LATER)


def hold(staging: Staging, keys: Collection[str]) -> None:
    """Write which records the target took and put on hold, besides those of an earlier try."""
    _list(staging, ON_HOLD, {*keys, *held(staging)})


def held(staging: Staging) -> set[str]:
    """What :func:`hold` wrote."""
    return _listed(staging, ON_HOLD)


def _list(staging: Staging, name: str, keys: Collection[str]) -> None:
    if keys or staging.has(name):
        table = pa.table({"key": sorted(keys)}, schema=_KEYS)
        staging.write(name, table.to_pandas(types_mapper=pd.ArrowDtype))


def _listed(staging: Staging, name: str) -> set[str]:
    return set(staging.read(name).key) if staging.has(name) else set()


def gathered(staging: Staging, stages: Sequence[str] = STAGES) -> tuple[dict[str, Outcome], pd.DataFrame]:
    """Outcomes and problems of those ``stages`` that ran so far.

    A record with problems and no outcome of its own is rejected if the source must mend anything of
    it, else parked.
    """
    outcomes: dict[str, Outcome] = {}
    frames = []
    for stage in stages:
        if staging.has(f"outcomes_{stage}"):
            found = staging.read(f"outcomes_{stage}")
            outcomes.update(
                {key: Outcome(value) for key, value in zip(found.key, found.outcome, strict=True)}
            )
            frames.append(staging.read(f"problems_{stage}"))
    problems = pd.concat(frames, ignore_index=True) if frames else empty_frame(PROBLEM_FRAME)
    return {**set_aside(problems), **outcomes}, problems


def set_aside(problems: pd.DataFrame) -> dict[str, Outcome]:
    """Parked or rejected, by record key, for every record that has a problem."""
    outcomes: dict[str, Outcome] = {}
    for key, code in problems[["key", "code"]].drop_duplicates().itertuples(index=False):
        rejected = Reason(code).disposition is Disposition.REJECTED
        if outcomes.get(key) is not Outcome.REJECTED:
            outcomes[key] = Outcome.REJECTED if rejected else Outcome.PARKED
    return outcomes
