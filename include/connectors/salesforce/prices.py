"""Entries of price books: one per product, book and currency; the standard book's comes before all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.connectors.salesforce import soql
from include.connectors.salesforce.batches import Batches, Done
from include.connectors.salesforce.bulk import Bulk, Load
from include.connectors.salesforce.likeness import holds
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.connectors.salesforce.records import Row, SalesforceRecords

CURRENCY = "CurrencyIsoCode"
Key = tuple[str, str]
"""Id of the product, currency (``""`` in an org with one)."""


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

    def entries(self, book: str, products: Sequence[str]) -> dict[Key, Row]:
        """Entries of a book by product and currency. Raises as :meth:`SalesforceRecords.where`."""
        fields = ["Id", "Product2Id", "UnitPrice", "IsActive", *self._currency()]
        of_book = f"Pricebook2Id = {soql.text(book)}"
        if len(products) > self.records.client.settings.bulk_threshold:
            wanted = set(products)
            question = f"SELECT {','.join(fields)} FROM PricebookEntry WHERE {of_book}"  # noqa: S608
            rows = [row for row in self.records.client.query(question) if row["Product2Id"] in wanted]
        else:
            rows = list(
                self.records.where("PricebookEntry", "Product2Id", products, fields=fields, also=of_book)
            )
        return {(row["Product2Id"], row.get(CURRENCY) or ""): row for row in rows}

    def set(self, asked: Mapping[str, Mapping[str, Any]], *, facts: Sequence[str] = ()) -> dict[str, Done]:
        """Set standard prices.

        Args:
            asked: ``UnitPrice``, ``IsActive`` and, with several currencies, ``CurrencyIsoCode``, by the
                product's id.
            facts: see :class:`Load`.

        Raises:
            ConfigurationError: a currency is asked for in an org that has one.
            IntegrationError: see :meth:`Batches.create`.
        """
        if not asked:
            return {}
        if any(CURRENCY in price for price in asked.values()):
            self.records.describe.check_fields("PricebookEntry", [CURRENCY])
        book, done = self.standard_book(), dict[str, Done]()
        entries = self.entries(book, list(asked))
        missing, different = {}, {}
        for product, price in asked.items():
            stands = entry_of(entries, product, price)
            if stands is None:
                missing[product] = {"Pricebook2Id": book, "Product2Id": product, **price}
            elif not holds(stands, price):
                changed = {name: value for name, value in price.items() if name != CURRENCY}
                different[product] = {"Id": stands["Id"], **changed}
            else:
                done[product] = Done("unchanged", stands["Id"])
        made = self._create(missing, facts)
        done |= {product: _taken(each) for product, each in zip(missing, made, strict=True)}
        return done | dict(zip(different, self._update(different, facts), strict=True))

    def _create(self, rows: Mapping[str, Mapping[str, Any]], facts: Sequence[str]) -> list[Done]:
        if len(rows) > self.records.client.settings.bulk_threshold:
            return self.bulk.run(Load("insert", "PricebookEntry", "Product2Id", list(rows.values()), facts))
        return Batches(self.records.client).create("PricebookEntry", list(rows.values()))

    def _update(self, rows: Mapping[str, Mapping[str, Any]], facts: Sequence[str]) -> list[Done]:
        if len(rows) > self.records.client.settings.bulk_threshold:
            return self.bulk.run(Load("update", "PricebookEntry", "Id", list(rows.values()), facts))
        return Batches(self.records.client).update("PricebookEntry", list(rows.values()))

    def _currency(self) -> list[str]:
        return [CURRENCY] if self.records.describe.has("PricebookEntry", CURRENCY) else []


def entry_of(entries: Mapping[Key, Row], product: str, price: Mapping[str, Any]) -> Row | None:
    """The entry that a price is about.

    Who names no currency means the one in which the product has a price, as long as there is no choice.
    """
    if price.get(CURRENCY):
        return entries.get((product, str(price[CURRENCY])))
    rows = [row for (owner, _), row in entries.items() if owner == product]
    return rows[0] if len(rows) == 1 else None


def _taken(done: Done) -> Done:
    """Somebody was faster: the entry stands by now, and the next try finds it."""
    if {each.code for each in done.errors} == {"DUPLICATE_VALUE"}:
        return Done("retry", errors=done.errors)
    return done
