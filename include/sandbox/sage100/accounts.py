"""The tables of a company in the hands of somebody who works on them: who, when, under which switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.sandbox.sage100 import holders, records
from include.sandbox.sage100.records import Record
from include.sandbox.sage100.refusals import IN_USE, NotNowError, NotOnFileError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from include.sandbox.sage100.audit import Stamp
    from include.sandbox.sage100.dictionary import Table
    from include.sandbox.sage100.records import Value
    from include.sandbox.sage100.settings import Settings


@dataclass(frozen=True)
class Accounts:
    """Rows in and out by table name. The caller holds the transaction.

    ``holder`` is the session that works; a person at a screen needs none.
    """

    db: sqlite3.Connection
    tables: Mapping[str, Table]
    stamp: Stamp
    switches: Settings
    holder: holders.Holder | None = None

    def blank(self, table: str, **given: Value) -> Record:
        """A new row, not yet written."""
        return Record.blank(self.tables[table], given)

    def find(self, table: str, *key: str) -> Record | None:
        """The row with this key, or of its first columns."""
        return records.find(self.db, self.tables[table], *key)

    def existing(self, table: str, *key: str) -> Record:
        """The row with this key.

        Raises:
            NotOnFileError: there is none.
        """
        record = self.find(table, *key)
        if record is None:
            raise NotOnFileError(f"{table} {'|'.join(key)} is not on file.")
        return record

    def select(self, table: str, order: str = "", **where: str) -> Iterator[Record]:
        """Rows whose columns equal ``where``."""
        return records.select(self.db, self.tables[table], where, order)

    def save(self, record: Record, *, created: bool = False) -> Record:
        """Stamp a row, as far as its table has the columns, and write it."""
        self.stamp.mark(record, created=created)
        records.save(self.db, record)
        return record

    def delete(self, table: str, *key: str) -> int:
        """Delete rows by the first columns of the key; says how many."""
        return records.delete(self.db, self.tables[table], *key)

    def demand_free(self, table: str, *key: str) -> None:
        """Refuse while another session has the record open; one whose lock has expired loses it.

        Raises:
            NotNowError: one has.
        """
        resource = "|".join((table, *key))
        if holders.held_by_another(self.db, resource, self.holder):
            raise NotNowError(IN_USE)
        holders.break_expired(self.db, resource, self.holder)

    def next_number(self, options: str, module: str, column: str, table: str) -> str:
        """Take the next number that no row of ``table`` has as its first key; it is used up."""
        row = self.existing(options, module)
        width = self.tables[options].columns[column].width
        number = int(row.text(column))
        while self.find(table, f"{number:0{width}d}"):
            number += 1
        row.put(**{column: f"{number + 1:0{width}d}"})
        records.save(self.db, row)
        return f"{number:0{width}d}"
