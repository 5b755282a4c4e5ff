"""Writes to Clarity; every record's fate comes back.

Each write has its own verdict, and nothing is written that stands there already. A change names the version
that it means to change: when Clarity has another by then, the record is read again and compared again.
What can be raised (no connection, credentials refused, wrong address) is raised only while nothing has been
answered: after that the remaining records come back as ``retry``.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include.canonical.reasons import Reason
from include.connectors.clarity_ecommerce import wire
from include.connectors.clarity_ecommerce.batches import write_batch
from include.connectors.clarity_ecommerce.errors import (
    ClarityError,
    DuplicateError,
    IllegalMoveError,
    KeyReusedError,
    StaleError,
)
from include.connectors.clarity_ecommerce.likeness import holds, plain, reached
from include.connectors.clarity_ecommerce.progress import VOIDED, shipped_status
from include.connectors.clarity_ecommerce.reader import ClarityReader
from include.connectors.clarity_ecommerce.records import Kind, Record, WriteResult
from include.errors import ConfigurationError, IntegrationError, OutcomeUnknownError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.records import StockWrite, Write
    from include.connectors.clarity_ecommerce.wire import Reply

log = logging.getLogger(__name__)

Wanted = Callable[[Any], "dict[str, Any] | None"]
"""What to send, given the record as it stands; None when it stands as we want it."""

RE_READS = 3
"""How often a record that keeps changing under our hands is read again."""
STATUS = "status"
VOID, CHANGE_ORDER = "void_shipment", "change_order"


@dataclass(frozen=True, slots=True)
class _Doing:
    """One kind of write: its record, and the dialect's routes."""

    kind: Kind
    create: str
    change: str
    takes_over: bool
    """A record that stands there under our number is ours, and may be changed."""


SHIPMENT = _Doing(Kind.SHIPMENTS, "create_shipment", "change_shipment", takes_over=True)
CUSTOMER = _Doing(Kind.CUSTOMERS, "create_customer", "change_customer", takes_over=False)


@dataclass(frozen=True, slots=True)
class ClarityWriter:
    """Writes to one tenant.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def write_shipments(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Create shipments, or correct those that stand; the shop's customer is told once, by the creation.

        Args:
            writes: with ``shipmentNumber`` and, to look one up, ``orderNumber`` among their members.

        Returns:
            One result per write, in their order.

        Raises:
            TransientError: no connection, or a limit; nothing was sent.
            AuthenticationError: credentials or scope are missing.
            ConfigurationError: the dialect has no such write, or a write has no key.
        """
        return self._each(writes, lambda write: self._put(SHIPMENT, write))

    def void_shipments(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Take shipments back, which are found by id or number. As :meth:`write_shipments`.

        A dialect without a route for it is told by a change of status.
        """
        return self._each(writes, self._void)

    def write_customers(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Create or change customers. As :meth:`write_shipments`.

        A customer whom Clarity knows already under another id is refused as a duplicate, with that id in
        the result: whether it is the same person is not for us to say.
        """
        return self._each(writes, lambda write: self._put(CUSTOMER, write))

    def change_products(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Change products by id. As :meth:`write_shipments`."""
        return self._each(writes, lambda write: self._amend(Kind.PRODUCTS, write, "change_product"))

    def put_products(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Create or replace products by SKU (``id`` of the write). As :meth:`write_shipments`."""
        return self._each(writes, lambda write: self._replace(Kind.PRODUCTS, write, "put_product"))

    def put_invoices(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Create or replace invoices by number (``id`` of the write). As :meth:`write_shipments`."""
        return self._each(writes, lambda write: self._replace(Kind.INVOICES, write, "put_invoice"))

    def change_orders(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Change status, external ids or attributes of orders. As :meth:`write_shipments`.

        An order that has reached or passed the wanted status keeps its own; one that somebody else has moved
        elsewhere is refused as locked.
        """
        return self._each(writes, self._order)

    def follow_shipments(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Move orders on as far as their shipments have come: partly shipped, or shipped.

        As :meth:`change_orders`. Nothing is done where the shop moves its orders itself, or does not say how
        much of a line is shipped.

        Args:
            writes: with ``orderNumber`` among their members.
        """
        return self._each(writes, self._follow)

    def has_followed(self, order_number: str) -> bool:
        """Whether an order has come as far as its shipments; so has one that is gone."""
        standing = ClarityReader(self.client).by_number(Kind.ORDERS, order_number)
        return standing is None or self._shipping(plain(standing.raw)) is None

    def add_note(self, order_id: str, text: str, *, visibility: str = "internal") -> WriteResult:
        """Leave a note on an order; the same note never twice. Raises as :meth:`write_shipments`.

        Args:
            order_id: of the order.
            text: of the note; a marker is added by which it is recognised.
            visibility: ``internal``, ``warehouse`` or ``customer``.
        """
        marker = note_marker(order_id, text)
        note = {"visibility": visibility, "text": f"{text}\n{marker}"}

        def wanted(standing: Any) -> dict[str, Any] | None:
            notes = standing.get("notes") or []
            if any(marker in str(each.get("text", "")) for each in notes):
                return None
            return {"notes": [*notes, note] if self.client.dialect.writes.notes == "whole" else [note]}

        return self._changed(Kind.ORDERS, order_id, marker, CHANGE_ORDER, wanted)

    def act(self, route: str, writes: Sequence[Write]) -> list[WriteResult]:
        """Ask for an action on records: ``acknowledge_order``, ``hold_order``, ``void_shipment``, ...

        Args:
            route: of the dialect.
            writes: with the record's id; the content is the action's body.

        Returns, Raises:
            As :meth:`write_shipments`.
        """
        return self._each(writes, lambda write: self._act(route, write))

    def update_inventory(self, writes: Sequence[StockWrite], *, as_of: datetime) -> list[WriteResult]:
        """Set what warehouses hold, 500 a call.

        Args:
            writes: absolute quantities.
            as_of: aware; when they were true. Clarity keeps what it has learned since (``outdated``).

        Returns:
            One result per write, in their order; the key is the write's own.
        """
        items = [
            (each.key, {"sku": each.sku, "warehouseCode": each.warehouse_code, **each.quantities})
            for each in writes
        ]
        return write_batch(self.client, "inventory", items, as_of=as_of)

    def write_batch(self, name: str, writes: Sequence[Write]) -> list[WriteResult]:
        """Write many ``products`` or ``prices`` in few calls; as :meth:`update_inventory`."""
        return write_batch(self.client, name, [(each.key, dict(each.content)) for each in writes])

    def _each(self, writes: Sequence[Write], one: Callable[[Write], WriteResult]) -> list[WriteResult]:
        keyless = sum(1 for write in writes if not write.key)
        if keyless:
            raise ConfigurationError(f"{keyless} writes have no idempotency key; nothing was sent")
        results: list[WriteResult] = []
        for write in writes:
            try:
                results.append(one(write))
            except ClarityError as error:
                results.append(_refused(write.key, error))
            except OutcomeUnknownError as error:
                results.append(WriteResult(write.key, "unknown", retry_after=error.retry_after))
            except IntegrationError as error:
                if not results:
                    raise
                wait = getattr(error, "retry_after", None)
                left = writes[len(results) :]
                return results + [WriteResult(each.key, "retry", retry_after=wait) for each in left]
        return results

    def _put(self, doing: _Doing, write: Write) -> WriteResult:
        if write.id:
            return self._amend(doing.kind, write, doing.change)
        if not self.client.dialect.writes.idempotency:
            standing = self._look(doing.kind, write)
            if standing is not None:
                return self._found(doing, write, standing.id)
        return self._create(doing, write)

    def _create(self, doing: _Doing, write: Write) -> WriteResult:
        route = self.client.dialect.route(doing.create)
        try:
            reply = self.client.send(route.method, route.path, dict(write.content), key=write.key)
        except DuplicateError as error:
            standing_id = error.existing_id or self._id_of(doing.kind, write)
            if not standing_id:
                raise
            return self._found(doing, write, standing_id)
        except (OutcomeUnknownError, KeyReusedError) as error:
            return self._after_doubt(doing, write, error)
        record_id, version = self._identity(doing.kind, reply)
        log.info("clarity %s %s: created", doing.kind, record_id or write.key)
        return WriteResult(write.key, "adopted" if reply.replayed else "created", record_id, version)

    def _after_doubt(self, doing: _Doing, write: Write, doubt: IntegrationError) -> WriteResult:
        """What becomes of a creation that may have happened: look; without a find it stays in doubt."""
        try:
            standing_id = self._id_of(doing.kind, write)
            if standing_id:
                return self._found(doing, write, standing_id)
        except TransientError:
            log.info("clarity %s: cannot be looked up after a lost answer", doing.kind)
        raise doubt

    def _found(self, doing: _Doing, write: Write, record_id: str) -> WriteResult:
        """What becomes of a creation when the record stands there already."""
        standing = ClarityReader(self.client).record(doing.kind, record_id)
        if standing is not None and holds(plain(standing.raw), self._lasting(write.content)):
            return WriteResult(write.key, "adopted", standing.id, standing.version)
        if not doing.takes_over:
            return WriteResult(write.key, "refused", record_id, code="duplicate", reason=Reason.DUPLICATE)
        return self._changed(doing.kind, record_id, write.key, doing.change, self._lacking(write.content))

    def _void(self, write: Write) -> WriteResult:
        reader = ClarityReader(self.client)
        standing = reader.record(Kind.SHIPMENTS, write.id) if write.id else self._look(Kind.SHIPMENTS, write)
        if standing is None:
            return WriteResult(write.key, "absent")
        if reached(str(plain(standing.raw).get(STATUS)), VOIDED, {}):
            return WriteResult(write.key, "unchanged", standing.id, standing.version)
        if VOID in self.client.dialect.routes:
            return self._act(VOID, replace(write, id=standing.id, content={}))
        changed = self._lacking({STATUS: VOIDED})
        return self._changed(Kind.SHIPMENTS, standing.id, write.key, SHIPMENT.change, changed)

    def _amend(self, kind: Kind, write: Write, route: str) -> WriteResult:
        if not write.id:
            raise ConfigurationError(f"a change of {kind} names no id; nothing was sent")
        return self._changed(kind, write.id, write.key, route, self._lacking(write.content))

    def _order(self, write: Write) -> WriteResult:
        """A change of an order, without the status when the order has come that far by itself."""
        passed = self.client.dialect.writes.passed

        def wanted(standing: Any) -> dict[str, Any] | None:
            content = dict(write.content)
            if STATUS in content and reached(str(standing.get(STATUS)), str(content[STATUS]), passed):
                del content[STATUS]
            return None if holds(standing, content) else content

        return self._changed(Kind.ORDERS, write.id, write.key, CHANGE_ORDER, wanted)

    def _follow(self, write: Write) -> WriteResult:
        number, reader = str(write.content["orderNumber"]), ClarityReader(self.client)
        moved = self._moved(
            lambda: reader.by_number(Kind.ORDERS, number), write.key, CHANGE_ORDER, self._shipping
        )
        return moved or WriteResult(write.key, "absent")

    def _shipping(self, order: Any) -> dict[str, Any] | None:
        """The status that an order's shipments give it, unless it has that or a later one."""
        status, passed = shipped_status(order), self.client.dialect.writes.passed
        there = not status or reached(str(order.get(STATUS)), status, passed)
        return None if there else {STATUS: status}

    def _changed(self, kind: Kind, record_id: str, key: str, route: str, wanted: Wanted) -> WriteResult:
        """As :meth:`_moved`; a record that is not there cannot be changed."""
        reader = ClarityReader(self.client)
        moved = self._moved(lambda: reader.record(kind, record_id), key, route, wanted)
        return moved or WriteResult(key, "refused", code="not_found", reason=Reason.NO_REFERENCE)

    def _moved(
        self, find: Callable[[], Record | None], key: str, route: str, wanted: Wanted
    ) -> WriteResult | None:
        """Read, compare, write under the version that was read; again while somebody else is faster.

        Args:
            find: reads the record; None ends it without a result.
            key: of the result.
            route: of the change.
            wanted: see :data:`Wanted`.
        """
        record_id = ""
        for _ in range(RE_READS):
            standing = find()
            if standing is None:
                return None
            result = self._change(standing, key, route, wanted)
            if result is not None:
                return result
            record_id = standing.id
            log.info("clarity %s %s changed meanwhile; reading it again", standing.kind, record_id)
        return WriteResult(key, "retry", record_id)

    def _change(self, standing: Record, key: str, route: str, wanted: Wanted) -> WriteResult | None:
        """One try; None when the record has another version by now."""
        content = wanted(plain(standing.raw))
        if content is None:
            return WriteResult(key, "unchanged", standing.id, standing.version)
        try:
            reply = self._send(route, standing, content)
        except StaleError:
            return None
        except IllegalMoveError as error:
            stands = self._stands(standing, wanted)
            return WriteResult(key, "unchanged", standing.id) if stands else _refused(key, error)
        except OutcomeUnknownError as error:
            with suppress(TransientError):
                if self._stands(standing, wanted):
                    return WriteResult(key, "changed", standing.id)
            return WriteResult(key, "unknown", standing.id, retry_after=error.retry_after)
        return WriteResult(key, "changed", standing.id, self._identity(standing.kind, reply)[1])

    def _send(self, route: str, standing: Record, content: dict[str, Any]) -> Reply:
        """A change; sent again after a lost answer only if its version makes the second one harmless."""
        way, version = self.client.dialect.route(route), standing.version
        guarded = bool(version and self.client.dialect.writes.precondition)
        path = way.path.format(quote(standing.id, safe=""))
        return self.client.send(way.method, path, content, version=version, idempotent=guarded)

    def _stands(self, standing: Record, wanted: Wanted) -> bool:
        """Whether the record, read again, is as we want it."""
        found = ClarityReader(self.client).record(standing.kind, standing.id)
        return found is not None and wanted(plain(found.raw)) is None

    def _replace(self, kind: Kind, write: Write, route: str) -> WriteResult:
        """Put a whole record under its natural key: doing it twice is doing it once."""
        if not write.id:
            raise ConfigurationError(f"{route} of {kind} needs the record's number; nothing was sent")
        way = self.client.dialect.route(route)
        path = way.path.format(quote(write.id, safe=""))
        reply = self.client.send(way.method, path, dict(write.content), idempotent=True)
        record_id, version = self._identity(kind, reply)
        return WriteResult(write.key, "created" if reply.status == 201 else "changed", record_id, version)

    def _act(self, route: str, write: Write) -> WriteResult:
        if not write.id:
            raise ConfigurationError(f"{route} needs the record's id; nothing was sent")
        way = self.client.dialect.route(route)
        path = way.path.format(quote(write.id, safe=""))
        reply = self.client.send(way.method, path, dict(write.content), key=write.key)
        return WriteResult(write.key, "unchanged" if reply.replayed else "changed", write.id, reply.version)

    def _lasting(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The members that a record keeps; the order to notify a customer is obeyed and forgotten."""
        return {name: value for name, value in content.items() if name != self.client.dialect.writes.notify}

    def _lacking(self, content: Mapping[str, Any]) -> Wanted:
        lasting, notify = self._lasting(content), self.client.dialect.writes.notify
        silent = {notify: False} if notify in content else {}
        return lambda standing: None if holds(standing, lasting) else {**lasting, **silent}

    def _look(self, kind: Kind, write: Write) -> Record | None:
        """The record that bears the write's number, if the dialect can tell."""
        resource = self.client.dialect.resource(kind)
        number = str(write.content.get(resource.number) or "")
        by = str(write.content.get(resource.found_by) or "") if resource.found_by else ""
        if not number or (resource.found_by and not by and not resource.by_number):
            return None
        among = {resource.found_by: by} if by else None
        return ClarityReader(self.client).by_number(kind, number, among=among)

    def _id_of(self, kind: Kind, write: Write) -> str:
        found = self._look(kind, write)
        return found.id if found is not None else ""

    def _identity(self, kind: Kind, reply: Reply) -> tuple[str, str]:
        """Id and version in the answer to a write, as far as it shows them."""
        dialect = self.client.dialect
        raw = wire.at(reply.body, dialect.envelope.one) if reply.body else None
        if raw is None or raw[:1] != b"{":
            return "", reply.version
        parts = [wire.scalar(wire.at(raw, name)) for name in dialect.resource(kind).key]
        return "|".join(parts), wire.scalar(wire.at(raw, dialect.window.version)) or reply.version


def note_marker(order_id: str, text: str) -> str:
    """The token that makes one note on one order recognisable, whoever writes it again."""
    digest = hashlib.sha256(f"{order_id}|{text}".encode()).hexdigest()
    return f"[tradebridge:{digest[:16]}]"


def _refused(key: str, error: ClarityError) -> WriteResult:
    return WriteResult(
        key, "refused", error.existing_id, code=error.code, reason=error.reason, fields=error.fields
    )
