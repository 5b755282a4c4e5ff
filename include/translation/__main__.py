"""Chores of the mapping language: ``python -m include.translation check | schema | docs``.

``check`` loads every mapping; ``schema`` writes ``include/mappings/schema.json``; ``docs`` writes the
generated chapters of ``docs/mappings.md``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from include.errors import MappingError
from include.translation.loading import MAPPINGS, load_all
from include.translation.publishing import losses_text, replaced, schema_text, transforms_text

MANUAL = Path(__file__).parents[2] / "docs" / "mappings.md"


def main(arguments: list[str] | None = None) -> int:
    """Run one chore; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.translation", description=__doc__)
    parser.add_argument("chore", choices=("check", "schema", "docs"))
    chore = parser.parse_args(arguments).chore
    try:
        mappings = load_all()
    except MappingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if chore == "check":
        sys.stdout.writelines(f"{mapping.version}  {name}\n" for name, mapping in mappings.items())
    elif chore == "schema":
        (MAPPINGS / "schema.json").write_text(schema_text(), encoding="utf-8")
    else:
        manual = MANUAL.read_text(encoding="utf-8")
        for chapter, text in (("transforms", transforms_text()), ("losses", losses_text(mappings))):
            manual = replaced(manual, chapter, text)
        MANUAL.write_text(manual, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
