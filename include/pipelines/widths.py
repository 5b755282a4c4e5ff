"""How much text the ERP's columns hold at this site."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.pipelines.ports import World

WRITTEN = ("SO_SalesOrderHeader", "SO_SalesOrderDetail", "AR_Customer")
"""Sage tables this flow writes."""


def text_widths(world: World) -> dict[tuple[str, str], int]:
    """Characters of every text column we may write, as this site's dictionary has them."""
    columns = world.reads.widths(WRITTEN)
    return {name: spec.width for name, spec in columns.items() if spec.width}
