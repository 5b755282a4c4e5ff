"""The steps under ``apply``, however briefly they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.translation.language import Steps


def named_steps(steps: Steps) -> list[tuple[str, dict[str, str]]]:
    """``upper``, ``[strip, upper]`` or ``[{times: {by: rate}}]`` as (name, arguments) pairs."""
    found: list[tuple[str, dict[str, str]]] = []
    for step in steps if isinstance(steps, list) else [steps]:
        if isinstance(step, str):
            found.append((step, {}))
        else:
            found.extend(step.items())
    return found
