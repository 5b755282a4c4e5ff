"""The same house as the pipeline's tests: one set of real processes for both rooms."""

from __future__ import annotations

from tests.pipeline.conftest import house, new_world

__all__ = ["house", "new_world"]
