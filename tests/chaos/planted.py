"""Bugs that the checker must find, put in from outside: nothing of ours knows of them.

The scheduler is given an executor that spoils the pipelines before its workers are forked, the gateway a
``Script`` of Sage's whose import spoils its look-ups. Each is a mistake that somebody could make.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
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
    """A key made of the attempt, and nobody looks whether an earlier attempt has arrived."""
    from include.gateway.lookup import Lookup
    from include.pipelines import delivery, load

    delivery.write_key = lambda *_: secrets.token_hex(32)
    delivery.Delivery._read_back = lambda *_: None
    load._standing_orders = lambda *_: {}
    Lookup.order = lambda *_: None


def lost() -> None:
    """An answer that never came is taken for a yes."""
    from include.pipelines import delivery

    def believe(self: Any, keys: Sequence[str], writes: Mapping[str, Any], delivered: Any) -> None:
        self._commit({key: delivery._adopted(key, "0000000") for key in keys}, writes, delivered)

    delivery.Delivery._doubt = believe


def cents() -> None:
    """A rounding somewhere gives every order one cent more."""
    from include.pipelines import load

    true_writes, cent = load.order_writes, Decimal("0.01")

    def dearer(*arguments: Any, **named: Any) -> list[Any]:
        return [
            replace(
                record,
                header={**record.header, "FreightAmt": str(Decimal(record.header["FreightAmt"]) + cent)},
                expected_total=record.expected_total + cent,
            )
            for record in true_writes(*arguments, **named)
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
