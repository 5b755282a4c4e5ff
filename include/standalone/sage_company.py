"""``python -m include.standalone.sage_company --home DIR``: the sandbox's company, unless it is there.

Loading a company makes it anew. On every start but the first it must stay as it is, and a load that
was killed must not leave half of one: it is made beside its place and moved there whole.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from include.sandbox.sage100.story import load


def main(arguments: list[str] | None = None) -> int:
    """Make the company in its home if there is none."""
    parser = argparse.ArgumentParser(prog="python -m include.standalone.sage_company", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory of MAS_ABC.sqlite")
    home: Path = parser.parse_args(arguments).home
    if any(home.glob("MAS_*.sqlite")):
        return 0
    home.mkdir(parents=True, exist_ok=True)
    draft = home / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    company = load(draft, "northwind")
    # Only the file itself: SQLite has folded its journal into it when the last connection closed.
    company.rename(home / company.name)
    shutil.rmtree(draft)
    return 0


if __name__ == "__main__":
    sys.exit(main())
