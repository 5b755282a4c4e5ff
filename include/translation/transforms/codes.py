"""Transforms of codes and numbers of documents."""

from __future__ import annotations

from include.translation.reference import barcode, normalised
from include.translation.registry import each_value


@each_value(settles=True)
def sku_key(value: str) -> str:
    """A code without what people vary: `" nw-10 "` and `"NW-0010"` both give `"NW-10"`."""
    return normalised(value)


@each_value(settles=True)
def barcode_key(value: str) -> str:
    """A barcode without its padding; UPC-A, EAN-13 and GTIN-14 of one article agree."""
    return barcode(value)


@each_value()
def division_of(value: str) -> str:
    """The division of a Sage customer number such as `01-D3600`: `01`."""
    return _parts(value)[0]


@each_value()
def number_of(value: str) -> str:
    """The number of a Sage customer number such as `01-D3600`: `D3600`."""
    return _parts(value)[1]


def _parts(value: str) -> tuple[str, str]:
    if not value.strip():
        return "", ""
    division, separator, number = value.strip().partition("-")
    if not separator or len(division) != 2 or not number:
        raise ValueError("is not a customer number such as 01-D3600")
    return division, number
