"""The outside world in small: wire-faithful remote systems with a control API for faults.

Each system imitates its original as the references describe it, never what our clients happen to
send, and shares no code with them. :mod:`include.sandbox.app` serves the HTTP systems and the control
API; :mod:`include.sandbox.sage100` holds Sage's tables and Business Objects.
"""

from __future__ import annotations
