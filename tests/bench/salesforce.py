"""Salesforce and Zoho: a whole catalogue by Bulk API 2.0, killed in the middle, and many changed accounts.

Each run has a process of its own, as each task has; memory is the largest that any of them had. Calls are
counted by the sandbox.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.pipelines.mirrors.flows import SALESFORCE_CUSTOMERS, ZOHO_CATALOGUE
from include.sandbox.zoho import itemdocs
from include.sandbox.zoho.store import COLUMNS
from include.sandbox.zoho.wire import wire_time
from include.standalone.environment import ROOT
from tests.bench.calls import open_house
from tests.bench.figures import Figure, Section
from tests.pipeline.salesforce import Goods, Org

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.pipelines.mirrors.flows import MirrorFlow
    from tests.bench.sizes import Sizes
    from tests.pipeline.house import House

STEPS = 500
"""Records that people change in one go."""
LOOK = 0.02
"""Seconds between two looks whether it is time to kill."""
ABOUT = "a process for each run; calls counted by the sandbox's request log"
TOKEN = "POST /oauth/v2/token"


def catalogue(sizes: Sizes) -> Section:
    """Zoho's items to Salesforce, one batch of them and then all, without Airflow."""
    with open_house() as house:
        figures = _catalogue(house, sizes)
    return Section("catalogue", ABOUT, figures)


def accounts(sizes: Sizes) -> Section:
    """Salesforce's accounts to Zoho, all of them new and then all of them changed, without Airflow."""
    with open_house() as house:
        figures = _accounts(house, sizes)
    return Section("accounts", ABOUT, figures)


@dataclass
class Carried:
    """What some runs came to."""

    rows: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    runs: int = 0

    def add(self, told: dict[str, Any]) -> None:
        """One more run."""
        if told["errors"]:
            raise RuntimeError(f"a run of the bench failed: {told['errors']}")
        self.rows.update(told["counts"])
        self.seconds += told["seconds"]
        self.cpu_seconds += told["cpu_seconds"]
        self.peak_mb = max(self.peak_mb, told["peak_mb"])
        self.runs += 1


@dataclass(frozen=True)
class Runs:
    """Runs of one flow, each in a new process.

    Args:
        house: in which.
        flow: which.
        batch_size: records.
    """

    house: House
    flow: MirrorFlow
    batch_size: int = 0

    def start(self, *, poll: bool) -> subprocess.Popen[bytes]:
        """Begin one; only the first looks for changes, the others are woken by what is left."""
        asked = {
            "flow": self.flow.name,
            "doors": asdict(self.house.doors),
            "ahead": self.house.clock.ahead.total_seconds(),
            "poll": poll,
            "batch_size": self.batch_size,
        }
        command = [sys.executable, "-m", "tests.bench.org_worker", json.dumps(asked)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)

    def to_the_end(self, *, poll: bool = True) -> Carried:
        """Until nothing is left."""
        carried, received = Carried(), 1
        while received:
            with self.start(poll=poll) as worker:
                told = json.loads(worker.stdout.read())
            carried.add(told)
            received, poll = told["counts"]["received"], False
        return carried


# The catalogue ----------------------------------------------------------------------------------------


def _catalogue(house: House, sizes: Sizes) -> list[Figure]:
    few, many = sizes.item_batch, sizes.items
    runs = Runs(house, ZOHO_CATALOGUE, sizes.item_batch)
    small = _all_items(runs, few)
    killed = _killed(runs, many)
    large = runs.to_the_end(poll=False)
    peak = max(killed.peak_mb, large.peak_mb)
    org = Org(house.doors.zoho)
    calls, counts = _asked(org, "salesforce"), org.get("/salesforce/counts")
    zoho = _asked(org, "zoho")
    seconds, pages, batches = killed.seconds + large.seconds, -(-many // 200), -(-many // sizes.item_batch)
    # A run settles what it carried at its end: of the killed one all begun batches are read again.
    begun = killed.products // sizes.item_batch + 1
    jobs = sum(n for shape, n in calls.items() if shape.startswith("POST") and shape.endswith("/jobs/ingest"))
    return [
        Figure("items carried as products with prices", many),
        Figure("products in Salesforce when the process was killed", killed.products),
        Figure("products and prices a second, the killed run counted", 2 * many / seconds, "/s"),
        Figure("products and prices for a second of our CPU", 2 * many / large.cpu_seconds, "/s"),
        Figure("products too many or too few", abs(counts["Product2"] - many), at_most=0),
        Figure("prices too many or too few", abs(counts["PricebookEntry"] - many), at_most=0),
        Figure("jobs begun", jobs, at_most=2 * batches),
        Figure("calls to Salesforce", calls.total()),
        Figure(
            "calls to Zoho",
            zoho.total() - zoho[TOKEN],
            at_most=pages + (batches + begun) * (sizes.item_batch // 200 + 3),
        ),
        Figure(f"peak memory of {few:,} items", small.peak_mb, "MB"),
        Figure(f"peak memory of {many:,} items", peak, "MB"),
        Figure("... against each other", peak / small.peak_mb, "times", at_most=1.25),
    ]


def _all_items(runs: Runs, count: int) -> Carried:
    _stock(runs.house, count, runs.batch_size)
    return runs.to_the_end()


@dataclass(frozen=True)
class Killed:
    """What a run came to until it was killed: it has announced everything, and made so many products."""

    products: int
    seconds: float
    peak_mb: float


def _killed(runs: Runs, count: int) -> Killed:
    """Kill a run in the middle of a job, once a quarter of all products are made."""
    _stock(runs.house, count, runs.batch_size)
    org, made = Org(runs.house.doors.zoho), 0
    org.post("/salesforce/settings", {"bulk_batch_seconds": 0.2})
    began = time.perf_counter()
    with runs.start(poll=True) as worker:
        while worker.poll() is None and made < count / 4:
            time.sleep(LOOK)
            made = org.get("/salesforce/counts")["Product2"]
        if worker.poll() is not None:
            raise RuntimeError("the run ended before it could be killed")
        peak = _peak_mb(worker.pid)
        worker.kill()
    seconds = time.perf_counter() - began
    # Nobody waits until its lease runs out.
    runs.house.clock.pass_(minutes=20)
    return Killed(made, seconds, peak)


def _peak_mb(process: int) -> float:
    """The most memory that a process has had."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _stock(house: House, count: int, batch: int) -> None:
    """A new world in which Zoho has so many items, each changed a second after the other."""
    house.tidy()
    house.salesforce = {"bulk_threshold": batch // 5}
    first = Goods(house.doors.zoho).items()[0]
    path = house.machine.sandbox_data / "sandbox.sqlite"
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        database.execute("DELETE FROM documents WHERE resource = 'items'")
        marks = ", ".join("?" * len(COLUMNS.split(", ")))
        database.executemany(
            f"INSERT INTO documents ({COLUMNS}) VALUES ({marks})",
            (itemdocs.record(item).values() for item in _items(first, count)),
        )
    Org(house.doors.zoho).delete("/requests")


def _items(like: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    like = json.loads(json.dumps(like, default=float))
    now = datetime.now(UTC) - timedelta(days=3)
    for number in range(count):
        changed = wire_time(now + timedelta(seconds=number))
        yield like | {
            "item_id": f"46000000{number:011}", "name": f"Lamp {number}", "sku": f"LMP-{number:06}",
            "rate": round(10 + number % 9000 / 100, 2), "created_time": changed,
            "last_modified_time": changed,
        }  # fmt: skip


# Accounts ---------------------------------------------------------------------------------------------


def _accounts(house: House, sizes: Sizes) -> list[Figure]:
    house.tidy()
    org, count = Org(house.doors.zoho), sizes.accounts
    runs = Runs(house, SALESFORCE_CUSTOMERS)
    insert = [
        {"do": "insert", "object": "Account", "values": {"Name": f"Branch {n}", "BillingCity": "Austin"}}
        for n in range(count)
    ]
    made = _save(org, insert)
    org.delete("/requests")
    first = runs.to_the_end()
    created = _asked(org, "zoho")
    org.post("/clock", {"jump_seconds": 1})
    _save(
        org,
        [
            {"do": "update", "object": "Account", "id": each, "values": {"BillingCity": "Dallas"}}
            for each in made
        ],
    )
    org.delete("/requests")
    changed = runs.to_the_end()
    told, org_calls = _asked(org, "zoho"), _asked(org, "salesforce")
    puts = told["PUT /inventory/v1/contacts/{id}"]
    return [
        Figure("accounts made, then changed", count),
        Figure("contacts made a second", count / first.seconds, "/s"),
        Figure("contacts changed a second", count / changed.seconds, "/s"),
        Figure("contacts changed for a second of our CPU", count / changed.cpu_seconds, "/s"),
        Figure("calls to Zoho that make a contact", created["POST /inventory/v1/contacts"], at_most=count),
        Figure("calls to Zoho that change one", puts, at_most=count),
        Figure("any other call to Zoho for the changes", told.total() - puts, at_most=0),
        Figure("calls to Salesforce for the changes", org_calls.total()),
        Figure("accounts carried", changed.rows["loaded"], at_least=count),
        Figure("peak memory of the changes", changed.peak_mb, "MB"),
    ]


def _save(org: Org, steps: list[dict[str, Any]]) -> list[str]:
    return [
        each
        for start in range(0, len(steps), STEPS)
        for each in org.post("/salesforce/transaction", {"steps": steps[start : start + STEPS]})["ids"]
    ]


def _asked(org: Org, system: str) -> Counter[str]:
    """Calls by method and shape."""
    rows = org.get("/requests", system=system, limit=1)["counts"]
    return Counter({f"{row['method']} {row['shape']}": int(row["n"]) for row in rows})
