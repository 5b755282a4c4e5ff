"""What differs from one customer's site to the next, as pure data.

Translation reads nothing by itself: whoever calls it brings reference tables, rates and settings, and
so a replay with the same site gives the same bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Protocol

from include.errors import ConfigurationError
from include.translation.suggest import among

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.translation.reference import Reference

ONE = Decimal(1)


class DatedRate(Protocol):
    """One row of a rate table: ``rate`` units of ``quote`` for one unit of ``base``."""

    @property
    def base(self) -> str:
        """Currency that is priced."""

    @property
    def quote(self) -> str:
        """Currency in which it is priced."""

    @property
    def on_date(self) -> date:
        """Day from which the rate holds."""

    @property
    def rate(self) -> Decimal:
        """Price of one unit of base."""

    @property
    def source(self) -> str:
        """Who said so."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A dated exchange rate; 1 ``base`` is worth ``rate`` ``quote``."""

    base: str
    quote: str
    on_date: date
    rate: Decimal
    source: str = ""


class RateTable:
    """Dated exchange rates.

    A rate holds from its day until the next one, at most ``holds`` long: a feed that stopped months ago
    must not price today's orders.

    Args:
        rates: in any order.
        holds: how long a rate may be used when no newer one follows.
    """

    def __init__(self, rates: Iterable[DatedRate] = (), *, holds: timedelta = timedelta(days=7)) -> None:
        self._holds = holds
        self._rates: dict[tuple[str, str], list[DatedRate]] = {}
        for rate in sorted(rates, key=lambda r: r.on_date):
            self._rates.setdefault((rate.base, rate.quote), []).append(rate)

    def at(self, currency: str, company: str, on: date) -> Rate | None:
        """What one unit of ``currency`` is worth in ``company`` on a day, or None when nobody said.

        A rate that is known only the other way round is turned, to 10 decimals, half up.
        """
        if currency == company:
            return Rate(currency, company, on, ONE, "same currency")
        direct = self._find(currency, company, on)
        if direct is not None:
            return Rate(currency, company, direct.on_date, direct.rate, direct.source)
        turned = self._find(company, currency, on)
        if turned is None:
            return None
        rate = (ONE / turned.rate).quantize(Decimal("1e-10"), rounding=ROUND_HALF_UP)
        return Rate(currency, company, turned.on_date, rate, turned.source)

    def _find(self, base: str, quote: str, on: date) -> DatedRate | None:
        rates = self._rates.get((base, quote), [])
        at = bisect_right(rates, on, key=lambda r: r.on_date)
        return rates[at - 1] if at and on - rates[at - 1].on_date <= self._holds else None


@dataclass(frozen=True)
class Site:
    """References, rates and settings of one customer's site.

    Attributes:
        references: by the names that mappings use: items, terms, warehouses, ship_via,
            tax_schedules, countries.
        rates: dated exchange rates.
        settings: values that mappings name under ``settings``.
        time_zone: IANA zone of the source organisation, for times that come without an offset.
        widths: characters that a text column of the ERP holds, by (table, column); what is not named
            here is neither fitted nor measured.
    """

    references: Mapping[str, Reference] = field(default_factory=dict)
    rates: RateTable = field(default_factory=RateTable)
    settings: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    widths: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def reference(self, name: str) -> Reference:
        """A reference table.

        Raises:
            ConfigurationError: the site has none of that name.
        """
        if name not in self.references:
            raise ConfigurationError(f"the site has no reference {name!r}{among(name, self.references)}")
        return self.references[name]

    def width(self, table: str, column: str) -> int | None:
        """How many characters a column of the ERP holds, or None when the site did not say."""
        return self.widths.get((table, column))
