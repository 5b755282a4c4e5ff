"""The Business Objects as a program on Windows sees them through COM, over the sandbox's tables.

Begin with :class:`Script`; the names, the order of calls and the return codes are Sage's.
"""

from __future__ import annotations

from include.sandbox.sage100.objects.answers import ComError
from include.sandbox.sage100.objects.script import Script

__all__ = ["ComError", "Script"]
