"""The COM binding, with pywin32 played by a dispatch object that behaves as late binding does.

It runs no COM: that the calls reach Sage is for a Windows machine to show.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from include.gateway.objects import load_objects


class Dispatch:
    """Looking at an undeclared name calls it, which is what a program without type information risks."""

    def __init__(self, progid: str, calls: list[str]) -> None:
        self.__dict__.update(progid=progid, calls=calls, methods=set())

    def _FlagAsMethod(self, name: str) -> None:  # noqa: N802 - pywin32's name
        if name == "nGetNextCustomerNo" and self.progid != "AR_Customer_bus":
            raise OSError("unknown name")
        self.methods.add(name)

    def __getattr__(self, name: str) -> Any:
        if name == "oLines":
            return Dispatch("oLines", self.calls)
        if name not in self.methods:
            self.calls.append(f"{self.progid}.{name} looked at")
            return 1
        return lambda *arguments: self._call(name, *arguments)

    def _call(self, name: str, *arguments: Any) -> Any:
        self.calls.append(f"{self.progid}.{name}")
        return Dispatch(arguments[0], self.calls) if name == "NewObject" else 1


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    client = ModuleType("win32com.client")
    client.dynamic = SimpleNamespace(Dispatch=lambda progid: Dispatch(progid, made))  # type: ignore[attr-defined]
    client.VARIANT = lambda kind, value: SimpleNamespace(kind=kind, value=value)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "win32com.client", client)
    monkeypatch.setitem(sys.modules, "pythoncom", SimpleNamespace(VT_BYREF=0x4000, VT_BSTR=8))
    monkeypatch.setattr(os, "name", "nt")
    return made


def test_every_call_is_made_once_and_none_by_looking(calls: list[str]) -> None:
    objects = load_objects("com")
    script = objects.script()
    script.Init("home")
    session = script.NewObject("SY_Session")
    session.nSetUser("u", "p")
    order = script.NewObject("SO_SalesOrder_bus", session)
    order.nGetNextSalesOrderNo(objects.reference())
    order.oLines.nAddLine()
    order.oLines.nWrite()
    order.nWrite()
    assert calls == [
        "ProvideX.Script.Init", "ProvideX.Script.NewObject", "SY_Session.nSetUser",
        "ProvideX.Script.NewObject",
        "SO_SalesOrder_bus.nGetNextSalesOrderNo", "oLines.nAddLine", "oLines.nWrite",
        "SO_SalesOrder_bus.nWrite",
    ]  # fmt: skip


def test_a_by_reference_argument_is_a_text_variant(calls: list[str]) -> None:
    reference: Any = load_objects("com").reference()
    assert (reference.kind, reference.value, calls) == (0x4008, "", [])
