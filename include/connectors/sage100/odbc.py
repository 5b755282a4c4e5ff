"""The connection string of the Sage 100 ODBC driver, and a connection made from it.

The driver opens a log-on window when company, user or password are missing or wrong, and a service
then hangs before an invisible dialog: ``Silent=1`` and a log-on timeout are set, and incomplete
settings are refused here. ``EnforceNullDate=1`` turns a blank date into NULL (without it the first
invalid date ends the reading of a table); ``EnforceDouble=0`` leaves decimals as text.

A value that would end early (``a;b``) is quoted by the ODBC rule: braces, a closing brace doubled. Others
stand bare, because some drivers read the string themselves and take braces for part of the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from include.connectors.sage100.errors import connect_error
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PROVIDEX_DRIVER = "MAS 90 4.0 ODBC Driver"
READ_SETTINGS = {
    "Silent": "1",
    "EnforceNullDate": "1",
    "StripTrailingSpaces": "1",
    "EnforceDouble": "0",
    "DirtyReads": "0",
    "BurstMode": "0",
}
"""How the ProvideX driver is asked to read; a site may override each in ``OdbcSettings.extra``."""

_KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*")
_SPECIAL = re.compile(r";|^[{\s]|\s$")
_UNPRINTABLE = re.compile(r"[\x00-\x1f]")


class Cursor(Protocol):
    """The part of a DB-API cursor that is used."""

    description: Sequence[Sequence[object]] | None

    def execute(self, sql: str, *parameters: object) -> object:
        """Run one statement."""

    def fetchall(self) -> list[Sequence[object]]:
        """Every row of the answer."""

    def columns(self, table: str | None = None) -> Iterable[Sequence[object]]:
        """SQLColumns: the driver's own dictionary."""

    def close(self) -> None:
        """Give the statement back."""


class Connection(Protocol):
    """The part of a pyodbc connection that is used."""

    def cursor(self) -> Cursor:
        """A new cursor."""

    def close(self) -> None:
        """Give the connection back."""


@dataclass(frozen=True, slots=True)
class OdbcSettings:
    """Where and as whom to read.

    Attributes:
        driver: installed driver's name; blank when ``dsn`` names a System DSN. Not ``SOTAMAS90``:
            Sage rewrites that one per user at each start.
        directory: folder of ``providex.ddf`` (the MAS90 folder).
        database: for file drivers (the sandbox) and SQL Server (Premium).
        extra: further keywords, which also override :data:`READ_SETTINGS`.
    """

    driver: str = PROVIDEX_DRIVER
    dsn: str = ""
    company: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    directory: str = ""
    database: str = ""
    server: str = ""
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_providex(self) -> bool:
        """Whether the driver is the one that Sage ships (a DSN is taken for one)."""
        return bool(self.dsn) or "mas 90" in self.driver.casefold() or "providex" in self.driver.casefold()

    def connection_string(self) -> str:
        """Every setting as ``Keyword=value;``.

        Raises:
            ConfigurationError: neither driver nor DSN, a ProvideX log-on without company, user and
                password (the driver would wait for a person), or a keyword that is none.
        """
        pairs = {"DSN": self.dsn} if self.dsn else {"Driver": self.driver}
        if not any(pairs.values()):
            raise ConfigurationError("ODBC needs a driver or a DSN")
        pairs |= {
            "Server": self.server,
            "Database": self.database,
            "Directory": self.directory,
            "Company": self.company,
            "UID": self.user,
            "PWD": self.password,
        }
        if self.is_providex:
            _refuse_incomplete(self)
            pairs = _merged(pairs, READ_SETTINGS)
        pairs = _merged(pairs, self.extra)
        return "".join(f"{_keyword(name)}={quoted(value)};" for name, value in pairs.items() if value != "")


def quoted(value: str) -> str:
    """A connection string value, in braces only where it would end early without."""
    if _UNPRINTABLE.search(value):
        raise ConfigurationError("an ODBC setting holds a control character; was it pasted with a line end?")
    return "{" + value.replace("}", "}}") + "}" if _SPECIAL.search(value) else value


def _refuse_incomplete(settings: OdbcSettings) -> None:
    company = settings.company or settings.user.partition("|")[2]
    wanted = {"company": company, "user": settings.user, "password": settings.password}
    if missing := [name for name, value in wanted.items() if not value]:
        raise ConfigurationError(
            f"the Sage 100 ODBC log-on lacks {', '.join(missing)}; the driver would open a window and hang"
        )


def _merged(pairs: dict[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Keywords are case-insensitive, and a driver takes the first of two: the later replaces."""
    later = {name.casefold() for name in more}
    return {name: value for name, value in pairs.items() if name.casefold() not in later} | dict(more)


def _keyword(name: str) -> str:
    if not _KEYWORD.fullmatch(name):
        raise ConfigurationError(f"{name!r} is no ODBC keyword")
    return name


def connect(connection_string: str, *, timeout: int = 15) -> Connection:
    """Log on; reads need no transaction, and the driver has none.

    Args:
        connection_string: from :meth:`OdbcSettings.connection_string`.
        timeout: seconds for the log-on.

    Raises:
        TransientError: the server cannot be reached.
        AuthenticationError: user, password or company are refused.
        ConfigurationError: the driver is not installed.
    """
    pyodbc = import_module("pyodbc")
    try:
        return cast("Connection", pyodbc.connect(connection_string, autocommit=True, timeout=timeout))
    except pyodbc.Error as error:
        raise connect_error(error) from None
