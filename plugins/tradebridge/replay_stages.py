"""Carry set-aside records again, once the cause has been mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_current_context

if TYPE_CHECKING:
    from airflow.sdk import Context


def release() -> list[str]:
    """Make the exceptions' records claimable; returns the flows (DAG ids) that must run.

    Raises:
        PermanentError: no open exception fits what was asked.
    """
    from include.errors import PermanentError
    from tradebridge import connections

    context = get_current_context()
    params = context["params"]
    desk = connections.ledger().exceptions
    ids = {int(number) for number in params["ids"]}
    if params["cause"]:
        ids |= {row.id for row in desk.list(state="open", cause=params["cause"], limit=100_000)}
    if params["siblings"]:
        ids |= {sibling.id for number in tuple(ids) for sibling in desk.siblings(number)}
    flows = {row.flow for number in ids if (row := desk.get(number)) is not None}
    if not flows:
        raise PermanentError(f"no open exception has ids {params['ids']} or cause {params['cause']!r}")
    desk.start_retry(sorted(ids), actor=_actor(context))
    return sorted(flows)


def _actor(context: Context) -> str:
    """Who asked, for the audit trail: the user, or the run when a schedule or token did."""
    run = context["dag_run"]
    return str(getattr(run, "triggering_user_name", None) or run.run_id)
