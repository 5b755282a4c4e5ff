"""What a crash leaves behind, and what must be true once everything has come up again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from include.pipelines.ports import CUSTOMER, ORDER, TARGET, World
from tests.pipeline.agreement import differences, wrong_customers
from tests.pipeline.errands import Errand, start
from tests.pipeline.house import House
from tests.pipeline.world import FLOW, SOURCE

KILLED = -9
AT_MOST = 8
"""Runs until nothing is left to do; each death costs one."""
LONG_ENOUGH = timedelta(hours=1, seconds=1)
"""No lease and no pause after a failure lasts longer."""


class Marker:
    """The file by which a failpoint strikes once: it strikes while the file is missing, and makes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.disarm()

    def disarm(self) -> None:
        self.path.touch()

    def arm(self) -> None:
        self.path.unlink(missing_ok=True)

    @property
    def struck(self) -> bool:
        return self.path.exists()


def one_run(house: House, environment: Mapping[str, str] | None = None, *, flow: str = FLOW) -> int:
    """A run in a process of its own; its exit code (0: green)."""
    process = start(Errand(house.doors, house.clock.ahead, environment=environment or {}, flow=flow))
    process.join(120)
    return int(process.exitcode)


def runs_until_green(
    house: House, environment: Mapping[str, str] | None = None, *, flow: str = FLOW
) -> list[int]:
    """Runs as they would follow each other after crashes: what is dead is started again, leases run out.

    Returns:
        The exit code of every run; the last one is 0.
    """
    codes: list[int] = []
    while 0 not in codes:
        assert len(codes) < AT_MOST, f"{codes}: still not settled"
        house.clock.ahead += LONG_ENOUGH
        codes.append(one_run(house, environment, flow=flow))
        if not house.runs("gateway"):
            house.revive("gateway")
            house.await_ready()
    return codes


def assert_exact(house: House, here: World, orders: list[str], *, cancelled: bool = False) -> None:
    """Each order once and to the cent, each customer once, all linked, every row loaded, none in doubt."""
    open_ones = here.ledger.exceptions.list(FLOW, "open")
    assert [each.message for each in open_ones] == []
    assert house.sage.doubled() == []
    made = [effect["order_id"] for effect in house.sage.effects("order_created")]
    assert sorted(made) == sorted(orders)
    links = here.ledger.crosswalk.find(ORDER, SOURCE, orders, TARGET)
    assert set(links) == set(orders)
    if cancelled:
        assert house.sage.orders() == []
        assert len(house.sage.effects("order_cancelled")) == len(orders)
    else:
        assert differences(house.zoho, house.sage, orders) == []
        numbers = {order["UDF_ZOHO_ORDER_ID"]: order["SalesOrderNo"] for order in house.sage.orders()}
        assert {key: link.target_id for key, link in links.items()} == numbers
    buyers = {house.zoho.order(order)["customer_id"] for order in orders}
    assert set(here.ledger.crosswalk.find(CUSTOMER, SOURCE, sorted(buyers), TARGET)) == buyers
    assert wrong_customers(house.sage) == []
    assert set(here.ledger.inbox.tally(FLOW)) == {"loaded"}
    assert here.ledger.writes.in_doubt(FLOW) == []
    assert here.ledger.audit.verify().broken_at is None


def assert_told_once(house: House, here: World, order: str) -> None:
    """An order that cannot pass stands aside, its shop was told once, and Sage knows nothing of it."""
    reasons = here.ledger.exceptions.list(FLOW, "open")
    assert {(reason.record_key, reason.disposition) for reason in reasons} == {(order, "rejected")}
    assert len(house.zoho.notes(order)) == 1
    assert house.sage.orders() == []
    assert here.ledger.inbox.tally(FLOW) == {"rejected": 1}
    assert here.ledger.audit.verify().broken_at is None
