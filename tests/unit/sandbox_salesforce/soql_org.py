"""A store with a few records that differ in everything a query may ask."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from include.sandbox.clock import Clock
from include.sandbox.database import Database
from include.sandbox.salesforce.schema import Schema
from include.sandbox.salesforce.soql.query import prepare
from include.sandbox.salesforce.store import Store

USER = "005Hp0000000001IAA"
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""
ADDRESS = "/services/data/v64.0"


def store_in(folder: Path) -> Store:
    database = Database(folder / "org.sqlite")
    clock = Clock(database)
    clock.freeze(NOW)
    return Store(database, clock, Schema.shipped())


def insert(store: Store, name: str, *rows: dict[str, Any]) -> list[str]:
    with store.commit(USER) as tx:
        return [tx.insert(name, row) for row in rows]


def asked(store: Store, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
    found = prepare(store, soql, deleted=deleted).run()
    return found.page(0, found.total, ADDRESS)


def names(store: Store, where: str, *, of: str = "Product2", deleted: bool = False) -> list[str]:
    return [row["Name"] for row in asked(store, f"SELECT Name FROM {of} {where}", deleted=deleted)]
