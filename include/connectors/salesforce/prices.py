"""Entries of price books: one per product, book and currency; the standard book's comes before all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.connectors.salesforce import soql
from include.connectors.salesforce.batches import Batches, Done
from include.connectors.salesforce.bulk import Bulk, Load, fingerprint
from include.connectors.salesforce.likeness import holds
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from include.connectors.salesforce.records import Row, SalesforceRecords

ENTRY, PRODUCT_ID, CURRENCY = "PricebookEntry", "Product2Id", "CurrencyIsoCode"
TAKEN = "DUPLICATE_VALUE"
Entries = dict[str, dict[str, "Row"]]
"""By the product's id and the currency (``""`` in an org with one)."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Reads and sets prices of one org.

    Args:
        records: reads.
        bulk: carries what is too much for collections.
    """

    records: SalesforceRecords
    bulk: Bulk

    def standard_book(self) -> str:
        """Id of the standard price book.

        Raises:
            ConfigurationError: the integration user sees none.
        """
        client = self.records.client
        if client.settings.pricebook_id:
            return client.settings.pricebook_id
        rows = client.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1")
        if not rows:
            raise ConfigurationError(
                "Salesforce shows no standard price book; activate it, let the integration user read "
                "price books, or name it as pricebook_id"
            )
        return str(rows[0]["Id"])

    def entries(self, book: str, products: Iterable[str]) -> Entries:
        """Entries of a book for products; raises as :meth:`SalesforceRecords.where`."""
        fields = ["Id", PRODUCT_ID, "UnitPrice", "IsActive", *self._currency()]
        of_book = f"Pricebook2Id = {soql.text(book)}"
        found: Entries = {}
        for row in self.records.where(ENTRY, PRODUCT_ID, products, fields=fields, also=of_book):
            found.setdefault(row[PRODUCT_ID], {})[row.get(CURRENCY) or ""] = row
        return found

    def set(
        self,
        asked: Mapping[str, Mapping[str, Any]],
        *,
        new: Collection[str] = (),
        facts: Sequence[str] = (),
    ) -> dict[str, Done]:
        """Set standard prices.

        Args:
            asked: ``UnitPrice``, ``IsActive`` and, with several currencies, ``CurrencyIsoCode``, by the
                product's id.
            new: products that were made just now: their prices are not looked for.
            facts: what tells this batch from others, by which its job is found again.

        Raises:
            ConfigurationError: a currency is asked for in an org that has one.
            TransientError: an earlier try's job takes longer than our patience.
            IntegrationError: see :meth:`Batches.create`.
        """
        if not asked:
            return {}
        if any(CURRENCY in price for price in asked.values()):
            self.records.describe.check_fields(ENTRY, [CURRENCY])
        # What an earlier try has begun is in the book before we look there.
        if self.end_job(facts):
            new = ()
        book = self.standard_book()
        done = self._set(book, asked, [each for each in asked if each not in new], facts)
        taken = {product: asked[product] for product, each in done.items() if _is_taken(each)}
        if taken:
            done |= self._set(book, taken, taken, facts)
        return {
            product: Done("retry", errors=each.errors) if _is_taken(each) else each
            for product, each in done.items()
        }

    def end_job(self, facts: Sequence[str]) -> bool:
        """Wait for the job that an earlier try of the same batch has begun; whether there was one.

        Raises:
            TransientError: it takes longer than our patience.
            IntegrationError: see :meth:`SalesforceClient.get`.
        """
        return self.bulk.end(_job_name(facts))

    def _set(
        self,
        book: str,
        asked: Mapping[str, Mapping[str, Any]],
        looked_for: Iterable[str],
        facts: Sequence[str],
    ) -> dict[str, Done]:
        entries, done = self.entries(book, looked_for), dict[str, Done]()
        missing, different = dict[str, Any](), dict[str, Any]()
        for product, price in asked.items():
            stands = entry_of(entries, product, price)
            if stands is None:
                missing[product] = {"Pricebook2Id": book, PRODUCT_ID: product, **price}
            elif not holds(stands, price):
                changed = {name: value for name, value in price.items() if name != CURRENCY}
                different[product] = {"Id": stands["Id"], **changed}
            else:
                done[product] = Done("unchanged", stands["Id"])
        for verb, rows in (("insert", missing), ("update", different)):
            done |= zip(rows, self._write(verb, list(rows.values()), facts), strict=True)
        return done

    def _write(self, verb: str, rows: Sequence[Mapping[str, Any]], facts: Sequence[str]) -> list[Done]:
        if len(rows) > self.records.client.settings.bulk_threshold:
            key = PRODUCT_ID if verb == "insert" else "Id"
            return self.bulk.run(Load(verb, ENTRY, key, rows, facts, _job_name(facts)))
        batches = Batches(self.records.client)
        return (batches.create if verb == "insert" else batches.update)(ENTRY, rows)

    def _currency(self) -> list[str]:
        return [CURRENCY] if self.records.describe.has(ENTRY, CURRENCY) else []


def entry_of(entries: Mapping[str, Mapping[str, Row]], product: str, price: Mapping[str, Any]) -> Row | None:
    """The entry that a price is about.

    Who names no currency means the one in which the product has a price, as long as there is no choice.
    """
    known = entries.get(product, {})
    if price.get(CURRENCY):
        return known.get(str(price[CURRENCY]))
    return next(iter(known.values())) if len(known) == 1 else None


def _job_name(facts: Sequence[str]) -> str:
    """Which prices are missing depends on how far an earlier try came; which batch it is does not."""
    return fingerprint(ENTRY, *sorted(facts))


def _is_taken(done: Done) -> bool:
    """Somebody was faster: the entry stands by now."""
    return {each.code for each in done.errors} == {TAKEN}
