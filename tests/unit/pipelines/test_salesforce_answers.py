"""Whatever becomes of what Salesforce is told of an order, the order stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from include.errors import ConfigurationError, TransientError
from include.pipelines.mirrors.announce import Request
from tests.unit.mappings.salesforce_records import (
    OPPORTUNITY_ID,
    opportunity,
)
from tests.unit.pipelines.mirror_runs import run
from tests.unit.pipelines.salesforce_bench import Bench


@dataclass
class Marks:
    """Answers what it was told to, then ``changed``."""

    answers: list[str | Exception] = field(default_factory=list)
    asked: list[Mapping[str, tuple[str, str]]] = field(default_factory=list)

    def write(
        self, orders: Mapping[str, tuple[str, str]], known: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, str]:
        self.asked.append(orders)
        assert known.keys() == orders.keys()
        answer = self.answers.pop(0) if self.answers else "changed"
        if isinstance(answer, Exception):
            raise answer
        return dict.fromkeys(orders, answer)


@pytest.fixture
def marks() -> Marks:
    return Marks()


@pytest.fixture
def won(won: Bench, marks: Marks) -> Bench:
    """... in an org that is told."""
    won.world = replace(won.world, marks=marks)
    won.put(opportunity())
    return won


def test_an_opportunity_hears_id_and_number_of_its_order(won: Bench, marks: Marks) -> None:
    won.run()
    assert marks.asked == [{OPPORTUNITY_ID: (f"Z-{OPPORTUNITY_ID}", f"SF-{OPPORTUNITY_ID}")}]
    assert [each.record_key for each in won.ledger.audit.latest("answered")] == [OPPORTUNITY_ID]


@pytest.mark.parametrize("trouble", ["retry", "unknown", TransientError("away")])
def test_what_could_not_be_said_is_said_later_and_the_order_is_made_once(
    won: Bench, marks: Marks, trouble: str | Exception
) -> None:
    marks.answers = [trouble]
    assert (won.run()["waiting"], len(won.told())) == (1, 1)
    won.clock.now = won.clock.now.replace(minute=5)
    counts = run(won.world, Request())
    assert (counts["waiting"], counts["loaded"], won.told()) == (0, 1, {})
    assert len(marks.asked) == 2


@pytest.mark.parametrize("trouble", ["refused", ConfigurationError("no such right")])
def test_what_salesforce_does_not_take_is_no_matter_of_the_order(
    won: Bench, marks: Marks, trouble: str | Exception
) -> None:
    """A rule of the org's, or a right that is missing: the log says it."""
    marks.answers = [trouble]
    assert won.run()["loaded"] == 1
    assert (won.questions(), won.ledger.inbox.unfinished(won.world.flow.name)) == ({}, [])


def test_nobody_hears_of_an_order_that_does_not_stand(won: Bench, marks: Marks) -> None:
    won.target.says = ["retry"]
    with pytest.raises(TransientError):
        won.run()
    assert marks.asked == []
