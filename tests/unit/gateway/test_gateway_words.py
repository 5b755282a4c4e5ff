"""Words of Sage into codes, values into Sage's forms, settings out of the environment."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from include.gateway.dictionary import Column, Judge, Kind, column, to_sage
from include.gateway.messages import ANYTHING_ELSE, MessageTable
from include.gateway.objects import load_objects
from include.gateway.reading import number, shown
from include.gateway.settings import Settings


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("This customer PO number already exists on one or more sales orders or invoices.", "duplicate_po"),
        ("The ItemCode is not on file.", "not_on_file"),
        ("The OrderDate is required.", "required"),
        ("The item is inactive.", "inactive"),
        ("The item is not set up for sales order entry.", "inactive"),
        ("The customer is on credit hold.", "credit_hold"),
        ("The customer's credit limit is exceeded.", "credit_limit"),
        ("The date is not within an open fiscal period.", "closed_period"),
        ("The user is not authorized for the task SO_SalesOrder_ui.", "not_authorised"),
        ("The record is in use by another user.", "locked"),
        ("The company is in exclusive use. Try again later.", "exclusive"),
        ("The maximum number of users has been reached.", "no_seat"),
        ("Entry exceeds available quantity.", "insufficient_stock"),
        ("The sales order is in invoice data entry.", "locked_in_erp"),
        ("The CustomerName is too long: 51 characters, 50 fit.", "too_long"),
        ("Something nobody has seen yet", ANYTHING_ELSE),
    ],
)
def test_messages_are_sorted_by_their_words(message: str, code: str) -> None:
    assert MessageTable.load().code_of(message) == code


def test_a_sites_own_patterns_come_first(tmp_path: Path) -> None:
    own = tmp_path / "site.toml"
    own.write_text("[[rule]]\ncode = 'inactive'\npattern = 'not on file'\n")
    assert MessageTable.load(own).code_of("The ItemCode is not on file.") == "inactive"


def test_a_pattern_that_is_none_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    own = tmp_path / "site.toml"
    own.write_text("[[rule]]\ncode = 'x'\npattern = '('\n")
    with pytest.raises(ValueError, match=r"site\.toml"):
        MessageTable.load(own)


@given(st.decimals(min_value=0, max_value=Decimal("99999999.999999"), places=6))
def test_a_quantity_survives_the_double_that_sage_takes(quantity: Decimal) -> None:
    """No cent is lost at the one place where an amount becomes a float."""
    spoken = to_sage(Column("QuantityOrdered", Kind.NUMBER, 0), str(quantity))
    assert number(spoken) == quantity


@given(st.decimals(min_value=0, max_value=Decimal("999999999.99"), places=2))
def test_an_amount_survives_the_double_that_sage_takes(amount: Decimal) -> None:
    assert number(to_sage(Column("FreightAmt", Kind.NUMBER, 0), str(amount))) == amount


def test_kinds_are_read_from_what_drivers_say() -> None:
    assert column("UnitPrice", 12, "DECIMAL(15,6)", 6).kind is Kind.NUMBER
    assert column("UnitPrice", 8, "DOUBLE", 15).spoken == "UnitPrice"
    assert column("OrderDate", 91, "DATE", 0).spoken == "OrderDate$"
    assert column("Comment", 12, "CHAR(30)", 30) == Column("Comment", Kind.TEXT, 30)


@pytest.mark.parametrize("sign", ["\x00", "\u0160", "\u732b", "\x1b", "\u202e"])
def test_signs_that_break_or_blur_a_record_are_refused(sign: str) -> None:
    """Byte 8A divides the fields of a record; what the code page lacks would become a question mark."""
    judge = Judge({"T": {"Comment": Column("Comment", Kind.TEXT, 30)}}, "cp1252")
    assert [finding.code for finding in judge.findings("T", {"Comment": f"a{sign}"}, source="header")] == [
        "invalid_value"
    ]


@pytest.mark.parametrize("text", ["Blondesddsl père et fils", "Grüne Straße\r\n2", "a\tb €"])
def test_western_letters_pass(text: str) -> None:
    judge = Judge({"T": {"Comment": Column("Comment", Kind.TEXT, 30)}}, "cp1252")
    assert list(judge.findings("T", {"Comment": text}, source="header")) == []


def test_cells_are_shown_as_text() -> None:
    from datetime import date, datetime

    assert [shown(cell) for cell in (Decimal("12.100"), 0.1, 5.0, date(1753, 1, 1), None, "x")] == [
        "12.1", "0.1", "5", None, None, "x",
    ]  # fmt: skip
    assert shown(datetime(2026, 1, 31)) == "2026-01-31"  # noqa: DTZ001 - a driver's timestamp


def test_settings_come_from_variables_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "password"
    secret.write_text("from a file\n")
    for name, value in {
        "TOKENS": "a, b", "HOME": "/sage", "COMPANY": "ABC", "USER": "u", "ODBC": "DSN=x",
        "STATE": str(tmp_path),        "WORKERS": "2", "PASSWORD_FILE": str(secret),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"TRADEBRIDGE_GATEWAY_{name}", value)
    settings = Settings()
    assert [token.get_secret_value() for token in settings.tokens] == ["a", "b"]
    assert (settings.password.get_secret_value(), settings.workers, settings.objects) == (
        "from a file",
        2,
        "com",
    )
    assert "from a file" not in repr(settings)


@pytest.mark.parametrize("tokens", ["", " , ", ()])
def test_a_gateway_without_tokens_does_not_start(make_settings: object, tokens: object) -> None:
    with pytest.raises(ValidationError):
        make_settings(tokens=tokens)  # type: ignore[operator]


@pytest.mark.parametrize("where", ["com", "nowhere:Script", "json:Nothing", "json"])
def test_objects_that_are_not_there_are_named(where: str) -> None:
    with pytest.raises(ValueError, match="TRADEBRIDGE_GATEWAY_OBJECTS"):
        load_objects(where)
