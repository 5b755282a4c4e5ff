"""One version of the batch path in a process of its own: orders on standard input, figures on output.

Each input line is an order's id, a tab and its JSON. The first ``--warm-up`` orders load what is loaded
late, as a warm worker has done long before. Waiting for input and comparing results are not counted.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import itertools
import resource
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from tests.bench.carried import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.bench.carried import Carried, Version

VERSIONS = {"ours": "tests.bench.ours", "naive": "tests.bench.naive", "polars": "tests.bench.polars_way"}


@dataclass
class Tally:
    """What came of all chunks; ``result`` is a name for all records and all orders set aside."""

    orders: int = 0
    rows: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    writes: hashlib._Hash = field(default_factory=hashlib.sha256)
    aside: set[str] = field(default_factory=set)

    def run(self, carry: Version, chunk: list[tuple[str, bytes]]) -> None:
        """Carry one chunk and count."""
        keys, payloads = [key for key, _ in chunk], [payload for _, payload in chunk]
        wall, cpu = time.perf_counter(), time.process_time()
        carried = carry(keys, payloads)
        self.seconds += time.perf_counter() - wall
        self.cpu_seconds += time.process_time() - cpu
        self._note(carried, len(keys))

    def _note(self, carried: Carried, orders: int) -> None:
        self.orders += orders
        self.rows += len(carried.writes)
        self.aside |= carried.aside
        for write in carried.writes:
            self.writes.update(digest(write))

    def figures(self) -> dict[str, float | int | str]:
        """For the bench."""
        self.writes.update(orjson.dumps(sorted(self.aside)))
        return {
            "orders": self.orders,
            "rows": self.rows,
            "set_aside": len(self.aside),
            "seconds": round(self.seconds, 4),
            "cpu_seconds": round(self.cpu_seconds, 4),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "result": self.writes.hexdigest(),
        }


def main() -> None:
    """Read, carry, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", choices=VERSIONS)
    parser.add_argument("--chunk", type=int, required=True)
    parser.add_argument("--warm-up", type=int, default=0)
    asked = parser.parse_args()
    carry: Version = importlib.import_module(VERSIONS[asked.version]).carry
    incoming = _orders(sys.stdin.buffer)
    if asked.warm_up:
        Tally().run(carry, list(itertools.islice(incoming, asked.warm_up)))
    # As the executor does before it forks: what is loaded for good is no garbage to look for.
    gc.collect()
    gc.freeze()
    tally = Tally()
    while chunk := list(itertools.islice(incoming, asked.chunk)):
        tally.run(carry, chunk)
    sys.stdout.buffer.write(orjson.dumps(tally.figures()))


def _orders(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    for line in lines:
        key, _, payload = line.partition(b"\t")
        yield key.decode(), payload.rstrip(b"\n")


if __name__ == "__main__":
    main()
