"""A company just set up: users, options and the tables that codes are checked against. Site conventions.

Every value goes through the rules that Business Objects apply, so that the company holds nothing that Sage
would not.
"""

from __future__ import annotations

import csv
import secrets
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from include.sandbox.sage100 import database, settings
from include.sandbox.sage100.audit import Stamp
from include.sandbox.sage100.dictionary import Release, dictionary
from include.sandbox.sage100.objects.session import hashed
from include.sandbox.sage100.objects.values import accept
from include.sandbox.sage100.records import Record, save

if TYPE_CHECKING:
    import sqlite3

COUNTRIES = Path(__file__).parent / "countries.csv"
ADMIN_KEY = "0000000001"
API_KEY = "0000000002"
API_USER = "tradebridge"
API_PASSWORD = "sandbox-sage-password"  # noqa: S105 - of a system that is not one

TERMS = {"00": ("Due on Receipt", 0), "01": ("Net 30", 30), "02": ("Net 15", 15), "03": ("Net 60", 60)}
WAREHOUSES = {"000": "Main Warehouse", "001": "West Warehouse"}
SHIP_VIAS = {"SPEEDY": "Speedy Express", "UNITED": "United Package", "FEDERAL": "Federal Shipping"}
PAYMENT_TYPES = {
    "CHECK": ("Check", "C"),
    "CASH": ("Cash", "O"),
    "VISA": ("Visa", "R"),
    "STRP": ("Stripe", "O"),
    "PAYPL": ("PayPal", "O"),
    "ANET": ("Authorize.Net", "O"),
    "PTRC": ("PayTrace", "O"),
    "NUVEI": ("Nuvei", "O"),
    "ACH": ("Bank transfer", "O"),
}
BANKS = {"A": "Main Street Bank"}
CANCEL_REASONS = {
    "CUST": "Customer changed their mind",
    "STOCK": "Out of stock",
    "DUP": "Entered twice",
    "PRICE": "Price not agreed",
    "ZOHO": "Cancelled in the shop",
}
TAXABLE = "TX"
NOT_TAXABLE = "NT"
FREIGHT = "TF"
RATE = Decimal("7.25")
WEB_RATE = Decimal("8.25")


class Books:
    """Writes rows of one company, each checked and stamped by the administrator."""

    def __init__(self, db: sqlite3.Connection, release: Release, now: datetime) -> None:
        self.tables = dictionary(release)
        self._db = db
        self._stamp = Stamp.at(now, ADMIN_KEY)

    def enter(self, table: str, **values: str | int | Decimal) -> Record:
        """Write a row; text that is too long for the release is cut."""
        columns = self.tables[table].columns
        taken = {name: accept(columns[name], value, cut=True) for name, value in values.items()}
        record = Record.blank(self.tables[table], taken)
        self._stamp.mark(record, created=True)
        save(self._db, record)
        return record

    def width(self, table: str, column: str) -> int:
        """Of a text column in this release."""
        return self.tables[table].columns[column].width


def set_up(
    db: sqlite3.Connection, switches: settings.Settings, *, now: datetime | None = None, password: str = ""
) -> Books:
    """Build all tables and fill those that every company has. The caller holds the transaction.

    Args:
        db: the company; whatever it held is gone, but not the seats of running sessions.
        switches: kept with the company; the release says the widths.
        now: what the audit columns show.
        password: of the user ``tradebridge``; blank for the sandbox's usual one.
    """
    sessions = _sessions(db)
    database.build(db, switches.release)
    settings.write(db, switches)
    books = Books(db, switches.release, now or datetime.now(UTC))
    _users(db, books, password or API_PASSWORD)
    _codes(books)
    _taxes(books)
    db.executemany("INSERT INTO SY_Console VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sessions)
    return books


def _sessions(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'SY_Console'").fetchone()
    return [tuple(row) for row in db.execute("SELECT * FROM SY_Console")] if known else []


def _users(db: sqlite3.Connection, books: Books, password: str) -> None:
    books.enter("SY_User", UserKey=ADMIN_KEY, UserLogon="admin", FirstName="Ada", LastName="Admin")
    books.enter("SY_User", UserKey=API_KEY, UserLogon=API_USER, FirstName="Integration", EnableCSODBC="Y")
    salt = secrets.token_hex(8)
    db.execute("INSERT INTO sandbox_password VALUES (?, ?, ?)", (API_USER, salt, hashed(password, salt)))


def _codes(books: Books) -> None:
    books.enter("AR_Division", ARDivisionNo="00", DivisionDesc="Main Division")
    books.enter("AR_Options", ModuleCode="A/R", CustomerNoLength=7)
    books.enter("SO_Options", ModuleCode="S/O")
    for code, (words, days) in TERMS.items():
        books.enter("AR_TermsCode", TermsCode=code, TermsCodeDesc=words, DaysBeforeDue=days)
    for code, words in WAREHOUSES.items():
        books.enter("IM_Warehouse", WarehouseCode=code, WarehouseDesc=words, WarehouseName=words)
    for code, words in SHIP_VIAS.items():
        books.enter("SO_ShippingRateHeader", ShippingCode=code, ShippingCodeDesc=words)
    for code, (words, method) in PAYMENT_TYPES.items():
        books.enter("AR_PaymentType", PaymentType=code, PaymentDesc=words, PaymentMethod=method)
    for code, words in BANKS.items():
        books.enter("GL_Bank", BankCode=code, BankName=words)
    for code, words in CANCEL_REASONS.items():
        books.enter("SO_CancelReasonCode", CancelReasonCode=code, CancelReasonDesc=words)
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            books.enter("SY_Country", **row)


def _taxes(books: Books) -> None:
    for schedule, words, code, rate in (
        ("NONTAX", "Not taxed", "NONTAX", Decimal(0)),
        ("DEFAULT", "Sales tax 7.25 %", "DEFAULT", RATE),
        ("WEBSALES", "US state + local", "WEBSALES", WEB_RATE),
    ):
        books.enter("SY_SalesTaxSchedule", TaxSchedule=schedule, TaxScheduleDesc=words)
        books.enter("SY_SalesTaxScheduleDetail", TaxSchedule=schedule, ScheduleSeqNo="000001", TaxCode=code)
        books.enter("SY_SalesTaxCode", TaxCode=code, TaxCodeDesc=words)
        for tax_class in (TAXABLE, NOT_TAXABLE, FREIGHT):
            taxed = bool(rate) and tax_class == TAXABLE
            books.enter(
                "SY_SalesTaxCodeDetail",
                TaxCode=code,
                TaxClass=tax_class,
                SalesTaxable="Y" if taxed else "N",
                TaxRate=rate if taxed else 0,
            )
