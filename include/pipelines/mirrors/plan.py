"""What the stages after translation work from."""

from __future__ import annotations

import pyarrow as pa

PLAN = "plan"
JUDGED = "judged_{frame}"
"""Our frames of the records and their parts, as they go out and as the checks see them."""
PLAN_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),  # the source's id of the record
        pa.field("number", pa.string()),  # by which people know it
        pa.field("fact", pa.string()),  # which announcement is answered
        pa.field("content", pa.string()),  # the target's JSON
        pa.field("mapping", pa.string()),  # versions of the mappings used
    ]
)
