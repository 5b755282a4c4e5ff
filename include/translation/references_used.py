"""Which source columns a mapping looks at: what the reader must read, and what the checker must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.translation.conditions import columns_of
from include.translation.registry import TRANSFORMS
from include.translation.steps import named_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.translation.files import FrameSentence, MappingSentence
    from include.translation.language import Rule, Steps

Use = tuple[str, str]
"""(place in the file, column)"""


def rule_uses(rule: Rule, place: str) -> Iterator[Use]:
    """Every column that a rule looks at, with the place that says so."""
    if rule.from_ is not None:
        yield f"{place}.from", rule.from_
    for name in rule.first or ():
        yield f"{place}.first", name
    for name in rule.sum or ():
        yield f"{place}.sum", name.lstrip("-")
    if rule.custom_field is not None:
        yield f"{place}.custom_field", f"custom_field.{rule.custom_field}"
    if rule.rate is not None:
        named = (rule.rate.currency, rule.rate.day, rule.rate.given)
        yield from ((f"{place}.rate", name) for name in named if name)
    if rule.limit is not None:
        yield f"{place}.limit", rule.limit.column
    for at, step in enumerate(rule.lookup.by if rule.lookup else ()):
        yield f"{place}.lookup.by.{at}", step.from_
        yield from step_uses(step.apply, f"{place}.lookup.by.{at}")
    yield from step_uses(rule.apply, place)
    yield from _inner_uses(rule, place)


def _inner_uses(rule: Rule, place: str) -> Iterator[Use]:
    for at, part in enumerate(rule.concat.parts if rule.concat else ()):
        yield from rule_uses(part, f"{place}.concat.{at}")
    for at, branch in enumerate(rule.when or ()):
        yield from ((f"{place}.when.{at}.if", name) for name in columns_of(branch.if_))
        yield from rule_uses(branch.then, f"{place}.when.{at}.then")
    if rule.else_ is not None:
        yield from rule_uses(rule.else_, f"{place}.else")


def step_uses(steps: Steps, place: str) -> Iterator[Use]:
    """Columns that steps take as arguments."""
    for name, arguments in named_steps(steps):
        known = TRANSFORMS.get(name)
        for argument, value in arguments.items():
            if known is not None and known.arguments.get(argument) == "column":
                yield f"{place}.apply.{name}.{argument}", value


def frame_uses(frame: FrameSentence, place: str) -> Iterator[Use]:
    """Columns that a frame looks at in its own rows; lines of our own making look elsewhere."""
    for section in ("carry", "fields", "extensions"):
        for name, rule in getattr(frame, section).items():
            yield from rule_uses(rule, f"{place}.{section}.{name}")
    for at, joint in enumerate(frame.together):
        yield from ((f"{place}.together.{at}.from.{name}", column) for name, column in joint.from_.items())
    for spill in frame.fit.spill:
        yield from ((f"{place}.fit.spill", column) for column in (*spill.parts, *spill.optional))
    if frame.only is not None:
        yield from ((f"{place}.only", column) for column in columns_of(frame.only))
    if frame.distinct is not None:
        yield from ((f"{place}.distinct", column) for column in (frame.distinct.by, *frame.distinct.latest))


def columns_used(sentence: MappingSentence) -> tuple[set[str], dict[str, set[str]]]:
    """Fields of the record and, by canonical frame, fields of its lists' entries that the wire must give."""
    record: set[str] = set()
    lists: dict[str, set[str]] = {
        frame.target or "": set() for frame in sentence.frames.values() if frame.each
    }

    def note(names: Iterator[Use], own: set[str]) -> None:
        for _, name in names:
            if name.startswith("parent."):
                record.add(name.removeprefix("parent."))
            elif not name.startswith(("out.", "@")):
                own.add(name)

    for source, rules in sentence.derive.items():
        for name, rule in rules.items():
            note(rule_uses(rule, name), lists.get(source, record))
    for frame in sentence.frames.values():
        note(frame_uses(frame, ""), lists[frame.target or ""] if frame.each else record)
    made = {name for rules in sentence.derive.values() for name in rules}
    totals = tuple(f"{frame}." for frame in sentence.frames)
    plain = {name for name in record if not name.startswith(("@", *totals))}
    return plain - made, {source: names - made for source, names in lists.items()}
