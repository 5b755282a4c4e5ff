"""What a mapping's frames look like: columns, types, what the target cannot do without."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from include.canonical import NOUNS, PARTS
from include.errors import MappingError
from include.translation.columns import CANONICAL, KINDS
from include.translation.making import POSITION, FramePlan
from include.translation.registry import TRANSFORMS
from include.translation.suggest import among

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from include.translation.files import FrameSentence
    from include.translation.language import Rule

Vocabulary = dict[str, dict[str, str]]


def canonical_plan(name: str, sentence: FrameSentence) -> FramePlan:
    """A frame of ours, as its model declares it.

    Raises:
        MappingError: there is no canonical frame of that name.
    """
    if sentence.target not in CANONICAL:
        wrong = sentence.target or ""
        raise MappingError(f"frames.{name}.target: no canonical frame {wrong!r}{among(wrong, CANONICAL)}")
    schema = CANONICAL[sentence.target]
    defaults, needed = _expectations(NOUNS[sentence.target], "")
    kinds = {field.name: field.type for field in schema}
    known = {column: value for column, value in defaults.items() if column in kinds}
    patterns = _patterns(NOUNS[sentence.target])
    return FramePlan(name, sentence, kinds, frozenset(needed), known, patterns=patterns)


def _patterns(model: type[BaseModel]) -> dict[str, str]:
    """Regular expressions of the model's own text fields."""
    return {
        name: str(part.pattern)
        for name, info in model.model_fields.items()
        for part in info.metadata
        if getattr(part, "pattern", None)
    }


def _expectations(model: type[BaseModel], prefix: str) -> tuple[dict[str, Any], set[str]]:
    """Default values by column, and columns without which the noun makes no sense."""
    defaults: dict[str, Any] = {}
    needed: set[str] = set()
    for name, info in model.model_fields.items():
        column = f"{prefix}{name}"
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            inner, inner_needed = _expectations(info.annotation, f"{column}_")
            defaults, needed = defaults | inner, needed | inner_needed
            continue
        value = "{}" if info.default_factory is not None else info.default
        if value is PydanticUndefined:
            needed.add(column)
            continue
        defaults[column] = value.value if isinstance(value, Enum) else value
        if isinstance(value, Decimal | bool):
            needed.add(column)
    return defaults, needed


def allowed_words(target: str, column: str) -> frozenset[str]:
    """The words of an enumerated canonical column; empty when anything may stand there."""
    info = NOUNS[target].model_fields.get(column)
    kinds = [info.annotation, *get_args(info.annotation)] if info else []
    enums = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)]
    return frozenset(str(member.value) for kind in enums for member in kind)


def erp_plan(name: str, sentence: FrameSentence, vocabulary: Vocabulary) -> FramePlan:
    """A frame in the ERP's own columns.

    Raises:
        MappingError: the table or a column is not in the vocabulary.
    """
    table = sentence.target or ""
    if table not in vocabulary:
        raise MappingError(f"frames.{name}.target: no table {table!r}{among(table, vocabulary)}")
    columns = vocabulary[table]
    kinds = {column: _kind(rule) for column, rule in sentence.carry.items()}
    if sentence.of in PARTS:
        kinds[POSITION] = KINDS["count"]
    for joint in sentence.together:
        if joint.apply in TRANSFORMS:
            outputs = TRANSFORMS[joint.apply].outputs
            kinds |= {ours: KINDS[outputs[out]] for out, ours in joint.gives.items() if out in outputs}
    named = [*sentence.fields, *(column for spill in sentence.fit.spill for column in spill.into)]
    for column in named:
        kinds[column] = _column_kind(f"frames.{name}.{column}", column, columns, sentence.fields.get(column))
    return FramePlan(name, sentence, kinds, table=table)


def _kind(rule: Rule | None) -> pa.DataType:
    return KINDS[rule.type if rule is not None and rule.type else "text"]


def _column_kind(place: str, column: str, known: Mapping[str, str], rule: Rule | None) -> pa.DataType:
    if column in known:
        return KINDS[known[column]]
    own = column.rpartition(".")[2]
    if own.startswith(("UDF_", "cf_")) or own.endswith("__c"):
        return _kind(rule)
    raise MappingError(f"{place}: the vocabulary has no column {column!r}{among(column, known)}")
