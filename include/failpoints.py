"""Named places where a test may kill the process.

Exactly-once claims are worth what was tried against them. ``TRADEBRIDGE_FAILPOINT=load_orders:after_send``
makes the process that comes by kill itself there with ``SIGKILL``, once: the marker file named by
``TRADEBRIDGE_FAILPOINT_ONCE`` is created first, and a process that finds it goes on. Without the
variable a failpoint costs one dictionary look-up.

Nobody lists the places. Four seams make them, and whatever passes a seam has them:

=============================  ===========================================  ==============
seam                           place                                        points
=============================  ===========================================  ==============
every write to a target        the delivery's name, ``load_orders``         :data:`POINTS`
every call of a world's port   port and method, ``notes.add_comment``       :data:`CALL`
every request that writes to   system, method and path,                     :data:`CALL`
Zoho Inventory or Salesforce   ``zoho_inventory PUT /contacts/{id}``
every step of the ledger       what it does, ``ledger.settle_a_batch``      :data:`COMMIT`
=============================  ===========================================  ==============

So :func:`noted` round a walk through a flow has found them all, those of tomorrow included.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Port = TypeVar("Port")

VARIABLE = "TRADEBRIDGE_FAILPOINT"
ONCE = "TRADEBRIDGE_FAILPOINT_ONCE"
POINTS = ("before_send", "after_send", "after_remote_commit", "before_local_commit")
"""In the order in which a write passes them."""
CALL = ("before_send", "after_send")
"""Of a call: it has not left; it has been answered."""
COMMIT = ("before_local_commit", "after_local_commit")
"""Of a step of the ledger: nothing of it is on disk; all of it is."""

_notes: dict[tuple[str, str], None] | None = None
_asked: Counter[str] = Counter()
"""How often each request was made, while anybody watches."""
_ID = re.compile(r"(?<=/)(?=[^/]*\d)[0-9A-Za-z]{15,20}(?=/|$)")


def reach(place: str, point: str) -> None:
    """Die here if a test asked for it.

    Args:
        place: what is being done, e.g. ``load_orders`` or ``ledger.settle_a_batch``.
        point: how far it is.
    """
    if _notes is not None:
        _notes[place, point] = None
    wanted = os.environ.get(VARIABLE)
    if wanted is None or wanted != f"{place}:{point}":
        return
    if once := os.environ.get(ONCE):
        try:
            Path(once).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def request(system: str, method: str, path: str) -> Iterator[None]:
    """A request to another system passes :data:`CALL`; its second of a kind is another place, and so on.

    Args:
        system: who is asked, e.g. ``zoho_inventory``.
        method: of HTTP.
        path: below the API base; ids and the query are left out of the place's name.
    """
    if not _watching():
        yield
        return
    place = f"{system} {method} {_ID.sub('{id}', path.partition('?')[0])}"
    _asked[place] += 1
    if _asked[place] > 1:
        place = f"{place} ({_asked[place]})"
    reach(place, CALL[0])
    yield
    reach(place, CALL[1])


@contextmanager
def noted() -> Iterator[dict[tuple[str, str], None]]:
    """Note each (place, point) that is passed meanwhile, once, in order of first passing.

    A world must be made inside, or its ports are not watched.
    """
    global _notes  # noqa: PLW0603 - like the environment, it is the process's
    _notes = {}
    _asked.clear()
    try:
        yield _notes
    finally:
        _notes = None


def watched(name: str, port: Port) -> Port:
    """A port whose every call passes :data:`CALL`; the port itself where no test asks for it."""
    if not _watching() or isinstance(port, _Watched):
        return port
    return cast("Port", _Watched(name, port))


def _watching() -> bool:
    return VARIABLE in os.environ or _notes is not None


class _Watched:
    """Stands in front of a port."""

    def __init__(self, name: str, port: object) -> None:
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        return _watched_call(f"{self._name}.{method}", found) if callable(found) else found


def _watched_call(place: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def made(*arguments: Any, **named: Any) -> Any:
        reach(place, CALL[0])
        answer = call(*arguments, **named)
        if isinstance(answer, Iterator):
            # It asks while it is read, not before.
            return _watched_items(place, answer)
        reach(place, CALL[1])
        return answer

    return made


def _watched_items(place: str, items: Iterator[Any]) -> Iterator[Any]:
    for item in items:
        reach(place, CALL[1])
        yield item
        reach(place, CALL[0])
    reach(place, CALL[1])
