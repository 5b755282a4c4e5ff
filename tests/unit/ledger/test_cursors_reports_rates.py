"""The small repositories: watermarks, closed books, exchange rates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from include.ledger import Delivery, Ledger, Rate

FLOW = "zoho_orders_to_sage100"


@pytest.mark.parametrize(
    ("stands", "earlier", "later"),
    [
        ("2026-11-21T12:00:00-05:00", "2026-11-21T16:59:59+00:00", "2026-11-21T17:00:01+00:00"),
        ("99", "9", "100"),
        ("b", "a", "c"),
        ("2026-11-21T12:00:00", "2026-11-21T11:00:00", "2026-11-21T13:00:00"),
    ],
)
def test_a_cursor_only_moves_forward(ledger: Ledger, stands: str, earlier: str, later: str) -> None:
    assert ledger.cursors.get("sweep") is None
    assert ledger.cursors.advance("sweep", stands)
    assert not ledger.cursors.advance("sweep", earlier)
    assert not ledger.cursors.advance("sweep", stands)
    assert ledger.cursors.get("sweep") == stands
    assert ledger.cursors.advance("sweep", later)
    assert ledger.cursors.advance("sweep", earlier, force=True)
    assert ledger.cursors.get("sweep") == earlier


def test_a_mark_without_an_order_is_put_with_what_belongs_to_it(ledger: Ledger) -> None:
    """C12: rows and the place behind them are durable together, or neither is."""
    delivery = Delivery("salesforce", "customer", "001A", "d-1", "", b"")
    with ledger.database.begin("keep") as connection:
        assert ledger.inbox.keep_in(connection, FLOW, [delivery, delivery]) == 1
        ledger.cursors.put_in(connection, "place", "ff01")

    def broken_off() -> None:
        with ledger.database.begin("keep") as connection:
            assert ledger.inbox.keep_in(connection, FLOW, [replace(delivery, delivery_id="d-2")]) == 1
            ledger.cursors.put_in(connection, "place", "0002")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert ledger.cursors.get("place") == "ff01"
    assert ledger.inbox.tally(FLOW) == {"pending": 1}
    with ledger.database.begin("keep") as connection:
        assert ledger.inbox.keep_in(connection, FLOW, []) == 0
        ledger.cursors.put_in(connection, "place", "0002")
    assert ledger.cursors.get("place") == "0002"


def test_a_cursor_is_replaced_only_where_it_stands(ledger: Ledger) -> None:
    ledger.cursors.advance("mark", "a")
    assert ledger.cursors.replace("mark", "a", "b")
    assert not ledger.cursors.replace("mark", "a", "c")
    assert not ledger.cursors.replace("none", "a", "b")
    assert ledger.cursors.get("mark") == "b"


def test_cursors_are_listed_by_how_their_names_begin(ledger: Ledger, clock) -> None:
    for name in ("a_b/2", "a_b/1", "axb/3"):
        ledger.cursors.advance(name, name[-1])
    assert [(each.name, each.value, each.updated_at) for each in ledger.cursors.under("a_b/")] == [
        ("a_b/1", "1", clock()),
        ("a_b/2", "2", clock()),
    ]
    with ledger.database.begin("forget") as connection:
        ledger.cursors.forget_in(connection, "a_b/1")
    assert ledger.cursors.get("a_b/1") is None


def test_a_report_says_whether_its_run_balances(ledger: Ledger, clock) -> None:
    ledger.reports.save(flow=FLOW, run_id="run 1", counts={"received": 5, "loaded": 3, "parked": 1})
    clock.pass_(minutes=1)
    ledger.reports.save(flow=FLOW, run_id="run 2", counts={"received": 2, "loaded": 2})
    ledger.reports.save(flow=FLOW, run_id="run 1", counts={"received": 5, "loaded": 4, "parked": 1})
    report = ledger.reports.get(FLOW, "run 1")
    assert report is not None
    assert (report.received, report.balanced, report.counts["loaded"]) == (5, True, 4)
    assert len(ledger.reports.list(FLOW)) == 2
    assert ledger.reports.get(FLOW, "run 3") is None


def test_a_run_that_lost_a_row_does_not_balance(ledger: Ledger) -> None:
    ledger.reports.save(flow=FLOW, run_id="run", counts={"received": 5, "loaded": 4})
    (report,) = ledger.reports.list()
    assert not report.balanced


def test_reports_come_newest_first(ledger: Ledger, clock) -> None:
    for number in range(3):
        ledger.reports.save(flow=FLOW, run_id=f"run {number}", counts={})
        clock.pass_(hours=1)
    assert [report.run_id for report in ledger.reports.list(limit=2)] == ["run 2", "run 1"]
    recent = ledger.reports.list(FLOW, since=clock() - timedelta(minutes=90))
    assert [report.run_id for report in recent] == ["run 2"]


def test_a_rate_holds_until_the_next_one(ledger: Ledger) -> None:
    monday = Rate("EUR", "USD", date(2026, 11, 16), Decimal("1.1000000001"), "ecb")
    friday = Rate("EUR", "USD", date(2026, 11, 20), Decimal("1.2"), "ecb")
    assert ledger.rates.put([friday, monday]) == 2
    assert ledger.rates.at("EUR", "USD", date(2026, 11, 19)) == monday
    assert ledger.rates.at("EUR", "USD", date(2026, 12, 1)) == friday
    assert ledger.rates.at("EUR", "USD", date(2026, 11, 15)) is None
    assert ledger.rates.at("USD", "EUR", date(2026, 11, 19)) is None
    assert ledger.rates.all() == [monday, friday]


def test_a_late_rate_replaces_that_days(ledger: Ledger) -> None:
    day = date(2026, 11, 16)
    ledger.rates.put([Rate("EUR", "USD", day, Decimal("1.1"))])
    ledger.rates.put([Rate("EUR", "USD", day, Decimal("1.3"), "late")])
    assert ledger.rates.at("EUR", "USD", day) == Rate("EUR", "USD", day, Decimal("1.3"), "late")
    assert ledger.rates.put([]) == 0
