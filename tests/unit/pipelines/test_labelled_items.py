"""C32: the labelled set of products that are no items, with its top-1 and top-3 hit rates printed."""

from __future__ import annotations

import pandas as pd
import pytest

from include.translation.reference import OFFERED
from tests.unit.pipelines import labelled_items

TOP1 = {"tuned": 0.98, "held out": 0.96}
TOP3 = 0.99
"""Shares of each half of the set."""


@pytest.fixture(scope="module")
def answered() -> pd.DataFrame:
    return labelled_items.answered()


def test_the_figures(answered: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{labelled_items.table(answered)}")  # noqa: T201 - the figures are the point


@pytest.mark.parametrize("half", labelled_items.HALVES)
def test_the_right_item_is_offered_first_or_nearly_so(answered: pd.DataFrame, half: str) -> None:
    told = labelled_items.figures(answered[answered.half == half])
    assert told.products >= 120
    assert told.top1 >= TOP1[half]
    assert told.top3 >= TOP3


def test_of_no_kind_are_many_missed(answered: pd.DataFrame) -> None:
    missed = {
        kind
        for kind, some in answered.groupby("kind")
        if labelled_items.figures(some).top1 < 0.9 or labelled_items.figures(some).top3 < 0.95
    }
    assert missed == set()


def test_scores_fall_and_each_has_its_reason() -> None:
    offered = labelled_items.catalogue().nearest("BK-M18B-25", "Mountain-500 Blk 52")
    scores = [float(str(each["score"])) for each in offered]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == OFFERED
    assert 0 < scores[-1] <= scores[0] <= 100
    assert offered[0]["reason"] == "code and name"


@pytest.mark.parametrize(("code", "name"), [("", ""), (" ", "\t"), ("", "!?"), ("", "quxx zyzzyva")])
def test_what_says_nothing_is_like_nothing(code: str, name: str) -> None:
    assert labelled_items.catalogue().nearest(code, name) == []


def test_the_set_has_every_kind_in_both_halves_and_no_answer_that_is_no_item() -> None:
    rows = labelled_items.products()
    kinds = {half: set(rows.kind[rows.half == half]) for half in labelled_items.HALVES}
    assert kinds["tuned"] == kinds["held out"]
    assert len(kinds["tuned"]) == 11
    assert set(rows.answer) <= set(labelled_items.catalogue().items)
