"""Salesforce as the one who is told: products with their prices, and what is in stock."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from include.canonical.reasons import Reason
from include.connectors.documents import Refusal
from include.connectors.salesforce.batches import Batches, Done, worst
from include.connectors.salesforce.bulk import Bulk, JobStore, Load, NoJobs
from include.connectors.salesforce.likeness import holds
from include.connectors.salesforce.prices import Prices, entry_of
from include.connectors.salesforce.records import SalesforceRecords

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.connectors.documents import Answer, Document
    from include.connectors.salesforce.client import SalesforceClient
    from include.connectors.salesforce.records import Row

PRODUCT = "Product2"
NO_PRODUCT = "PRODUCT_NOT_FOUND"
NOT_SOLD = frozenset({NO_PRODUCT})
"""Refusals that say no more than that Salesforce does not have the item."""


@dataclass(frozen=True, slots=True)
class SalesforceProducts:
    """Products by the Zoho item's id, with their standard prices.

    A document is ``{"Product2": {...}, "price": {"UnitPrice", "CurrencyIsoCode"?, "IsActive"}}``; without
    ``price`` none is set. Up to ``bulk_threshold`` documents go by collections, more by Bulk API 2.0. A
    product that is adopted is first given the item's id, so that it is found by it from then on.

    Args:
        client: carries the calls.
        jobs: remembers Bulk API jobs, so that a batch which comes again takes up its job.
    """

    client: SalesforceClient
    jobs: JobStore = NoJobs()  # noqa: RUF009 - it has no state
    records: SalesforceRecords = field(init=False)
    bulk: Bulk = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", SalesforceRecords(self.client))
        object.__setattr__(self, "bulk", Bulk(self.client, self.jobs))

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Create or change products, then their prices; one answer each, in their order.

        Raises:
            ConfigurationError: a field is not there or not ours to write.
            IntegrationError: see :meth:`Batches.upsert`.
        """
        members = [each.members for each in documents]
        with ExitStack() as jobs:
            products = self._products(documents, [each[PRODUCT] for each in members], jobs)
            asked = {
                done.id: each["price"]
                for done, each in zip(products, members, strict=True)
                if done.fine and done.id and each.get("price")
            }
            new = {done.id for done in products if done.status == "created"}
            prices = Prices(self.records, self.bulk).set(asked, new=new, facts=facts_of(documents))
        both = [worst([each, *_of(prices, each.id)], each.id) for each in products]
        return [done.answer(each.idempotency_key) for done, each in zip(both, documents, strict=True)]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Products that stand in Salesforce as asked, price included, by key.

        Of a batch whose Bulk API jobs are under way the end is awaited first. Raises as :meth:`write`.
        """
        members = [each.members for each in documents]
        prices, carried = Prices(self.records, self.bulk), list[str]()
        if len(documents) > self.client.settings.bulk_threshold:
            carried = self.bulk.finish(self._load(documents, [each[PRODUCT] for each in members]))
            prices.end_job(facts_of(documents))
        found = by_key(self.records, [each[PRODUCT] for each in members])
        key = self.client.settings.product_key
        priced = [row["Id"] for row in found.values()] if any(each.get("price") for each in members) else []
        entries = prices.entries(prices.standard_book(), priced) if priced else {}
        standing = {}
        for document, each in zip(documents, members, strict=True):
            row, price = found.get(str(each[PRODUCT].get(key))), each.get("price")
            if row is None or not holds(row, each[PRODUCT]):
                continue
            entry = entry_of(entries, row["Id"], price) if price else None
            if not price or (entry is not None and holds(entry, price)):
                standing[document.key] = row["Id"]
        # What stands is not told again, so that this batch will not come again as it is.
        for name in carried if standing else ():
            self.jobs.forget(name)
        return standing

    def _products(
        self, documents: Sequence[Document], rows: Sequence[Mapping[str, Any]], jobs: ExitStack
    ) -> list[Done]:
        """What became of the products; their Bulk API jobs are remembered until ``jobs`` ends."""
        key = self.client.settings.product_key

        def send(some: Sequence[Mapping[str, Any]]) -> list[Done]:
            if len(some) > self.client.settings.bulk_threshold:
                return jobs.enter_context(self.bulk.carried(self._load(documents, some)))
            return Batches(self.client).upsert(PRODUCT, key, some)

        adopted = self._adopted(documents, rows)
        ours = [place for place in range(len(rows)) if place not in adopted or adopted[place].fine]
        answers = keyed([rows[place] for place in ours], key, send)
        done = adopted | {
            place: replace(each, status="adopted") if place in adopted and each.fine else each
            for place, each in zip(ours, answers, strict=True)
        }
        return [done[place] for place in range(len(rows))]

    def _adopted(self, documents: Sequence[Document], rows: Sequence[Mapping[str, Any]]) -> dict[int, Done]:
        """Give products that people made their item's id; what came of it by the document's place."""
        key = self.client.settings.product_key
        places = [place for place, each in enumerate(documents) if each.adopts and rows[place].get(key)]
        given = [{"Id": documents[place].target_id, key: rows[place][key]} for place in places]
        return dict(zip(places, Batches(self.client).update(PRODUCT, given), strict=True))

    def _load(self, documents: Sequence[Document], rows: Sequence[Mapping[str, Any]]) -> Load:
        return Load("upsert", PRODUCT, self.client.settings.product_key, rows, facts_of(documents))


@dataclass(frozen=True, slots=True)
class SalesforceStock:
    """Stock figures on products; values are absolute: to tell them twice is to tell them once.

    A document is ``{"Product2": {...}}`` with the external id and the figures.

    Args:
        client: carries the calls.
    """

    client: SalesforceClient

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Set figures; one answer each. Raises as :meth:`SalesforceProducts.write`.

        A product that Salesforce does not have is refused as :data:`NO_PRODUCT`.
        """
        key = self.client.settings.product_key
        rows = [each.members[PRODUCT] for each in documents]
        done = keyed(rows, key, lambda some: Batches(self.client).upsert(PRODUCT, key, some))
        answers = zip(map(_not_made, done), documents, strict=True)
        return [each.answer(document.idempotency_key) for each, document in answers]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Products whose figures stand as asked, by key. Raises as :meth:`SalesforceProducts.write`."""
        rows = [each.members[PRODUCT] for each in documents]
        found = by_key(SalesforceRecords(self.client), rows)
        key = self.client.settings.product_key
        return {
            document.key: found[str(row[key])]["Id"]
            for document, row in zip(documents, rows, strict=True)
            if str(row.get(key)) in found and holds(found[str(row[key])], row)
        }


def facts_of(documents: Iterable[Document]) -> list[str]:
    """What tells a batch from others: its writes' idempotency keys."""
    return [each.idempotency_key for each in documents]


def keyed(rows: Sequence[Mapping[str, Any]], key: str, send: Any) -> list[Done]:
    """Send the rows that have their external id; refuse those without."""
    done = [_without(key)] * len(rows)
    places = [place for place, row in enumerate(rows) if row.get(key)]
    answers = send([rows[place] for place in places]) if places else []
    for place, each in zip(places, answers, strict=True):
        done[place] = each
    return done


def by_key(records: SalesforceRecords, rows: Sequence[Mapping[str, Any]]) -> dict[str, Row]:
    """What stands of products by external id, as far as the rows ask of it."""
    key = records.client.settings.product_key
    fields = ["Id", *paths(rows)]
    return records.by_key(PRODUCT, key, [str(row[key]) for row in rows if row.get(key)], fields=fields)


def paths(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of all members; those of a referred record with the way to it."""
    found: dict[str, None] = {}
    for row in rows:
        for name, value in row.items():
            inner = [f"{name}.{each}" for each in value] if isinstance(value, dict) else [name]
            found |= dict.fromkeys(inner)
    return list(found)


def _of(prices: Mapping[str, Done], product: str) -> list[Done]:
    """The price's part in a product's answer: that it was made is no news of the product's."""
    done = prices.get(product)
    if done is None:
        return []
    return [replace(done, status="changed") if done.status == "created" else done]


def _without(key: str) -> Done:
    refusal = Refusal("REQUIRED_FIELD_MISSING", Reason.MISSING, key, f"the document has no {key}")
    return Done("refused", errors=(refusal,))


def _not_made(done: Done) -> Done:
    """An upsert that finds no product wants to make one, and lacks what a product must have."""
    if not any(each.code == "REQUIRED_FIELD_MISSING" and each.field == "Name" for each in done.errors):
        return done
    message = "Salesforce has no product of this item; carry the catalogue first"
    return Done("refused", errors=(Refusal(NO_PRODUCT, Reason.NO_REFERENCE, PRODUCT, message),))
