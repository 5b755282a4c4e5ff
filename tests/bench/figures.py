"""Figures with their targets, as a table and as JSON."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import psutil
from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Args:
        name: what was measured.
        value: how much.
        unit: of what.
        at_most: the target, if less is better.
        at_least: the target, if more is better.
    """

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def target(self) -> str:
        """The target as one reads it."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None when there is none."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.value >= self.at_least if self.at_least is not None else None

    @property
    def shown(self) -> str:
        """The value with a sensible number of digits."""
        digits = 0 if abs(self.value) >= 100 or self.value == int(self.value) else 2
        return f"{self.value:,.{digits}f} {self.unit}".strip()


@dataclass(frozen=True)
class Section:
    """The figures of one measurement, and what they are made of for whoever wants to know more."""

    name: str
    about: str
    figures: list[Figure]
    details: dict[str, Any] = field(default_factory=dict)

    def without_targets(self) -> Section:
        """The same without targets: tiny sizes prove nothing about speed."""
        return replace(self, figures=[replace(f, at_most=None, at_least=None) for f in self.figures])

    def table(self) -> Table:
        """For a terminal."""
        table = Table(title=f"{self.name}: {self.about}", title_justify="left", title_style="bold")
        for header, justify in (("figure", "left"), ("value", "right"), ("target", "right"), ("", "left")):
            table.add_column(header, justify=justify)  # type: ignore[arg-type]
        for figure in self.figures:
            verdict = {True: "met", False: "[red]missed[/]", None: ""}[figure.met]
            table.add_row(figure.name, figure.shown, figure.target, verdict)
        return table


def machine() -> dict[str, Any]:
    """Where the figures come from; the load of the last minute says who else was at work."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }


def write(path: Path, about: dict[str, Any], sections: list[Section]) -> None:
    """All of it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {
        section.name: asdict(section) | {"met": [f.met for f in section.figures]} for section in sections
    }
    path.write_bytes(orjson.dumps({"machine": about, **found}, option=orjson.OPT_INDENT_2))
