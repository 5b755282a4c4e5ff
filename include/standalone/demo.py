"""The demonstration: Northwind's orders from two sandbox shops into the sandbox ERP, counted at the end.

In the second act the ERP answers: shipments, their tracking numbers and stock go to Clarity's shop. In the
third Salesforce's people sell: Zoho's goods to customers of theirs, and the orders go on to the ERP.

The machine runs under a supervisor of its own process, which this one watches: should it be killed,
it is started again and the story goes on. When this process ends, however it ends, so does the machine.
"""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx

from include.errors import ConfigurationError, TransientError
from include.standalone import sales, up, warehouse
from include.standalone import state as states
from include.standalone.display import Display, clarity_rows, salesforce_rows, zoho_rows
from include.standalone.environment import ADMIN, SANDBOX_WEBHOOK_SECRET
from include.standalone.processes import state_file
from include.standalone.sessions import die_with_parent
from include.standalone.tally import CLARITY, ZOHO, Progress, Shop, progress, sandbox, tally, zoho_totals

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from include.standalone.environment import Machine

MARKER = "made-by-demo"
LIMIT_SECONDS = 20 * 60.0
ORDERS_PER_SECOND = 50
SPOILT = ("unknown_sku", "total_off_by_a_cent", "unknown_payment_terms", "no_lines", "negative_quantity")
CLARITY_ORDERS = 25
CLARITY_CASES = ("sku_slash", "jpy")
"""Orders whose goods Sage does not have."""
MIRRORS = ("sage100_shipments_to_clarity", "sage100_inventory_to_clarity")
SITE = {"AIRFLOW_VAR_TRADEBRIDGE_SITE": '{"poll_longest": "60"}'}
"""Sage is asked every minute. It has been quiet here: by default it would be asked every five."""
MIRROR_SECONDS = 180.0
"""What Sage says is asked every minute: after three, something is wrong, and the account says what."""
QUIET_CHECKS = 3
MOST_RESTARTS = 5


class DemoError(ConfigurationError):
    """The demonstration cannot be carried through; the message says why."""


def run(run_folder: Path, *, detach: bool) -> int:
    """Tell the whole story; the exit code.

    Args:
        run_folder: begun anew, unless it holds something else than a demonstration.
        detach: end after the account; 0 only if it balances. Otherwise stay until Ctrl-C.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    display = Display()
    begin_anew(run_folder)
    keeper = Keeper(run_folder, display)
    try:
        keeper.start()
        problems = [
            problem for act in (_orders, _shop_and_warehouse, _sales) for problem in act(keeper, display)
        ]
        _conclude(keeper.machine, display, problems)
        if not detach:
            display.say("Everything stays up until Ctrl-C.")
            keeper.keep()
    except KeyboardInterrupt:
        return 130 if detach else 0
    except (DemoError, TransientError) as problem:
        display.say(f"the demonstration failed: {problem}")
        return 1
    finally:
        keeper.stop()
    return 1 if problems else 0


def begin_anew(run_folder: Path) -> None:
    """An empty run folder: the last demonstration's is deleted.

    Raises:
        DemoError: it is in use, or holds something else.
    """
    marker = run_folder / MARKER
    if states.read(state_file(run_folder)).supervisor_lives:
        raise DemoError(f"Tradebridge is up in {run_folder}: make down")
    if run_folder.exists() and any(run_folder.iterdir()) and not marker.exists():
        raise DemoError(
            f"{run_folder} was made by `make up` and may hold what you need; the demonstration begins "
            "with an empty world: `make clean`, or `TRADEBRIDGE_RUN=.demo make demo`"
        )
    up.down(run_folder, lambda _: None)
    if run_folder.exists() and up.forget(run_folder, lambda _: None):
        raise DemoError(f"{run_folder} cannot be deleted")
    run_folder.mkdir(parents=True)
    marker.touch()


class Keeper:
    """Keeps a supervisor alive, in a process of its own.

    Args:
        run_folder: where it works.
        display: takes its lines.
    """

    def __init__(self, run_folder: Path, display: Display) -> None:
        self._run = run_folder
        self._display = display
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._restarts = 0
        self.deadline = time.monotonic() + LIMIT_SECONDS

    def start(self) -> None:
        """Start a supervisor and wait until all is ready.

        Raises:
            DemoError: it does not come up.
        """
        self._supervisor = up.spawn_supervisor(self._run, before_exec=die_with_parent, variables=SITE)
        for line in up.progress(self._run, self._supervisor):
            self._display.say(line)
        if states.read(state_file(self._run)).status != states.READY:
            raise DemoError(f"not everything came up; see {self._run / 'logs'}")

    @property
    def machine(self) -> Machine:
        """The machine as the present supervisor set it up."""
        return up.machine_of(self._run)

    def check(self) -> None:
        """Start the supervisor again if it is gone.

        Raises:
            DemoError: too often, or the twenty minutes are over.
        """
        if time.monotonic() > self.deadline:
            raise DemoError(f"not done after {LIMIT_SECONDS / 60:.0f} minutes")
        self._revive()

    def _revive(self) -> None:
        if self._supervisor is not None and self._supervisor.poll() is not None:
            self._restarts += 1
            if self._restarts > MOST_RESTARTS:
                raise DemoError("the supervisor ended too often")
            self._display.say("the supervisor ended; starting it again")
            self.start()

    def keep(self) -> None:
        """Keep it alive for ever."""
        while True:
            time.sleep(1)
            self._revive()

    def stop(self) -> None:
        """Stop the machine; nothing is left running."""
        if self._supervisor is not None:
            up.down(self._run, self._display.say)
            self._supervisor.wait()


def _orders(keeper: Keeper, display: Display) -> list[str]:
    """First act: announce all of Zoho's orders, watch them arrive, give the account; what is wrong."""
    announced = _announce(keeper.machine)
    display.say(f"{len(announced)} orders are announced by webhook, {ORDERS_PER_SECOND} a second")
    _carry(keeper, display, ZOHO, len(announced))
    machine = keeper.machine
    account = tally(machine, ZOHO, announced, zoho_totals(machine))
    calls = int(sandbox(machine, "GET", "counts")["calls_today"])
    display.table("Zoho Inventory orders in Sage 100", zoho_rows(account, calls))
    return account.problems()


def _shop_and_warehouse(keeper: Keeper, display: Display) -> list[str]:
    """Second act: Clarity's orders to Sage, shipments and stock back; what is wrong."""
    placed = _place(keeper.machine)
    display.say(
        f"{len(placed)} orders are placed in Clarity's shop, {len(CLARITY_CASES)} of goods unknown to Sage"
    )
    _carry(keeper, display, CLARITY, len(placed))
    machine = keeper.machine
    orders = tally(machine, CLARITY, placed, warehouse.clarity_totals(machine))
    shipped = warehouse.ship(machine)

    def account() -> warehouse.WarehouseTally:
        return warehouse.warehouse_tally(keeper.machine, orders, shipped)

    with display.waiting(
        f"{len(shipped)} of them are shipped; Sage announces nothing, it is asked every minute"
    ):
        _wait(keeper, lambda: account().told == len(shipped))
    shipped = warehouse.correct_and_post(machine, shipped)
    _ask_now(machine)
    with display.waiting("a tracking number is corrected, the sales journal posted, and Sage asked by hand"):
        _wait(keeper, lambda: not account().problems() and _quiet(keeper.machine))
    told = account()
    display.table("Clarity eCommerce and Sage 100", clarity_rows(orders, told))
    return [f"Clarity: {line}" for line in orders.problems() + told.problems()]


def _sales(keeper: Keeper, display: Display) -> list[str]:
    """Third act: goods to Salesforce, customers and won deals to Zoho and on to Sage; what is wrong."""
    _trigger(keeper.machine, (sales.CATALOGUE,), {})
    with display.waiting("Zoho's catalogue goes to Salesforce, as every night"):
        _wait(keeper, lambda: sales.catalogue_is_there(keeper.machine))
    accounts = sales.enter_accounts(keeper.machine)
    with display.waiting(f"{len(accounts)} accounts are entered in Salesforce, which announces them"):
        _wait(keeper, lambda: sales.contacts_are_there(keeper.machine, accounts))
    edited = sales.edit_both_sides(keeper.machine, accounts)
    with display.waiting("a note is written in Zoho, a street corrected in Salesforce: both must stay"):
        _wait(keeper, lambda: sales.edit_is_there(keeper.machine, accounts, edited))
    sold = sales.win(keeper.machine, accounts)

    def account() -> sales.SalesTally:
        return sales.sales_tally(keeper.machine, accounts, sold)

    with display.waiting(f"{len(sold)} opportunities are won: Zoho gets the orders, and Sage from Zoho"):
        _wait(keeper, lambda: not account().problems() and _quiet(keeper.machine, sales.FLOWS))
    told = account()
    display.table("Salesforce, Zoho Inventory and Sage 100", salesforce_rows(told))
    lost = [] if sales.edit_is_there(keeper.machine, accounts, edited) else ["an edit in Zoho is lost"]
    return [f"Salesforce: {line}" for line in told.problems() + lost]


def _carry(keeper: Keeper, display: Display, shop: Shop, expected: int) -> None:
    """Show a shop's orders until every one has come to its end."""
    with display.carrying(expected) as carrying:
        quiet = 0
        while quiet < QUIET_CHECKS:
            time.sleep(1)
            keeper.check()
            try:
                present = progress(keeper.machine, shop.flow)
            except TransientError:
                continue
            carrying.show(present)
            quiet = quiet + 1 if _is_through(present, expected) else 0


def _wait(keeper: Keeper, done: Callable[[], bool]) -> None:
    """Wait for what is asked every minute, and not for ever."""
    deadline = time.monotonic() + MIRROR_SECONDS
    while time.monotonic() < deadline:
        time.sleep(1)
        keeper.check()
        try:
            if done():
                return
        except TransientError:
            continue


def _ask_now(machine: Machine) -> None:
    """Start the flows to the shop by hand."""
    _trigger(machine, MIRRORS, {"whole": True})


def _trigger(machine: Machine, flows: Iterable[str], conf: Mapping[str, object]) -> None:
    """Start flows by hand; if that cannot be done now, the schedule starts them."""
    login = {"username": ADMIN, "password": machine.secrets.admin_password}
    with (
        suppress(httpx.HTTPError),
        httpx.Client(base_url=machine.airflow_url, trust_env=False, timeout=30) as airflow,
    ):
        token = airflow.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        airflow.headers["Authorization"] = f"Bearer {token}"
        for flow in flows:
            airflow.post(f"/api/v2/dags/{flow}/dagRuns", json={"logical_date": None, "conf": dict(conf)})


def _quiet(machine: Machine, flows: Iterable[str] = MIRRORS) -> bool:
    """Whether nothing is on its way."""
    return all(present.settled == present.received for present in (progress(machine, each) for each in flows))


def _announce(machine: Machine) -> frozenset[str]:
    """Point the shop's webhook at the receiver, spoil five orders, announce all; the order ids."""
    receiver = f"{machine.airflow_url}/tradebridge/webhooks/zoho_inventory/salesorder"
    sandbox(machine, "POST", "spoilt", {"cases": list(SPOILT), "announce": False})
    sandbox(machine, "POST", "webhooks", {"url": receiver, "secret": SANDBOX_WEBHOOK_SECRET})
    sandbox(machine, "POST", "emit", {"salesorder_ids": "all", "rate_per_second": ORDERS_PER_SECOND})
    return frozenset(zoho_totals(machine))


def _place(machine: Machine) -> frozenset[str]:
    """Buyers order in Clarity's shop, which announces it; the order ids."""
    sandbox(machine, "POST", "orders", {"count": CLARITY_ORDERS}, system="clarity")
    sandbox(machine, "POST", "cases", {"cases": list(CLARITY_CASES)}, system="clarity")
    return frozenset(warehouse.clarity_totals(machine))


def _is_through(present: Progress, expected: int) -> bool:
    return present.received >= expected and present.settled == present.received


def _conclude(machine: Machine, display: Display, problems: list[str]) -> None:
    for problem in problems:
        display.say(f"DOES NOT BALANCE: {problem}")
    if not problems:
        display.say("Every count balances.")
    display.where_to_look(machine, up.login(machine))
