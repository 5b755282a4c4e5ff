"""Postal addresses, standardised without losing what the customer wrote.

``standardised`` is idempotent: a standardised address standardised again is the same address.
"""

from __future__ import annotations

from include.translation.addresses.standard import Postal, standardised

__all__ = ["Postal", "standardised"]
