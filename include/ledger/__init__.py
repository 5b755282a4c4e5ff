"""Our memory, in a database of its own: never the engine's.

Inbox, crosswalk, write ledger, exceptions, cursors, audit, budgets, breakers, tokens, wakes, reports, rates,
alerts, balances, and what targets were told.
:class:`Ledger` holds them together; :func:`migrate` makes the tables.
"""

from __future__ import annotations

from include.ledger.alerts import Alert, Notice, Step
from include.ledger.audit import AuditEntry
from include.ledger.balances import Balance, Finding
from include.ledger.breakers import BreakerPolicy, Breakers, BreakerState, Circuit
from include.ledger.budgets import BudgetState
from include.ledger.claims import Batch
from include.ledger.crosswalk import Link
from include.ledger.doubts import Doubt, Waiting
from include.ledger.inbox import Delivery, InboxRow
from include.ledger.ledger import Ledger
from include.ledger.migration import downgrade, migrate
from include.ledger.parking import ParkedFlow
from include.ledger.rates import Rate
from include.ledger.reports import Report
from include.ledger.setaside import ExceptionRow, ExceptionState, NewException
from include.ledger.settling import LeaseLostError, Outcome
from include.ledger.signs import FailedTask, FlowSigns, Rhythm
from include.ledger.tokens import Token
from include.ledger.told import Told
from include.ledger.wakes import Wake
from include.ledger.writes import Intent, Write, WriteState

__all__ = [
    "Alert",
    "AuditEntry",
    "Balance",
    "Batch",
    "BreakerPolicy",
    "BreakerState",
    "Breakers",
    "BudgetState",
    "Circuit",
    "Delivery",
    "Doubt",
    "ExceptionRow",
    "ExceptionState",
    "FailedTask",
    "Finding",
    "FlowSigns",
    "InboxRow",
    "Intent",
    "LeaseLostError",
    "Ledger",
    "Link",
    "NewException",
    "Notice",
    "Outcome",
    "ParkedFlow",
    "Rate",
    "Report",
    "Rhythm",
    "Step",
    "Token",
    "Told",
    "Waiting",
    "Wake",
    "Write",
    "WriteState",
    "downgrade",
    "migrate",
]
