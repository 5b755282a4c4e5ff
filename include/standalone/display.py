"""What the demonstration shows: a progress bar on a terminal, plain lines elsewhere, a table at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

if TYPE_CHECKING:
    from types import TracebackType

    from include.standalone.environment import Machine
    from include.standalone.tally import Progress, Tally

PLAIN_EVERY = 5.0


class Display:
    """One person's terminal, or a log file.

    Args:
        console: where to write; rich finds out what it can do.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    def say(self, line: str) -> None:
        """One plain line."""
        self.console.print(line, markup=False)

    def carrying(self, expected: int) -> Carrying:
        """Show how orders arrive, until the block is left."""
        return Carrying(self.console, expected)

    def table(self, tally: Tally) -> None:
        """The final account."""
        table = Table(title="Zoho Inventory orders in Sage 100", show_header=False, title_justify="left")
        table.add_column("what")
        table.add_column("how much", justify="right")
        table.add_column("")
        for name, figure, remark in rows(tally):
            table.add_row(name, figure, remark)
        self.console.print(table)

    def where_to_look(self, machine: Machine, login: str) -> None:
        """Addresses, and one more order."""
        order = (
            f"curl -s -X POST {machine.sandbox_url}/_sandbox/zoho/salesorders "
            "-H 'Content-Type: application/json' -d '{}'"
        )
        for line in (
            f"Airflow:        {machine.airflow_url}  (login {login})",
            f"Exceptions:     {machine.airflow_url}/tradebridge/exceptions  (or Browse > Exceptions)",
            f"Sage's tables:  {machine.sage_database}  (SO_SalesOrderHeader, AR_Customer, ...)",
            f"One more order: {order}",
            f"Logs:           {machine.logs}",
        ):
            self.say(line)


class Carrying:
    """A bar, or a line every few seconds where nobody can see a bar move."""

    def __init__(self, console: Console, expected: int) -> None:
        self._console = console
        self._expected = expected
        self._next_line = 0.0
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._received = self._bar.add_task("webhooks kept", total=expected)
        self._settled = self._bar.add_task("orders carried", total=expected)

    def __enter__(self) -> Carrying:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Show the present count."""
        if self._console.is_terminal:
            self._bar.update(self._received, completed=progress.received)
            self._bar.update(self._settled, completed=progress.settled)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + PLAIN_EVERY
            standing = ", ".join(f"{name} {count}" for name, count in sorted(progress.standing.items()))
            self._console.print(
                f"{progress.settled} of {self._expected} carried ({standing or 'no webhook yet'})"
            )


def rows(tally: Tally) -> list[tuple[str, str, str]]:
    """The table's rows: what, how much, remark."""

    def count(name: str) -> str:
        return f"{tally.standing.get(name, 0):,}"

    def reasons(disposition: str) -> str:
        return ", ".join(f"{code} {orders}" for kind, code, orders in tally.reasons if kind == disposition)

    difference = tally.zoho_dollars - tally.sage_dollars
    p50, p95 = tally.seconds
    return [
        ("received", f"{tally.received:,}", f"{len(tally.announced):,} orders announced by webhook"),
        ("  loaded", count("loaded"), ""),
        ("  unchanged", count("unchanged"), ""),
        ("  parked", count("parked"), reasons("parked")),
        ("  rejected", count("rejected"), reasons("rejected")),
        ("  duplicate", count("duplicate"), ""),
        ("  in doubt", count("in_doubt"), ""),
        *(
            [("  waiting", count("waiting"), "later events of parked orders")]
            if "waiting" in tally.standing
            else []
        ),
        ("orders in Sage", f"{sum(map(len, tally.sage.values())):,}", ""),
        ("customers created", f"{tally.customers_created:,}", ""),
        ("dollars in Zoho", f"{tally.zoho_dollars:,.2f}", "of the loaded orders"),
        ("dollars in Sage", f"{tally.sage_dollars:,.2f}", "of all orders that carry a Zoho id"),
        ("difference", f"{difference:,.2f}", ""),
        ("webhook to Sage order", f"{p50:.1f} s", f"half of them; 95 % within {p95:.1f} s"),
        ("Zoho API calls", f"{tally.zoho_calls:,}", "the sandbox's limit of 100 a minute is raised"),
    ]
