"""What is generated from the mapping language: the JSON Schema for editors, and parts of its manual."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

import include.translation.transforms  # noqa: F401 - registers the named transforms
from include.translation.files import MappingSentence, OwnersSentence, TablesSentence, VocabularySentence
from include.translation.registry import TRANSFORMS, Transform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.translation.mapping import Mapping as Compiled

TITLE = "Tradebridge mapping files"


def schema_text() -> str:
    """The JSON Schema of every kind of mapping file, as it is published."""
    kinds = TypeAdapter[Any](MappingSentence | TablesSentence | VocabularySentence | OwnersSentence)
    schema = kinds.json_schema(by_alias=True)
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": TITLE, **schema}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def transforms_text() -> str:
    """The manual's chapter on named transforms, from their docstrings."""
    shapes = {
        "value": "Under `apply`, one value at a time",
        "column": "Under `apply`, whole columns",
        "together": "Under `together`, several columns at once",
    }
    return "\n".join(
        f"### {title}\n\n" + "\n".join(_entry(t) for t in sorted(_of(shape), key=lambda t: t.name))
        for shape, title in shapes.items()
    )


def _of(shape: str) -> Iterable[Transform]:
    return (transform for transform in TRANSFORMS.values() if transform.shape == shape)


def _entry(transform: Transform) -> str:
    facts = []
    if transform.arguments:
        facts.append("arguments: " + ", ".join(f"`{n}` ({kind})" for n, kind in transform.arguments.items()))
    if transform.inputs:
        facts.append("takes " + ", ".join(f"`{name}`" for name in transform.inputs))
        facts.append("gives " + ", ".join(f"`{name}`" for name in transform.outputs))
    if transform.inverse:
        facts.append(f"undone by `{transform.inverse}`")
    tail = f" ({'; '.join(facts)})" if facts else ""
    return f"**`{transform.name}`**: {' '.join(transform.documentation.split())}{tail}\n"


def losses_text(mappings: Mapping[str, Compiled]) -> str:
    """The manual's chapter on what cannot go back, and why."""
    parts = []
    for name, mapping in mappings.items():
        kept = [place for place, way in mapping.kept.items() if not isinstance(way, str)]
        lost = {place: way for place, way in mapping.kept.items() if isinstance(way, str)}
        rows = "\n".join(f"| `{place}` | {reason} |" for place, reason in sorted(lost.items()))
        parts.append(
            f"### {name}\n\nGoes back: {', '.join(f'`{place}`' for place in sorted(kept)) or 'nothing'}.\n\n"
            f"| does not go back | because |\n| --- | --- |\n{rows}\n"
        )
    return "\n".join(parts)


def replaced(manual: str, chapter: str, text: str) -> str:
    """The manual with a generated chapter between its marks.

    Raises:
        ValueError: the marks are not there.
    """
    begin, end = f"<!-- {chapter}: generated -->", f"<!-- {chapter}: end -->"
    if begin not in manual or end not in manual:
        raise ValueError(f"the manual lacks {begin} ... {end}")
    head, rest = manual.split(begin, 1)
    return f"{head}{begin}\n\n{text}\n{end}{rest.split(end, 1)[1]}"
