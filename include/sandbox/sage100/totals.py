"""The computed amounts of an order or an invoice: extensions, discount, tax.

``ExtensionAmt`` is quantity x price less the line's discount, rounded half up to the cent; the quantity is
what is left of an order's line, and what is shipped of an invoice's. A trade discount falls on the lines that
are subject to it and lowers the base of their tax in proportion. Tax is rounded per tax code and class.
Total = taxable + non-taxable - discount + freight + tax.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from include.sandbox.sage100.records import Record

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from include.sandbox.sage100.dictionary import Table

CENT = Decimal("0.01")
ZERO = Decimal(0)
FREIGHT_CLASS = "TF"


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to the cent."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def is_lump(line: Record) -> bool:
    """An amount or a comment without a quantity."""
    return not line.number("QuantityOrdered")


def extension(line: Record, quantity: Decimal) -> Decimal:
    """Quantity x price, less the line's own discount."""
    kept = 1 - line.number("LineDiscountPercent") / 100
    return cents(quantity * line.number("UnitPrice") * kept)


def share(discount: Decimal, part: Iterable[Record], whole: Iterable[Record]) -> Decimal:
    """The part of a discount that falls on some lines, by the amounts that are subject to it."""
    of_part, of_whole = _discountable(part), _discountable(whole)
    return cents(discount * of_part / of_whole) if of_whole else ZERO


def _discountable(lines: Iterable[Record]) -> Decimal:
    return sum((line.number("ExtensionAmt") for line in lines if line.text("Discount") == "Y"), ZERO)


def order_total(header: Record) -> Decimal:
    """What the customer owes by the header's computed columns; Sage stores no such column."""
    amounts = {n: header.number(n) for n in ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")}
    return sum(amounts.values(), ZERO) - header.number("DiscountAmt")


@dataclass(frozen=True)
class TaxRule:
    """What one code of the schedule does to one tax class."""

    sequence: str
    code: str
    taxable: bool
    rate: Decimal


class Tax:
    """A tax schedule, ready to be applied."""

    def __init__(self, rules: Mapping[str, list[TaxRule]]) -> None:
        self._rules = rules

    @classmethod
    def load(cls, db: sqlite3.Connection, schedule: str) -> Tax:
        """Read a schedule's codes with their rates by class."""
        rules: dict[str, list[TaxRule]] = defaultdict(list)
        rows = db.execute(
            "SELECT s.ScheduleSeqNo, d.TaxCode, d.TaxClass, d.SalesTaxable, d.TaxRate"
            " FROM SY_SalesTaxScheduleDetail s, SY_SalesTaxCodeDetail d"
            " WHERE s.TaxSchedule = ? AND d.TaxCode = s.TaxCode ORDER BY s.ScheduleSeqNo",
            (schedule,),
        )
        for sequence, code, tax_class, taxable, rate in rows:
            rules[tax_class].append(TaxRule(sequence, code, taxable == "Y", Decimal(str(rate))))
        return cls(rules)

    def of(self, tax_class: str) -> list[TaxRule]:
        """The rules for a class; none for a class the schedule does not know."""
        return self._rules.get(tax_class, [])

    def taxes(self, tax_class: str) -> bool:
        """Whether any code taxes this class."""
        return any(rule.taxable for rule in self.of(tax_class))


@dataclass
class _Base:
    """What falls under one tax class: all of it, and the part subject to the trade discount."""

    amount: Decimal = ZERO
    discountable: Decimal = ZERO


def compute(header: Record, lines: Iterable[Record], tax: Tax, detail: Table) -> list[Record]:
    """Set the header's computed columns; gives the rows of the order's tax detail."""
    bases: dict[str, _Base] = defaultdict(_Base)
    for line in lines:
        base = bases[line.text("TaxClass")]
        base.amount += line.number("ExtensionAmt")
        if line.text("Discount") == "Y":
            base.discountable += line.number("ExtensionAmt")
    discountable = sum((b.discountable for b in bases.values()), ZERO)
    if header.number("DiscountRate"):
        header.put(DiscountAmt=cents(discountable * header.number("DiscountRate") / 100))
    discount = header.number("DiscountAmt")
    share = discount / discountable if discountable else ZERO
    taxed = {name: base for name, base in bases.items() if tax.taxes(name)}
    taxed_discountable = sum((b.discountable for b in taxed.values()), ZERO)
    taxable = sum((b.amount for b in taxed.values()), ZERO)
    rows = list(_tax_rows(header, bases, tax, detail, share))
    header.put(
        TaxableAmt=taxable,
        NonTaxableAmt=sum((b.amount for b in bases.values()), ZERO) - taxable,
        TaxableSubjectToDiscount=taxed_discountable,
        NonTaxableSubjectToDiscount=discountable - taxed_discountable,
        TaxSubjToDiscPrcntOfTotSubjTo=cents(100 * taxed_discountable / discountable)
        if discountable
        else ZERO,
        SalesTaxAmt=sum((row.number("SalesTaxAmt") for row in rows), ZERO),
    )
    return rows


def _tax_rows(
    header: Record, bases: Mapping[str, _Base], tax: Tax, detail: Table, share: Decimal
) -> Iterator[Record]:
    freight = _Base(amount=header.number("FreightAmt"))
    freighted = {FREIGHT_CLASS: freight} if freight.amount and tax.taxes(FREIGHT_CLASS) else {}
    for tax_class, base in sorted((dict(bases) | freighted).items()):
        for rule in tax.of(tax_class):
            row = Record.blank(detail, {"SalesOrderNo": header.text("SalesOrderNo"), "TaxClass": tax_class})
            _fill(row, rule, base, discount=cents(base.discountable * share))
            yield row


def _fill(row: Record, rule: TaxRule, base: _Base, *, discount: Decimal) -> None:
    side = "Taxable" if rule.taxable else "NonTaxable"
    rate = rule.rate if rule.taxable else ZERO
    row.put(
        ScheduleSeqNo=rule.sequence,
        TaxCode=rule.code,
        DiscountAmt=discount,
        TaxRate=rate,
        SalesTaxAmt=cents((base.amount - discount) * rate / 100),
    )
    row.put(**{f"{side}SalesAmt": base.amount, f"{side}SalesSubjToDisc": base.discountable})
