"""The connection string, and what a driver's errors become (A19)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.canonical import Reason
from include.connectors.sage100 import OdbcSettings, connect
from include.connectors.sage100.errors import REASONS, connect_error, query_error, reason_for
from include.connectors.sage100.odbc import quoted
from include.errors import AuthenticationError, ConfigurationError, TransientError, UnreachableError

ProvideX = {"company": "ABC", "user": "reader", "password": "pw"}


def parsed(text: str) -> dict[str, str]:
    """A connection string as a driver manager reads it."""
    pairs, place = {}, 0
    while place < len(text):
        name, _, _ = text[place:].partition("=")
        place += len(name) + 1
        value = ""
        if text[place : place + 1] == "{":
            place += 1
            while True:
                if text[place : place + 2] == "}}":
                    value, place = value + "}", place + 2
                elif text[place] == "}":
                    place += 1
                    break
                else:
                    value, place = value + text[place], place + 1
        else:
            value = text[place:].partition(";")[0]
            place += len(value)
        assert text[place] == ";"
        place += 1
        pairs[name] = value
    return pairs


def test_the_driver_is_asked_to_stay_silent_and_to_read_blank_dates() -> None:
    pairs = parsed(OdbcSettings(**ProvideX, directory=r"\\sage\MAS90").connection_string())
    assert pairs == {
        "Driver": "MAS 90 4.0 ODBC Driver",
        "Directory": r"\\sage\MAS90",
        "Company": "ABC",
        "UID": "reader",
        "PWD": "pw",
        "Silent": "1",
        "EnforceNullDate": "1",
        "StripTrailingSpaces": "1",
        "EnforceDouble": "0",
        "DirtyReads": "0",
        "BurstMode": "0",
    }


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=32, blacklist_categories=("Cs",)), min_size=1))
def test_any_password_stays_one_password(password: str) -> None:
    settings = OdbcSettings(company="ABC", user="reader", password=password)
    assert parsed(settings.connection_string())["PWD"] == password


def test_only_a_value_that_would_end_early_is_put_in_braces() -> None:
    """Some drivers read the string themselves and know no braces."""
    assert quoted("a;b}c") == "{a;b}}c}"
    assert quoted("{a") == "{{a}"
    assert quoted(" a") == "{ a}"
    assert quoted("p@ss(w)=r?d!") == "p@ss(w)=r?d!"


def test_a_line_end_in_a_setting_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        quoted("hunter2\n")
    assert "hunter2" not in str(refusal.value)


def test_the_settings_of_a_site_replace_ours_whatever_their_case() -> None:
    pairs = parsed(
        OdbcSettings(**ProvideX, extra={"burstmode": "1", "RemoteHost": "sage"}).connection_string()
    )
    assert pairs["burstmode"] == "1"
    assert "BurstMode" not in pairs
    assert pairs["RemoteHost"] == "sage"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (OdbcSettings(), "company, user, password"),
        (OdbcSettings(dsn="SageSilent", user="reader", password="x"), "company"),
        (OdbcSettings(driver=""), "a driver or a DSN"),
        (OdbcSettings(**ProvideX, extra={"a=b;c": "1"}), "no ODBC keyword"),
    ],
)
def test_settings_that_would_open_a_window_or_break_the_string_are_refused(
    settings: OdbcSettings, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        settings.connection_string()


def test_a_company_behind_the_user_name_is_enough() -> None:
    assert "UID=reader|ABC;" in OdbcSettings(user="reader|ABC", password="pw").connection_string()


def test_the_settings_do_not_show_the_password() -> None:
    assert "hunter2" not in repr(OdbcSettings(company="ABC", user="reader", password="hunter2"))


def test_a_path_with_signs_and_blanks_is_opened_by_the_real_driver(tmp_path: Path) -> None:
    file = tmp_path / "MAS (ABC), copy.sqlite"
    connection = connect(OdbcSettings(driver="SQLite3", database=str(file)).connection_string())
    connection.cursor().execute("CREATE TABLE T (A CHAR(1))")
    connection.close()
    assert file.is_file()


def test_a_driver_that_is_not_installed_is_a_matter_of_configuration() -> None:
    settings = OdbcSettings(driver="No Such Driver", user="u", password="hunter2")
    with pytest.raises(ConfigurationError, match="not installed") as refusal:
        connect(settings.connection_string())
    assert refusal.value.__cause__ is None
    assert "hunter2" not in str(refusal.value)


def test_a_database_that_cannot_be_opened_is_asked_again_later(tmp_path: Path) -> None:
    settings = OdbcSettings(driver="SQLite3", database=str(tmp_path / "no" / "such.sqlite"))
    with pytest.raises(TransientError):
        connect(settings.connection_string())


@pytest.mark.parametrize(
    ("state", "text", "kind"),
    [
        ("28000", "[ProvideX][ODBC Driver]Logon failed UID=reader;PWD=hunter2", AuthenticationError),
        ("IM002", "[Microsoft][ODBC Driver Manager] Data source name not found", ConfigurationError),
        ("01000", "[unixODBC][Driver Manager]Can't open lib 'x' : file not found", ConfigurationError),
        ("08001", "[ProvideX][ODBC Driver]Could not connect PWD=hunter2", UnreachableError),
        ("HY000", "connect failed (14) PWD=hunter2", UnreachableError),
    ],
)
def test_a_failed_log_on_says_what_to_do_and_never_the_password(
    state: str, text: str, kind: type[Exception], driver_error: Callable[[str, str], Exception]
) -> None:
    verdict = connect_error(driver_error(state, text))
    assert type(verdict) is kind
    assert "hunter2" not in str(verdict)


@pytest.mark.parametrize(
    ("state", "text", "kind", "said"),
    [
        (
            "42S22",
            "[ProvideX][ODBC Driver]Column not found: UDF_ZOHO",
            ConfigurationError,
            "no column UDF_ZOHO",
        ),
        (
            "S0022",
            "[ProvideX][ODBC Driver][FILEIO]Column 'UDF_ZOHO'",
            ConfigurationError,
            "no column UDF_ZOHO",
        ),
        ("42S02", "Invalid object name 'CI_Item'", ConfigurationError, "CI_Item or one of its columns"),
        ("HY000", "[SQLite]no such column: UDF_ZOHO (1)", ConfigurationError, "no column UDF_ZOHO"),
        (
            "37000",
            "[ProvideX]Expected lexical element not found: FROM",
            ConfigurationError,
            "does not accept",
        ),
        ("HY000", '[SQLite]near "x": syntax error', ConfigurationError, "does not accept"),
        ("28000", "SELECT permission was denied", AuthenticationError, "may not read CI_Item"),
        ("08S01", "Communication link failure", TransientError, "connection lost"),
        ("HYT00", "Timeout expired", TransientError, "connection lost or timed out"),
        ("HY000", "[SQLite]database is locked (5)", TransientError, "file in use"),
        ("S1000", "[ProvideX][FILEIO] Table is not accessible: record busy", TransientError, "file in use"),
        ("S1000", "something nobody has seen", TransientError, "driver trouble"),
    ],
)
def test_a_failed_query_names_table_and_column_and_its_verdict(
    state: str, text: str, kind: type[Exception], said: str, driver_error: Callable[[str, str], Exception]
) -> None:
    error = driver_error(state, f"{text} DSN=x;PWD=hunter2")
    verdict = query_error(error, query="items", table="CI_Item", columns=("ItemCode", "UDF_ZOHO"))
    assert type(verdict) is kind
    assert said in str(verdict)
    assert "'items' on CI_Item" in str(verdict)
    assert "hunter2" not in str(verdict)


def test_every_refusal_code_of_the_gateway_has_a_reason_and_an_unknown_one_is_a_refusal() -> None:
    documented = (
        "not_on_file required too_long inactive credit_hold credit_limit closed_period not_authorised"
        " invalid_value read_back_differs key_reused locked_in_erp held_otherwise order_on_hold"
    )
    assert set(documented.split()) <= set(REASONS)
    assert reason_for("credit_hold") is Reason.CREDIT_HOLD
    assert reason_for("credit_limit") is Reason.CREDIT_LIMIT
    assert reason_for("a code of next year") is Reason.REFUSED
