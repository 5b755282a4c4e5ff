"""Bugs that the checker must find, put in from outside: nothing of ours knows of them.

The scheduler is given an executor that spoils the pipelines before its workers are forked, the gateway a
``Script`` of Sage's whose import spoils its look-ups. Each is a mistake that somebody could make.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from include.sandbox.sage100.objects import Script as Sage
from tradebridge.warm_executor import WarmLocalExecutor

VARIABLE = "TRADEBRIDGE_CHAOS_PLANT"


def environment(bug: str | None) -> dict[str, str]:
    """What a machine with the bug finds in its environment; nothing without one."""
    if not bug:
        return {}
    return {
        VARIABLE: bug,
        "AIRFLOW__CORE__EXECUTOR": f"{__name__}.{PlantedExecutor.__name__}",
        "TRADEBRIDGE_GATEWAY_OBJECTS": f"{__name__}:{Script.__name__}",
    }


def doubled() -> None:
    """Nobody looks whether an order is there already: neither here, nor in Sage, nor the gateway."""
    from include.gateway.lookup import Lookup
    from include.ledger.crosswalk import Crosswalk
    from include.pipelines import load
    from include.pipelines.ports import ORDER

    truly = Crosswalk.find

    def find(self: Crosswalk, entity: str, *about: Any) -> Any:
        return {} if entity == ORDER else truly(self, entity, *about)

    Crosswalk.find = find
    load._standing_orders = lambda *_: {}
    Lookup.order = lambda *_: None


def lost() -> None:
    """An order that was carried once is never looked at again."""
    from include.ledger import Outcome
    from include.pipelines import extract
    from include.pipelines.ports import ORDER, SOURCE, TARGET

    truly = extract._changed

    def changed(world: Any, rows: Sequence[Any]) -> Any:
        wanted, outcomes = truly(world, rows)
        known = world.ledger.crosswalk.find(ORDER, SOURCE, list(wanted), TARGET)
        left = {key: recheck for key, recheck in wanted.items() if key not in known}
        return left, outcomes | dict.fromkeys(known, Outcome.UNCHANGED)

    extract._changed = changed


def cents() -> None:
    """A rounding somewhere gives every order one cent more."""
    from include.pipelines import load

    truly, cent = load.order_writes, Decimal("0.01")

    def dearer(*arguments: Any, **named: Any) -> list[Any]:
        return [
            replace(
                record,
                header={**record.header, "FreightAmt": str(Decimal(record.header["FreightAmt"]) + cent)},
                expected_total=record.expected_total + cent,
            )
            for record in truly(*arguments, **named)
        ]

    load.order_writes = dearer


BUGS: dict[str, Callable[[], None]] = {bug.__name__: bug for bug in (doubled, lost, cents)}


class PlantedExecutor(WarmLocalExecutor):
    """The machine's executor with a bug in what it forks."""

    def start(self) -> None:
        """Spoil, then fork."""
        BUGS[os.environ[VARIABLE]]()
        super().start()


class Script(Sage):
    """Sage's objects; whoever loads them gets the bug too."""


if os.environ.get(VARIABLE) == doubled.__name__:
    doubled()
