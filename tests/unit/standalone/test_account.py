"""The demonstration's account: what balances, what does not, and what it may delete."""

from __future__ import annotations

import io
import os
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from include.standalone import demo
from include.standalone import state as states
from include.standalone.display import Display, order_rows
from include.standalone.processes import state_file
from include.standalone.sessions import Leader
from include.standalone.tally import Progress, Tally, outcomes, sage_totals

TEN, SEVEN = Decimal("10.00"), Decimal("7.50")


def an_account(**changes: Any) -> Tally:
    whole: dict[str, Any] = {
        "announced": frozenset({"1", "2", "3"}),
        "standing": {"loaded": 2, "parked": 1},
        "outcomes": {"1": "loaded", "2": "loaded", "3": "parked"},
        "reasons": [("parked", "item.unknown", 1)],
        "customers_created": 1,
        "in_shop": {"1": TEN, "2": SEVEN, "3": TEN},
        "sage": {"1": [TEN], "2": [SEVEN]},
        "seconds": (1.0, 2.0),
    }
    return Tally(**{**whole, **changes})


def test_a_sound_account_balances() -> None:
    assert an_account().problems() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"standing": {"loaded": 2, "leased": 1}}, "not settled: {'leased': 1}"),
        ({"standing": {"loaded": 2, "in_doubt": 1}}, "not settled: {'in_doubt': 1}"),
        ({"announced": frozenset("1234")}, "1 announced orders never reached the inbox"),
        ({"sage": {"1": [TEN, TEN], "2": [SEVEN]}}, "1 orders stand in Sage more than once"),
        ({"sage": {"1": [TEN]}}, "1 loaded orders are not in Sage"),
        ({"sage": {"1": [TEN], "2": [SEVEN], "3": [TEN]}}, "1 orders in Sage were not reported as loaded"),
        ({"sage": {"1": [TEN], "2": [Decimal("7.49")]}}, "1 orders differ in cents, e.g. ['2']"),
        ({"standing": {}, "outcomes": {}, "sage": {}, "announced": frozenset()}, "no order was loaded"),
    ],
)
def test_each_imbalance_is_named(changes: dict[str, Any], problem: str) -> None:
    assert an_account(**changes).problems() == [problem]


def test_two_errors_that_cancel_out_are_still_found() -> None:
    swapped = an_account(sage={"1": [SEVEN], "2": [TEN]})
    assert swapped.shop_dollars == swapped.sage_dollars
    assert swapped.problems() == ["2 orders differ in cents, e.g. ['1', '2']"]


def test_a_duplicate_row_does_not_hide_what_became_of_the_record() -> None:
    seen = [("1", "loaded"), ("1", "duplicate"), ("2", "duplicate"), ("2", "parked"), ("2", "waiting")]
    assert outcomes(seen) == {"1": "loaded", "2": "parked"}


def test_what_waits_behind_a_parked_order_is_through_and_shown() -> None:
    standing = {"loaded": 2, "parked": 1, "waiting": 1}
    progress = Progress(standing)
    assert progress.settled == progress.received == 4
    assert an_account(standing=standing).problems() == []
    assert ("  waiting", "1", "later events of parked orders") in order_rows(
        an_account(standing=standing), "Zoho"
    )


def test_what_is_leased_or_in_doubt_is_not_through() -> None:
    progress = Progress({"loaded": 3, "parked": 1, "leased": 2, "pending": 4, "in_doubt": 1})
    assert (progress.received, progress.settled) == (11, 4)


def test_sages_total_is_read_to_the_cent_from_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "MAS_ABC.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TABLE SO_SalesOrderHeader (UDF_ZOHO_ORDER_ID TEXT, TaxableAmt DECIMAL(15,2), "
            "NonTaxableAmt DECIMAL(15,2), FreightAmt DECIMAL(15,2), SalesTaxAmt DECIMAL(15,2), "
            "DiscountAmt DECIMAL(15,2))"
        )
        orders = [
            ("1", 0.1, 0.2, 32.38, 0, 0.05),
            ("2", 0, 1, 0, 0, 0),
            ("2", 0, 1, 0, 0, 0),
            ("", 0, 9, 0, 0, 0),
        ]
        connection.executemany("INSERT INTO SO_SalesOrderHeader VALUES (?, ?, ?, ?, ?, ?)", orders)
        connection.commit()
    assert sage_totals(file) == {"1": [Decimal("32.63")], "2": [Decimal("1.00")] * 2}


def test_the_table_shows_every_count_and_the_difference() -> None:
    shown = {name.strip(): (figure, remark) for name, figure, remark in order_rows(an_account(), "Zoho")}
    assert shown["parked"] == ("1", "item.unknown 1")
    assert shown["difference"] == ("0.00", "")
    assert shown["orders in Sage"][0] == "2"


def test_a_log_file_gets_lines_instead_of_a_bar() -> None:
    written = io.StringIO()
    with Display(Console(file=written)).carrying(5) as carrying:
        carrying.show(Progress({"loaded": 3, "leased": 2}))
        carrying.show(Progress({"loaded": 5}))
    assert written.getvalue() == "3 of 5 carried (leased 2, loaded 3)\n"


def test_the_demonstration_begins_with_an_empty_world_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    demo.begin_anew(folder)
    (folder / "logs").mkdir()
    (folder / "old").touch()
    demo.begin_anew(folder)
    assert [path.name for path in folder.iterdir()] == [demo.MARKER]


def test_the_demonstration_deletes_nothing_of_a_site(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{}")
    with pytest.raises(demo.DemoError, match="made by `make up`"):
        demo.begin_anew(tmp_path)
    assert (tmp_path / "ports.json").exists()


def test_two_demonstrations_do_not_share_a_folder(tmp_path: Path) -> None:
    demo.begin_anew(tmp_path / "run")
    states.State(supervisor=Leader.of(os.getpid())).save(state_file(tmp_path / "run"))
    with pytest.raises(demo.DemoError, match="make down"):
        demo.begin_anew(tmp_path / "run")
