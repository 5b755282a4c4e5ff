"""The batch path against two rivals: how many orders a second, and how much memory.

Every run has a process of its own and is fed through a pipe; the runs of a round follow each other
version by version, so that a machine that is slow for a while is slow for all of them.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import chain
from statistics import median
from typing import TYPE_CHECKING, Any

import orjson

from include.standalone.environment import ROOT
from tests.bench import shop
from tests.bench.figures import Figure, Section

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench.sizes import Sizes

NAMES = {"ours": "Tradebridge", "naive": "naive", "polars": "Polars"}
WARM_UP_SEED = 7


class DifferentResultsError(Exception):
    """Two versions made different records of the same orders: their speeds cannot be compared."""


def measure(sizes: Sizes) -> Section:
    """Rounds of all versions over the same orders, then ours over a long stream."""
    orders = list(shop.orders(sizes.orders))
    chunks = {"ours": sizes.chunk, "naive": sizes.orders, "polars": sizes.orders}
    runs: dict[str, list[dict[str, Any]]] = {version: [] for version in chunks}
    for _ in range(sizes.repeats):
        for version, chunk in chunks.items():
            runs[version].append(run(version, orders, chunk=chunk, warm_up=sizes.warm_up))
    agree([figures for done in runs.values() for figures in done])
    long = run("ours", shop.orders(sizes.stream), chunk=sizes.chunk, warm_up=sizes.warm_up)
    return _section(sizes, {version: _middle(done) for version, done in runs.items()}, long)


def run(version: str, orders: Iterable[tuple[str, bytes]], *, chunk: int, warm_up: int) -> dict[str, Any]:
    """One version over some orders in a new process; its figures.

    Raises:
        subprocess.CalledProcessError: it failed; its own words are on standard error.
    """
    command = [
        sys.executable,
        "-m",
        "tests.bench.worker",
        version,
        "--chunk",
        str(chunk),
        "--warm-up",
        str(warm_up),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        try:
            for key, payload in chain(shop.orders(warm_up, seed=WARM_UP_SEED), orders):
                worker.stdin.writelines((key.encode(), b"\t", payload, b"\n"))
            worker.stdin.close()
        except BrokenPipeError:
            worker.kill()
        answer = worker.stdout.read()
    if worker.returncode:
        raise subprocess.CalledProcessError(worker.returncode, command)
    found: dict[str, Any] = orjson.loads(answer)
    return found


def agree(runs: list[dict[str, Any]]) -> None:
    """All runs gave the same records and set the same orders aside.

    Raises:
        DifferentResultsError: they did not.
    """
    if len({(figures["result"], figures["rows"], figures["set_aside"]) for figures in runs}) != 1:
        raise DifferentResultsError("the versions made different records of the same orders")


def _middle(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Medians."""
    return {
        "orders_per_second": median(figures["orders"] / figures["seconds"] for figures in runs),
        "orders_per_cpu_second": median(figures["orders"] / figures["cpu_seconds"] for figures in runs),
        "peak_mb": median(figures["peak_mb"] for figures in runs),
        "rows": runs[0]["rows"],
        "set_aside": runs[0]["set_aside"],
    }


def _section(sizes: Sizes, middle: dict[str, dict[str, float]], long: dict[str, Any]) -> Section:
    ours = middle["ours"]["orders_per_second"]
    figures = [
        Figure(f"{NAMES[version]}: {words}", found[name], unit)
        for name, words, unit in (
            ("orders_per_second", "orders a second", "/s"),
            ("orders_per_cpu_second", "orders for a second of CPU", "/s"),
            ("peak_mb", "peak memory", "MB"),
        )
        for version, found in middle.items()
    ]
    stream = f"Tradebridge, {sizes.stream:,} orders streamed"
    figures += [
        Figure(
            "Tradebridge against naive", ours / middle["naive"]["orders_per_second"], "times", at_least=10
        ),
        Figure(
            "Polars against Tradebridge", middle["polars"]["orders_per_second"] / ours, "times", at_most=2.5
        ),
        Figure(f"{stream}: orders a second", long["orders"] / long["seconds"], "/s"),
        Figure(f"{stream}: peak memory", long["peak_mb"], "MB", at_most=600),
    ]
    about = (
        f"{sizes.orders:,} orders of 1 to 8 lines, {middle['ours']['set_aside']:,.0f} of them bad; "
        f"medians of {sizes.repeats}; all versions made the same {middle['ours']['rows']:,.0f} records"
    )
    return Section("batch", about, figures, {"versions": middle, "stream": long})
