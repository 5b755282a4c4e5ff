"""Judge what was translated, before anything is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from include.canonical import PROBLEM_FRAME, empty_frame
from include.checks.orders import Checked
from include.pipelines.check import RESULTS
from include.pipelines.mirrors.plan import JUDGED
from include.pipelines.outcomes import gathered, keep
from include.translation import load

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
    names = load(flow.inbound).plans
    frames = {name: staging.read(JUDGED.format(frame=name)) for name in names}
    records = frames[flow.record]
    found = flow.check(frames) if len(records) else Checked(empty_frame(PROBLEM_FRAME), [])
    keep(staging, "check", {}, found.problems)
    told = [json.dumps(result) for result in found.results]
    staging.write(RESULTS, pd.DataFrame({"result": told}, dtype="str"))
    aside, _ = gathered(staging)
    return {"checked": len(records), "accepted": int((~records.source_id.isin(aside)).sum())}
