"""How well buyers are recognised: the labelled set, and its figures by kind of variation.

    python -m tests.unit.pipelines.labelled

``labelled_customers.csv`` is a Sage company, ``labelled_buyers.csv`` has buyers and for each the right
answer: a customer, ``review`` or ``new``. Companies, people and postal codes are those of Northwind and
AdventureWorks; e-mail addresses, most telephone numbers and the variations were made for the set. The answers
were written before the rules, which were then tuned on one half only (``half``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from include.pipelines.customers import Buyer, Match, recognise

HERE = Path(__file__).parent
REVIEW, NEW = "review", "new"
OWN_ID = "UDF_CLARITY_CUSTOMER_ID"
HALVES = ("tuned", "held out")


@dataclass(frozen=True)
class Figures:
    """What became of some buyers.

    Attributes:
        buyers: how many.
        known: of them have a customer in Sage that can be told.
        linked: were given a customer.
        right: were given the right one.
        reviewed: were left to a person.
        twins: were called new although they have a customer, or a person should look.
    """

    buyers: int
    known: int
    linked: int
    right: int
    reviewed: int
    twins: int

    @property
    def precision(self) -> float:
        """Right links of all links."""
        return self.right / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        """Right links of all buyers who have a customer."""
        return self.right / self.known if self.known else 1.0

    @property
    def review_rate(self) -> float:
        """Buyers left to a person, of all."""
        return self.reviewed / self.buyers if self.buyers else 0.0


def customers() -> pd.DataFrame:
    """The Sage company, as its reader gives it."""
    return _read("labelled_customers.csv").astype("string[pyarrow]")


def labelled() -> pd.DataFrame:
    """Buyers with ``kind``, ``half`` and the right ``answer``."""
    return _read("labelled_buyers.csv")


def buyer_of(row: pd.Series) -> Buyer:
    """A row of the set as matching takes it."""
    return Buyer(
        source_id=row.source_id,
        name=row["name"],
        email=row.email,
        phone=row.phone,
        postal_code=row.postal_code,
        company=row.company,
        erp_number=row.erp_number,
        is_person=row.is_person == "1",
        merged_into=row.merged_into,
    )


def answer(found: Match) -> str:
    """A match as the set writes it."""
    customer = found.customer
    if customer is not None and customer.is_active:
        return customer.target_id
    return NEW if found.is_new else REVIEW


def answered() -> pd.DataFrame:
    """The set with what matching says (``given``)."""
    rows = labelled()
    buyers = [buyer_of(row) for _, row in rows.iterrows()]
    found = recognise(buyers, customers(), id_column=OWN_ID)
    return rows.assign(given=[answer(found[buyer.source_id]) for buyer in buyers])


def figures(rows: pd.DataFrame) -> Figures:
    """The figures of some rows of :func:`answered`."""
    known = ~rows.answer.isin([REVIEW, NEW])
    linked = ~rows.given.isin([REVIEW, NEW])
    return Figures(
        buyers=len(rows),
        known=int(known.sum()),
        linked=int(linked.sum()),
        right=int((linked & (rows.given == rows.answer)).sum()),
        reviewed=int((rows.given == REVIEW).sum()),
        twins=int(((rows.given == NEW) & (rows.answer != NEW)).sum()),
    )


def table(rows: pd.DataFrame) -> str:
    """Figures by half and by kind, as text."""
    parts = [(half, rows[rows.half == half]) for half in HALVES]
    parts += [(str(kind), some) for kind, some in rows.groupby("kind", sort=True)]
    head = f"{'':46}{'buyers':>7}{'precision':>11}{'recall':>8}{'review':>8}{'twins':>7}"
    return "\n".join([head, *(_line(name, figures(some)) for name, some in parts)])


def _line(name: str, told: Figures) -> str:
    precision = f"{told.precision:.3f}" if told.linked else "-"
    recall = f"{told.recall:.3f}" if told.known else "-"
    return f"{name:46}{told.buyers:7}{precision:>11}{recall:>8}{told.review_rate:8.2f}{told.twins:7}"


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / name, dtype=str, keep_default_na=False)


if __name__ == "__main__":
    print(table(answered()))  # noqa: T201 - the figures are the point
