"""Writes to Sage 100 through the gateway; every record's fate comes back, none is raised away.

A call carries a batch, but each record has its own verdict. What can be raised (no connection, token
refused, wrong address) is raised only while nothing has been answered: after that the remaining records
come back as ``retry``, so that the answers in hand are not lost.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from pydantic import ValidationError

from include.connectors.sage100.records import CheckReport, WriteResult
from include.connectors.sage100.stock import ITEMS, StockReads
from include.connectors.sage100.transport import Transport
from include.connectors.sage100.verdicts import verdict
from include.connectors.sage100.wire import (
    BatchAnswer,
    CancelledOrder,
    Health,
    WrittenCustomer,
    WrittenInvoice,
    WrittenItem,
    WrittenOrder,
    WrittenReceipt,
)
from include.errors import ConfigurationError, IntegrationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    import requests

    from include.connectors.ports import Breaker
    from include.connectors.sage100.records import (
        CashReceiptWrite,
        CustomerWrite,
        ItemWrite,
        OrderWrite,
        ShipmentWrite,
        Write,
    )
    from include.connectors.sage100.transport import GatewaySettings, Reply
    from include.connectors.sage100.wire import RecordAnswer, Standing

ORDERS = "/SO/SalesOrder"
CUSTOMERS = "/AR/Customer"
RECEIPTS = "/AR/CashReceipt"
SHIPMENTS = "/SO/Shipment"
INVOICES = "/SO/Invoice"
_NO_ORDER = "0000000"
"""A number that Sage never gives; asking for it proves the token and touches nothing."""
_NO_SUCH_ADDRESS = frozenset({404, 405, 410})
_SPOILT = frozenset({400, 413, 422})


class GatewayClient(StockReads):
    """The gateway in front of Sage 100's Business Objects.

    Args:
        settings: address, token, limits.
        breaker: knows for all processes whether the gateway answers.
        session: a ``requests`` session of the caller's (proxies, adapters).
        observe: told ``("before_send", keys)`` and ``("after_send", keys)`` around each writing call; the
            one place through which all of them pass.
        sleep: how to wait between attempts to connect.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        breaker: Breaker | None = None,
        session: requests.Session | None = None,
        observe: Callable[[str, Sequence[str]], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._batch_size = settings.batch_size
        self.endpoint = settings.endpoint
        super().__init__(Transport(settings, breaker=breaker, session=session, observe=observe, sleep=sleep))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give sockets back."""
        self._transport.close()

    def create_orders(self, records: Sequence[OrderWrite]) -> list[WriteResult]:
        """Create orders, or adopt those that already stand in Sage.

        Returns:
            One result per record, in their order.

        Raises:
            TransientError: no connection; nothing was sent.
            AuthenticationError: the token is refused.
            ConfigurationError: the address is wrong, or a record has no idempotency key.
        """
        return self._write(ORDERS, "order", records, WrittenOrder)

    def create_customers(self, records: Sequence[CustomerWrite]) -> list[WriteResult]:
        """Create customers, or adopt those that already stand in Sage. As :meth:`create_orders`."""
        return self._write(CUSTOMERS, "customer", records, WrittenCustomer)

    def change_order(self, record: OrderWrite) -> WriteResult:
        """Make a live order equal to the record. Raises as :meth:`create_orders`."""
        reply = self._send_one("PUT", record, body=record.body())
        return _single(record, reply, WrittenOrder)

    def change_customer(self, record: CustomerWrite) -> WriteResult:
        """Make the given columns of a customer equal to the record. Raises as :meth:`create_orders`."""
        _refuse_keyless([record])
        division, _, number = record.target_id.partition("-")
        if not number:
            raise ConfigurationError(f"customer {record.key}: a change needs division and number")
        reply = self._transport.exchange(
            "PATCH",
            f"{CUSTOMERS}/{quote(division, safe='')}/{quote(number, safe='')}",
            body={"fields": record.fields},
            keys=[record.idempotency_key],
            headers={"Idempotency-Key": record.idempotency_key},
        )
        return _single(record, reply, WrittenCustomer)

    def create_items(self, records: Sequence[ItemWrite]) -> list[WriteResult]:
        """Create items, or adopt those of the same code. As :meth:`create_orders`."""
        return self._write(ITEMS, "item", records, WrittenItem)

    def change_items(self, records: Sequence[ItemWrite]) -> list[WriteResult]:
        """Make the given columns of items equal to the records. As :meth:`create_orders`."""
        return self._write(ITEMS, "item", records, WrittenItem, method="PUT")

    def create_cash_receipts(self, records: Sequence[CashReceiptWrite]) -> list[WriteResult]:
        """Enter money, or adopt what was entered or posted before. As :meth:`create_orders`."""
        return self._write(RECEIPTS, "receipt", records, WrittenReceipt)

    def create_shipments(self, records: Sequence[ShipmentWrite]) -> list[WriteResult]:
        """Enter what the warehouse ships, or adopt what was entered or posted. As :meth:`create_orders`."""
        return self._write(SHIPMENTS, "invoice", records, WrittenInvoice)

    def create_invoices(self, records: Sequence[ShipmentWrite]) -> list[WriteResult]:
        """Enter invoices of orders. As :meth:`create_shipments`."""
        return self._write(INVOICES, "invoice", records, WrittenInvoice)

    def hold_order(self, record: OrderWrite, *, reason: str = "") -> WriteResult:
        """Put a live order on hold, for one of Sage's cancel reason codes.

        Raises as :meth:`create_orders`.
        """
        return self._move(record, "hold", reason)

    def release_order(self, record: OrderWrite, *, reason: str = "") -> WriteResult:
        """Take a live order off hold; with a reason only when it is held for that one.

        Raises as :meth:`create_orders`.
        """
        return self._move(record, "release", reason)

    def cancel_order(self, record: OrderWrite, *, reason: str) -> WriteResult:
        """Take an order out of the live tables if nothing of it has moved.

        Raises as :meth:`create_orders`.
        """
        reply = self._send_one("DELETE", record, params={"reason": reason})
        return _single(record, reply, CancelledOrder)

    def health(self) -> Health:
        """Liveness, without credentials being judged.

        Raises:
            TransientError: no answer, or one that says nothing.
        """
        reply = self._transport.exchange("GET", "/health")
        try:
            return Health.model_validate(reply.body if reply else None)
        except ValidationError:
            raise TransientError("the Sage 100 gateway does not answer /health as it should") from None

    def check(self) -> CheckReport:
        """The connection test: it lives, and it takes our token.

        Raises:
            TransientError: no connection or no answer.
            AuthenticationError: the token is refused.
            ConfigurationError: the address is wrong.
        """
        health = self.health()
        reply = self._transport.exchange("GET", f"{ORDERS}/{_NO_ORDER}")
        if reply is None:
            raise TransientError("the Sage 100 gateway did not answer")
        seats = ", ".join(f"{name} {count}" for name, count in health.seats.items()) or "unknown"
        told = f"gateway {health.status}; workers {len(health.workers)}; seats {seats}"
        return CheckReport(health.status == "ok" and reply.status in {200, 404}, told)

    def _move(self, record: OrderWrite, verb: str, reason: str) -> WriteResult:
        reply = self._send_one("POST", record, verb=f"/{verb}", body={"reason": reason})
        return _single(record, reply, WrittenOrder)

    def _write(
        self,
        path: str,
        noun: str,
        records: Sequence[Write],
        shape: type[Standing],
        *,
        method: str = "POST",
    ) -> list[WriteResult]:
        _refuse_keyless(records)
        results: list[WriteResult] = []
        try:
            for start in range(0, len(records), self._batch_size):
                part = records[start : start + self._batch_size]
                for result in self._batch(method, path, noun, part, shape):
                    results.append(result)  # noqa: PERF402 - one by one: what came before an error is kept
        except IntegrationError as error:
            if not results:
                raise
            wait = getattr(error, "retry_after", None)
            unsent = records[len(results) :]
            results += [WriteResult(record.idempotency_key, "retry", retry_after=wait) for record in unsent]
        return results

    def _batch(
        self, method: str, path: str, noun: str, records: Sequence[Write], shape: type[Standing]
    ) -> Iterator[WriteResult]:
        """One call; when one record spoils it for all (the body is refused whole), one call for each."""
        keys = [record.idempotency_key for record in records]
        body = {
            "records": [
                {"idempotency_key": record.idempotency_key, noun: record.body()} for record in records
            ]
        }
        reply = self._transport.exchange(method, f"{path}/batch", body=body, keys=keys)
        if reply is None:
            yield from (WriteResult(key, "unknown") for key in keys)
        elif reply.status == 207:
            yield from _each(keys, reply, shape)
        elif reply.status in _NO_SUCH_ADDRESS:
            raise ConfigurationError(
                f"the gateway has no {path}/batch (HTTP {reply.status}); is the address right?"
            )
        elif reply.status in _SPOILT and len(records) > 1:
            for record in records:
                yield from self._batch(method, path, noun, [record], shape)
        else:
            yield from (_verdict(key, reply, shape) for key in keys)

    def _send_one(
        self,
        method: str,
        record: OrderWrite,
        *,
        verb: str = "",
        body: dict[str, object] | None = None,
        params: dict[str, str] | None = None,
    ) -> Reply | None:
        _refuse_keyless([record])
        if not record.sales_order_no:
            raise ConfigurationError(f"order {record.key}: {method} needs the SalesOrderNo of a live order")
        return self._transport.exchange(
            method,
            f"{ORDERS}/{quote(record.sales_order_no, safe='')}{verb}",
            body=body,
            keys=[record.idempotency_key],
            headers={"Idempotency-Key": record.idempotency_key},
            params=params,
        )


def _refuse_keyless(records: Sequence[Write]) -> None:
    keyless = [record.key for record in records if not record.idempotency_key]
    if keyless:
        raise ConfigurationError(
            f"{len(keyless)} records ({keyless[0]}, ...) have no idempotency key; nothing was sent"
        )


def _single(record: OrderWrite | CustomerWrite, reply: Reply | None, shape: type[Standing]) -> WriteResult:
    if reply is None:
        return WriteResult(record.idempotency_key, "unknown")
    return _verdict(record.idempotency_key, reply, shape)


def _verdict(key: str, reply: Reply, shape: type[Standing]) -> WriteResult:
    return verdict(key, reply.status, reply.body, shape, retry_after=reply.retry_after)


def _each(keys: Sequence[str], reply: Reply, shape: type[Standing]) -> Iterator[WriteResult]:
    """Answers by key; a record without exactly one answer is unknown."""
    answers: dict[str, list[RecordAnswer]] = {}
    for answer in _answers(reply.body):
        answers.setdefault(answer.idempotency_key, []).append(answer)
    for key in keys:
        match answers.get(key, ()):
            case [only]:
                yield verdict(key, only.status, only.body, shape)
            case _:
                yield WriteResult(key, "unknown")


def _answers(body: dict[str, Any] | None) -> tuple[RecordAnswer, ...]:
    try:
        return BatchAnswer.model_validate(body).results
    except ValidationError:
        return ()
