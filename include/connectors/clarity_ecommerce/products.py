"""Clarity's products by their SKU: written, and read beside what the ERP says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.clarity_ecommerce.reader import MOST_SKUS, ClarityReader
from include.connectors.clarity_ecommerce.records import Kind, Write
from include.connectors.clarity_ecommerce.targets import answer_of
from include.connectors.clarity_ecommerce.writer import ClarityWriter
from include.connectors.documents import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.documents import Document
    from include.errors import TransientError

BATCH = "products"
SKU = "sku"


@dataclass(frozen=True, slots=True)
class ClarityCatalogue:
    """Products written by SKU, which is their target id. Values are absolute: told twice is told once.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Create or change products, in batches where the dialect has them.

        Raises as :meth:`ClarityWriter.write_batch`.
        """
        writer = ClarityWriter(self.client)
        told = [each.members for each in documents]
        keys = [each.idempotency_key for each in documents]
        if BATCH in self.client.dialect.batches:
            results = writer.write_batch(BATCH, [Write(*each) for each in zip(keys, told, strict=True)])
        else:
            ids = [self._id_of(str(members[SKU])) for members in told]
            results = writer.change_products([Write(*each) for each in zip(keys, told, ids, strict=True)])
        answers = zip(map(answer_of, results), told, strict=True)
        return [
            Answer(each.key, each.status, str(members[SKU]), each.errors, each.retry_after)
            for each, members in answers
        ]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Nothing: what was perhaps told is told again."""
        del documents
        return {}

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """What products of these SKUs say now, 100 a call; None of what the shop has no longer.

        Raises as :meth:`ClarityReader.changed`.
        """
        reader = ClarityReader(self.client)
        for start in range(0, len(keys), MOST_SKUS):
            some = keys[start : start + MOST_SKUS]
            found = {row.number: row.raw for row in reader.changed(Kind.PRODUCTS, where={SKU: some})}
            yield from ((sku, found.get(sku)) for sku in some)

    def _id_of(self, sku: str) -> str:
        """The product's id; of one that is not there its SKU, which no product has as its id."""
        found = ClarityReader(self.client).by_number(Kind.PRODUCTS, sku)
        return found.id if found is not None else sku
