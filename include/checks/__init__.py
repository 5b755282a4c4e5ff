"""Judge whole frames and answer with reason codes per record.

Great Expectations runs the suites (:mod:`include.checks.suites`); :mod:`include.checks.judge` turns
what it finds unexpected into rows of ``PROBLEM_FRAME``, every reason of a record at once. A suite
that fails as a whole (a column is missing, a key stands twice) is a :class:`SetError`: no record
explains it, so none may go on.
"""

from __future__ import annotations

from include.checks.docs import write_contents, write_data_docs
from include.checks.orders import Checked, check_orders

__all__ = ["Checked", "check_orders", "write_contents", "write_data_docs"]
