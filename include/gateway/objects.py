"""Sage 100's Business Objects as the gateway sees them, and where they come from.

The names are Sage's. Return codes: 1 done, -1 done with a warning, 0 refused, 2 new key; an empty
answer counts as refused (it happens). By-reference arguments are anything with a ``value``.
"""

# ruff: noqa: N802, N815, D102 - names and meanings are Sage's

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable


class Reference(Protocol):
    """What a by-reference argument looks like; the callee sets ``value``."""

    value: Any


class Speaker(Protocol):
    """Anything with a last message."""

    @property
    def sLastErrorMsg(self) -> str: ...


class Session(Speaker, Protocol):
    """``SY_Session``."""

    def nSetUser(self, user: str, password: str) -> Any: ...
    def nSetCompany(self, code: str) -> Any: ...
    def nSetDate(self, module: str, day: str) -> Any: ...
    def nSetModule(self, module: str) -> Any: ...
    def nLookupTask(self, name: str) -> Any: ...
    def nSetProgram(self, task: int) -> Any: ...
    def nCleanup(self) -> Any: ...
    def DropObject(self) -> Any: ...


class Lines(Speaker, Protocol):
    """``oLines`` of an order. ``nEOF`` is a property on some releases: ask :func:`at_end`."""

    nEOF: Any

    def nAddLine(self) -> Any: ...
    def nCopyLinesFromSalesOrder(self, order: str, ship_all: str) -> Any: ...
    def nMoveFirst(self) -> Any: ...
    def nMoveNext(self) -> Any: ...
    def nSetValue(self, column: str, value: str | float) -> Any: ...
    def nGetValue(self, column: str, into: Reference) -> Any: ...
    def nWrite(self) -> Any: ...
    def nDelete(self) -> Any: ...


class BusinessObject(Speaker, Protocol):
    """What ``*_bus`` objects share; an order adds ``oLines``."""

    @property
    def oLines(self) -> Lines: ...
    def nGetNextSalesOrderNo(self, into: Reference) -> Any: ...
    def nGetNextCustomerNo(self, into: Reference) -> Any: ...
    def nGetNextDepositNo(self, into: Reference) -> Any: ...
    def nGetNextInvoiceNo(self, into: Reference) -> Any: ...
    def nSetKey(self, *key: str) -> Any: ...
    def nSetKeyValue(self, column: str, value: str) -> Any: ...
    def nSetValue(self, column: str, value: str | float) -> Any: ...
    def nGetValue(self, column: str, into: Reference) -> Any: ...
    def nWrite(self) -> Any: ...
    def nDelete(self) -> Any: ...
    def nClear(self) -> Any: ...
    def nCleanup(self) -> Any: ...


class Script(Protocol):
    """``ProvideX.Script``."""

    def Init(self, home: str) -> Any: ...
    def NewObject(self, name: str, session: Session | None = None) -> Any: ...


@dataclass(slots=True)
class Cell:
    """A by-reference argument for objects that are plain Python."""

    value: Any = ""


@dataclass(frozen=True, slots=True)
class Objects:
    """How to make a script and a by-reference argument."""

    script: Callable[[], Script]
    reference: Callable[[], Reference]


def load_objects(where: str) -> Objects:
    """Find the objects a setting names.

    Args:
        where: ``com``, or ``package.module:Class``.

    Raises:
        ValueError: there is no such thing here.
    """
    if where == "com":
        return cast("Objects", importlib.import_module("include.gateway.com").com_objects())
    module, _, name = where.partition(":")
    try:
        script = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"TRADEBRIDGE_GATEWAY_OBJECTS={where!r}: {error}; write com or module:Class"
        ) from error
    return Objects(script=script, reference=Cell)


def at_end(lines: Lines) -> bool:
    """Whether the lines are read to the end, be nEOF a property or a method."""
    answer = lines.nEOF
    return bool(answer() if callable(answer) else answer)
