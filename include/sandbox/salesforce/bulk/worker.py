"""The thread that works bulk jobs off, one after the other."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from include.sandbox.salesforce.bulk.classic import Classic
from include.sandbox.salesforce.bulk.extract import Extract
from include.sandbox.salesforce.bulk.ingest import Ingest
from include.sandbox.salesforce.bulk.jobs import BATCH, FAILED, INGEST, OVER, RUNNING, Jobs
from include.sandbox.salesforce.bulk.pace import Pace, StoppedError

if TYPE_CHECKING:
    from include.sandbox.salesforce.bulk.jobs import Job
    from include.sandbox.salesforce.world import World

log = logging.getLogger(__name__)
LEAVE = 10.0
"""Seconds that a thread gets to finish its chunk."""


class Worker:
    """Starts with the first job: nobody pays for an idle thread; a killed process goes on with its jobs."""

    def __init__(self, world: World, jobs: Jobs) -> None:
        self._world = world
        self._jobs = jobs
        self._pace = Pace(world.switches)
        self.ingest = Ingest(world, jobs, self._pace)
        self.extract = Extract(world.store, jobs, self._pace)
        self._classic = Classic(world, jobs, self._pace)
        self._news = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There is something to do."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="salesforce-bulk", daemon=True)
            self._thread.start()
        self._news.set()

    def start(self) -> None:
        """Take up what a killed process left."""
        if self._jobs.waiting():
            self.wake()

    def stop(self) -> None:
        """Finish the chunk that is being written."""
        self._over = True
        self._pace.stop()
        self._news.set()
        if self._thread is not None:
            self._thread.join(LEAVE)

    def _work(self) -> None:
        while not self._over:
            self._news.wait()
            self._news.clear()
            try:
                while not self._over and (waiting := self._jobs.waiting()):
                    self._one(waiting[0])
            except StoppedError:
                return

    def _one(self, name: str) -> None:
        self._pace.begin()
        job = self._jobs.change(name, unless=OVER, state=RUNNING)
        if job is None:
            if self._jobs.get(name) is None:
                self._jobs.remove(name)
            return
        failure = self._world.switches.present.bulk_failure
        if failure:
            self._jobs.change(job.id, unless=OVER, state=FAILED, error=failure)
            return
        try:
            self._run(job)
        except StoppedError:
            raise
        except Exception:  # one job must not end all others
            log.exception("bulk job %s came to grief", job.id)
            self._jobs.change(job.id, unless=OVER, state=FAILED, error="InternalServerError : Unknown error")

    def _run(self, job: Job) -> None:
        if job.kind == BATCH:
            self._classic.run(job)
        elif job.kind == INGEST:
            self.ingest.run(job)
        else:
            self.extract.run(job)
