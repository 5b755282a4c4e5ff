"""The company as the control calls reach it: opened, its refusals as HTTP answers, its rows as JSON."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict

from include.sandbox.sage100 import company as companies
from include.sandbox.sage100 import database, settings
from include.sandbox.sage100.accounts import Accounts
from include.sandbox.sage100.audit import Stamp
from include.sandbox.sage100.dictionary import dictionary
from include.sandbox.sage100.refusals import NotNowError, NotOnFileError, RefusedError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from include.sandbox.sage100.records import Record

Row = dict[str, Any]


class Ask(BaseModel):
    """What a control call may carry."""

    model_config = ConfigDict(extra="forbid")


class Company:
    """The company that the calls are about."""

    def __init__(self, home: Path, code: str) -> None:
        self.home = home
        self.code = code

    @contextmanager
    def opened(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The database; 404 what is not there, 409 what the books do not allow now, 422 what Sage refuses."""
        try:
            with database.opened(database.company_file(self.home, self.code)) as db:
                if not write:
                    yield db
                    return
                with database.writing(db):
                    yield db
        except FileNotFoundError as error:
            raise HTTPException(404, str(error)) from error
        except NotOnFileError as error:
            raise HTTPException(404, str(error)) from error
        except NotNowError as error:
            raise HTTPException(409, str(error)) from error
        except RefusedError as error:
            raise HTTPException(422, str(error)) from error

    @contextmanager
    def worked(self) -> Iterator[Accounts]:
        """The accounts in the hands of a person at a screen; what they do stands whole or not at all."""
        with self.opened(write=True) as db:
            yield self.accounts(db)

    def accounts(self, db: sqlite3.Connection) -> Accounts:
        """The accounts in the administrator's hands, now."""
        switches = settings.read(db)
        now = settings.local(datetime.now(UTC), switches)
        stamp = Stamp.at(now, companies.ADMIN_KEY)
        return Accounts(db, dictionary(switches.release), stamp, switches)


def shown(record: Record) -> Row:
    """A record as JSON: numbers as text, dates ISO, blank dates null."""

    def cell(name: str) -> str | None:
        value = record.values[name]
        if record.table.columns[name].kind != "date":
            return str(value)
        return f"{value[:4]}-{value[4:6]}-{value[6:]}" if isinstance(value, str) and value else None

    return {name: cell(name) for name in record.values}
