"""Expectations that Great Expectations has, made fast for our columns.

Its own look at every value of an Arrow column, one by one, through Python. This module imports the
library, which takes seconds: it is itself imported inside functions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from great_expectations import expectations as library  # noqa: TID253 - see above
from great_expectations.execution_engine.pandas_execution_engine import (  # noqa: TID253
    PandasExecutionEngine,
)
from great_expectations.expectations.core.expect_column_values_to_be_between import (  # noqa: TID253
    ExpectColumnValuesToBeBetween,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (  # noqa: TID253
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (  # noqa: TID253
    ColumnMapMetricProvider,
)

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation


class ColumnValuesWithin(ColumnMapMetricProvider):
    """``column_values.between`` for numbers, compared as what they are: decimals stay decimals."""

    condition_metric_name = "column_values.within"
    condition_value_keys = ("min_value", "max_value", "strict_min", "strict_max")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805 - the library makes a class method of it
        column: pd.Series[Any],
        min_value: Any = None,
        max_value: Any = None,
        *,
        strict_min: bool = False,
        strict_max: bool = False,
        **_: Any,
    ) -> pd.Series[bool]:
        within = column.notna()
        if min_value is not None:
            within &= column > min_value if strict_min else column >= min_value
        if max_value is not None:
            within &= column < max_value if strict_max else column <= max_value
        return within.astype(bool)


class ExpectColumnValuesToBeWithin(ExpectColumnValuesToBeBetween):
    """``ExpectColumnValuesToBeBetween``, with its wording, for columns of numbers."""

    map_metric = "column_values.within"


_OURS = {"ExpectColumnValuesToBeWithin": ExpectColumnValuesToBeWithin}


def named(name: str) -> type[Expectation]:
    """An expectation by its class name, one of ours before one of the library's."""
    found: type[Expectation] = _OURS.get(name) or getattr(library, name)
    return found
