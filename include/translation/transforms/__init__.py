"""The named transforms, one module for each kind of value. Importing this registers them all."""

from __future__ import annotations

from include.translation.transforms import codes, flags, numbers, payments, postal, prices, text, times

__all__ = ["codes", "flags", "numbers", "payments", "postal", "prices", "text", "times"]
