"""Load, check and version mapping files; each is compiled once a process.

Everything that can be wrong with a mapping is found here, before any record is touched, and said all
at once: file, place, value, and the names that would be right.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from include.errors import MappingError
from include.translation.checking import check
from include.translation.columns import CANONICAL
from include.translation.files import (
    Fit,
    FrameSentence,
    MappingSentence,
    OwnersSentence,
    TablesSentence,
    VocabularySentence,
)
from include.translation.language import Rule, ValueTable
from include.translation.mapping import Mapping
from include.translation.strict_yaml import read_yaml
from include.translation.suggest import among

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.translation.ownership import Owner

MAPPINGS = Path(__file__).parent.parent / "mappings"
"""Where the product's own mapping files live."""

NO_MAPPINGS = frozenset({"codes", "ownership", "records", "status", "vocabulary"})
"""File stems that hold tables or names, not mappings."""

Model = TypeVar("Model", bound=BaseModel)


def load(name: str, root: Path = MAPPINGS) -> Mapping:
    """A mapping by its name, e.g. ``zoho_inventory/sales_order``; compiled once, then cached.

    Raises:
        MappingError: the file is missing or says something that cannot be carried out.
    """
    return _load(name, root)


def load_all(root: Path = MAPPINGS) -> dict[str, Mapping]:
    """Every mapping under ``root``, checked.

    Raises:
        MappingError: any of them is wrong.
    """
    return {name: load(name, root) for name in names(root)}


def owners(name: str, root: Path = MAPPINGS) -> dict[str, Owner]:
    """Who owns which field of a record, e.g. by ``clarity_ecommerce/ownership``.

    Raises:
        MappingError: the file is missing or names a field that items do not have.
    """
    found = _read(name, OwnersSentence, root).owners
    wrong = sorted(set(found) - set(CANONICAL["items"].names))
    if wrong:
        raise MappingError(f"{name}.yaml: owners: items have no field {wrong[0]!r}")
    return dict(found)


def names(root: Path = MAPPINGS) -> list[str]:
    """Names of all mappings under ``root``."""
    files = sorted(root.glob("*/*.yaml"))
    return [f"{path.parent.name}/{path.stem}" for path in files if path.stem not in NO_MAPPINGS]


@cache
def _load(name: str, root: Path) -> Mapping:
    sentence = _read(name, MappingSentence, root)
    if sentence.mapping != name:
        raise MappingError(
            f"{name}.yaml: mapping: says {sentence.mapping!r}; it must be called as its file, {name!r}"
        )
    try:
        tables = _tables(sentence, root)
        vocabulary = _read(sentence.vocabulary, VocabularySentence, root).words()
    except MappingError as error:
        raise MappingError(f"{name}.yaml needs another file: {error}") from None
    said = {
        "mapping": sentence.model_dump(mode="json"),
        "tables": {k: v.model_dump() for k, v in tables.items()},
    }
    mapping = Mapping(sentence, tables, vocabulary, version_of(said))
    check(mapping)
    return mapping


def _tables(sentence: MappingSentence, root: Path) -> dict[str, ValueTable]:
    found = dict(sentence.tables)
    for path in sentence.tables_from:
        for name, table in _read(path, TablesSentence, root).tables.items():
            if name in found:
                raise MappingError(
                    f"{sentence.mapping}.yaml: tables_from: table {name!r} of {path} exists already"
                )
            found[name] = table
    return found


def _read(name: str, model: type[Model], root: Path) -> Model:
    path = root / f"{name}.yaml"
    if not path.is_file():
        known = [f"{file.parent.name}/{file.stem}" for file in root.glob("*/*.yaml")]
        raise MappingError(f"{name}.yaml: there is no such file{among(name, known)}")
    data = read_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = "\n".join(f"  {line}" for line in dict.fromkeys(_faults(error, model)))
        raise MappingError(f"{name}.yaml does not say something that can be carried out:\n{faults}") from None


def _faults(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """One line for each fault: the place, what is wrong, the way out."""
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"] if not _internal(part))
        yield f"{place or '(file)'}: {_said(fault, model)}"


def _internal(part: Any) -> bool:
    """Names that pydantic puts into a place for its own branches of a union."""
    return isinstance(part, str) and any(mark in part for mark in ("[", "constrained-", "function-"))


def _said(fault: Any, model: type[BaseModel]) -> str:  # noqa: PLR0911 - one return for each fault
    value = fault.get("input")
    match fault["type"]:
        case "string_type" | "string_pattern_mismatch" if not isinstance(value, str | dict | list):
            return f"{value!r} is no text; YAML guessed it, so write it in quotes"
        case "string_pattern_mismatch":
            return f"{value!r} does not have the form {fault['ctx']['pattern']}"
        case "invalid_key":
            return f"the key {value!r} is no text; YAML guessed it, so write it in quotes"
        case "extra_forbidden":
            wrong = str(fault["loc"][-1])
            return f"there is nothing called {wrong!r} here{among(wrong, _words(model, fault['loc']))}"
        case "missing":
            return "is needed here and missing"
        case "literal_error":
            return f"{value!r} is not among {fault['ctx']['expected']}"
        case "bool_type":
            return f"{value!r} is a switch of the language: write true or false"
        case _:
            return str(fault["msg"]).removeprefix("Value error, ")


def _words(model: type[BaseModel], place: tuple[Any, ...]) -> list[str]:
    """Words that are right in that place: of the top, of a frame, or of a rule."""
    depth = [part for part in place if not _internal(part)]
    if len(depth) == 1:
        chosen: type[BaseModel] = model
    elif depth[0] == "frames" and len(depth) == 3:
        chosen = FrameSentence
    elif "fit" in depth:
        chosen = Fit
    elif depth[0] == "tables":
        chosen = ValueTable
    else:
        chosen = Rule
    return [info.alias or name for name, info in chosen.model_fields.items()]


def version_of(said: object) -> str:
    """What identifies a translation: content and code that carries it out, in 16 hex digits."""
    content = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode() + _code()).hexdigest()[:16]


@cache
def _code() -> bytes:
    """Digest of this package's own source."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()
