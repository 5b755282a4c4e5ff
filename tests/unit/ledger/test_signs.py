"""A24: what the ledger tells about a flow, the same on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import AuthenticationError
from include.ledger import Intent, Ledger, Outcome, Rhythm, Token, WriteState
from include.ledger.tables import parked_flows, token_refusals
from include.pipelines.watch import Limits, conditions, look
from tests.unit.ledger.conftest import FLOW, Clock

WEBHOOK = {"origin": "webhook"}


def test_a_flow_of_which_nothing_is_known(ledger: Ledger) -> None:
    view = look(ledger, [FLOW])
    assert conditions(view, Limits()) == []
    assert view.flows[0].rhythm is None


def test_the_rhythm_counts_webhooks_by_hour_and_nothing_else(ledger: Ledger, keep, clock: Clock) -> None:
    """Also over the turn of a year, and not what the sweep has found."""
    clock.now = clock.now.replace(month=12, day=31, hour=23, minute=50)
    first = clock.now
    keep("a", "b", headers=WEBHOOK)
    keep("found", headers={"origin": "sweep"})
    clock.pass_(minutes=20)
    last = clock.now
    keep("c", headers=WEBHOOK)
    clock.pass_(hours=5)
    keep("asked", headers={"origin": "request"})
    hours = [moment.replace(minute=0) for moment in (first, last)]
    assert ledger.signs.rhythm(FLOW) == Rhythm(last, hours[0], {hours[0]: 2, hours[1]: 1})
    assert ledger.signs.rhythm("other") is None


def test_a_rhythm_forgets_after_four_weeks_and_knows_the_last_webhook(
    ledger: Ledger, keep, clock: Clock
) -> None:
    keep("a", headers=WEBHOOK)
    last = clock.now
    clock.pass_(days=40)
    assert ledger.signs.rhythm(FLOW) == Rhythm(last, last, {})


def test_what_one_look_sees(ledger: Ledger, keep, claim, clock: Clock, an_exception) -> None:
    keep("a", "b")
    (batch,) = claim()
    claimed = clock.now
    ledger.inbox.settle(batch.id, {"a": Outcome.LOADED, "b": Outcome.PARKED})
    ledger.exceptions.open([an_exception("b"), an_exception("b", field="terms")])
    ledger.exceptions.open(
        [
            an_exception(
                "task:load",
                code="task.failed",
                task_id="load_orders",
                cause="task.failed|load_orders|KeyError",
            )
        ]
    )
    ledger.writes.intend([Intent("w", FLOW, "sales_order", "a", "v", "h")])
    ledger.writes.mark(["w"], WriteState.SENT)
    until = clock.now + timedelta(hours=1)
    with ledger.database.begin("park") as connection:
        connection.execute(parked_flows.insert().values(flow=FLOW, since=clock.now, until=until))
        connection.execute(token_refusals.insert().values(name="zoho_inventory", refused_at=clock.now))
    keep("c")
    (signs,) = look(ledger, [FLOW]).flows
    assert (signs.open_exceptions, signs.oldest_exception) == ({"reference.not_found": 2}, claimed)
    assert [(failure.task_id, failure.error) for failure in signs.failures] == [("load_orders", "KeyError")]
    assert (signs.doubts, signs.oldest_doubt, signs.waiting) == (1, claimed, 1)
    assert (signs.claimed_at, signs.parked_until) == (claimed, until)
    assert ledger.signs.refused_credentials() == {"zoho_inventory": claimed}
    clock.pass_(hours=2)
    assert ledger.signs.refused_credentials() == {}, "nobody needs these credentials any more"
    assert look(ledger, [FLOW]).flows[0].parked_until is None


def test_a_renewed_consent_ends_the_refusal_of_the_old_one(ledger: Ledger, clock: Clock) -> None:
    """The token's name changes with its credentials: the old name's refusal is never taken back."""

    def refuse() -> Token:
        raise AuthenticationError("invalid_code")

    with pytest.raises(AuthenticationError):
        ledger.tokens.refresh("zoho_inventory:1000.X:old", refuse, older_than=None)
    refused = clock.now
    assert ledger.signs.refused_credentials() == {"zoho_inventory": refused}
    clock.pass_(minutes=3)
    fresh = Token("t", clock.now + timedelta(hours=1))
    ledger.tokens.refresh("salesforce:1:a", lambda: fresh, older_than=None)
    assert ledger.signs.refused_credentials() == {"zoho_inventory": refused}
    ledger.tokens.refresh("zoho_inventory:1000.X:new", lambda: fresh, older_than=None)
    assert ledger.signs.refused_credentials() == {}
