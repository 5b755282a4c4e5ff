"""What Sage said, as codes.

Return codes say *that* something is wrong, only ``sLastErrorMsg`` says what, in words that differ by
release and site. The words are sorted by a table (``messages.toml``), which a site may extend.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Source = Literal["header", "line", "session"]

ANYTHING_ELSE = "invalid_value"
"""The code of a refusal whose words no pattern knows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that Sage, or the gateway before it, has to say about a request.

    ``line`` counts from 1 in the order the lines were sent. ``message`` and ``value`` may quote
    customers' data: they go into the answer and never into a log.
    """

    code: str
    source: Source
    message: str
    line: int | None = None
    field: str | None = None
    value: str | None = None

    def as_json(self) -> dict[str, str | int | None]:
        """The finding as the API shows it."""
        return {
            "code": self.code,
            "source": self.source,
            "line": self.line,
            "field": self.field,
            "value": self.value,
            "message": self.message,
        }


class MessageTable:
    """Patterns in order, the first that is found gives the code."""

    def __init__(self, rules: list[tuple[str, re.Pattern[str]]]) -> None:
        self._rules = rules

    @classmethod
    def load(cls, extra: Path | None = None) -> MessageTable:
        """Read the site's patterns (if any) and then ours.

        Raises:
            ValueError: a file is no TOML or a pattern is no regular expression.
        """
        ours = Path(__file__).with_name("messages.toml")
        return cls([rule for path in (extra, ours) if path for rule in _rules(path)])

    def code_of(self, message: str) -> str:
        """The code of a message; :data:`ANYTHING_ELSE` when no pattern knows it."""
        return next((code for code, pattern in self._rules if pattern.search(message)), ANYTHING_ELSE)


def _rules(path: Path) -> list[tuple[str, re.Pattern[str]]]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return [(rule["code"], re.compile(rule["pattern"], re.IGNORECASE)) for rule in table.get("rule", [])]
    except (KeyError, re.error) as error:
        raise ValueError(f"{path.name}: every rule needs a code and a valid pattern ({error})") from error
