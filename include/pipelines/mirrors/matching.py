"""Which item of the ERP a product of the shop is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.pipelines.ports import distinct
from include.translation.reference import ALIAS, EXACT, NORMALISED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.translation import Reference

WAYS = (EXACT, NORMALISED, ALIAS)


def codes_of(sku: str, erp_code: str, aliases: Sequence[str], items: Reference) -> list[str]:
    """Item codes that a product may be: one is the answer, several are for a person to choose from.

    What the shop itself says of the ERP's code is believed and nothing else asked. Otherwise the SKU is
    looked up exactly, without what people vary, and among the ERP's aliases; then the product's own aliases
    likewise. The first way that finds anything decides.
    """
    if erp_code:
        return list(items.find(erp_code).values)
    for names in ([sku], list(aliases)):
        for how in WAYS:
            found = distinct(code for name in names for code in items.find(name, how).values)
            if found:
                return found
    return []
