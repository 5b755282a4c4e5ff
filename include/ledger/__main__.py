"""``python -m include.ledger migrate | show | verify | downgrade``: the ledger from a shell."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.errors import IntegrationError
from include.ledger.breakers import Circuit
from include.ledger.ledger import Ledger
from include.ledger.migration import downgrade, migrate
from include.ledger.tables import inbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VARIABLE = "TRADEBRIDGE_LEDGER_URL"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 = fine, 1 = the audit trail is broken or the ledger cannot be reached, 2 = usage."""
    parser = argparse.ArgumentParser(prog="python -m include.ledger", description=__doc__)
    parser.add_argument("command", choices=["migrate", "show", "verify", "downgrade"])
    parser.add_argument(
        "--url", default=os.environ.get(VARIABLE), help=f"the ledger's database (or ${VARIABLE})"
    )
    parser.add_argument("--schema", help="where the tables are, if not on the default search path")
    parser.add_argument("--yes", action="store_true", help="downgrade: drop every table and what is in it")
    given = parser.parse_args(arguments)
    if not given.url:
        parser.error(f"say where the ledger is: --url or ${VARIABLE}")
    if given.command == "downgrade" and not given.yes:
        parser.error("downgrade drops every table of the ledger; add --yes")
    try:
        return _run(given.command, given.url, given.schema)
    except IntegrationError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(command: str, url: str, schema: str | None) -> int:
    if command == "migrate":
        migrate(url, schema=schema)
    elif command == "downgrade":
        downgrade(url, schema=schema)
    else:
        ledger = Ledger.connect(url, schema=schema)
        try:
            return _verify(ledger) if command == "verify" else _show(ledger)
        finally:
            ledger.close()
    return 0


def _show(ledger: Ledger) -> int:
    sys.stdout.writelines(f"{line}\n" for line in _lines(ledger))
    return 0


def _lines(ledger: Ledger) -> Iterator[str]:
    with ledger.database.once("list flows") as connection:
        flows = list(connection.scalars(select(inbox.c.flow).distinct().order_by(inbox.c.flow)))
    for flow in flows:
        tally = ledger.inbox.tally(flow)
        standing = ", ".join(f"{name} {rows}" for name, rows in sorted(tally.items()))
        yield f"{flow}: received {sum(tally.values())} = {standing}"
        waiting = len(ledger.inbox.waiting(flow))
        yield f"  claimable now {ledger.inbox.pending(flow)}, waiting records {waiting}"
        for cause, rows in list(ledger.exceptions.counts_by_cause(flow).items())[:10]:
            yield f"  {rows} open: {cause}"
    now = ledger.database.now()
    for parked in ledger.parking.standing():
        yield f"{parked.flow}: parked until {parked.until:%Y-%m-%d %H:%M:%S} UTC: {parked.reason}"
    for breaker in ledger.breakers.states():
        if (circuit := breaker.circuit(now)) is not Circuit.CLOSED:
            since = f"since {breaker.opened_at:%Y-%m-%d %H:%M:%S} UTC"
            yield f"endpoint {breaker.name}: {circuit.value} {since}: {breaker.reason}"
    for name in ledger.budgets.names():
        state = ledger.budgets.state(name)
        block = f", blocked until {state.blocked_until:%H:%M:%S}" if state.blocked_until else ""
        yield f"budget {name}: {state.last_minute} in the last minute, {state.today} today{block}"
    yield f"audit trail: {ledger.audit.head().seq} rows"


def _verify(ledger: Ledger) -> int:
    verdict = ledger.audit.verify()
    if verdict.broken_at is not None:
        sys.stdout.write(f"audit trail broken at row {verdict.broken_at}\n")
        return 1
    sys.stdout.write(f"audit trail whole: {verdict.rows} rows, head {verdict.head.hash}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
