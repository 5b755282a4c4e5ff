"""Run a suite over a frame and read the answer as problems."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from include.canonical import PROBLEM_FRAME, Reason
from include.checks.suites import Words
from include.errors import SetError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from great_expectations import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition

    from include.checks.suites import Rule

# Before the library is imported anywhere: it must never look for the network.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

log = logging.getLogger(__name__)

SHOWN = 20
"""Broken values that a page of Data Docs shows; all of them are problems anyway."""
ROW = "row"
"""Number of the row, so that what is unexpected is found again: a record may have several rows."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one suite found.

    Attributes:
        problems: ``PROBLEM_FRAME`` rows.
        result: the validation result as JSON-ready data, for Data Docs.
    """

    problems: pd.DataFrame
    result: dict[str, Any]


def judge(name: str, rules: Sequence[Rule], frame: pd.DataFrame, words: Words | None = None) -> Verdict:
    """Validate ``frame`` against ``rules``.

    Args:
        name: of the suite, as Data Docs show it.
        rules: from :mod:`include.checks.suites`.
        frame: must have the columns ``key``, ``line`` (0 for the record itself) and ``label``.
        words: by which problems are told.

    Raises:
        SetError: a rule without a reason fails, or a rule could not be evaluated.
    """
    from great_expectations.validator.v1_validator import Validator

    judged = _judged_part(frame, rules)
    validator = Validator(_whole_frames(), _WHETHER, {"dataframe": judged})
    answer = validator.validate_expectation_suite(_suite(name, dict(enumerate(rules))))
    broken = {
        number: rules[number]
        for number in (_number(result) for result in answer.results if not result.success)
    }
    # Most batches break no rule, and to ask which rows do costs as much again.
    validator.result_format = _WHICH
    details = validator.validate_expectation_suite(_suite(name, broken)).results if broken else []
    for result in details:
        _refuse_set(name, rules[_number(result)], result)
    rows = [
        row
        for result in details
        for row in _problems(rules[_number(result)], result, frame, words or Words())
    ]
    problems = pd.DataFrame(rows, columns=PROBLEM_FRAME.names).astype(_DTYPES)
    for result in details:
        result.result = _readable({name: _first(value) for name, value in result.result.items()})
    told = {_number(result): result for result in details}
    answer.results = [told.get(_number(result), result) for result in answer.results]
    return Verdict(problems, dict(answer.to_json_dict()))  # type: ignore[no-untyped-call]


_WHETHER = {"result_format": "BOOLEAN_ONLY"}
_WHICH = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["key", "line", ROW],
    "return_unexpected_index_query": False,
}


def _judged_part(frame: pd.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    """The columns that rules ask for, and the row's number: the library hashes and copies all it is given."""
    named = {"key", "line", *(name for rule in rules for name in rule.columns)}
    part = frame[[name for name in frame.columns if name in named]]
    return part.assign(**{ROW: range(len(part))})


@cache
def _whole_frames() -> BatchDefinition[Any]:
    """Great Expectations' world, in memory; setting it up costs as much as a small suite."""
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frames")
    return asset.add_batch_definition_whole_dataframe("whole")


def _suite(name: str, rules: Mapping[int, Rule]) -> ExpectationSuite:
    from great_expectations import ExpectationSuite

    from include.checks.expectations import named  # noqa: PLC0415 - it imports the library

    return ExpectationSuite(
        name,
        expectations=[
            named(rule.expectation)(**rule.arguments, meta={"rule": number}) for number, rule in rules.items()
        ],
    )


_DTYPES = {column.name: pd.ArrowDtype(column.type) for column in PROBLEM_FRAME}


def _first(value: Any) -> Any:
    return value[:SHOWN] if isinstance(value, list) else value


def _readable(value: Any) -> Any:
    """Decimals as text: the library would make floats of them, and asks for its caller's source each time."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _readable(part) for name, part in value.items()}
    return [_readable(part) for part in value] if isinstance(value, list | tuple) else value


def _number(result: Any) -> int:
    """Which rule an answer belongs to; the library gives them back in its own order."""
    return int(result.expectation_config.meta["rule"])


def _refuse_set(name: str, rule: Rule, result: Any) -> None:
    raised = [info for info in _exceptions(result.exception_info) if info.get("raised_exception")]
    if raised:
        raise SetError(
            f"check {rule.expectation} of {name!r} could not run: {raised[0].get('exception_message')}"
        )
    if rule.reason is None:
        raise SetError(
            f"the whole set {name!r} fails {rule.expectation} {rule.arguments}: nothing of it is loaded; "
            "look at what the translate stage staged"
        )


def _exceptions(info: Any) -> list[dict[str, Any]]:
    if not info:
        return []
    return [info] if "raised_exception" in info else list(info.values())


def _problems(rule: Rule, result: Any, frame: pd.DataFrame, words: Words) -> list[dict[str, Any]]:
    """One problem per unexpected row; the row's own ``field`` column wins over the rule's."""
    if rule.reason is None:
        return []
    hits = sorted({hit[ROW] for hit in result.result["unexpected_index_list"]})
    return [_problem(rule, rule.reason, row, words) for row in frame.iloc[hits].to_dict("records")]


def _problem(rule: Rule, reason: Reason, row: dict[Hashable, Any], words: Words) -> dict[str, Any]:
    place = f"{words.noun} {row['label']}" + (f", line {row['line']}" if row["line"] else "")
    named = row.get("field") or words.fields.get(rule.field, rule.field)
    value = row.get("value", row.get(_column(rule), ""))
    text = "" if value is None or value is pd.NA else str(value)
    return {
        "key": row["key"],
        "line": int(row["line"]),
        "code": reason.value,
        "field": named,
        "value": text[:200],
        "message": f"{place}: {named} {text[:80]!r}: {rule.says.format(width=row.get('width', ''))}",
        "remedy": rule.remedy.format(shop=words.shop),
        "candidates": "[]",
    }


def _column(rule: Rule) -> str:
    arguments = rule.arguments
    return str(arguments.get("column") or arguments.get("column_A") or arguments.get("column_list", [""])[-1])
