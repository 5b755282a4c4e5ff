"""Judge what was translated, before anything is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from include.checks.judge import judge
from include.pipelines.check import RESULTS
from include.pipelines.mirrors.plan import JUDGED
from include.pipelines.outcomes import gathered, keep

if TYPE_CHECKING:
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Ticket


def check(world: MirrorWorld, ticket: Ticket) -> dict[str, int]:
    """Stage the problems that the flow's rules find.

    Returns:
        Counts: ``checked`` and ``accepted`` records.

    Raises:
        SetError: no single record explains what is wrong; nothing of the batch may go on.
    """
    flow, staging = world.flow, world.staging(ticket)
    records = staging.read(JUDGED)
    frame = records.rename(columns={"source_id": "key"}).assign(line=0, label=records[flow.label])
    verdict = judge(flow.noun, flow.rules if len(frame) else (), frame, flow.words)
    keep(staging, "check", {}, verdict.problems)
    staging.write(RESULTS, pd.DataFrame({"result": [json.dumps(verdict.result)]}, dtype="str"))
    aside, _ = gathered(staging)
    return {"checked": len(frame), "accepted": int((~frame.key.isin(aside)).sum())}
