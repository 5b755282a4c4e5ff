"""YAML without its traps.

A repeated key is refused instead of silently winning, and whatever YAML guessed (``010`` as 8, ``NO`` as
false, ``12:30`` as 750) reaches the models as what it became, where it is refused because every value
must be text. Nothing but plain data can be constructed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer

from include.errors import MappingError

if TYPE_CHECKING:
    from pathlib import Path


class _Strict(Composer, yaml.CSafeLoader):
    """The safe loader on libyaml's scanner, minus repeated keys, merges and aliases."""

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise MappingError(
                    f"line {key_node.start_mark.line + 1}: '<<' hides what a rule says; write it out"
                )
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if isinstance(key, list | dict):
                raise MappingError(f"line {line}: a key must be plain text")
            if key in seen:
                raise MappingError(
                    f"line {line}: key {key!r} stands twice, first on line {seen[key]}; keep one"
                )
            seen[key] = line
        return super().construct_mapping(node, deep=deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()
            line = event.start_mark.line + 1
            raise MappingError(f"line {line}: '*' repeats a part by reference; write it out")
        return super().compose_node(parent, index)


def read_yaml(path: Path) -> Any:
    """The data of a mapping file.

    Raises:
        MappingError: it is not there, not YAML, or says the same key twice; names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, Loader=_Strict)  # noqa: S506 - a safe loader, made stricter
    except FileNotFoundError:
        raise MappingError(f"{path.name}: there is no such file") from None
    except UnicodeDecodeError:
        raise MappingError(f"{path.name}: the file is not UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "somewhere"
        raise MappingError(f"{path.name}: {where}: not YAML: {getattr(error, 'problem', error)}") from None
    except MappingError as error:
        raise MappingError(f"{path.name}: {error}") from None
