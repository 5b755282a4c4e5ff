"""Turn the source's records into the target's: source, ours, target. Nothing is written to any system."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from include.ledger import Outcome
from include.pipelines.mirrors.extract import RECORDS
from include.pipelines.mirrors.plan import JUDGED, PLAN, PLAN_FRAME
from include.pipelines.mirrors.site import site
from include.pipelines.outcomes import keep, leave, left, set_aside
from include.translation import load
from include.translation.documents import as_json, documents_of

if TYPE_CHECKING:
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Ticket


def translate(world: MirrorWorld, ticket: Ticket) -> dict[str, int]:
    """Stage our frame, for the checks, and the plan. A record that a mapping leaves out is none of ours.

    Returns:
        Counts: ``records`` read, ``planned``, ``left_out`` and ``set_aside``.
    """
    flow, staging = world.flow, world.staging(ticket)
    records = staging.read(RECORDS)
    read_at = min(records.read_at, default="")
    here = site(world, staging, read_at=read_at)
    inbound, outbound = load(flow.inbound), load(flow.outbound)
    ours = inbound.to_canonical(list(records.key), list(records.payload), here)
    prepared = flow.prepare(world, ours.frames)
    theirs = outbound.from_canonical(prepared.frames, replace(here, references=prepared.references))
    found = pd.concat([ours.problems, prepared.problems, theirs.problems], ignore_index=True)
    documents = {key: prepared.said(key, each) for key, each in documents_of(outbound, theirs.frames).items()}
    left_out = set(records.key) - documents.keys() - set(found.key) - prepared.later
    leave(staging, left(staging) | prepared.later)
    judged = ours.frames[flow.record]
    labels = dict(zip(judged.source_id, judged[flow.label].fillna(""), strict=True))
    facts = dict(zip(records.key, records.fact, strict=True))
    plan = pa.table(
        {
            "key": list(documents),
            "number": [labels.get(key) or key for key in documents],
            "fact": [facts[key] for key in documents],
            "content": [as_json(document).decode() for document in documents.values()],
            "mapping": [f"{inbound.version}+{outbound.version}"] * len(documents),
        },
        schema=PLAN_FRAME,
    )
    for name, frame in prepared.frames.items():
        staging.write(JUDGED.format(frame=name), frame)
    staging.write(PLAN, plan.to_pandas(types_mapper=pd.ArrowDtype))
    keep(staging, "translate", dict.fromkeys(left_out, Outcome.UNCHANGED), found)
    return {
        "records": len(records),
        "planned": len(plan),
        "left_out": len(left_out),
        "set_aside": len(set_aside(found)),
    }
