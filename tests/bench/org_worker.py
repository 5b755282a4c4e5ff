"""One run of a flow between Salesforce and Zoho in a process of its own, which may be killed.

``python -m tests.bench.org_worker <json>``; prints what the run counted, and what it took.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import timedelta
from typing import Any

from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.flows import MIRROR_FLOWS
from tests.pipeline.house import Clock, Doors
from tests.pipeline.salesforce import org_world
from tests.pipeline.world import run_once


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Run once; the figures."""
    flow, clock = MIRROR_FLOWS[asked["flow"]], Clock(timedelta(seconds=asked["ahead"]))
    here = org_world(Doors(**asked["doors"]), clock, flow, sleep=time.sleep)
    wall = time.perf_counter()
    run = run_once(here, Request(poll=asked["poll"]), batch_size=asked["batch_size"])
    seconds = time.perf_counter() - wall
    spent = resource.getrusage(resource.RUSAGE_SELF)
    here.ledger.close()
    return {
        "counts": dict(run.counts),
        "errors": [str(each) for each in (*run.errors, *run.met)],
        "seconds": seconds,
        "cpu_seconds": spent.ru_utime + spent.ru_stime,
        "peak_mb": spent.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201 - it is what the bench reads
