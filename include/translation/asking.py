"""Look-ups: ask a reference, way by way, on the distinct values of a batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from include.canonical import Reason
from include.translation.cells import Cells
from include.translation.columns import KINDS, distinct_rows
from include.translation.combining import any_of, first_said
from include.translation.problems import Complaint
from include.translation.reference import EXACT, Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.translation.evaluate import Run
    from include.translation.language import LookUp, LookUpStep
    from include.translation.reference import Reference
    from include.translation.rows import Rows
    from include.translation.site import Site

TEXT = KINDS["text"]
MOST_GUESSES = 200
"""Unknown values of one batch that are compared with the whole reference. When more are unknown, something
else is wrong than their spelling, and comparing each with 100,000 items would hold up the good ones."""


def ask(run: Run, lookup: LookUp, rows: Rows, remedy: str) -> Cells:
    """The code found for each row; blank where every column asked is blank.

    The first way that finds anything decides. Several codes found by one way, an inactive code, and
    nothing found by any way are complaints; the last carries the nearest names.
    """
    reference = run.site.reference(lookup.reference)
    if lookup.inactive:
        reference = replace(reference, inactive=frozenset())
    asked = [
        run.steps(step.apply, Cells.of(rows.column(step.from_), step.from_), rows).as_text()
        for step in lookup.by
    ]
    names = list(dict.fromkeys(step.from_ for step in lookup.by))
    columns = [cells.values for cells in asked]
    different = list({id(column): column for column in columns}.values())
    places = [next(at for at, other in enumerate(different) if other is column) for column in columns]
    combinations, index = distinct_rows(different)
    done: list[str | None] = []
    wrong: dict[int, Complaint] = {}
    for at, values in enumerate(combinations):
        said = [values[place] for place in places]
        code, complaint = _answer(run.site, reference, lookup.by, said, remedy)
        done.append(_taken(reference, lookup.take, code))
        if complaint is not None:
            wrong[at] = _with_guesses(reference, said, complaint) if len(wrong) < MOST_GUESSES else complaint
    place = pa.array(index)
    found = pa.array(done, TEXT).take(place) if done else pa.nulls(rows.count, TEXT)
    noted = any_of([cells.bad for cells in asked])
    raw = first_said(names, rows).values
    return run.court.by_value(Cells(found, names[0], raw, bad=noted), rows, place, wrong)


def _found(site: Site, reference: Reference, way: LookUpStep, text: str) -> Answer:
    if way.reference is not None:
        other = site.references.get(way.reference)
        return Answer(()) if other is None else reference.of(other.find(text, way.match).values)
    return reference.having(way.attribute, text) if way.attribute else reference.find(text, way.match)


def _answer(
    site: Site, reference: Reference, ways: Sequence[LookUpStep], values: Sequence[str | None], remedy: str
) -> tuple[str | None, Complaint | None]:
    said = [value for value in values if value and value.strip()]
    if not said:
        return (None if None in values else ""), None
    for way, value in zip(ways, values, strict=True):
        answer = _found(site, reference, way, value or "")
        if len(answer.values) > 1:
            asked = "" if way.match == EXACT else f" ({way.match})"
            says = f"means {len(answer.values)} codes of {reference.name}{asked}"
            return None, Complaint(
                Reason.AMBIGUOUS_REFERENCE, says, remedy, tuple(reference.offered(answer.values))
            )
        if answer.values and not answer.active:
            says = f"is {answer.values[0]} of {reference.name}, which is inactive"
            return None, Complaint(
                Reason.INACTIVE_REFERENCE, says, remedy, tuple(reference.offered(answer.values))
            )
        if answer.values:
            return answer.values[0], None
    return None, Complaint(Reason.NO_REFERENCE, f"is not known among {reference.name}", remedy)


def _with_guesses(reference: Reference, values: Sequence[str | None], complaint: Complaint) -> Complaint:
    """An unknown value's complaint with the nearest names."""
    if complaint.code is not Reason.NO_REFERENCE:
        return complaint
    said = dict.fromkeys(value for value in values if value and value.strip())
    return replace(complaint, candidates=tuple(reference.nearest(list(said))))


def _taken(reference: Reference, attribute: str | None, code: str | None) -> str | None:
    """The code itself, its label, or an attribute of it."""
    if not code or attribute is None:
        return code
    if attribute == "label":
        return reference.labels.get(code, "")
    return reference.attribute(attribute).get(code, "")
