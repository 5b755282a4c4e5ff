"""How well an unknown product is guessed (C32): the labelled set, and its figures by kind of variation.

    python -m tests.unit.pipelines.labelled_items

``labelled_items.csv`` is Zoho's catalogue, ``labelled_products.csv`` has products as other people write them,
and for each the code of the right item. Items are the products of Northwind (codes made for the set) and
AdventureWorks; sixty products were written by hand, the others were altered by rule and drawn by lot. The
ranking was tuned on one half only (``half``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from include.pipelines.mirrors.salesforce.likely import Likely

HERE = Path(__file__).parent
HALVES = ("tuned", "held out")


@dataclass(frozen=True)
class Figures:
    """Where the right item stood among what was offered.

    Attributes:
        products: how many were asked for.
        first: of them have the right item in the first place.
        among_three: have it among the three that a clerk may choose from.
    """

    products: int
    first: int
    among_three: int

    @property
    def top1(self) -> float:
        """Share of products whose item comes first."""
        return self.first / self.products

    @property
    def top3(self) -> float:
        """Share of products whose item is among the first three."""
        return self.among_three / self.products


@cache
def catalogue() -> Likely:
    """Zoho's items, by their codes for ids."""
    kept = _read("labelled_items.csv")
    return Likely({code: (code, name) for code, name in zip(kept.code, kept.called, strict=True)})


def products() -> pd.DataFrame:
    """What was written, with ``kind``, ``half`` and the right ``answer``."""
    return _read("labelled_products.csv")


def answered() -> pd.DataFrame:
    """The set with the ``place`` of the right item among what is offered; 0 where it is not."""
    rows = products()
    asked = zip(rows.code, rows.called, rows.answer, strict=True)
    return rows.assign(place=[_place(code, called, answer) for code, called, answer in asked])


def _place(code: str, name: str, answer: str) -> int:
    offered = [each["value"] for each in catalogue().nearest(code, name)]
    return offered.index(answer) + 1 if answer in offered else 0


def figures(rows: pd.DataFrame) -> Figures:
    """The figures of some rows of :func:`answered`."""
    return Figures(len(rows), int((rows.place == 1).sum()), int(rows.place.isin([1, 2, 3]).sum()))


def table(rows: pd.DataFrame) -> str:
    """Figures by half and by kind, as text."""
    parts = [(half, rows[rows.half == half]) for half in HALVES]
    parts += [(str(kind), some) for kind, some in rows.groupby("kind", sort=True)]
    head = f"{'':28}{'products':>9}{'top-1':>8}{'top-3':>8}"
    return "\n".join([head, *(_line(name, figures(some)) for name, some in parts)])


def _line(name: str, told: Figures) -> str:
    return f"{name:28}{told.products:9}{told.top1:8.3f}{told.top3:8.3f}"


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / name, dtype=str, keep_default_na=False)


if __name__ == "__main__":
    print(table(answered()))  # noqa: T201 - the figures are the point
