"""What the demonstration shows: a progress bar on a terminal, plain lines elsewhere, a table at the end."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from include.standalone.environment import Machine
    from include.standalone.sales import SalesTally
    from include.standalone.tally import Progress, Tally
    from include.standalone.warehouse import WarehouseTally

    Row = tuple[str, str, str]

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

    def waiting(self, line: str) -> AbstractContextManager[object]:
        """Say what is waited for; on a terminal something moves until the block is left."""
        if self.console.is_terminal:
            return self.console.status(line)
        self.say(line)
        return nullcontext()

    def table(self, title: str, account: Sequence[Row]) -> None:
        """An account."""
        table = Table(title=title, show_header=False, title_justify="left")
        table.add_column("what")
        table.add_column("how much", justify="right")
        table.add_column("")
        for name, figure, remark in account:
            table.add_row(name, figure, remark)
        self.console.print(table)

    def where_to_look(self, machine: Machine, login: str) -> None:
        """Addresses, and one more order."""
        order, other = (
            f"curl -s -X POST {machine.sandbox_url}/_sandbox/{place} "
            "-H 'Content-Type: application/json' -d '{}'"
            for place in ("zoho/salesorders", "clarity/orders")
        )
        for line in (
            f"Airflow:        {machine.airflow_url}  (login {login})",
            f"Exceptions:     {machine.airflow_url}/tradebridge/exceptions  (or Browse > Exceptions)",
            f"Sage's tables:  {machine.sage_database}  (SO_SalesOrderHeader, AR_Customer, ...)",
            f"One more order: {order}",
            f"... in Clarity:  {other}",
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


def zoho_rows(tally: Tally, calls: int) -> list[Row]:
    """Rows of the table about Zoho: what, how much, remark.

    Args:
        tally: the account.
        calls: API calls that Zoho counted.
    """
    limit = "the sandbox's limit of 100 a minute is raised"
    return [*order_rows(tally, "Zoho"), ("Zoho API calls", f"{calls:,}", limit)]


def clarity_rows(tally: Tally, warehouse: WarehouseTally) -> list[Row]:
    """Rows of the table about Clarity: orders to Sage, then shipments and stock back."""
    p50, p95 = warehouse.seconds
    return [
        ("orders placed", f"{len(tally.announced):,}", "in Clarity's shop, each announced by webhook"),
        *order_rows(tally, "Clarity"),
        ("shipments in Sage", f"{len(warehouse.shipped):,}", f"{warehouse.packages:,} packages"),
        ("shipments in Clarity", f"{warehouse.told:,}", "each with the warehouse's tracking numbers"),
        ("buyers notified", f"{warehouse.notified:,}", "once a shipment; a corrected number is no news"),
        ("shipped to tracking", f"{p50:.1f} s", f"half of them; 95 % within {p95:.1f} s"),
        ("stock levels told", f"{warehouse.levels_told:,}", "to Clarity, by a changed level each"),
        (
            "stock levels compared",
            f"{warehouse.levels:,}",
            f"{warehouse.apart:,} more under the shop's own names",
        ),
        ("stock differences", f"{len(warehouse.differing):,}", ""),
    ]


def salesforce_rows(tally: SalesTally) -> list[Row]:
    """Rows of the table about Salesforce: goods from Zoho, customers and deals to Zoho and on to Sage."""
    p50, p95 = tally.seconds
    return [
        ("items in Zoho", f"{len(tally.goods):,}", ""),
        ("products in Salesforce", f"{len(tally.products):,}", "each at Zoho's price"),
        ("accounts entered", f"{len(tally.accounts):,}", "in Salesforce, each with a person"),
        ("told to in Zoho", f"{p50:.1f} s", f"half of the customers; 95 % within {p95:.1f} s"),
        ("deals won", f"{len(tally.amounts):,}", f"{tally.sold:,.2f} dollars in Salesforce"),
        ("  confirmed in Zoho", f"{tally.confirmed:,}", f"{tally.ordered:,.2f} dollars"),
        ("  booked in Sage", f"{len(tally.booked):,}", f"{tally.in_sage:,.2f} dollars"),
        ("difference", f"{tally.sold - tally.in_sage:,.2f}", "dollars, Salesforce less Sage"),
    ]


def order_rows(tally: Tally, shop: str) -> list[Row]:
    """What became of a shop's orders."""

    def count(name: str) -> str:
        return f"{tally.standing.get(name, 0):,}"

    def reasons(disposition: str) -> str:
        return ", ".join(f"{code} {orders}" for kind, code, orders in tally.reasons if kind == disposition)

    difference = tally.shop_dollars - tally.sage_dollars
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
        (f"dollars in {shop}", f"{tally.shop_dollars:,.2f}", "of the loaded orders"),
        ("dollars in Sage", f"{tally.sage_dollars:,.2f}", f"of all orders that carry a {shop} id"),
        ("difference", f"{difference:,.2f}", ""),
        ("webhook to Sage order", f"{p50:.1f} s", f"half of them; 95 % within {p95:.1f} s"),
    ]
