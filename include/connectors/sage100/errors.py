"""What a driver or the gateway says, turned into our error tree.

A driver's text never crosses this border: on some failures it quotes the connection string with the
password. What crosses is the SQLSTATE, which query of ours was running, and those of our own column
names that the text mentions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.canonical.reasons import Reason
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    IntegrationError,
    TransientError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

REASONS: dict[str, Reason] = {
    "not_on_file": Reason.NO_REFERENCE,
    "required": Reason.MISSING,
    "too_long": Reason.TOO_LONG,
    "inactive": Reason.INACTIVE_REFERENCE,
    "credit_hold": Reason.CREDIT_HOLD,
    "credit_limit": Reason.CREDIT_LIMIT,
    "closed_period": Reason.REFUSED,
    "not_authorised": Reason.REFUSED,
    "invalid_value": Reason.REFUSED,
    "key_reused": Reason.REFUSED,
    "read_back_differs": Reason.READ_BACK_DIFFERS,
    "locked_in_erp": Reason.LOCKED_IN_TARGET,
    "held_otherwise": Reason.LOCKED_IN_TARGET,
    "order_on_hold": Reason.LOCKED_IN_TARGET,
}
"""The gateway's issue codes as reasons of the exceptions desk."""

_SIGN_IN = ("28",)
_WAIT = ("08", "40", "HYT", "S1T")
_NAMES = ("42S", "S00", "42703", "42P01")
_SYNTAX = ("42", "37", "22", "07")
_BUSY = re.compile(
    r"locked|busy|in use|time[ d-]*out|timed out|connection|network|socket|broken pipe", re.IGNORECASE
)
_NO_COLUMN = re.compile(
    r"column|no such|not found|invalid object|not accessible|unknown (?:field|table)", re.IGNORECASE
)
_WRONG_SQL = re.compile(r"syntax|incomplete input|lexical element|unexpected", re.IGNORECASE)
_NO_DRIVER = re.compile(r"can't open lib|data source name not found|no default driver", re.IGNORECASE)


def reason_for(code: str) -> Reason:
    """The reason code of one gateway issue; what we do not know is a refusal, never a success."""
    return REASONS.get(code, Reason.REFUSED)


def connect_error(error: Exception) -> IntegrationError:
    """What a failed connection means.

    Returns:
        AuthenticationError when the user is refused, ConfigurationError when the driver or data
        source is not installed, else UnreachableError: a server that is down comes back.
    """
    state, text = _said(error)
    if state.startswith(_SIGN_IN):
        return AuthenticationError(
            f"Sage 100 refuses the ODBC user (SQLSTATE {state}); check user, password, company"
        )
    if state.startswith("IM") or _NO_DRIVER.search(text):
        return ConfigurationError(
            f"the ODBC driver or data source is not installed (SQLSTATE {state}); "
            "install it for this process's bitness or correct its name"
        )
    return UnreachableError(f"no ODBC connection to Sage 100 (SQLSTATE {state or 'none'})")


def query_error(error: Exception, *, query: str, table: str, columns: Iterable[str] = ()) -> IntegrationError:
    """What a failed query means.

    Args:
        error: the driver's.
        query: name of the query.
        table: the table it reads.
        columns: the columns it names; those that the driver complains of are said.
    """
    state, text = _said(error)
    told = f"query {query!r} on {table} failed (SQLSTATE {state or 'none'})"
    if state.startswith(_SIGN_IN):
        return AuthenticationError(f"{told}: the ODBC user may not read {table}")
    if state.startswith(_WAIT):
        return TransientError(f"{told}: connection lost or timed out")
    if _WRONG_SQL.search(text):
        return ConfigurationError(f"{told}: the driver does not accept the statement")
    if state.startswith(_NAMES) or (_NO_COLUMN.search(text) and not _BUSY.search(text)):
        return ConfigurationError(f"{told}: {_missing(text, table, columns)}")
    if state.startswith(_SYNTAX):
        return ConfigurationError(f"{told}: the driver does not accept the statement")
    return TransientError(f"{told}: file in use or driver trouble")


def _missing(text: str, table: str, columns: Iterable[str]) -> str:
    """Our own names that the driver's text mentions; never the text."""
    words = {word.casefold() for word in re.findall(r"\w+", text)}
    named = [column for column in columns if column.casefold() in words]
    if named:
        return f"no column {', '.join(named)} in {table}"
    return f"{table} or one of its columns is not there or not readable"


def _said(error: Exception) -> tuple[str, str]:
    """SQLSTATE and text of a DB-API error, whichever way the driver packs them."""
    parts = [str(part) for part in error.args]
    text = " ".join(parts)
    found = next((part for part in parts if re.fullmatch(r"[A-Z0-9]{5}", part)), "")
    if not found and (bracketed := re.search(r"\[([A-Z0-9]{5})\]", text)):
        found = bracketed.group(1)
    return found, text
