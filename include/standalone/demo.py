"""The demonstration: Northwind's orders from the sandbox shop into the sandbox ERP, counted at the end.

The machine runs under a supervisor of its own process, which this one watches: should it be killed,
it is started again and the story goes on. When this process ends, however it ends, so does the machine.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from include.errors import ConfigurationError, TransientError
from include.standalone import state as states
from include.standalone import up
from include.standalone.display import Display
from include.standalone.environment import SANDBOX_WEBHOOK_SECRET
from include.standalone.processes import state_file
from include.standalone.sessions import die_with_parent
from include.standalone.tally import Progress, Tally, progress, sandbox, shop_totals, tally

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from include.standalone.environment import Machine

MARKER = "made-by-demo"
LIMIT_SECONDS = 20 * 60.0
ORDERS_PER_SECOND = 50
SPOILT = ("unknown_sku", "total_off_by_a_cent", "unknown_payment_terms", "no_lines", "negative_quantity")
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
        account = _story(keeper, display)
        problems = account.problems()
        _conclude(keeper.machine, display, account, problems)
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
        self._supervisor = up.spawn_supervisor(self._run, before_exec=die_with_parent)
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


def _story(keeper: Keeper, display: Display) -> Tally:
    """Announce all orders, watch them arrive, give the account."""
    announced = _announce(keeper.machine)
    display.say(f"{len(announced)} orders are announced by webhook, {ORDERS_PER_SECOND} a second")
    with display.carrying(len(announced)) as carrying:
        quiet = 0
        while quiet < QUIET_CHECKS:
            time.sleep(1)
            keeper.check()
            try:
                present = progress(keeper.machine)
            except TransientError:
                continue
            carrying.show(present)
            quiet = quiet + 1 if _is_through(present, len(announced)) else 0
    return tally(keeper.machine, announced)


def _announce(machine: Machine) -> frozenset[str]:
    """Point the shop's webhook at the receiver, spoil five orders, announce all; the order ids."""
    receiver = f"{machine.airflow_url}/tradebridge/webhooks/zoho_inventory/salesorder"
    sandbox(machine, "POST", "spoilt", {"cases": list(SPOILT), "announce": False})
    sandbox(machine, "POST", "webhooks", {"url": receiver, "secret": SANDBOX_WEBHOOK_SECRET})
    sandbox(machine, "POST", "emit", {"salesorder_ids": "all", "rate_per_second": ORDERS_PER_SECOND})
    return frozenset(shop_totals(machine))


def _is_through(present: Progress, expected: int) -> bool:
    return present.received >= expected and present.settled == present.received


def _conclude(machine: Machine, display: Display, account: Tally, problems: list[str]) -> None:
    display.table(account)
    for problem in problems:
        display.say(f"DOES NOT BALANCE: {problem}")
    if not problems:
        display.say("Every count balances.")
    display.where_to_look(machine, up.login(machine))
