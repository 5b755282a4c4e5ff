"""Sage's own objects: ``ProvideX.Script`` through pywin32, late bound. Windows only.

ProvideX publishes no type library, so pywin32 cannot tell ``nWrite`` the method from a property and
may call it while merely looking at it. Every method we use is therefore declared as one.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from typing import TYPE_CHECKING, Any, cast

from include.gateway.objects import BusinessObject, Lines, Objects, Reference, Script, Session

if TYPE_CHECKING:
    from collections.abc import Callable

SESSION_METHODS = (
    "nSetUser", "nSetCompany", "nSetDate", "nSetModule", "nLookupTask", "nSetProgram", "nCleanup",
    "DropObject",
)  # fmt: skip
LINE_METHODS = (
    "nAddLine", "nCopyLinesFromSalesOrder", "nMoveFirst", "nMoveNext", "nSetValue", "nGetValue", "nWrite",
    "nDelete",
)  # fmt: skip
BUS_METHODS = (
    "nGetNextSalesOrderNo", "nGetNextCustomerNo", "nGetNextDepositNo", "nGetNextInvoiceNo", "nSetKey",
    "nSetKeyValue", "nSetValue", "nGetValue", "nWrite", "nDelete", "nClear", "nCleanup",
)  # fmt: skip


def com_objects() -> Objects:
    """The COM binding.

    Raises:
        ValueError: this is no Windows machine.
    """
    if os.name != "nt":
        raise ValueError("TRADEBRIDGE_GATEWAY_OBJECTS=com needs Windows with Sage's Workstation Setup")
    client = importlib.import_module("win32com.client")
    pythoncom = importlib.import_module("pythoncom")

    def script() -> Script:
        return ComScript(client.dynamic.Dispatch("ProvideX.Script"))

    def reference() -> Reference:
        return cast("Reference", client.VARIANT(pythoncom.VT_BYREF | pythoncom.VT_BSTR, ""))

    return Objects(script=script, reference=reference)


class ComScript:
    """``ProvideX.Script``; what it makes comes with its methods declared."""

    def __init__(self, dispatch: Any) -> None:
        self._dispatch = declared(dispatch, ("Init", "NewObject"))

    def Init(self, home: str) -> Any:  # noqa: N802 - Sage's name
        """Say where Sage's ``Home`` folder is."""
        return self._dispatch.Init(home)

    def NewObject(self, name: str, session: Session | None = None) -> Any:  # noqa: N802 - Sage's name
        """Make a session, or a business object in one."""
        if session is None:
            return declared(self._dispatch.NewObject(name), SESSION_METHODS)
        return _Bus(declared(self._dispatch.NewObject(name, session), BUS_METHODS))


class _Bus:
    """A business object whose lines are declared too, once: ``oLines`` is one object for its whole life."""

    def __init__(self, dispatch: BusinessObject) -> None:
        self._dispatch = dispatch
        self._lines: Lines | None = None

    @property
    def oLines(self) -> Lines:  # noqa: N802 - Sage's name
        if self._lines is None:
            self._lines = cast("Lines", declared(self._dispatch.oLines, LINE_METHODS))
        return self._lines

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dispatch, name)


def declared(dispatch: Any, methods: tuple[str, ...]) -> Any:
    """Tell pywin32 which names are methods; a name that the object does not have is passed over."""
    flag: Callable[[str], None] = dispatch._FlagAsMethod
    for name in methods:
        with contextlib.suppress(Exception):  # com_error exists on Windows alone: no such name here
            flag(name)
    return dispatch
