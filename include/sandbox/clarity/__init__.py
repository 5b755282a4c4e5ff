"""Clarity eCommerce in small.

The vendor publishes no contract. What is public (two event names, ``/api/v1/shipments``, client
credentials and API keys, the query conventions of its present platform) is kept to the letter; the rest is
our proposal, and a real tenant may differ in all of it. So the same shop answers in three dialects
(:mod:`~include.sandbox.clarity.dialects`).
"""

from __future__ import annotations
