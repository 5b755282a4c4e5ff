"""One judge of retries: the error tree decides, and the judge never raises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from include import errors
from tradebridge.retries import FollowTheError


@pytest.mark.parametrize(
    ("error", "action", "delay"),
    [
        (errors.TransientError("x"), RetryAction.DEFAULT, None),
        (errors.TransientError("x", retry_after=7), RetryAction.RETRY, timedelta(seconds=7)),
        (errors.RateLimitedError("x", retry_after=3600), RetryAction.RETRY, timedelta(hours=1)),
        (errors.OutcomeUnknownError("x", retry_after=0), RetryAction.RETRY, timedelta(seconds=5)),
        (errors.PermanentError("x"), RetryAction.FAIL, None),
        (errors.ConfigurationError("x"), RetryAction.FAIL, None),
        (errors.SetError("x"), RetryAction.FAIL, None),
        (errors.RecordError("x"), RetryAction.FAIL, None),
        (ValueError("not ours"), RetryAction.DEFAULT, None),
        (KeyboardInterrupt(), RetryAction.DEFAULT, None),
    ],
)
def test_the_error_decides(error: BaseException, action: RetryAction, delay: timedelta | None) -> None:
    decision = FollowTheError().evaluate(error, 1, 6)
    assert (decision.action, decision.retry_delay) == (action, delay)


def test_patience_grows_but_never_below_what_the_remote_asked() -> None:
    waits = [
        FollowTheError().evaluate(errors.TransientError("x", retry_after=15), attempt, 8).retry_delay
        for attempt in range(1, 9)
    ]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=15)
    assert sum(waits, timedelta()) > timedelta(minutes=20)


def test_it_survives_serialisation() -> None:
    assert isinstance(FollowTheError.deserialize(FollowTheError().serialize()), FollowTheError)
