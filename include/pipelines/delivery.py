"""The one place through which every write to a target passes.

Before a call the write ledger says what we are about to do; after it, what came of it. In between
the process may die at any instruction, and the target may act without answering. So:

* a write is *intended* and then *sent* in the ledger before the request leaves;
* its idempotency key is made of the business fact (flow, record, version, content), never of the
  attempt, so the same fact asked twice is one request to the target;
* an answer that never came makes the write *in doubt*: the target is read before it is asked again;
* the ledger's *committed*, the crosswalk link, what the target was told and the audit row are one
  transaction.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from include import failpoints
from include.connectors.sage100.marks import VERSION_COLUMNS
from include.ledger import Intent, Link, Told, WriteState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.connectors.documents import Document
    from include.connectors.sage100 import CustomerWrite, OrderWrite
    from include.ledger import Ledger

    RecordT = TypeVar("RecordT", OrderWrite, CustomerWrite, Document)
else:
    RecordT = TypeVar("RecordT")

log = logging.getLogger(__name__)

CHUNK = 25
"""Records a call: at one to three seconds an order, an answer still comes within a minute or so."""
DONE = frozenset({"created", "adopted", "changed", "unchanged", "cancelled", "absent"})


class Result(Protocol):
    """What a target answers to one record."""

    @property
    def status(self) -> str:
        """One of :data:`DONE`, or ``refused``, ``unknown``, ``retry``."""

    @property
    def target_id(self) -> str:
        """The record in the target."""

    @property
    def errors(self) -> Sequence[Any]:
        """Why it was refused; each has a ``code``."""

    @property
    def retry_after(self) -> float | None:
        """Seconds the target asks to wait."""


ResultT = TypeVar("ResultT", bound=Result)


@dataclass(frozen=True, slots=True)
class Write(Generic[RecordT]):
    """One thing to be done in the target, before it has an idempotency key.

    Attributes:
        natural_key: what people call the record.
        found_by: another name under which the target finds it, if it has one.
        asked_by: who asks again what was answered before, so that the old answer does not count;
            blank where the fact alone is the question.
        whole: everything that the target knows once this is written, where ``record`` says only what has
            changed; blank where the record is everything. It is the business fact, whatever of it is sent.
    """

    record_key: str
    version: str
    natural_key: str
    record: RecordT
    found_by: str = ""
    asked_by: str = ""
    whole: str = ""

    @property
    def content_hash(self) -> str:
        """What would be written, less what names the write, the target's record or the source's version.

        Nor is it content on which terms an order is written.
        """
        content = asdict(replace(self.record, idempotency_key=""))
        for aim in ("sales_order_no", "target_id", "adopts"):
            content.pop(aim, None)
        if "credit" in content:
            content |= {"credit": "ignore", "hold_reason": ""}
        if self.whole:
            content["content"] = self.whole
        header = content.get("header", {})
        for column in VERSION_COLUMNS & header.keys():
            del header[column]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(slots=True)
class Delivered(Generic[ResultT]):
    """What came of the writes, by record key."""

    done: dict[str, ResultT] = field(default_factory=dict)
    refused: dict[str, ResultT] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    retry_after: float = 0.0


def write_key(flow: str, entity: str, write: Write[RecordT], refusals: int) -> str:
    """The idempotency key of a business fact.

    ``refusals`` counts how often the target has refused this record: what it refused it may accept
    once a clerk has mended the cause, and that is a new question.
    """
    aim = getattr(write.record, "sales_order_no", "") or getattr(write.record, "target_id", "")
    fact = (
        flow,
        entity,
        write.record_key,
        write.version,
        aim,
        write.content_hash,
        str(refusals),
        write.asked_by,
        *_terms(write),
    )
    return hashlib.sha256("|".join(fact).encode()).hexdigest()


def _terms(write: Write[RecordT]) -> tuple[str, ...]:
    """Another answer to the same fact: what is asked of a new order's credit, if anything is."""
    credit = getattr(write.record, "credit", "ignore")
    return () if credit == "ignore" else (credit, getattr(write.record, "hold_reason", ""))


@dataclass(frozen=True)
class Delivery(Generic[RecordT, ResultT]):
    """How one kind of record is written.

    Attributes:
        place: name for failpoints and audit, e.g. ``load_orders``.
        send: asks the target; answers in the order of the records.
        adopted: makes the answer for a record that was found to be written: (its key, target id).
        confirmed: reads back which of these very writes the target has made: record key → target id.
        keep_lease: called before each call; raises when another run has taken the records meanwhile.
        chunk: records a call.
    """

    ledger: Ledger
    flow: str
    place: str
    entity: str
    source_system: str
    target_system: str
    send: Callable[[Sequence[RecordT]], Sequence[ResultT]]
    adopted: Callable[[str, str], ResultT]
    confirmed: Callable[[Sequence[Write[RecordT]]], Mapping[str, str]]
    keep_lease: Callable[[], None] = lambda: None
    chunk: int = CHUNK

    def deliver(self, writes: Sequence[Write[RecordT]]) -> Delivered[ResultT]:
        """Bring every write to a known end, or say which ones are not."""
        delivered = Delivered[ResultT]()
        keyed = self._keyed(writes)
        states = self.ledger.writes.intend([self._intent(key, write) for key, write in keyed.items()])
        self._recall(keyed, states, delivered)
        self._read_back({k: w for k, w in keyed.items() if states[k] in _UNSURE}, delivered)
        waiting = [(k, w) for k, w in keyed.items() if w.record_key not in delivered.done]
        for start in range(0, len(waiting), self.chunk):
            self.keep_lease()
            self._send(dict(waiting[start : start + self.chunk]), delivered)
        return delivered

    def resolve(self, writes: Sequence[Write[RecordT]]) -> Delivered[ResultT]:
        """Read back what an earlier run sent and never heard of; nothing is sent."""
        delivered = Delivered[ResultT]()
        keyed = self._keyed(writes)
        known = self.ledger.writes.get(list(keyed))
        self._read_back({key: keyed[key] for key, row in known.items() if row.state in _UNSURE}, delivered)
        return delivered

    def _keyed(self, writes: Sequence[Write[RecordT]]) -> dict[str, Write[RecordT]]:
        refusals = self.ledger.writes.refusals(self.flow, self.entity, [write.record_key for write in writes])
        keyed = {}
        for write in writes:
            key = write_key(self.flow, self.entity, write, refusals.get(write.record_key, 0))
            keyed[key] = replace(write, record=replace(write.record, idempotency_key=key))
        return keyed

    def _intent(self, key: str, write: Write[RecordT]) -> Intent:
        return Intent(
            key=key,
            flow=self.flow,
            entity=self.entity,
            record_key=write.record_key,
            source_version=write.version,
            request_hash=write.content_hash,
        )

    def _recall(
        self,
        keyed: Mapping[str, Write[RecordT]],
        states: Mapping[str, WriteState],
        delivered: Delivered[ResultT],
    ) -> None:
        """What the ledger knows to be done is not asked again."""
        known = [key for key in keyed if states[key] is WriteState.COMMITTED]
        if not known:
            return
        for key, row in self.ledger.writes.get(known).items():
            delivered.done[keyed[key].record_key] = self.adopted(key, row.target_id)

    def _read_back(self, unsure: Mapping[str, Write[RecordT]], delivered: Delivered[ResultT]) -> None:
        if not unsure:
            return
        found = self.confirmed(list(unsure.values()))
        committed = {
            key: self.adopted(key, found[write.record_key])
            for key, write in unsure.items()
            if write.record_key in found
        }
        self._commit(committed, unsure, delivered)

    def _send(self, chunk: Mapping[str, Write[RecordT]], delivered: Delivered[ResultT]) -> None:
        failpoints.reach(self.place, "before_send")
        self.ledger.writes.mark(list(chunk), WriteState.SENT)
        results = self.send([write.record for write in chunk.values()])
        failpoints.reach(self.place, "after_send")
        answers = dict(zip(chunk, results, strict=True))
        self._commit(
            {key: result for key, result in answers.items() if result.status in DONE}, chunk, delivered
        )
        self._refuse(
            {key: result for key, result in answers.items() if result.status == "refused"}, chunk, delivered
        )
        self._doubt([key for key, result in answers.items() if result.status == "unknown"], chunk, delivered)
        for key, result in answers.items():
            if result.status == "retry":
                delivered.later.add(chunk[key].record_key)
                delivered.retry_after = max(delivered.retry_after, result.retry_after or 0.0)

    def _commit(
        self,
        results: Mapping[str, ResultT],
        writes: Mapping[str, Write[RecordT]],
        delivered: Delivered[ResultT],
    ) -> None:
        if not results:
            return
        failpoints.reach(self.place, "after_remote_commit")
        links = [self._link(writes[key], result) for key, result in results.items()]
        failpoints.reach(self.place, "before_local_commit")
        self.ledger.writes.commit(
            {key: result.target_id for key, result in results.items()},
            links,
            told=[self._told(writes[key]) for key in results if writes[key].whole],
        )
        delivered.done.update({writes[key].record_key: result for key, result in results.items()})

    def _link(self, write: Write[RecordT], result: ResultT) -> Link:
        return Link(
            entity=self.entity,
            source_system=self.source_system,
            source_id=write.record_key,
            target_system=self.target_system,
            target_id=result.target_id,
            source_version=write.version,
            content_hash=write.content_hash,
            origin=f"{result.status} by {self.flow}",
            natural_key=write.natural_key,
        )

    def _told(self, write: Write[RecordT]) -> Told:
        return Told(
            self.entity, self.source_system, write.record_key, self.target_system, content=write.whole
        )

    def _refuse(
        self,
        results: Mapping[str, ResultT],
        writes: Mapping[str, Write[RecordT]],
        delivered: Delivered[ResultT],
    ) -> None:
        if results:
            detail = {key: ",".join(issue.code for issue in result.errors) for key, result in results.items()}
            self.ledger.writes.mark(list(results), WriteState.REFUSED, detail=detail)
            delivered.refused.update({writes[key].record_key: result for key, result in results.items()})

    def _doubt(
        self, keys: Sequence[str], writes: Mapping[str, Write[RecordT]], delivered: Delivered[ResultT]
    ) -> None:
        if not keys:
            return
        self.ledger.writes.mark(list(keys), WriteState.IN_DOUBT)
        log.warning("%s: no answer for %d writes; reading the target back", self.place, len(keys))
        self._read_back({key: writes[key] for key in keys}, delivered)
        delivered.in_doubt.update(
            writes[key].record_key for key in keys if writes[key].record_key not in delivered.done
        )


_UNSURE = frozenset({WriteState.SENT, WriteState.IN_DOUBT})
