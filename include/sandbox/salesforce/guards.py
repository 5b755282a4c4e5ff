"""What keeps a well-formed row from being saved: locks that others hold, and rules against duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import Json, RowError
from include.sandbox.salesforce.ids import full_id

if TYPE_CHECKING:
    from include.sandbox.salesforce.schema import SObject
    from include.sandbox.salesforce.settings import Switchboard
    from include.sandbox.salesforce.store import Store
    from include.sandbox.salesforce.transaction import Transaction

TABLES = """
CREATE TABLE IF NOT EXISTS salesforce_rules (
    object TEXT NOT NULL, field TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (object, field)
);
"""
MATCHED = {"Account": "Name", "Contact": "Email"}
"""By what a duplicate rule compares."""


class Guards:
    """Asked before every write of a row."""

    def __init__(self, store: Store, switches: Switchboard) -> None:
        self._store = store
        self._switches = switches
        self._database = store.database
        self._held: dict[str, int | None] = {}
        self._database.create(TABLES)

    def lock(self, record: str, times: int | None = None) -> None:
        """Hold a record, as another process would, for so many attempts (None: until released)."""
        self._held[full_id(record) or record] = times

    def release(self) -> int:
        """Let go of all records; answers of how many."""
        held = len(self._held)
        self._held.clear()
        return held

    def require(self, name: str, field: str, message: str) -> None:
        """Put up a validation rule of the org's own: a field that must not be empty."""
        self._database.change(
            "INSERT OR REPLACE INTO salesforce_rules VALUES (?, ?, ?)", (name, field, message)
        )

    def judge(self, tx: Transaction, sobject: SObject, before: Json | None, record: Json | None) -> None:
        """Refuse a row; ``record`` None: its deletion.

        Raises:
            RowError: ``UNABLE_TO_LOCK_ROW``, ``FIELD_CUSTOM_VALIDATION_EXCEPTION``, ``DUPLICATES_DETECTED``.
        """
        self._locks(sobject, before, record)
        if record is None:
            return
        sql = "SELECT field, message FROM salesforce_rules WHERE object = ?"
        for row in self._database.rows(sql, (sobject.name,)):
            if record.get(row["field"]) is None:
                raise RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", row["message"], [row["field"]])
        if sobject.name in self._switches.present.duplicate_rules and not tx.allow_duplicates:
            self._duplicates(sobject, before, record)

    def _locks(self, sobject: SObject, before: Json | None, record: Json | None) -> None:
        if not self._held:
            return
        touched = [before["Id"]] if before else []
        touched += [(record or before or {}).get(field.name) for field in sobject.parents]
        for one in touched:
            times = self._held.get(one, 0)
            if times == 0:
                continue
            if times is not None:
                # Not in the database: the attempt counts although its transaction is rolled back.
                self._held[one] = times - 1
            text = f"unable to obtain exclusive access to this record or 1 records: {one}"
            raise RowError("UNABLE_TO_LOCK_ROW", text)

    def _duplicates(self, sobject: SObject, before: Json | None, record: Json) -> None:
        name = MATCHED[sobject.name]
        value = record.get(name)
        if value is None or (before is not None and before.get(name) == value):
            return
        own = before["Id"] if before else None
        wanted = str(value).lower()
        same = [
            one["Id"]
            for one in self._store.rows(sobject.name)
            if one["Id"] != own and str(one[name] or "").lower() == wanted
        ]
        if same:
            message = "Use one of these records?"
            raise RowError(
                "DUPLICATES_DETECTED", message, duplicateResult=_result(sobject.name, same, message)
            )


def _result(name: str, ids: list[str], message: str) -> Json:
    def match(record: str) -> Json:
        url = f"/services/data/v64.0/sobjects/{name}/{record}"
        return {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": name, "url": url}, "Id": record},
        }

    found = {
        "entityType": name,
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": [match(one) for one in ids],
        "rule": f"Standard_{name}_Match_Rule_v1_0",
        "size": len(ids),
        "success": True,
    }
    return {
        "allowSave": True,
        "duplicateRule": f"Standard_{name}_Duplicate_Rule",
        "duplicateRuleEntityType": name,
        "errorMessage": message,
        "matchResults": [found],
    }
