"""From a request to its answer: key, locks, worker, memory - in this order.

1. The key: answered before? running? then no work is done.
2. The names of the business fact are locked, so that no other request writes the same record.
3. A worker judges, looks in Sage, writes and reads back.
4. A definitive answer is stored before it is given.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from include.gateway.failpoints import pass_by
from include.gateway.idempotency import AnswerStore, Claim, Verdict, fingerprint_of
from include.gateway.key_locks import KeyLocks
from include.gateway.lookup import forms_of
from include.gateway.messages import Finding, MessageTable
from include.gateway.models import Health, Seats, WorkerHealth
from include.gateway.order_rules import order_number
from include.gateway.problems import Answer, ProblemError, unavailable
from include.gateway.process_lock import ProcessLock
from include.gateway.workers import Pool, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from include.gateway.jobs import Job
    from include.gateway.receipt_models import ReceiptRequest
    from include.gateway.settings import Settings

log = logging.getLogger(__name__)

LOST_PER_BATCH = 3
"""A record that breaks its session costs a restart; a batch that loses so many workers is given back."""


class Gateway:
    """One running gateway. Construction opens nothing; :meth:`open` does."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._pool = Pool(settings)
        self._locks = KeyLocks()
        self._alone = ProcessLock(settings.state / "gateway.lock")
        self._store = AnswerStore(
            settings.state / "answers.sqlite",
            answer_seconds=settings.answer_seconds,
            refusal_seconds=settings.refusal_seconds,
            clock=clock,
        )
        self._trouble = ""

    def open(self) -> None:
        """Take the state directory and wait for workers that an earlier life left behind.

        Raises:
            RuntimeError: another gateway uses the directory.
            ValueError: the site's message patterns cannot be read.
        """
        MessageTable.load(self._settings.messages)
        self._settings.state.mkdir(parents=True, exist_ok=True)
        if not self._alone.take(seconds=5.0):
            raise RuntimeError(f"another gateway uses {self._settings.state}: give each its own directory")
        self._pool.start()
        self._store.open()

    def close(self) -> None:
        """Let jobs end, log off, leave."""
        self._pool.stop()
        self._store.close()
        self._alone.give_back()

    def carry_out(self, job: Job) -> Answer:
        """Carry out one request.

        Raises:
            ProblemError: 503, the gateway itself cannot take it; every other outcome is an answer.
        """
        self._pool.refuse_when_draining()
        if not job.key:
            return self._alone_with(job, self._ask_any)
        return self._once(job, lambda known: self._alone_with(known, self._ask_any))

    def carry_out_batch(self, jobs: Sequence[Job]) -> list[Answer]:
        """Carry out records one after the other in one session; one answer each.

        Raises:
            ProblemError: 503, nothing was begun.
        """
        names = {name for job in jobs for name in self._names(job)}
        with self._locks.hold(names, seconds=self._settings.queue_seconds) as got:
            if not got:
                raise self._busy()
            with self._pool.lend() as slot:
                return self._through(slot, jobs)

    def drain(self) -> None:
        """Stop taking work, end sessions, close files."""
        self._pool.drain()

    def resume(self) -> None:
        """Take work again."""
        self._pool.resume()

    def health(self) -> Health:
        """How it stands, without asking any worker."""
        slots = self._pool.slots()
        workers = [
            WorkerHealth(slot=slot.number, state=_state(slot), session=slot.session, restarts=slot.restarts)
            for slot in slots
        ]
        seats = Seats(held=sum(worker.session for worker in workers), limit=len(workers))
        status = "draining" if self._pool.draining else "degraded" if self._trouble else "ok"
        return Health.model_validate({"status": status, "workers": workers, "seats": seats})

    def _through(self, slot: Slot, jobs: Sequence[Job]) -> list[Answer]:
        answers: list[Answer] = []
        stop: Answer | None = None
        lost = 0
        for job in jobs:
            answer = stop or self._one_of_many(slot, job)
            answers.append(answer)
            lost += _lost_its_worker(answer)
            stop = stop or self._reason_to_stop(answer, lost)
        return answers

    def _one_of_many(self, slot: Slot, job: Job) -> Answer:
        """What was answered before must reach the caller, so nothing is raised."""
        try:
            return self._once(job, lambda known: self._ask(slot, known))
        except ProblemError as problem:
            return problem.as_answer()

    def _reason_to_stop(self, answer: Answer, lost: int) -> Answer | None:
        """The answer for all further records when Sage cannot be written to, else None."""
        if lost >= LOST_PER_BATCH:
            return self._given_back("session_lost", f"{lost} workers were lost in this batch")
        if answer.status == 503 and not _lost_its_worker(answer):
            return answer
        if self._pool.draining:
            return self._given_back("draining", "the gateway is being drained")
        return None

    def _once(self, job: Job, work: Callable[[Job], Answer]) -> Answer:
        """Do the work unless its key was answered or is running; remember a definitive answer."""
        fingerprint = _fingerprint(job)
        claim = self._claim(job, fingerprint)
        known = _without_work(claim)
        if known is not None:
            return known
        resumed = claim.verdict is Verdict.RESUME
        try:
            answer = work(replace(job, resumed=resumed))
        except ProblemError as problem:
            answer = problem.as_answer()
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._store.leave_unknown(job.key, fingerprint)
            raise
        self._remember(job, fingerprint, answer, resumed=resumed)
        pass_by("before_answer")
        return answer

    def _claim(self, job: Job, fingerprint: str) -> Claim:
        try:
            return self._store.claim(job.key, fingerprint)
        except sqlite3.Error as error:
            patience = self._settings.retry_after_seconds
            raise unavailable(
                "no_memory", "the answer store cannot be written", retry_after=patience
            ) from error

    def _remember(self, job: Job, fingerprint: str, answer: Answer, *, resumed: bool) -> None:
        """Store a definitive answer. Should that fail, the answer is given all the same: Sage has the key."""
        pass_by("before_store")
        try:
            if answer.definitive:
                self._store.finish(job.key, fingerprint, answer)
            elif answer.status == 504 or resumed:
                self._store.leave_unknown(job.key, fingerprint)
            else:
                self._store.forget(job.key)
        except sqlite3.Error as error:
            log.error("answer under key %s is not stored: %s", job.key, type(error).__name__)  # noqa: TRY400

    def _alone_with(self, job: Job, work: Callable[[Job], Answer]) -> Answer:
        with self._locks.hold(self._names(job), seconds=self._settings.queue_seconds) as got:
            if not got:
                raise self._busy()
            return work(job)

    def _ask_any(self, job: Job) -> Answer:
        with self._pool.lend() as slot:
            return self._ask(slot, job)

    def _ask(self, slot: Slot, job: Job) -> Answer:
        begun = time.monotonic()
        try:
            answer = slot.ask(job)
        except ProblemError as problem:
            answer = problem.as_answer()
        if answer.status == 503 or answer.definitive:
            self._trouble = codes_of(answer) if answer.status == 503 else ""
        log.info(
            "%s %s: %s %s in %.3f s", job.verb, job.number or job.key, answer.status, codes_of(answer),
            time.monotonic() - begun,
        )  # fmt: skip
        return answer

    def _names(self, job: Job) -> list[str]:
        columns = (*self._settings.order_id_columns, *self._settings.customer_id_columns)
        return names_of(job, columns, default_division=self._settings.default_division)

    def _busy(self) -> ProblemError:
        patience = self._settings.retry_after_seconds
        return unavailable("busy", "another request writes the same record", retry_after=patience)

    def _given_back(self, code: str, detail: str) -> Answer:
        return unavailable(code, detail, retry_after=self._settings.retry_after_seconds).as_answer()


def names_of(job: Job, id_columns: Collection[str], *, default_division: str) -> list[str]:
    """The names of the business fact that a request writes; two requests that share one never run at once.

    An order whose customer's credit is asked for holds the customer: what it finds must not change before
    it is written itself.
    """
    if job.verb in {"change_order", "cancel_order", "hold_order", "release_order"}:
        return [f"order:{job.number}"]
    if job.verb == "change_customer":
        return [_customer_name({"ARDivisionNo": job.division, "CustomerNo": job.number}, default_division)]
    if job.invoice:
        return [f"order:{order_number(job.invoice.SalesOrderNo)}", f"key:{job.key}"]
    if job.item:
        return [f"item:{job.item.ItemCode.upper()}"]
    if job.receipt:
        return _receipt_names(job.receipt, default_division, job.key)
    fields = job.order.header if job.order else job.customer.fields if job.customer else {}
    names = [f"{column}:{fields[column]}" for column in id_columns if fields.get(column)]
    if fields.get("CustomerPONo"):
        names.append(f"po:{fields.get('CustomerNo')}|{fields['CustomerPONo']}")
    if job.order and job.order.credit != "ignore":
        names.append(_customer_name(fields, default_division))
    return [*names, f"key:{job.key}"] if job.key else names


def _customer_name(fields: Mapping[str, str | int | None], default_division: str) -> str:
    """One name for a customer, however the number was written."""
    division = str(fields.get("ARDivisionNo") or default_division).zfill(2)
    return f"customer:{division}|{forms_of(str(fields.get('CustomerNo')))[-1]}"


def _receipt_names(receipt: ReceiptRequest, default_division: str, key: str) -> list[str]:
    """The receipt, and its deposit: two first receipts of a deposit would open two."""
    deposit = receipt.deposit
    named = [deposit.get(name) for name in ("BankCode", "DepositDate", "DepositDesc")]
    check = f"{_customer_name(receipt.header, default_division)}|{receipt.header.get('CheckNo')}"
    return [f"key:{key}", f"check:{check}", f"deposit:{deposit.get('DepositNo') or named}"]


def codes_of(answer: Answer) -> str:
    """The codes of an answer's findings for a log line: never the findings themselves."""
    found = [*answer.body.get("errors", ()), *answer.body.get("warnings", ())]
    return ",".join(sorted({str(each["code"]) for each in found})) or "-"


def _fingerprint(job: Job) -> str:
    content = job.record.model_dump(mode="json") if job.record else job.reason or None
    number = f"{job.division}-{job.number}" if job.division else job.number
    return fingerprint_of(f"{job.verb} {number}", content)


def _without_work(claim: Claim) -> Answer | None:
    match claim.verdict:
        case Verdict.REPLAY:
            return claim.answer
        case Verdict.RUNNING:
            return ProblemError(409, "a request with this key is being carried out").as_answer()
        case Verdict.REUSED:
            detail = "the key was used for another request"
            reused = [Finding("key_reused", "session", detail, field="Idempotency-Key")]
            return ProblemError(422, detail, errors=reused).as_answer()
        case _:
            return None


def _lost_its_worker(answer: Answer) -> bool:
    return answer.status == 504 or "session_lost" in codes_of(answer)


def _state(slot: Slot) -> str:
    if slot.busy:
        return "busy"
    return "idle" if slot.alive else "stopped"
