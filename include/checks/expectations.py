"""Expectations that Great Expectations has, made fast for our columns.

Its own look at every value of an Arrow column, one by one, through Python. This module imports the
library, which takes seconds: it is itself imported inside functions only.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from great_expectations import expectations as library  # noqa: TID253 - see above
from great_expectations.compatibility.pydantic import PrivateAttr  # noqa: TID253
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
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration


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


@cache
def named(name: str) -> type[Expectation]:
    """An expectation by its class name, one of ours before one of the library's.

    It describes itself once: the library asks each expectation for its configuration a hundred times in
    one validation, and makes it anew each time, which was a tenth of a batch.
    """
    found: type[Expectation] = _OURS.get(name) or getattr(library, name)
    logging.getLogger("great_expectations.expectations.registry").setLevel(logging.ERROR)  # it takes over
    made: Any = type(found)
    described = property(lambda self: self._described or _describe(self, found))
    return cast(
        "type[Expectation]",
        made(name, (found,), {"_described": PrivateAttr(None), "configuration": described}),
    )


def _describe(expectation: Any, kind: type[Expectation]) -> ExpectationConfiguration:
    made: ExpectationConfiguration = kind.configuration.fget(expectation)  # type: ignore[attr-defined]
    expectation._described = made
    return made
