"""What can go wrong while Zoho is read: every error that its catalogue knows, and what a network does.

A read that fails is never taken for "no orders" and never costs an order: the run says what happened, its
rows go back to the inbox, and a later run carries them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from include.errors import (
    AuthenticationError,
    ConfigurationError,
    IntegrationError,
    PermanentError,
    RateLimitedError,
    TransientError,
)
from include.pipelines.announce import Request
from include.pipelines.ports import World
from tests.pipeline.agreement import differences
from tests.pipeline.house import House
from tests.pipeline.outside import Json
from tests.pipeline.world import FLOW, UNBREAKABLE, run_once, world

MakeWorld = Callable[..., World]
ORDERS = 6
DETAIL = "/inventory/v1/salesorders/*"
LIST = "/inventory/v1/salesorders"


@dataclass(frozen=True)
class Fault:
    """A fault on reads, and the error that a run shows for it; ``says`` must be in its message.

    ``parks``: it lasts so long that the flow is parked, and no task turns red.
    """

    rule: dict[str, Any]
    error: type[IntegrationError]
    says: str = ""
    parks: bool = False


def answer(status: int, code: int, message: str, **headers: str) -> dict[str, Any]:
    body = {"code": code, "message": message}
    return {"kind": "status", "status": status, "body": body, "headers": headers}


MINUTE = "For security reasons your organization has been blocked as it have exceeded the maximum number of requests per minute that can originate from an organization."  # noqa: E501
HOUR = "For security reasons you have been blocked for some time"
BUSY = "You have reached the maximum number of in process requests allowed."

FAULTS: dict[str, Fault] = {
    "2: a value we passed": Fault(answer(400, 2, "Invalid value passed for page"), PermanentError, "code 2"),
    "4: a value we passed": Fault(answer(400, 4, "Invalid value passed for date"), PermanentError, "code 4"),
    "5: no such address": Fault(answer(404, 5, "Invalid URL Passed"), ConfigurationError, "API base"),
    "14: bad token": Fault(answer(401, 14, "Invalid value passed for authtoken."), AuthenticationError),
    "15: too long": Fault(
        answer(400, 15, "Please ensure that it has less than 9 characters."), PermanentError
    ),
    "37: no such method": Fault(answer(405, 37, "The HTTP method is not allowed"), ConfigurationError),
    "43: blocked for an hour": Fault(
        answer(429, 43, HOUR, **{"Retry-After": "3600"}), RateLimitedError, parks=True
    ),
    "43: inside a success": Fault(answer(200, 43, HOUR), RateLimitedError, "blocked", parks=True),
    "44: minute spent": Fault(answer(429, 44, MINUTE, **{"Retry-After": "60"}), RateLimitedError, parks=True),
    "44: without advice": Fault(answer(429, 44, MINUTE), RateLimitedError, "minute", parks=True),
    "44: soon over": Fault(answer(429, 44, MINUTE, **{"Retry-After": "20"}), RateLimitedError, "minute"),
    "45: day spent": Fault(
        answer(429, 45, "exceeded the maximum call rate limit of 1000."), RateLimitedError, parks=True
    ),
    "1070: too many at once": Fault(answer(429, 1070, BUSY), RateLimitedError, "at once"),
    "1070: inside a success": Fault(answer(200, 1070, BUSY), RateLimitedError, "at once"),
    "57: not authorised": Fault(answer(401, 57, "You are not authorized"), AuthenticationError, "scope"),
    "57: as a 400": Fault(answer(400, 57, "You are not authorized"), AuthenticationError),
    "1000: internal error": Fault(answer(500, 1000, "Internal error"), TransientError),
    "6041: not our organisation": Fault(answer(401, 6041, "not associated"), ConfigurationError, "organi"),
    "9017: no organisation": Fault(answer(400, 9017, "not associated"), ConfigurationError, "organi"),
    "an unheard of code": Fault(answer(400, 77777, "Something new"), PermanentError, "77777"),
    "a gateway's page": Fault({"kind": "html", "status": 502}, TransientError),
    "a page that says all is well": Fault({"kind": "html", "status": 200}, TransientError, "JSON"),
    "an empty success": Fault({"kind": "status", "status": 200, "body": {"code": 0}}, TransientError),
    "a list instead of an object": Fault({"kind": "status", "status": 200, "body": []}, TransientError),
    "cut off before": Fault({"kind": "close_before"}, TransientError),
    "cut off after": Fault({"kind": "close_after"}, TransientError),
    "cut short": Fault({"kind": "truncate"}, TransientError),
    "garbled": Fault({"kind": "malformed"}, TransientError),
    "a token that expired": Fault({"kind": "expired_token"}, AuthenticationError),
}


def announce(house: House, world: World) -> World:
    """Orders that are announced and not yet fetched."""
    house.tidy(ORDERS)
    assert run_once(world, max_batches=0)["received"] == 0
    house.zoho.forget_calls()
    return world


@pytest.fixture
def announced(house: House, new_world: MakeWorld) -> World:
    """A world in which orders wait to be fetched."""
    return announce(house, new_world())


@pytest.fixture(scope="module")
def patient(house: House) -> Iterator[World]:
    """The same for all tests that fail to fetch them, one after the other."""
    here = announce(house, world(house.doors, house.clock, policy=UNBREAKABLE))
    yield here
    here.ledger.close()
    here.reads.close()


def ids(house: House) -> list[str]:
    return [order["salesorder_id"] for order in house.zoho.orders()]


def told_by_zoho(world: World) -> str:
    """Why the organisation is blocked, as the page of limits shows it."""
    return world.ledger.budgets.state(world.source.client.settings.budget_name).reason


@pytest.fixture
def over(house: House) -> Iterator[None]:
    """Afterwards the fault is over and time has passed: limits are forgotten, returned rows are due."""
    yield
    house.zoho.mend()
    house.clock.pass_(hours=25)


@pytest.mark.usefixtures("over")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_detail_that_cannot_be_read_costs_no_order(house: House, patient: World, fault: Fault) -> None:
    house.zoho.fault(**fault.rule, path="/inventory/*", skip=2)
    run = run_once(patient, Request())
    (error,) = run.met if fault.parks else run.errors
    assert isinstance(error, fault.error), repr(error)
    # Whoever comes second to a block is told of the block only; the ledger has what Zoho said.
    limited = isinstance(error, RateLimitedError)
    assert fault.says in (f"{error} {told_by_zoho(patient)}" if limited else str(error))
    assert (run["received"], run["waiting" if fault.parks else "returned"]) == (ORDERS, ORDERS)
    assert run.green is fault.parks
    assert house.sage.effects() == []


@pytest.mark.usefixtures("over")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_list_that_cannot_be_read_is_not_an_empty_list(house: House, patient: World, fault: Fault) -> None:
    house.zoho.fault(**fault.rule, path=LIST)
    if fault.parks:
        run = run_once(patient)
        assert run.parked is not None
        assert fault.says in run.parked.reason
    else:
        with pytest.raises(fault.error) as raised:
            run_once(patient)
        assert fault.says in str(raised.value)
    assert patient.ledger.inbox.tally(FLOW) == {"pending": ORDERS}


def test_after_all_these_failures_every_order_is_carried(house: House, patient: World) -> None:
    run = run_once(patient)
    assert (run["received"], run["loaded"], run.green) == (ORDERS, ORDERS, True)
    assert differences(house.zoho, house.sage, ids(house)) == []


@pytest.mark.parametrize(
    "gone",
    [answer(404, 1002, "Sales Order does not exist."), answer(400, 1002, "Sales Order does not exist.")],
)
def test_an_order_that_zoho_does_not_have_is_rejected_and_its_siblings_go_on(
    house: House, announced: World, gone: Json
) -> None:
    first, *others = ids(house)
    house.zoho.fault(**gone, path=f"/inventory/v1/salesorders/{first}")
    run = run_once(announced)
    assert (run["loaded"], run["rejected"], run.green) == (ORDERS - 1, 1, True)
    (exception,) = announced.ledger.exceptions.list(FLOW, "open")
    assert (exception.code, exception.record_key) == ("record.not_found_at_source", first)
    assert differences(house.zoho, house.sage, others) == []


def test_an_order_that_zoho_cannot_serve_holds_up_no_other(house: House, announced: World) -> None:
    poisoned, *others = ids(house)
    house.zoho.fault(kind="html", status=500, path=f"/inventory/v1/salesorders/{poisoned}")
    run = run_once(announced)
    assert (run["loaded"], run["waiting"], run["returned"], run.green) == (ORDERS - 1, 1, 0, True)
    assert announced.ledger.inbox.tally(FLOW) == {"loaded": ORDERS - 1, "pending": 1}
    house.zoho.forget_calls()
    assert run_once(announced, Request())["received"] == 0  # not at once, and not with every run
    for _ in range(3):
        house.clock.pass_(minutes=10)
        last = run_once(announced, Request())
    assert house.zoho.calls()["GET /salesorders/{id}"] == 3 * 2
    assert (last["parked"], last.green) == (1, True)
    (exception,) = announced.ledger.exceptions.list(FLOW, "open")
    assert (exception.code, exception.record_key) == ("record.not_served", poisoned)
    assert announced.ledger.breakers.states() == [] or announced.ledger.breakers.states()[0].until is None
    house.zoho.mend()
    announced.ledger.exceptions.start_retry([exception.id])
    assert run_once(announced)["loaded"] == 1
    assert differences(house.zoho, house.sage, [poisoned, *others]) == []


def test_an_answer_of_another_order_is_not_taken_for_this_one(house: House, announced: World) -> None:
    first, second, *_ = ids(house)
    body = {"code": 0, "message": "success", "salesorder": {"salesorder_id": second}}
    house.zoho.fault(kind="status", status=200, body=body, path=f"/inventory/v1/salesorders/{first}")
    (error,) = run_once(announced).errors
    assert isinstance(error, PermanentError)
    assert first in str(error)
    assert second in str(error)


def test_nobody_calls_while_zoho_blocks_us(house: House, announced: World, new_world: MakeWorld) -> None:
    """A47: one worker's 429 holds all; another process makes no call until the block is over."""
    blocked = answer(429, 43, HOUR, **{"Retry-After": "3600"})
    house.zoho.fault(**blocked, path=DETAIL, times=1)
    assert isinstance(run_once(announced).met[0], RateLimitedError)
    house.zoho.forget_calls()
    other = new_world()
    for minutes in (1, 10, 45):
        house.clock.pass_(minutes=minutes)
        assert run_once(other).parked is not None
        with pytest.raises(RateLimitedError):
            next(other.source.list_sales_orders())
    assert house.zoho.calls() == {}
    house.clock.pass_(minutes=5)
    assert run_once(other)["loaded"] == ORDERS


def test_a_short_outage_is_not_even_noticed(house: House, new_world: MakeWorld) -> None:
    # Both faults may meet one order: its waits are chance, and together longer than a second.
    here = announce(house, new_world(attempts=4, patience=30.0))
    house.zoho.fault(kind="html", status=503, path=DETAIL, times=1)
    house.zoho.fault(kind="close_after", path=DETAIL, times=1, skip=3)
    run = run_once(here)
    assert (run["loaded"], run.errors) == (ORDERS, ())


def test_an_expired_token_is_renewed_once_for_all(house: House, announced: World) -> None:
    house.zoho.post("/zoho/tokens/expire")
    run = run_once(announced)
    assert (run["loaded"], run.errors) == (ORDERS, ())
    assert house.zoho.calls("/oauth")["POST /oauth/v2/token"] == 1


def test_a_revoked_refresh_token_stops_the_run_and_says_who_must_act(
    house: House, announced: World, new_world: MakeWorld
) -> None:
    house.zoho.post("/zoho/tokens/revoke")
    house.clock.pass_(hours=2)
    house.zoho.forget_calls()
    for each in (announced, new_world(), new_world()):
        with pytest.raises(AuthenticationError, match="authorise"):
            run_once(each)
    assert dict(house.zoho.calls("/oauth")) == {"POST /oauth/v2/token": 1}
    house.zoho.post("/zoho/tokens/restore")
    announced.ledger.tokens.pardon(announced.source.client.settings.token_name)
    assert run_once(announced)["loaded"] == ORDERS


def test_a_note_that_cannot_be_written_undoes_nothing(house: House, new_world: MakeWorld) -> None:
    house.tidy(1)
    here = new_world()
    order = house.zoho.spoil("blank_date")["blank_date"]["salesorder_id"]
    house.zoho.fault(kind="status", status=500, method="POST", path="*/comments")
    run = run_once(here)
    assert (run["loaded"], run["rejected"], run.green) == (1, 1, True)
    house.zoho.mend()
    assert house.zoho.notes(order) == []


@pytest.mark.parametrize("kind", ["close_after", "hang_after", "malformed", "truncate"])
def test_a_note_whose_answer_is_lost_is_not_written_twice(
    house: House, new_world: MakeWorld, kind: str
) -> None:
    house.tidy(0)
    here = new_world()
    order = house.zoho.spoil("blank_date")["blank_date"]["salesorder_id"]
    house.zoho.fault(kind=kind, method="POST", path="*/comments", times=1, seconds=0.1)
    assert run_once(here)["rejected"] == 1
    assert len(house.zoho.notes(order)) == 1
