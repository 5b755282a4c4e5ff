"""The target's widths: text is spread over more lines at word borders, never silently cut.

Only columns that a mapping lists under ``shorten`` may lose their end. Whatever else is longer than its
column is a complaint, with the text left whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import Reason
from include.translation.cells import Cells
from include.translation.columns import KINDS, is_text, mask, per_row
from include.translation.problems import Complaint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.translation.cells import Court
    from include.translation.files import Fit, Spill
    from include.translation.rows import Rows
    from include.translation.site import Site

TEXT = KINDS["text"]
UNMEASURED = 10_000


def spilled(spill: Spill, rows: Rows, table: str, site: Site) -> dict[str, pa.Array]:
    """The lines of a spill, each as wide as its columns allow; what is left over stays on the last line."""
    width = min(site.width(table, name) or UNMEASURED for name in spill.into)
    needed = len(spill.parts)
    columns = [pc.fill_null(rows.column(name), "") for name in (*spill.parts, *spill.optional)]

    def spread(*parts: str) -> list[str]:
        return lines_of(parts[:needed], parts[needed:], len(spill.into), width)

    return dict(zip(spill.into, per_row(columns, spread, [TEXT] * len(spill.into)), strict=True))


def lines_of(parts: Sequence[str], optional: Sequence[str], count: int, width: int) -> list[str]:
    """Parts on at most ``count`` lines of ``width``; optional parts only where a whole line is left.

    Each part keeps its own line as long as there are enough; then neighbours share lines. Text that no
    arrangement fits stays whole on the last line, too long, so that nothing is lost unseen.
    """
    said = [" ".join(part.split()) for part in parts if part.strip()]
    apart = [line for part in said for line in wrapped(part, width)]
    lines = apart if len(apart) <= count else wrapped(", ".join(said), width)
    if len(lines) > count:
        return [*lines[: count - 1], " ".join(lines[count - 1 :])]
    for part in (text.strip() for text in optional):
        if part and len(lines) < count and len(part) <= width:
            lines.append(part)
    return [*lines, *[""] * (count - len(lines))]


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width``, broken between words; a longer word stands whole on a line of its own."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def measured(
    columns: Mapping[str, pa.Array], fit: Fit, rows: Rows, table: str, site: Site, *, court: Court
) -> dict[str, pa.Array]:
    """Every text column against the width of its column in the target."""
    found = dict(columns)
    for name, column in columns.items():
        width = site.width(table, name) if is_text(column) else None
        if width is None:
            continue
        too_long = mask(pc.greater(pc.utf8_length(column), width))
        if not too_long.any():
            continue
        if name in fit.shorten:
            found[name] = pc.utf8_rtrim_whitespace(pc.utf8_slice_codeunits(column, 0, width))
            continue
        says = f"is too long: {table}.{name} holds {width} characters"
        court.same(Cells.of(column, name), rows, np.asarray(too_long), Complaint(Reason.TOO_LONG, says))
    return found
