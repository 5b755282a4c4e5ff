"""What can only be checked when a mapping is seen whole: every name it uses must lead somewhere.

All faults of a file are said at once, each with its place and the names that would be right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

import include.translation.transforms  # noqa: F401 - registers the named transforms
from include.canonical import Reason
from include.errors import MappingError
from include.translation.columns import CANONICAL, KINDS
from include.translation.conditions import columns_of
from include.translation.planning import allowed_words
from include.translation.references_used import frame_uses, rule_uses
from include.translation.registry import TRANSFORMS
from include.translation.steps import named_steps
from include.translation.suggest import among

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.translation.files import FrameSentence, Together
    from include.translation.language import Condition, Rule, Steps
    from include.translation.making import FramePlan
    from include.translation.mapping import Mapping

OWN = frozenset({"@key", "@position"})
OWN_FIELDS = ("__c", "__pc")
"""Ends of the names of fields that a Salesforce org has made for itself."""


def check(mapping: Mapping) -> None:
    """Refuse a mapping that names what does not exist.

    Raises:
        MappingError: with every fault of the file.
    """
    try:
        plans = mapping.plans
    except MappingError as error:
        raise MappingError(f"{mapping.name}.yaml: {error}") from None
    faults = [*_sections(mapping), *(fault for plan in plans.values() for fault in _frame(mapping, plan))]
    faults += [fault for place, rule in rules_of(mapping) for fault in _rule(mapping, place, rule)]
    faults += list(_columns(mapping))
    if faults:
        listed = "\n".join(f"  {fault}" for fault in dict.fromkeys(faults))
        raise MappingError(f"{mapping.name}.yaml does not say something that can be carried out:\n{listed}")


def rules_of(mapping: Mapping) -> Iterator[tuple[str, Rule]]:
    """Every rule of a mapping with its place, inner rules included."""
    for source, rules in mapping.sentence.derive.items():
        for name, rule in rules.items():
            yield from _with_inner(f"derive.{source}.{name}", rule)
    for frame, sentence in mapping.sentence.frames.items():
        for section in ("carry", "fields", "extensions"):
            for name, rule in getattr(sentence, section).items():
                yield from _with_inner(f"frames.{frame}.{section}.{name}", rule)
        for append in sentence.append:
            for name, rule in {**append.derive, **append.fields}.items():
                yield from _with_inner(f"frames.{frame}.append.{append.name}.{name}", rule)


def _with_inner(place: str, rule: Rule) -> Iterator[tuple[str, Rule]]:
    yield place, rule
    for at, branch in enumerate(rule.when or ()):
        yield from _with_inner(f"{place}.when.{at}.then", branch.then)
    if rule.else_ is not None:
        yield from _with_inner(f"{place}.else", rule.else_)
    for at, part in enumerate(rule.concat.parts if rule.concat else ()):
        yield from _with_inner(f"{place}.concat.{at}", part)


def _sections(mapping: Mapping) -> Iterator[str]:
    sources = (mapping.record, *mapping.parts)
    for section in ("derive", "derive_together"):
        for name in getattr(mapping.sentence, section):
            if name not in sources:
                yield f"{section}.{name}: no source {name!r}{among(name, sources)}"


def _rule(mapping: Mapping, place: str, rule: Rule) -> Iterator[str]:
    """Names inside one rule: transforms, tables, settings, codes of limits, conditions."""
    yield from _steps(f"{place}.apply", rule.apply)
    for at, step in enumerate(rule.lookup.by if rule.lookup else ()):
        yield from _steps(f"{place}.lookup.by.{at}.apply", step.apply)
    if isinstance(rule.table, str) and rule.table not in mapping.tables:
        yield f"{place}.table: no value table {rule.table!r}{among(rule.table, mapping.tables)}"
    named = [rule.setting, rule.rate.company if rule.rate else None]
    for name in filter(None, named):
        if name not in mapping.sentence.settings:
            yield f"{place}: no setting {name!r}{among(name, mapping.sentence.settings)}"
    if rule.limit is not None and rule.limit.code not in set(Reason):
        known = [str(reason) for reason in Reason]
        yield f"{place}.limit.code: no reason {rule.limit.code!r}{among(rule.limit.code, known)}"
    if rule.count is not None and rule.count not in mapping.sentence.frames:
        yield f"{place}.count: no frame {rule.count!r}{among(rule.count, mapping.sentence.frames)}"
    if rule.custom_field is not None and not (mapping.inbound and rule.custom_field.startswith("cf_")):
        yield f"{place}.custom_field: {rule.custom_field!r} is no api_name of JSON such as 'cf_rush_order'"
    for at, branch in enumerate(rule.when or ()):
        yield from _condition(f"{place}.when.{at}.if", branch.if_)


def _steps(place: str, steps: Steps) -> Iterator[str]:
    for name, arguments in named_steps(steps):
        known = TRANSFORMS.get(name)
        usable = [t.name for t in TRANSFORMS.values() if t.shape != "together"]
        if known is None or known.shape == "together":
            yield f"{place}: no transform {name!r}{among(name, usable)}"
            continue
        for argument in sorted(set(arguments) - set(known.arguments)):
            yield f"{place}.{name}: no argument {argument!r}{among(argument, known.arguments)}"
        for argument in sorted(set(known.arguments) - set(arguments) - known.optional):
            yield f"{place}.{name}: argument {argument!r} is missing"
        for argument, text in arguments.items():
            if known.arguments.get(argument) == "int" and not text.isdecimal():
                yield f"{place}.{name}.{argument}: {text!r} is not a whole number"


def _condition(place: str, condition: Condition) -> Iterator[str]:
    if condition.matches is not None:
        try:
            pc.match_substring_regex(pa.array([""]), condition.matches)
        except pa.ArrowInvalid:
            yield f"{place}.matches: {condition.matches!r} is not a regular expression (RE2)"
    inner = [*(condition.all or ()), *(condition.any or ()), *filter(None, [condition.not_])]
    for part in inner:
        yield from _condition(place, part)


def _frame(mapping: Mapping, plan: FramePlan) -> Iterator[str]:
    place = f"frames.{plan.name}"
    sentence = plan.sentence
    for at, joint in enumerate(sentence.together):
        yield from _joint(f"{place}.together.{at}", joint)
    for append in sentence.append:
        yield from _condition(f"{place}.append.{append.name}.if", append.if_)
        for name in append.fields:
            if name not in plan.kinds:
                yield f"{place}.append.{append.name}: no column {name!r}{among(name, plan.kinds)}"
    for name in sentence.fit.shorten:
        if name not in plan.kinds:
            yield f"{place}.fit.shorten: no column {name!r}{among(name, plan.kinds)}"
    if mapping.inbound:
        yield from _canonical(mapping, plan)
    elif sentence.of not in CANONICAL:
        yield f"{place}.of: no canonical frame {sentence.of!r}{among(sentence.of or '', CANONICAL)}"


def _canonical(mapping: Mapping, plan: FramePlan) -> Iterator[str]:
    """A canonical frame gets every column that has no default, no other, and only words it knows."""
    sentence = plan.sentence
    given = {ours for joint in sentence.together for ours in joint.gives.values()}
    for name in [*sentence.fields, *given]:
        if name not in plan.kinds:
            yield f"frames.{plan.name}: the target has no column {name!r}{among(name, plan.kinds)}"
    for name in sorted(set(plan.kinds) - set(plan.defaults) - set(sentence.fields) - given):
        yield f"frames.{plan.name}.fields: {name!r} has no rule, and the model has no default"
    for name, rule in sentence.fields.items():
        words = allowed_words(sentence.target or "", name)
        for wrong in sorted(_words(mapping, rule) - words) if words else ():
            yield f"frames.{plan.name}.fields.{name}: {wrong!r} is not a word of ours{among(wrong, words)}"


def _words(mapping: Mapping, rule: Rule) -> set[str]:
    """Words that a rule can give, as far as the mapping itself says them."""
    found = {rule.blank} if rule.blank else set()
    if rule.table is not None:
        table = rule.table if isinstance(rule.table, dict) else None
        known = mapping.tables.get(rule.table) if isinstance(rule.table, str) else None
        found |= set((table or {}).values()) | set(known.values.values() if known else ())
    elif rule.constant is not None:
        found.add(rule.constant)
    for branch in rule.when or ():
        found |= _words(mapping, branch.then)
    return found | (_words(mapping, rule.else_) if rule.else_ else set())


def _joint(place: str, joint: Together) -> Iterator[str]:
    known = TRANSFORMS.get(joint.apply)
    if known is None or known.shape != "together":
        usable = [t.name for t in TRANSFORMS.values() if t.shape == "together"]
        yield f"{place}.apply: no joint transform {joint.apply!r}{among(joint.apply, usable)}"
        return
    for name in sorted(set(joint.from_) - set(known.inputs)):
        yield f"{place}.from: {joint.apply} takes no {name!r}{among(name, known.inputs)}"
    for name in sorted(set(joint.gives) - set(known.outputs)):
        yield f"{place}.gives: {joint.apply} gives no {name!r}{among(name, known.outputs)}"


def _columns(mapping: Mapping) -> Iterator[str]:
    """Every source column that is named must exist."""
    columns = _known(mapping)
    record = columns[mapping.record]
    for source, rules in mapping.sentence.derive.items():
        known = columns.get(source, record)
        for name, rule in rules.items():
            yield from _unknown(rule_uses(rule, f"derive.{source}.{name}"), known, record, mapping, ())
            known.add(name)
    for source, joints in mapping.sentence.derive_together.items():
        own = columns.get(source, record)
        for at, joint in enumerate(joints):
            place = f"derive_together.{source}.{at}"
            yield from _joint(place, joint)
            yield from _unknown(((place, name) for name in joint.from_.values()), own, record, mapping, ())
            own.update(joint.gives.values())
    for name, frame in mapping.sentence.frames.items():
        own = columns.get(mapping.source_of(frame), record)
        yield from _unknown(
            frame_uses(frame, f"frames.{name}"), own, record, mapping, _outputs(mapping.plans[name])
        )
        yield from _appended(mapping, name, frame, record)


def _appended(mapping: Mapping, name: str, frame: FrameSentence, record: set[str]) -> Iterator[str]:
    for append in frame.append:
        place = f"frames.{name}.append.{append.name}"
        for column, rule in append.derive.items():
            yield from _unknown(rule_uses(rule, f"{place}.{column}"), record, record, mapping, ())
            record.add(column)
        yield from _unknown(((f"{place}.if", c) for c in columns_of(append.if_)), record, record, mapping, ())
        for column, rule in append.fields.items():
            yield from _unknown(rule_uses(rule, f"{place}.{column}"), record, record, mapping, ())


def _outputs(plan: FramePlan) -> tuple[str, ...]:
    return tuple(f"out.{name}" for name in plan.kinds)


def _known(mapping: Mapping) -> dict[str, set[str]]:
    """Columns of the record and of its parts, by canonical frame."""
    if not mapping.inbound:
        return {
            name: set(CANONICAL[name].names) for name in (mapping.record, *mapping.parts) if name in CANONICAL
        }
    entity = mapping.sentence.source.envelope[0] if mapping.sentence.source.envelope else ""
    entity = entity.rpartition(".")[2]
    found = {mapping.record: entity, **{part: f"{entity}.{each}" for part, each in mapping.lists.items()}}
    return {name: set(mapping.vocabulary.get(place, {})) | OWN for name, place in found.items()}


def _unknown(
    uses: Iterator[tuple[str, str]],
    own: set[str],
    record: set[str],
    mapping: Mapping,
    outputs: tuple[str, ...],
) -> Iterator[str]:
    for place, name in uses:
        head, _, rest = name.partition(".")
        known, wanted = (record, rest) if head == "parent" else (own | set(outputs), name)
        if wanted in known or wanted.startswith(("custom_field.", "UDF_")) or wanted.endswith(OWN_FIELDS):
            continue
        if head == "extensions" and not mapping.inbound and re.fullmatch(r"[a-z0-9_]+", rest):
            continue
        if head in mapping.plans and rest in mapping.plans[head].kinds:
            if (
                pa.types.is_decimal(mapping.plans[head].kinds[rest])
                or mapping.plans[head].kinds[rest] == KINDS["count"]
            ):
                continue
            yield f"{place}: {name!r} cannot be totalled, it is no number"
            continue
        yield f"{place}: no column {name!r}{among(wanted, known)}"
