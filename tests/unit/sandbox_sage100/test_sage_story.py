"""What the company holds when a story has been told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.sandbox import northwind
from include.sandbox.sage100 import database
from include.sandbox.sage100.__main__ import main
from include.sandbox.sage100.objects import Script
from include.sandbox.sage100.story import customer_numbers, load
from tests.unit.sandbox_sage100.desk import NUMBERED, Sage, written


@pytest.fixture
def db(home: Path) -> Iterator[sqlite3.Connection]:
    with database.opened(database.company_file(home)) as connection:
        yield connection


def test_customers_whom_sage_knows_are_there_half_under_numbers(db: sqlite3.Connection) -> None:
    numbers = [row["CustomerNo"] for row in db.execute("SELECT CustomerNo FROM AR_Customer")]
    known = [c for c in northwind.customers().values() if c.in_sage]
    assert sorted(numbers) == sorted(customer_numbers().values())
    assert len(numbers) == len(known) == 61
    assert sum(number.isdecimal() for number in numbers) == 31


def test_every_fifth_customer_cannot_be_found_by_email(db: sqlite3.Connection) -> None:
    emails = {c.email for c in northwind.customers().values()}
    rows = db.execute("SELECT EmailAddress, TelephoneNo, ZipCode FROM AR_Customer").fetchall()
    other = [row for row in rows if row["EmailAddress"] not in emails]
    assert len(other) == 61 // 5
    assert {row["EmailAddress"] == "" for row in other} == {True, False}
    assert all(row["TelephoneNo"] for row in other)


def test_states_are_two_letters_or_blank(db: sqlite3.Connection) -> None:
    states = {row["State"] for row in db.execute("SELECT State FROM AR_Customer")}
    assert {"OR", "SP", ""} <= states
    assert all(len(state) in {0, 2} for state in states)


def test_long_streets_go_on_in_the_next_line(db: sqlite3.Connection) -> None:
    sql = "SELECT AddressLine1, AddressLine2 FROM AR_Customer WHERE AddressLine1 LIKE 'Carrera 52%'"
    (row,) = db.execute(sql).fetchall()
    assert f"{row[0]} {row[1]}" == "Carrera 52 con Ave. Bolívar #65-98 Llano Largo"


def test_goods_are_there_with_stock_and_the_charge_items(db: sqlite3.Connection) -> None:
    kinds = dict(db.execute("SELECT ItemType, count(*) FROM CI_Item GROUP BY ItemType").fetchall())
    assert kinds == {"1": 77, "3": 1, "4": 1, "5": 5}
    on_hand = db.execute("SELECT SUM(QuantityOnHand) FROM IM_ItemWarehouse").fetchone()[0]
    assert on_hand == sum(product.in_stock for product in northwind.products().values())
    assert db.execute("SELECT count(*) FROM IM_ItemWarehouse WHERE WarehouseCode = '001'").fetchone()[0] > 20


def test_old_skus_lead_to_items_through_the_alias_table(db: sqlite3.Connection) -> None:
    aliases = dict(db.execute("SELECT AliasItemNo, ItemCode FROM IM_AliasItem").fetchall())
    assert aliases["OLD/13"] == "NW-0013"
    assert len(aliases) == 5


def test_northwinds_countries_terms_and_carriers_are_on_file(db: sqlite3.Connection) -> None:
    countries = dict(db.execute("SELECT ISOCountryCode, CountryCode FROM SY_Country").fetchall())
    assert all(countries[two] == three for two, three in northwind.COUNTRIES.values())
    terms = dict(db.execute("SELECT TermsCode, TermsCodeDesc FROM AR_TermsCode").fetchall())
    assert terms == {"00": "Due on Receipt", "01": "Net 30", "02": "Net 15", "03": "Net 60"}
    carriers = {row[0] for row in db.execute("SELECT ShippingCodeDesc FROM SO_ShippingRateHeader")}
    assert carriers == set(northwind.shippers().values())


def test_an_empty_company_has_codes_and_no_records(tmp_path: Path) -> None:
    with database.opened(load(tmp_path, "empty")) as db:
        assert db.execute("SELECT count(*) FROM SY_SalesTaxSchedule").fetchone()[0] == 3
        assert db.execute("SELECT count(*) FROM CI_Item").fetchone()[0] == 0


def test_a_story_told_again_begins_anew_but_keeps_running_sessions(sage: Sage) -> None:
    written(sage)
    load(sage.home)
    assert not sage.rows("SELECT * FROM SO_SalesOrderHeader")
    assert len(sage.rows("SELECT * FROM SY_Console")) == 1
    assert written(sage, customer=NUMBERED) == "0000001"


def test_the_command_makes_a_company_one_can_log_on_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["load", "--home", str(tmp_path / "sage"), "--password", "of-my-own"]) == 0
    assert "AR_Customer 61" in capsys.readouterr().out
    script = Script()
    script.Init(str(tmp_path / "sage"))
    session = script.NewObject("SY_Session")
    assert session.nSetUser("tradebridge", "of-my-own") == 1
    session.nCleanup()
