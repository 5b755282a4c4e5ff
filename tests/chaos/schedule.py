"""What will be done to the machine, and when: a pure function of the seed and the number of seconds.

Two hands act. The *shop* places, edits and cancels orders, each edit with a freight that no other version
has, so that a total tells which version it is. The *nemesis* breaks things. Where a deed has to choose
among what only the running machine knows (which of the tasks, which of the latest deliveries), it chooses
by its own ``draw``.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

SHOP, NEMESIS = "shop", "nemesis"
LINKS = ("zoho", "gateway", "ledger", "receiver")
"""What passes a proxy: workers to Zoho, to the gateway and to the ledger; the shop to the receiver."""
SERVICES = ("api-server", "scheduler", "gateway", "triggerer", "dag-processor", "postgres")
PARTS = ("task", "worker", "gateway-worker", "backend")
"""Processes that a service has started: a running task, an executor's worker, a Sage session, a backend."""

KILLED = {
    "task": 26, "worker": 8, "gateway": 12, "gateway-worker": 8, "triggerer": 6, "dag-processor": 6,
    "api-server": 5, "scheduler": 6, "postgres": 3, "backend": 5,
}  # fmt: skip
"""Weights of ``kill -9``: most often what carries an order just now."""
PAUSED = dict.fromkeys((*SERVICES, "task", "gateway-worker"), 1)
BROKEN = {"refuse": 2, "cut_request": 3, "cut_answer": 6, "sever": 3, "delay": 3, "hang": 1}
KEPT_OPEN = ("ledger", "zoho")
"""The links on which there is something to sever; on the others each call has its own connection."""
LINK_WEIGHTS = {"zoho": 4, "gateway": 5, "ledger": 4, "receiver": 4}
SPOKEN = ("com_exception", "lock_held", "hang_after_commit", "hang_before_commit", "seat_exhausted")
"""What goes wrong inside Sage."""
LONGEST_JUMP = 240
"""Seconds that a remote clock may be off: from one end to the other is less than the sweep reads again."""
GRACE = 5.0
"""Nothing breaks in the first seconds: a history begins with orders."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that is done.

    Attributes:
        at: seconds after the beginning.
        hand: ``shop`` or ``nemesis``.
        kind: what is done.
        about: how; depends on the kind.
        draw: the deed's own chance.
    """

    at: float
    hand: str
    kind: str
    about: dict[str, Any] = field(default_factory=dict)
    draw: float = 0.0

    def __str__(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.about.items())
        return f"{self.at:7.1f} {self.kind} {told}".rstrip()


def schedule(seed: int, seconds: float) -> list[Deed]:
    """Every deed in the order in which it is done."""
    deeds = [*_shop(random.Random(f"shop {seed}"), seconds)]
    for kind, (gap, make) in FAULTS.items():
        chance = random.Random(f"{kind} {seed}")
        deeds += [deed for at in _times(chance, gap, seconds) for deed in make(chance, at)]
    return sorted(deeds, key=lambda deed: (deed.at, deed.hand, deed.kind, deed.draw))


def fingerprint(deeds: Sequence[Deed]) -> str:
    """Tells two histories apart."""
    return hashlib.sha256("\n".join(f"{deed!r}" for deed in deeds).encode()).hexdigest()[:16]


def planned(deeds: Sequence[Deed]) -> Counter[str]:
    """How many deeds of each kind."""
    return Counter(deed.kind for deed in deeds)


# The shop -------------------------------------------------------------------------------------------------


def _shop(chance: random.Random, seconds: float) -> Iterator[Deed]:
    """Orders, edits and cancellations; nothing is done to an order after it was cancelled."""
    at, version = 0.0, 100
    open_ones: dict[int, float] = {}
    placed = 0
    while at < seconds:
        kind = chance.choices(("place", "edit", "cancel"), (10, 6, 1))[0]
        ripe = [order for order, since in open_ones.items() if at - since > 2.0]
        version += 1
        freight = f"{version / 100:.2f}"
        if kind == "place" or not ripe:
            about: dict[str, Any] = {"order": placed, "freight": freight, "announce": chance.random() > 0.05}
            yield Deed(at, SHOP, "place", about, chance.random())
            open_ones[placed] = at
            placed += 1
        else:
            # Mostly one of the latest: an edit that races with the order's first journey.
            order = chance.choice(ripe[-6:] if chance.random() < 0.7 else ripe)
            if kind == "edit":
                about = {"order": order, "freight": freight, "announce": chance.random() > 0.05}
                yield Deed(at, SHOP, "edit", about, chance.random())
                open_ones[order] = at
            else:
                yield Deed(at, SHOP, "cancel", {"order": order}, chance.random())
                del open_ones[order]
        at = round(at + chance.uniform(0.4, 2.2), 2)


# The nemesis ----------------------------------------------------------------------------------------------


def _times(chance: random.Random, gap: float, seconds: float) -> Iterator[float]:
    at = GRACE + chance.uniform(0, gap)
    while at < seconds:
        yield round(at, 2)
        at += chance.uniform(0.4, 1.6) * gap


def _one(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _kill(chance: random.Random, at: float) -> Iterator[Deed]:
    yield Deed(at, NEMESIS, "kill", {"victim": _one(chance, KILLED)}, chance.random())


def _pause(chance: random.Random, at: float) -> Iterator[Deed]:
    """SIGSTOP, and SIGCONT after at most twelve seconds: the supervisor would kill what hangs for longer."""
    about = {"victim": _one(chance, PAUSED), "seconds": round(chance.uniform(1, 12), 1)}
    yield Deed(at, NEMESIS, "pause", about, chance.random())


def _break(chance: random.Random, at: float) -> Iterator[Deed]:
    about: dict[str, Any] = {"link": _one(chance, LINK_WEIGHTS), "how": _one(chance, BROKEN)}
    match about["how"]:
        case "sever":
            about["link"] = chance.choice(KEPT_OPEN)
        case "cut_request":
            about |= {"after": chance.choice((0, 40, 400, 3000)), "times": chance.randint(1, 3)}
        case "cut_answer":
            about |= {"after": chance.choice((0, 0, 10, 150, 1500, 6000)), "times": chance.randint(1, 3)}
        case "refuse":
            about |= {"times": chance.randint(1, 4)}
        case "delay" | "hang":
            about |= {"seconds": round(chance.uniform(0.5, 8), 1), "times": chance.randint(1, 3)}
    yield Deed(at, NEMESIS, "break", about, chance.random())


def _token(chance: random.Random, at: float) -> Iterator[Deed]:
    if chance.random() < 0.7:
        yield Deed(at, NEMESIS, "expire_token", {}, chance.random())
    else:
        about = {"seconds": round(chance.uniform(2, 8), 1)}
        yield Deed(at, NEMESIS, "revoke_token", about, chance.random())


def _storm(chance: random.Random, at: float) -> Iterator[Deed]:
    rule = {"kind": "limit", "code": chance.choice((44, 44, 1070)), "times": chance.randint(4, 25)}
    yield Deed(at, NEMESIS, "storm_429", {"rule": rule}, chance.random())


def _html(chance: random.Random, at: float) -> Iterator[Deed]:
    rule = {"kind": "html", "status": chance.choice((500, 502, 503)), "times": chance.randint(2, 12)}
    yield Deed(at, NEMESIS, "html_5xx", {"rule": rule}, chance.random())


def _webhooks(chance: random.Random, at: float) -> Iterator[Deed]:
    """Old deliveries once more, shuffled: duplicated, delayed and out of order at once."""
    yield Deed(at, NEMESIS, "resend", {"latest": chance.choice((10, 25, 60))}, chance.random())


def _sage(chance: random.Random, at: float) -> Iterator[Deed]:
    fault: dict[str, Any] = {"kind": chance.choice(SPOKEN), "times": chance.randint(1, 3)}
    if fault["kind"].startswith("hang"):
        fault["seconds"] = round(chance.uniform(1, 15), 1)
    yield Deed(at, NEMESIS, "sage", {"fault": fault}, chance.random())


def _clock(chance: random.Random, at: float) -> Iterator[Deed]:
    seconds = chance.choice((-1, 1)) * chance.randint(30, LONGEST_JUMP)
    yield Deed(at, NEMESIS, "jump", {"to": seconds}, chance.random())


def _disk(chance: random.Random, at: float) -> Iterator[Deed]:
    yield Deed(at, NEMESIS, "fill_disk", {"seconds": round(chance.uniform(8, 15), 1)}, chance.random())


Make = Callable[[random.Random, float], Iterator[Deed]]
FAULTS: dict[str, tuple[float, Make]] = {
    "kill": (7.0, _kill),
    "pause": (28.0, _pause),
    "break": (2.2, _break),
    "token": (45.0, _token),
    "storm": (75.0, _storm),
    "html": (45.0, _html),
    "webhooks": (25.0, _webhooks),
    "sage": (35.0, _sage),
    "clock": (90.0, _clock),
    "disk": (240.0, _disk),
}
"""Seconds between two faults of a kind, on average, and how one is made."""
