"""The data dictionary: what Sage 100 says about each table and column.

``layouts/*.txt`` hold one section per table::

    [SO_SalesOrderHeader]
    key ARDivisionNo CustomerNo SalesOrderNo   an index; the first is the primary key, ``-`` = descending
    required OrderDate                         may not be blank when the record is written
    refer TermsCode AR_TermsCode               a value other than blank must be on file there
    Name:TYPE[~w][=default][{valid,..}|?][!]   columns

A column's type is ``Cn`` text, ``Np.s`` decimal, ``D`` date or ``M`` long text; ``~w`` is its width before
2021, ``?`` means Y or N, ``!`` closes it to Business Objects.

``layouts/formats.txt`` says by column name how values are stored (upper case, zeros on the left).
The columns, widths and codes are Sage's; releases 2021 and 2018 differ in widths only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, get_args

LAYOUTS = Path(__file__).parent / "layouts"
MEMO_WIDTH = 2048
AUDIT = frozenset(
    {"DateCreated", "TimeCreated", "UserCreatedKey", "DateUpdated", "TimeUpdated", "UserUpdatedKey"}
)
"""Who and when; Sage alone writes these."""

Release = Literal["2018", "2021"]
Kind = Literal["text", "number", "date"]
Form = Literal["asis", "upper", "charnum", "zerofill", "master"]

_TOKEN = re.compile(
    r"(?P<name>\w+):(?P<kind>[CNDM])(?P<width>\d*)(?:\.(?P<scale>\d+))?(?:~(?P<old>\d+))?"
    r"(?:=(?P<default>\w+))?(?:\{(?P<valid>[^}]*)\}|(?P<flag>\?))?(?P<closed>!)?"
)


@dataclass(frozen=True)
class Column:
    """One column. ``width`` is characters of a text column, digits of a number."""

    name: str
    kind: Kind
    width: int = 0
    scale: int = 0
    default: str = ""
    valid: frozenset[str] = frozenset()
    read_only: bool = False
    form: Form = "asis"
    required: bool = False
    refers: str = ""

    @cached_property
    def bound(self) -> str:
        """The name Business Objects know: text and dates carry a ``$``."""
        return self.name if self.kind == "number" else f"{self.name}$"

    @cached_property
    def declared(self) -> str:
        """The SQL type that ODBC reports."""
        if self.kind == "number":
            return f"DECIMAL({self.width},{self.scale})"
        if self.kind == "date":
            return "DATE"
        return f"VARCHAR({self.width})" if self.width >= MEMO_WIDTH else f"CHAR({self.width})"

    @cached_property
    def capacity(self) -> Decimal:
        """The smallest amount that no longer fits: Sage keeps a place for the sign."""
        whole = self.width - self.scale - (1 if self.scale else 0)
        return Decimal(10) ** whole

    @cached_property
    def step(self) -> Decimal:
        """The smallest difference the column keeps."""
        return Decimal(1).scaleb(-self.scale)


@dataclass(frozen=True)
class Table:
    """One table; ``keys[0]`` is the primary key, a trailing ``-`` on a column means descending."""

    name: str
    columns: dict[str, Column]
    keys: tuple[tuple[str, ...], ...]

    @property
    def primary(self) -> tuple[str, ...]:
        """The columns that name one record."""
        return self.keys[0]

    @cached_property
    def bound(self) -> dict[str, Column]:
        """Columns by the name Business Objects use."""
        return {column.bound: column for column in self.columns.values()}

    @cached_property
    def defaults(self) -> dict[str, str | Decimal]:
        """A blank row: the layout's defaults, the empty string or 0."""
        return {
            c.name: Decimal(c.default or 0).quantize(c.step) if c.kind == "number" else c.default
            for c in self.columns.values()
        }

    @cached_property
    def required(self) -> tuple[Column, ...]:
        """Columns that may not be blank."""
        return tuple(column for column in self.columns.values() if column.required)


def _text_form(name: str, rules: list[tuple[Form, str]]) -> Form:
    return next((form for form, pattern in rules if fnmatchcase(name, pattern)), "asis")


def _column(token: str, release: Release, rules: list[tuple[Form, str]]) -> Column:
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ValueError(f"layout token {token!r} is not Name:TYPE[~w][=default][{{valid}}|?][!]")
    name, width = found["name"], int(found["width"] or 0)
    if release == "2018" and found["old"]:
        width = int(found["old"])
    valid = "Y,N" if found["flag"] else (found["valid"] or "")
    kinds: dict[str, Kind] = {"C": "text", "M": "text", "N": "number", "D": "date"}
    kind = kinds[found["kind"]]
    return Column(
        name=name,
        kind=kind,
        width=MEMO_WIDTH if found["kind"] == "M" else width,
        scale=int(found["scale"] or 0),
        default=found["default"] or "",
        valid=frozenset(valid.split(",")) if valid else frozenset(),
        read_only=bool(found["closed"]) or name in AUDIT,
        form=_text_form(name, rules) if kind == "text" else "asis",
    )


def _table(section: str, release: Release, rules: list[tuple[Form, str]]) -> Table:
    name, *lines = section.splitlines()
    keys: list[tuple[str, ...]] = []
    columns: dict[str, Column] = {}
    required: set[str] = set()
    refers: dict[str, str] = {}
    for words in (line.split() for line in lines if line):
        match words:
            case ["key", *names]:
                keys.append(tuple(names))
            case ["required", *names]:
                required.update(names)
            case ["refer", column, target]:
                refers[column] = target
            case tokens:
                columns.update((c.name, c) for c in (_column(t, release, rules) for t in tokens))
    for wanted in required | refers.keys():
        columns[wanted] = replace(columns[wanted], required=wanted in required, refers=refers.get(wanted, ""))
    return Table(name.strip("[]"), columns, tuple(keys))


def _format_rules() -> list[tuple[Form, str]]:
    forms: dict[str, Form] = {form: form for form in get_args(Form)}
    lines = (LAYOUTS / "formats.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return [(forms[row[0]], pattern) for row in rows for pattern in row[1:]]


@cache
def dictionary(release: Release = "2021") -> dict[str, Table]:
    """Every table by name, in the widths of a release (2021 stands for it and later)."""
    rules = _format_rules()
    texts = [p.read_text(encoding="utf-8") for p in sorted(LAYOUTS.glob("*.txt")) if p.stem != "formats"]
    sections = [
        s for text in texts for s in re.split(r"^(?=\[)", text, flags=re.MULTILINE) if s.startswith("[")
    ]
    return {table.name: table for table in (_table(s, release, rules) for s in sections)}
