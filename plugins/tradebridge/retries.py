"""One judge of retries for every task: the error tree decides, Airflow carries it out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from include.errors import PermanentError, RecordError, TransientError
from tradebridge.failures import record_failed_task

if TYPE_CHECKING:
    from airflow.sdk import Context


FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=10)


class FollowTheError(RetryPolicy):
    """Transient errors wait as long as the remote asked, or longer; permanent ones end the task at once.

    Total on purpose: Airflow falls back to plain retries if a policy raises.
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,  # Airflow's signature
        context: Context | None = None,
    ) -> RetryDecision:
        """Wait, give up, or leave it to the task's own settings."""
        if isinstance(exception, PermanentError | RecordError):
            return RetryDecision.fail(reason=str(exception))
        if isinstance(exception, TransientError) and exception.retry_after is not None:
            asked = timedelta(seconds=max(1.0, exception.retry_after))
            ours = min(FIRST_DELAY * 2 ** max(0, try_number - 1), LONGEST_DELAY)
            return RetryDecision.retry(delay=max(asked, ours), reason=str(exception))
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
    "retries": 8,
    "retry_delay": FIRST_DELAY,
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": LONGEST_DELAY,
    "retry_policy": FollowTheError(),
    "on_failure_callback": record_failed_task,
    # By the DAG alone: by default the first task of a run weighs more than the last one of the run before it.
    "weight_rule": "absolute",
}
"""``default_args`` of every DAG of ours: eight retries, 5 s to 10 min apart, about twenty minutes in all."""

ORDER_DEFAULTS: dict[str, Any] = TASK_DEFAULTS | {"priority_weight": 10}
"""``default_args`` of DAGs that carry orders: where slots are short, they go before stock and items."""
