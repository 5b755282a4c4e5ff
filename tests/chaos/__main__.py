"""``python -m tests.chaos --seconds 600 --seed N``: one machine, one history, one verdict.

Exit code 0: nothing was found. The history (who does what, when) is a pure function of seed and seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tests.chaos import planted
from tests.chaos.checker import KINDS, Finding, findings
from tests.chaos.machine import Theatre, forget, theatre
from tests.chaos.nemesis import Nemesis
from tests.chaos.schedule import SHOP, Deed, fingerprint, planned, schedule
from tests.chaos.shop import Shop
from tests.chaos.witness import await_quiet, evidence

BUILD = Path("build")
CUTS = ("refuse", "cut_request", "cut_answer", "sever", "hang")
SHOWN = 20
TOLD = (
    "seed", "history", "postgres", "planted", "lasted", "orders", "versions", "cancelled", "kills", "cuts",
    "disk", "disk_full_felt", "settled_after", "runs", "inbox", "alerts", "told_again",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry one history through; the exit code."""
    asked = _arguments(arguments)
    deeds = schedule(asked.seed, asked.seconds)
    say(f"seed {asked.seed}, {asked.seconds} s: {len(deeds)} deeds, history {fingerprint(deeds)}")
    if asked.show:
        say("\n".join(map(str, deeds)))
        return 0
    environment = planted.environment(asked.plant)
    if asked.postgres_bin:
        environment["TRADEBRIDGE_POSTGRES_BIN"] = asked.postgres_bin
    with theatre(say, environment) as stage:
        account = play(stage, deeds, asked.patience)
        run = stage.machine.run
    account["machine"] = str(run)
    account |= {"seed": asked.seed, "seconds": asked.seconds, "planted": asked.plant or ""}
    account |= {"history": fingerprint(deeds), "planned": planned(deeds)}
    found = [Finding(**each) for each in account["findings"]]
    verdict(account, found)
    BUILD.mkdir(exist_ok=True)
    file = BUILD / f"chaos-{asked.seed}{f'-{asked.plant}' if asked.plant else ''}.json"
    file.write_text(json.dumps(account, indent=2, default=str), encoding="utf-8")
    say(f"written to {file}")
    if found:
        say(f"logs of the machine: {run}")
        return 1
    forget(run)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="drawn when not given")
    parser.add_argument("--postgres-bin", default="", help="programs of another PostgreSQL than the wheel's")
    parser.add_argument("--patience", type=float, default=1500, help="seconds to wait for quiet at most")
    parser.add_argument("--plant", choices=sorted(planted.BUGS), help="put a bug in, which must be found")
    parser.add_argument("--show", action="store_true", help="print the history and do nothing")
    return parser.parse_args(arguments)


def play(stage: Theatre, deeds: Sequence[Deed], patience: float) -> dict[str, object]:
    """Do everything at its time, let it come to rest, ask the witnesses."""
    shop, nemesis = Shop(stage.site), Nemesis(stage)
    started = time.monotonic()
    with ThreadPoolExecutor(2) as hands:
        selling = hands.submit(act, [deed for deed in deeds if deed.hand == SHOP], started, shop.do)
        breaking = hands.submit(act, [deed for deed in deeds if deed.hand != SHOP], started, nemesis.do)
        for hand in (selling, breaking):
            hand.result()
    nemesis.relent()
    lasted = time.monotonic() - started
    say(f"{lasted:7.1f} no more faults; {len(shop.history)} orders in the shop")
    rested = await_quiet(stage, shop.history, patience, say)
    told = evidence(stage, shop.history)
    struck = nemesis.struck + Counter({f"struck by {k}": n for k, n in stage.proxies.struck().items()})
    kills = sum(n for kind, n in nemesis.struck.items() if kind.startswith("kill "))
    return {
        "orders": len(shop.history),
        "versions": sum(len(order.versions) for order in shop.history.values()),
        "cancelled": sum(order.cancelled for order in shop.history.values()),
        "kills": kills,
        "cuts": sum(stage.proxies.struck()[kind] for kind in CUTS),
        "struck": dict(sorted(struck.items())),
        "missed": dict(sorted(nemesis.missed.items())),
        "disk": "a disk of its own" if stage.disk else "not filled: needs root and mount",
        "disk_full_felt": nemesis.disk_was_full(),
        "restarts": stage.site.state().restarts,
        "lasted": round(lasted, 1),
        "settled_after": round(rested, 1),
        "inbox": told.inbox,
        "runs": len(told.reports),
        "alerts": dict(Counter(alert.about for alert in told.alerts)),
        "told_again": sum(times - 1 for times in stage.listener.heard.values()),
        "postgres": stage.site.ask("tradebridge", "SHOW server_version")[0][0],
        "findings": [{"kind": each.kind, "what": each.what} for each in findings(shop.history, told)],
    }


def act(deeds: Sequence[Deed], started: float, do: Callable[[Deed], object]) -> None:
    """Do deeds at their times, one after the other."""
    for deed in deeds:
        with suppress(ValueError):  # it is late: at once
            time.sleep(started + deed.at - time.monotonic())
        said = do(deed)
        if deed.hand != SHOP:
            say(f"{deed}: {said or 'found nothing'}")


def verdict(account: dict[str, object], found: Sequence[Finding]) -> None:
    """Print what was done and what came of it."""
    say("")
    for name in TOLD:
        say(f"{name:<16} {account[name]}")
    for name in ("struck", "missed"):
        say(f"\n{name}")
        for kind, times in dict(account[name]).items():  # type: ignore[call-overload]
            say(f"  {kind:<28} {times}")
    say("\nverdict")
    counts = Counter(each.kind for each in found)
    for kind in KINDS:
        say(f"  {kind:<28} {counts[kind]}")
    for each in found[:SHOWN]:
        say(f"  {each.kind}: {each.what}")


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
