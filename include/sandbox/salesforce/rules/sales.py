"""Opportunities and their lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.rules.products import entry_for_line, priced
from include.sandbox.salesforce.rules.rule import Rule, money

if TYPE_CHECKING:
    from include.sandbox.salesforce.store import Json
    from include.sandbox.salesforce.transaction import Transaction

STAGES = {
    "Prospecting": (10, "Pipeline"),
    "Qualification": (10, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Id. Decision Makers": (60, "Pipeline"),
    "Perception Analysis": (70, "Pipeline"),
    "Proposal/Price Quote": (75, "Pipeline"),
    "Negotiation/Review": (90, "Pipeline"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
"""A stage's probability in percent and forecast category; 100 and closed is won."""
OPEN = (10, "Pipeline")
HUNDRED = Decimal(100)


class Opportunities(Rule):
    """The stage says whether it is open, won or lost; the lines say how much it is worth."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Derive what follows from the stage, the amount and the closing date."""
        if record["StageName"] is None or record["CloseDate"] is None:
            return
        probability, category = STAGES.get(record["StageName"], OPEN)
        if before is None or before["StageName"] != record["StageName"]:
            record |= {
                "IsClosed": category in {"Closed", "Omitted"},
                "IsWon": category == "Closed",
                "ForecastCategory": category,
            }
            if "Probability" not in given:
                record["Probability"] = Decimal(probability)
        if before is not None and before["HasOpportunityLineItem"]:
            self._held_by_lines(before, record)
        _expect(record)
        closing = date.fromisoformat(record["CloseDate"])
        quarter = (closing.month + 2) // 3
        record |= {
            "FiscalYear": closing.year,
            "FiscalQuarter": quarter,
            "Fiscal": f"{closing.year} {quarter}",
        }

    def _held_by_lines(self, before: Json, record: Json) -> None:
        if record["Pricebook2Id"] != before["Pricebook2Id"]:
            text = "The pricebook of an opportunity with products cannot be changed."
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["Pricebook2Id"])
        record["Amount"] = before["Amount"]


class OpportunityLines(Rule):
    """A line takes its price from the price book, and its total moves the opportunity's amount."""

    def before(self, tx: Transaction, before: Json | None, record: Json, given: frozenset[str]) -> None:
        """Find the price and reckon the total."""
        parent = tx.find("Opportunity", record["OpportunityId"])
        if parent is None or record["Quantity"] is None:
            return
        if before is None:
            self._priced(tx, record, parent, given)
        priced(record)
        quantity, discount = record["Quantity"], record["Discount"] or Decimal(0)
        if quantity == 0:
            raise RowError("FIELD_INTEGRITY_EXCEPTION", "Quantity must be nonzero", ["Quantity"])
        share = 1 - discount / HUNDRED
        if "TotalPrice" in given and record["TotalPrice"] is not None and share:
            record["UnitPrice"] = money(record["TotalPrice"] / quantity / share)
        record["Subtotal"] = money(record["UnitPrice"] * quantity)
        record["TotalPrice"] = money(record["UnitPrice"] * quantity * share)

    def _priced(self, tx: Transaction, record: Json, parent: Json, given: frozenset[str]) -> None:
        if {"UnitPrice", "TotalPrice"} <= given:
            text = "Specify either UnitPrice or TotalPrice, not both."
            raise RowError("FIELD_INTEGRITY_EXCEPTION", text, ["UnitPrice", "TotalPrice"])
        entry = entry_for_line(tx, record, parent["Pricebook2Id"])
        if parent["Pricebook2Id"] is None:
            tx.touch("Opportunity", parent["Id"], {"Pricebook2Id": entry["Pricebook2Id"]})
        record["ListPrice"] = entry["UnitPrice"]
        record["ProductCode"] = entry["ProductCode"]
        record["Name"] = f"{parent['Name']} {entry['Name']}"[:376]
        if record["UnitPrice"] is None:
            record["UnitPrice"] = entry["UnitPrice"]

    def after(self, tx: Transaction, before: Json | None, record: Json | None) -> None:
        """Sum up the opportunity."""
        one = record or before or {}
        parent = tx.find("Opportunity", one["OpportunityId"])
        if parent is None:
            return
        lines = tx.store.children("OpportunityLineItem", "OpportunityId", [parent["Id"]])
        summed = {**parent, "HasOpportunityLineItem": bool(lines)}
        if lines:
            summed["Amount"] = sum((line["TotalPrice"] for line in lines), Decimal(0))
            summed["TotalOpportunityQuantity"] = sum((line["Quantity"] for line in lines), Decimal(0))
        _expect(summed)
        names = ("HasOpportunityLineItem", "Amount", "TotalOpportunityQuantity", "ExpectedRevenue")
        tx.touch("Opportunity", parent["Id"], {name: summed[name] for name in names})


def _expect(record: Json) -> None:
    amount, probability = record["Amount"], record["Probability"]
    known = amount is not None and probability is not None
    record["ExpectedRevenue"] = money(amount * probability / HUNDRED) if known else None
