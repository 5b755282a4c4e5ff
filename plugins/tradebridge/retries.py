"""One judge of retries for every task: the error tree decides, Airflow carries it out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from include.errors import PermanentError, RecordError, TransientError
from tradebridge.failures import record_failed_task

if TYPE_CHECKING:
    from airflow.sdk import Context


class FollowTheError(RetryPolicy):
    """Transient errors wait as long as the remote asked; permanent ones end the task at once.

    Total on purpose: Airflow falls back to plain retries if a policy raises.
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Wait, give up, or leave it to the task's own settings."""
        if isinstance(exception, PermanentError | RecordError):
            return RetryDecision.fail(reason=str(exception))
        if isinstance(exception, TransientError) and exception.retry_after is not None:
            wait = timedelta(seconds=max(1.0, exception.retry_after))
            return RetryDecision.retry(delay=wait, reason=str(exception))
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Nothing to keep: the policy has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Self:
        """The one policy there is."""
        return cls()


TASK_DEFAULTS: dict[str, Any] = {
    "owner": "tradebridge",
    "retries": 6,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": FollowTheError(),
    "on_failure_callback": record_failed_task,
}
"""``default_args`` of every DAG of ours: about twenty minutes of patience."""
