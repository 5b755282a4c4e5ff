"""Mappings as sentences, compiled once into column work.

::

    mapping = load("zoho_inventory/sales_order")
    result = mapping.to_canonical(keys, payloads, site)     # result.frames, result.problems

Pure: the same payloads, mapping version and site give the same frames, in a test, a replay or a
backfill. Nothing here opens a connection, reads a clock or guesses: what a mapping does not know goes
to a person, with candidates.
"""

from __future__ import annotations

from include.translation.loading import load, load_all, names
from include.translation.mapping import Mapping, Translation
from include.translation.reference import Candidate, Reference
from include.translation.site import Rate, RateTable, Site

__all__ = [
    "Candidate",
    "Mapping",
    "Rate",
    "RateTable",
    "Reference",
    "Site",
    "Translation",
    "load",
    "load_all",
    "names",
]
