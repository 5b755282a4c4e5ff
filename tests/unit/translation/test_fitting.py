"""Text over lines (A9, A41)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.translation.fitting import lines_of

WIDTH = 20


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        (["1 Main St"], ["1 Main St", "", ""]),
        (["1 Main St", "", "Ste 3"], ["1 Main St", "Ste 3", ""]),
        (["a b c d e f g h i j k l m"], ["a b c d e f g h i j", "k l m", ""]),
        (["one", "two", "three", "four"], ["one, two, three,", "four", ""]),
        (["x" * 25], ["x" * 25, "", ""]),
        ([], ["", "", ""]),
    ],
)
def test_parts_keep_their_lines_as_long_as_there_are_enough(parts: list[str], lines: list[str]) -> None:
    assert lines_of(parts, [], 3, WIDTH) == lines


def test_an_optional_part_takes_only_what_is_left() -> None:
    assert lines_of(["a", "b"], ["Dock 4"], 3, WIDTH) == ["a", "b", "Dock 4"]
    assert lines_of(["a", "b", "c"], ["Dock 4"], 3, WIDTH) == ["a", "b", "c"]
    assert lines_of(["a"], ["d" * 21], 3, WIDTH) == ["a", "", ""]


words = st.text(st.sampled_from("abcä"), min_size=1, max_size=9)


@given(st.lists(st.lists(words, max_size=8).map(" ".join), max_size=4))
def test_no_word_is_ever_lost_and_what_can_fit_fits(parts: list[str]) -> None:
    lines = lines_of(parts, [], 3, WIDTH)
    assert len(lines) == 3
    said = " ".join(parts).split()
    assert " ".join(lines).replace(",", "").split() == said
    assert all(len(line) <= WIDTH for line in lines[:2])
    if len(" ".join(said)) + 4 <= WIDTH:
        assert all(len(line) <= WIDTH for line in lines)
