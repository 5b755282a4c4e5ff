"""Clarity's payments: what gateways took, to be polled and read one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal  # noqa: TC003 - msgspec reads it at run time
from typing import TYPE_CHECKING

import msgspec

from include.connectors.clarity_ecommerce.reader import ClarityReader
from include.connectors.clarity_ecommerce.records import Kind
from include.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.clarity_ecommerce.client import ClarityClient

RECENT = timedelta(days=2)
"""A payment is nearly always asked for because it has just changed."""


class Statement(msgspec.Struct, frozen=True):
    """What a gateway says of one payout: ``net = gross - refunds - fees``."""

    gross: Decimal
    refunds: Decimal
    fees: Decimal
    net: Decimal


_STATEMENT = msgspec.json.Decoder(Statement)


@dataclass(frozen=True, slots=True)
class PaymentStub:
    """A payment that is new or different."""

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class PaymentChanges:
    """What a poll found."""

    stubs: tuple[PaymentStub, ...]
    watermark: datetime | None
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClarityPayments:
    """One tenant's payments by their id.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def changes(self, known: Mapping[str, str], since: datetime | None) -> PaymentChanges:
        """What differs from the known; raises as :meth:`ClarityReader.changed`."""
        stubs, watermark = dict[str, PaymentStub](), since
        for record in ClarityReader(self.client).changed(Kind.PAYMENTS, since):
            version = record.version or record.updated
            if known.get(record.id) != version:
                stubs[record.id] = PaymentStub(record.id, version)
            if record.updated_at is not None:
                watermark = max(watermark or record.updated_at, record.updated_at)
        return PaymentChanges(tuple(stubs.values()), watermark)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each payment's JSON under our names.

        Where the dialect cannot ask for one, the list is read: what changed lately, then all of it if some
        are older.
        """
        reader = ClarityReader(self.client)
        if self.client.dialect.resource(Kind.PAYMENTS).one:
            for key, found in reader.records(Kind.PAYMENTS, keys):
                yield key, found if found is None or isinstance(found, TransientError) else found.raw
            return
        listed = self._listed(reader, self.client.now() - RECENT)
        if not listed.keys() >= set(keys):
            listed |= self._listed(reader, None)
        for key in keys:
            yield key, listed.get(key)

    def statements(self, payouts: Iterable[str]) -> dict[str, Statement]:
        """The gateways' statements by payout, where Clarity has them.

        Raises:
            TransientError: Clarity could not serve one of them.
            IntegrationError: see :meth:`ClarityReader.records`.
        """
        if Kind.PAYOUTS not in self.client.dialect.resources:
            return {}
        found = {}
        for payout, record in ClarityReader(self.client).records(Kind.PAYOUTS, payouts):
            if isinstance(record, TransientError):
                raise record
            if record is not None:
                found[payout] = _STATEMENT.decode(record.raw)
        return found

    @staticmethod
    def _listed(reader: ClarityReader, since: datetime | None) -> dict[str, bytes]:
        return {record.id: record.raw for record in reader.changed(Kind.PAYMENTS, since)}
