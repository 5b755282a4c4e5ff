"""C16: whom Salesforce's customers are among Zoho's contacts, with precision and recall printed."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.pipelines import labelled, labelled_contacts

REACHED = {"tuned": 0.91, "held out": 0.91}
"""Recall on each half of the set; 1.0 of all links are right."""
REVIEWED = 0.27
CANNOT_BE_TOLD = {"moved and misspelt"}
"""Nothing is left by which these could be known."""
LOOKED_UP = 2.0
"""Contacts read whole for a customer, on average."""


@pytest.fixture(scope="module")
def answered() -> pd.DataFrame:
    return labelled_contacts.answered()


def test_the_figures(answered: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{labelled.table(answered)}")  # noqa: T201 - the figures are the point


@pytest.mark.parametrize("half", labelled.HALVES)
def test_no_link_is_wrong_and_few_are_missed(answered: pd.DataFrame, half: str) -> None:
    told = labelled.figures(answered[answered.half == half])
    assert (told.buyers, told.precision) == (216, 1.0)
    assert told.recall >= REACHED[half]
    assert told.review_rate <= REVIEWED


def test_a_person_is_asked_rather_than_guessed_past(answered: pd.DataFrame) -> None:
    asked = answered[answered.answer == labelled.REVIEW]
    assert list(asked.given[asked.given != labelled.REVIEW]) == []


def test_no_contact_is_made_twice_but_where_nothing_is_left_to_tell(answered: pd.DataFrame) -> None:
    twins = answered[(answered.given == labelled.NEW) & (answered.answer != labelled.NEW)]
    assert set(twins.kind) <= CANNOT_BE_TOLD


def test_who_is_new_is_told_so(answered: pd.DataFrame) -> None:
    new = answered[answered.answer == labelled.NEW]
    assert list(new.given[new.given != labelled.NEW]) == []


def test_few_contacts_are_looked_up(answered: pd.DataFrame) -> None:
    assert answered.attrs["looked_up"] <= LOOKED_UP * len(answered)
