"""The nemesis' hand: kills, pauses, cuts and confuses as the schedule says, and counts what struck.

A deed that lasts leaves its undoing behind: :meth:`Nemesis.relent` ends whatever is still wrong.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psutil

from include.standalone.sessions import Leader
from tests.chaos.machine import Theatre, fill
from tests.chaos.proxy import Breach
from tests.chaos.schedule import Deed

Chosen = TypeVar("Chosen")
FULL = "No space left on device"


@dataclass
class Nemesis:
    """Everything that goes wrong.

    Attributes:
        struck: how often each kind of fault found something to strike, beside the proxies' own count.
        missed: deeds that found nothing.
    """

    stage: Theatre
    struck: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    _lasting: list[tuple[threading.Timer, Callable[[], None]]] = field(default_factory=list)

    def do(self, deed: Deed) -> str:
        """Carry one deed out; says what it struck."""
        said: str = getattr(self, f"_{deed.kind}")(deed.about, random.Random(deed.draw))
        if said:
            self.struck[_counted(deed)] += 1
        else:
            self.missed[_counted(deed)] += 1
        return said

    def relent(self) -> None:
        """End everything that lasts; from now on nothing is wrong that we did."""
        for timer, undo in self._lasting:
            timer.cancel()
            undo()
        self._lasting.clear()
        self.stage.proxies.mend()
        site = self.stage.site
        site.control("DELETE", "/faults")
        site.control("DELETE", "/sage100/faults")
        site.control("POST", "/clock", {"run": True, "offset_seconds": 0})

    def _for(self, seconds: float, undo: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, undo)
        timer.daemon = True
        self._lasting.append((timer, undo))
        timer.start()

    # Processes ------------------------------------------------------------------------------------------

    def _kill(self, about: dict[str, Any], chance: random.Random) -> str:
        victim = self._victim(about["victim"], chance)
        if victim is None:
            return ""
        with suppress(psutil.NoSuchProcess):
            victim.kill()
            return f"{about['victim']} {victim.pid}"
        return ""

    def _pause(self, about: dict[str, Any], chance: random.Random) -> str:
        victim = self._victim(about["victim"], chance)
        if victim is None:
            return ""

        def resume() -> None:
            with suppress(psutil.NoSuchProcess):
                victim.send_signal(signal.SIGCONT)

        with suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGSTOP)
            self._for(about["seconds"], resume)
            return f"{about['victim']} {victim.pid}"
        return ""

    def _victim(self, name: str, chance: random.Random) -> psutil.Process | None:
        """The process of that name, or one of them."""
        match name:
            case "worker":
                return _one(self._children("scheduler"), chance)
            case "task":
                workers = self._children("scheduler")
                return _one([task for worker in workers for task in _children(worker)], chance)
            case "gateway-worker":
                return _one(self._children("gateway"), chance)
            case "backend":
                return _one(self._children("postgres"), chance)
        return self._leader(name)

    def _leader(self, name: str) -> psutil.Process | None:
        sessions: list[Leader] = self.stage.site.state().sessions.get(name, [])
        with suppress(psutil.NoSuchProcess):
            return next((psutil.Process(leader.pid) for leader in sessions if leader.is_alive()), None)
        return None

    def _children(self, name: str) -> list[psutil.Process]:
        leader = self._leader(name)
        return [] if leader is None else _children(leader)

    # Connections ----------------------------------------------------------------------------------------

    def _break(self, about: dict[str, Any], _chance: random.Random) -> str:
        """What an armed breach strikes, the proxies count themselves."""
        link, proxies = about["link"], self.stage.proxies
        if about["how"] == "sever":
            cut = proxies.sever(link)
            return f"{link}: {cut} cut" if cut else ""
        breach = Breach(about["how"], about.get("after", 0), about.get("seconds", 0.0))
        proxies.arm(link, breach, about["times"])
        return f"{link} {breach.how} x{about['times']}"

    # The shop's and Sage's faults -----------------------------------------------------------------------

    def _expire_token(self, _about: dict[str, Any], _chance: random.Random) -> str:
        return str(self._control("/zoho/tokens/expire")["status"])

    def _revoke_token(self, about: dict[str, Any], _chance: random.Random) -> str:
        self._for(about["seconds"], lambda: self._control("/zoho/tokens/restore"))
        return str(self._control("/zoho/tokens/revoke")["status"])

    def _storm_429(self, about: dict[str, Any], _chance: random.Random) -> str:
        return f"rule {self._control('/faults', {**about['rule'], 'system': 'zoho'})['id']}"

    _html_5xx = _storm_429

    def _resend(self, about: dict[str, Any], chance: random.Random) -> str:
        latest = self.stage.site.control("GET", f"/zoho/webhooks/histories?limit={about['latest']}")
        numbers = [row["webhook_history_id"] for row in latest["histories"]]
        chance.shuffle(numbers)
        sent = sum(self._control(f"/zoho/webhooks/histories/{number}/resend")["resent"] for number in numbers)
        self.struck["webhooks sent again"] += sent
        return f"{sent} webhooks" if sent else ""

    def _sage(self, about: dict[str, Any], _chance: random.Random) -> str:
        return f"fault {self._control('/sage100/faults', about['fault'])['id']}"

    def _jump(self, about: dict[str, Any], _chance: random.Random) -> str:
        """To so many seconds off the true time, from wherever it is."""
        return str(self._control("/clock", {"run": True, "offset_seconds": about["to"]})["now"])

    def _control(self, path: str, body: object = None) -> Any:
        return self.stage.site.control("POST", path, body or {})

    # The disk -------------------------------------------------------------------------------------------

    def _fill_disk(self, about: dict[str, Any], _chance: random.Random) -> str:
        disk = self.stage.disk
        if disk is None:
            return ""
        ballast = fill(disk)
        self._for(about["seconds"], lambda: ballast.unlink(missing_ok=True))
        return f"{os.path.getsize(ballast) >> 20} MB"  # noqa: PTH202 - it may be gone the next moment

    def disk_was_full(self) -> int:
        """How often PostgreSQL said so."""
        return self.stage.database_log.read_text(encoding="utf-8", errors="replace").count(FULL)


def _counted(deed: Deed) -> str:
    if deed.kind in {"kill", "pause"}:
        return f"{deed.kind} {deed.about['victim']}"
    return f"break {deed.about['how']}" if deed.kind == "break" else deed.kind


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return sorted(process.children(), key=lambda child: child.pid)
    return []


def _one(processes: list[psutil.Process], chance: random.Random) -> psutil.Process | None:
    return chance.choice(processes) if processes else None
