# ruff: noqa: N815 - Sage's own names
"""How a Business Object answers: 1, 0, -1, a message beside it, or an exception that ends the session.

1 is done, 0 is refused, -1 is done with a warning; ``nSetKey`` and ``nAddLine`` also say 2, a new record.
"""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar

from include.sandbox.sage100 import faults
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.sage100.objects.session import Session

P = ParamSpec("P")
A = TypeVar("A", bound="Answering")
R = TypeVar("R")

DISP_E_EXCEPTION = -2147352567
RPC_E_WRONG_THREAD = -2147417842


class ByRef(Protocol):
    """What takes a by-reference answer: a COM VARIANT or anything else with a ``value``."""

    value: Any


class ComError(Exception):
    """A COM call failed, with the arguments of pywin32's ``com_error``; the session is of no more use."""

    def __init__(self, description: str = "Error 88", hresult: int = DISP_E_EXCEPTION) -> None:
        super().__init__(hresult, "Exception occurred.", (0, "ProvideX.Script", description), None)


class Answering:
    """A Business Object: answers codes and keeps its last message."""

    bus: ClassVar[str] = ""
    """The name before the method in the point of a fault."""
    sLastErrorMsg: str

    def __init__(self, session: Session) -> None:
        self.sLastErrorMsg = ""
        self._session = session
        self._warnings: list[str] = []

    def _warn(self, message: str) -> None:
        self._warnings.append(message)

    def _subject(self) -> str:
        """What the call is about, for the match of a fault."""
        return ""

    def _enter(self, method: str) -> None:
        session = self._session
        if session.poisoned:
            raise ComError("Error 88: the session has failed before")
        if session.thread != threading.get_ident():
            raise ComError("called from another thread", RPC_E_WRONG_THREAD)
        self._warnings = []
        self.sLastErrorMsg = ""
        db = session.any_db
        point = f"{self.bus}.{method}"
        if db is None or not faults.waits(db, "com_exception"):
            return
        if faults.strike(db, "com_exception", self._subject(), point):
            session.poisoned = True
            raise ComError(f"Error 88 in {point}")

    def _leave(self, code: int) -> int:
        if not self._warnings:
            return code
        self.sLastErrorMsg = " ".join(self._warnings)
        return -1


def answered(call: Callable[Concatenate[A, P], int]) -> Callable[Concatenate[A, P], int]:
    """Turn refusals into 0 and warnings into -1, with the message beside."""

    @wraps(call)
    def reply(self: A, /, *args: P.args, **kwargs: P.kwargs) -> int:
        self._enter(call.__name__)
        try:
            return self._leave(call(self, *args, **kwargs))
        except RefusedError as refusal:
            self.sLastErrorMsg = str(refusal)
            return 0

    return reply
