"""``python -m tests.bench [--only PART,PART] [--quick] [--out FILE]``.

Measures speed, memory and calls; prints tables and writes JSON. Every ratio is made of runs of this
one command. Exit code 1 when a target is missed; ``--quick`` has none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tests.bench import batch, calls, latency, receiver, salesforce
from tests.bench.figures import machine, write
from tests.bench.running import running_machine
from tests.bench.sizes import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.figures import Section
    from tests.bench.sizes import Sizes

PARTS = ("accounts", "batch", "calls", "catalogue", "latency", "lookups", "receiver")
OUT = Path("build/bench.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked; the exit code."""
    asked = _arguments(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    about, sections = machine(), []
    for section in measured(asked.only, QUICK if asked.quick else FULL):
        sections.append(section.without_targets() if asked.quick else section)
        console.print(sections[-1].table())
        write(asked.out, about, sections)
    console.print(f"{about['cores']} cores, load {about['load_before']} before; written to {asked.out}")
    missed = [figure for section in sections for figure in section.figures if figure.met is False]
    return 1 if missed else 0


def measured(parts: Sequence[str], sizes: Sizes) -> Iterator[Section]:
    """One part after the other; what needs Airflow shares one."""
    if "batch" in parts:
        yield batch.measure(sizes)
    if "calls" in parts:
        yield calls.measure(sizes)
    if "catalogue" in parts:
        yield salesforce.catalogue(sizes)
    if "accounts" in parts:
        yield salesforce.accounts(sizes)
    if "lookups" in parts:
        from tests.bench import lookups  # it loads Airflow, and the others do not

        yield lookups.measure(sizes)
    if {"latency", "receiver"} & set(parts):
        with running_machine() as site:
            if "latency" in parts:
                yield latency.measure(site, sizes)
            if "receiver" in parts:
                yield receiver.measure(site, sizes)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--out", type=Path, default=OUT, help="where the JSON goes")
    return parser.parse_args(arguments)


def _parts(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(
            f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}"
        )
    return chosen


if __name__ == "__main__":
    sys.exit(main())
