"""``python -m include.sandbox.sage100 load --home DIR``: make a company and fill it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from include.sandbox.sage100 import database
from include.sandbox.sage100.settings import Settings
from include.sandbox.sage100.story import STORIES, load

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTED = ("AR_Customer", "CI_Item", "IM_ItemWarehouse", "SO_SalesOrderHeader")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m include.sandbox.sage100", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("load", help="make the company's file, or make it anew")
    command.add_argument("--home", type=Path, required=True, help="directory of MAS_<company>.sqlite")
    command.add_argument("--story", choices=STORIES, default="northwind")
    command.add_argument("--company", default="ABC")
    command.add_argument("--release", choices=("2018", "2021"), default="2021", help="column widths")
    command.add_argument("--password", default="", help="of the user tradebridge")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Load a story and say what the company now holds."""
    chosen = _arguments(argv)
    switches = Settings(release=chosen.release)
    file = load(chosen.home, chosen.story, code=chosen.company, switches=switches, password=chosen.password)
    with database.opened(file) as db:
        counts = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in COUNTED}  # noqa: S608
    held = ", ".join(f"{table} {count}" for table, count in counts.items())
    sys.stdout.write(f"{file}: {held}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
