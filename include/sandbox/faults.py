"""Faults on order: what a network and a busy vendor do to a client, when a test asks for it.

A rule names a path pattern and a method and says what happens, how often or how probably. Chance is
drawn from the rule's seed and its own count, so a run can be repeated, even across a restart.
"""

from __future__ import annotations

import fnmatch
import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from include.sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0,
    struck INTEGER NOT NULL DEFAULT 0
);
"""


class Kind(StrEnum):
    """What can go wrong.

    The first group happens instead of handling the request, the second to the page of a list, the third
    after it. ``limit``, the tokens and the rows are each system's own affair: its gate reads them.
    """

    STATUS = "status"
    HTML = "html"
    CLOSE_BEFORE = "close_before"
    LIMIT = "limit"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - a fault's name
    REVOKED_TOKEN = "revoked_token"  # noqa: S105 - a fault's name
    DELAY = "delay"

    REPEAT_ROW = "repeat_row"
    HIDE_ROW = "hide_row"
    DELAY_AFTER = "delay_after"
    HANG_AFTER = "hang_after"
    CLOSE_AFTER = "close_after"
    STATUS_AFTER = "status_after"
    TRUNCATE = "truncate"
    MALFORMED = "malformed"
    SLOW_BODY = "slow_body"
    BOM = "bom"
    WRONG_CHARSET = "wrong_charset"
    DUPLICATE_KEYS = "duplicate_keys"


class Rule(BaseModel):
    """One fault as the control API takes it.

    ``path`` is a glob over the whole path (``*`` crosses slashes). ``skip`` lets the first matching
    requests pass; ``times`` limits how many are struck; ``seconds`` is the length of delays and hangs;
    for ``limit``, ``code`` picks Zoho's 43, 44, 45 or 1070 and ``retry_after`` the form of Clarity's header.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    path: str = "*"
    method: str = "*"
    system: str = "*"
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=0)
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    seed: int = 0
    seconds: float = Field(default=1.0, ge=0.0)
    status: int = 500
    code: int = 44
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    body: Any = None
    headers: dict[str, str] = {}

    def covers(self, system: str, method: str, path: str) -> bool:
        """Whether a request falls under this rule."""
        return (
            self.system in {"*", system}
            and self.method.upper() in {"*", method}
            and fnmatch.fnmatchcase(path, self.path)
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule with its number and what it has done so far."""

    id: int
    rule: Rule
    seen: int
    struck: int

    def strikes_next(self) -> bool:
        """Whether the next covered request is struck."""
        if self.seen < self.rule.skip or (self.rule.times is not None and self.struck >= self.rule.times):
            return False
        draw = random.Random(f"{self.rule.seed}/{self.seen}").random()  # noqa: S311 - repeatable chance
        return draw < self.rule.probability


class Faults:
    """All standing rules; the first that strikes wins."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(SCHEMA)
        self._any = bool(self.standing())

    def add(self, rule: Rule) -> int:
        """Put up a rule; answers its number."""
        found = self._database.row(
            "INSERT INTO faults (rule) VALUES (?) RETURNING id", (rule.model_dump_json(),)
        )
        self._any = True
        return int(found["id"]) if found else 0

    def remove(self, number: int | None = None) -> int:
        """Take down one rule, or all; answers how many there were."""
        if number is None:
            removed = self._database.change("DELETE FROM faults")
        else:
            removed = self._database.change("DELETE FROM faults WHERE id = ?", (number,))
        self._any = bool(self.standing())
        return removed

    def reset(self) -> None:
        """Read again, after the database was wiped."""
        self._any = bool(self.standing())

    def standing(self) -> list[Standing]:
        """Every rule in the order it was put up."""
        return [
            Standing(row["id"], Rule.model_validate_json(row["rule"]), row["seen"], row["struck"])
            for row in self._database.rows("SELECT * FROM faults ORDER BY id")
        ]

    def strike(self, system: str, method: str, path: str) -> Rule | None:
        """The fault for this request, if any; counts it."""
        if not self._any:
            return None
        with self._database.transaction():
            for standing in self.standing():
                if not standing.rule.covers(system, method, path):
                    continue
                struck = standing.strikes_next()
                self._database.change(
                    "UPDATE faults SET seen = seen + 1, struck = struck + ? WHERE id = ?",
                    (int(struck), standing.id),
                )
                if struck:
                    return standing.rule
        return None
