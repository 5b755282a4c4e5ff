"""Products and their prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.rules.rule import Rule

if TYPE_CHECKING:
    from include.sandbox.salesforce.store import Json
    from include.sandbox.salesforce.transaction import Transaction


class Products(Rule):
    """Price book entries repeat a product's name and code."""

    def after(self, tx: Transaction, before: Json | None, record: Json | None) -> None:
        """Rename the entries of a renamed product."""
        if before is None or record is None:
            return
        named = {name: record[name] for name in ("Name", "ProductCode")}
        if any(before[name] != value for name, value in named.items()):
            for entry in tx.store.children("PricebookEntry", "Product2Id", [record["Id"]]):
                tx.touch("PricebookEntry", entry["Id"], named)


class PriceBookEntries(Rule):
    """The standard price comes first; one entry for each product, book and currency."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Name the entry after its product and find its standard price."""
        product, book = (tx.find(name, record[f"{name}Id"]) for name in ("Product2", "Pricebook2"))
        if product is None or book is None:
            return
        record |= {"Name": product["Name"], "ProductCode": product["ProductCode"]}
        if before is None:
            self._place(tx, record, book)
        if record["UseStandardPrice"] and not book["IsStandard"]:
            standard = self._standard(tx, record)
            if standard is not None and "UnitPrice" not in given:
                record["UnitPrice"] = standard["UnitPrice"]

    def _place(self, tx: Transaction, record: Json, book: Json) -> None:
        siblings = tx.store.children("PricebookEntry", "Product2Id", [record["Product2Id"]])
        same = [
            one
            for one in siblings
            if one["Pricebook2Id"] == record["Pricebook2Id"]
            and one.get("CurrencyIsoCode") == record.get("CurrencyIsoCode")
        ]
        if same:
            text = "This price definition already exists in this price book"
            raise RowError("DUPLICATE_VALUE", f"{text}: {same[0]['Id'][:15]}")
        if not book["IsStandard"] and self._standard(tx, record) is None:
            text = "Before creating a custom price, create a standard price."
            raise RowError("STANDARD_PRICE_NOT_DEFINED", text)

    def _standard(self, tx: Transaction, record: Json) -> Json | None:
        for one in tx.store.children("PricebookEntry", "Product2Id", [record["Product2Id"]]):
            book = tx.find("Pricebook2", one["Pricebook2Id"])
            if book and book["IsStandard"] and one.get("CurrencyIsoCode") == record.get("CurrencyIsoCode"):
                return one
        return None


def priced(record: Json) -> None:
    """A line has a price.

    Raises:
        RowError: it has none.
    """
    if record["UnitPrice"] is None:
        raise RowError("REQUIRED_FIELD_MISSING", "Required fields are missing: [UnitPrice]", ["UnitPrice"])


def entry_for_line(tx: Transaction, record: Json, book: str | None) -> Json:
    """The active price book entry of a new line, named by itself or by its product.

    Raises:
        RowError: there is none, it is not active, or it is of another price book than the line's parent.
    """
    if record["PricebookEntryId"] is None and record["Product2Id"] is not None:
        entries = tx.store.children("PricebookEntry", "Product2Id", [record["Product2Id"]])
        found = next((one for one in entries if one["Pricebook2Id"] == book and one["IsActive"]), None)
        if found is None:
            text = "pricebook entry is not in the price book of the parent, or is inactive"
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["Product2Id"])
        record["PricebookEntryId"] = found["Id"]
        return found
    entry = tx.find("PricebookEntry", record["PricebookEntryId"])
    if entry is None:
        text = "Required fields are missing: [PricebookEntryId]"
        raise RowError("REQUIRED_FIELD_MISSING", text, ["PricebookEntryId"])
    if book is not None and entry["Pricebook2Id"] != book:
        text = "The pricebook entry is not in the pricebook associated with the parent record."
        raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["PricebookEntryId"])
    if not entry["IsActive"]:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", "pricebook entry is inactive", ["PricebookEntryId"])
    record["Product2Id"] = entry["Product2Id"]
    return entry
