"""One Salesforce transaction: rows saved, deleted, restored and merged under the org's rules."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce import recycling, validation
from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.ids import full_id, record_id
from include.sandbox.salesforce.rules import rule_of
from include.sandbox.salesforce.store import LIVE, STORY, Change, Commit, Json, Store, dumps, folded, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.sandbox.salesforce.schema import SObject

OWN_SIGHT = frozenset({"ui", STORY})
"""Origins that see every field."""
COMMIT_BASE = 10_000_000_000
"""Commit numbers are large and only their order means something."""


class Transaction:
    """What :meth:`Store.commit` hands out."""

    def __init__(
        self, store: Store, user_id: str, client: str, origin: str, *, allow_duplicates: bool
    ) -> None:
        self.store = store
        self.user_id = user_id
        self.client = client
        self.origin = origin
        self.allow_duplicates = allow_duplicates
        self.at = store.clock.now().replace(microsecond=0)
        self.stamp = stamp(self.at)
        self.sees_hidden = origin in OWN_SIGHT
        self._changes: list[Change] = []
        self._points = 0

    # What callers do

    def insert(self, name: str, values: Mapping[str, Any]) -> str:
        """Create a record; answers its id.

        Raises:
            RowError: the record is not as its object wants it.
        """
        sobject = self.object(name)
        if not sobject.createable:
            raise RowError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {name}")
        given = validation.read(self, sobject, values, creating=True)
        record = {**sobject.blank, **validation.defaults(self, sobject), **given}
        return self._save(sobject, None, record, frozenset(given))

    def update(self, name: str, record: str, values: Mapping[str, Any]) -> None:
        """Change some fields of a record.

        Raises:
            RowError: 404 no such record, or as :meth:`insert`.
        """
        sobject = self.object(name)
        before = self.present(sobject, record)
        given = validation.read(self, sobject, values, creating=False)
        self._save(sobject, before, {**before, **given}, frozenset(given))

    def upsert(self, name: str, field: str, value: Any, values: Mapping[str, Any]) -> tuple[str, bool]:
        """Change the record that has a value in an external id field, or create it with that value.

        Answers its id and whether it is new.

        Raises:
            RowError: 300 several records have it (``more["urls"]``), 404 no such field, or as :meth:`insert`.
        """
        sobject = self.object(name)
        known = sobject.field(field, hidden=self.sees_hidden)
        if known is None or not known.id_lookup:
            text = f"Provided external ID field does not exist or is not accessible: {field}"
            raise RowError("NOT_FOUND", text, http=404)
        if value is None or value == "":
            raise RowError("MISSING_ARGUMENT", f"{known.name} not specified")
        if known.name == "Id":
            self.update(name, value, values)
            return full_id(value) or "", False
        found = self.store.lookup(name, known.name, value)
        if len(found) > 1:
            text = f"{known.name}: more than one record found for external id field: [{', '.join(found)}]"
            urls = [f"/services/data/v64.0/sobjects/{sobject.name}/{one}" for one in found]
            raise RowError("DUPLICATE_EXTERNAL_ID", text, http=300, urls=urls)
        if found:
            self.update(name, found[0], values)
            return found[0], False
        return self.insert(name, {**values, known.name: value}), True

    def delete(self, name: str, record: str) -> None:
        """Put a record and what hangs on it into the recycle bin.

        Raises:
            RowError: 404 no such record; something keeps it from being deleted.
        """
        recycling.delete(self, self.object(name), record)

    def undelete(self, record: str) -> None:
        """Take a record and what was deleted with it out of the recycle bin.

        Raises:
            RowError: it is not in there.
        """
        recycling.undelete(self, record)

    def purge(self, name: str, record: str) -> None:
        """Delete a record for good, out of the recycle bin or past it.

        Raises:
            RowError: 404 no such record.
        """
        recycling.purge(self, self.object(name), record)

    def merge(self, name: str, master: str, losers: list[str]) -> None:
        """Give the children of up to two records to another and delete them; they remember their master.

        Raises:
            RowError: 404 no such record; the object cannot be merged.
        """
        recycling.merge(self, self.object(name), master, losers)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """One row of many: what fails in here undoes itself only."""
        database = self.store.database
        self._points += 1
        name, mark = f"row_{self._points}", len(self._changes)
        database.change(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            database.change(f"ROLLBACK TO {name}")
            del self._changes[mark:]
            raise
        finally:
            self._points -= 1
            database.change(f"RELEASE {name}")

    # What rules and the recycle bin do

    def object(self, name: str) -> SObject:
        """An object.

        Raises:
            RowError: there is none of that name.
        """
        found = self.store.schema.object(name)
        if found is None:
            text = f"sObject type '{name}' is not supported."
            raise RowError("INVALID_TYPE", text, http=404)
        return found

    def present(self, sobject: SObject, record: Any) -> Json:
        """A live record.

        Raises:
            RowError: there is none, or it is in the recycle bin.
        """
        whole = full_id(record)
        if whole is None:
            raise RowError(
                "MALFORMED_ID", f"{sobject.label} ID: id value of incorrect type: {record}", ["Id"]
            )
        found = self.store.read(sobject.name, whole, deleted=True)
        if found is None:
            code = "NOT_FOUND" if whole.startswith(sobject.key_prefix) else "INVALID_CROSS_REFERENCE_KEY"
            text = (
                "The requested resource does not exist"
                if code == "NOT_FOUND"
                else "invalid cross reference id"
            )
            raise RowError(code, text, http=404)
        if found.get("IsDeleted"):
            raise RowError("ENTITY_IS_DELETED", "entity is deleted", http=404)
        return found

    def find(self, name: str, record: Any) -> Json | None:
        """A live record, as a rule looks at a neighbour."""
        return self.store.read(name, record) if record else None

    def touch(self, name: str, record: str, values: Json) -> None:
        """Change fields of a live record as the platform itself does: no rule asks, the stamps move."""
        sobject = self.object(name)
        before = self.store.read(name, record)
        if before is not None and any(before[field] != value for field, value in values.items()):
            self.write(sobject, before, {**before, **values})

    def write(
        self, sobject: SObject, before: Json | None, record: Json, kind: str = "", group: int = LIVE
    ) -> None:
        """Put a record down with its stamps, keys and parents, and note the change."""
        if "LastModifiedDate" in sobject.fields:
            audit = {"LastModifiedDate": self.stamp, "LastModifiedById": self.user_id}
            record |= {**audit, "SystemModstamp": self.stamp}
        validation.compose(sobject, record)
        if group == LIVE:
            self._claim_keys(sobject, record)
        body = dumps({name: value for name, value in record.items() if value is not None})
        self.store.database.change(
            "INSERT INTO salesforce_records VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
            "SET bin = excluded.bin, stamp = excluded.stamp, body = excluded.body",
            (record["Id"], sobject.name, group, record.get("SystemModstamp") or self.stamp, body),
        )
        self._index(sobject, before, record, live=group == LIVE)
        self.note(sobject, kind or ("UPDATE" if before else "CREATE"), before, record)

    def note(self, sobject: SObject, kind: str, before: Json | None, after: Json | None) -> None:
        """Remember a change for those who listen."""
        old, new = before or sobject.blank, after or sobject.blank
        changed = tuple(name for name in sobject.fields if old.get(name) != new.get(name))
        record = (after or before or {})["Id"]
        self._changes.append(Change(sobject.name, record, kind, before, after, changed))

    def forget(self, sobject: SObject, record: Json) -> None:
        """Take a record out of the tables."""
        database = self.store.database
        self._index(sobject, record, None, live=False)
        database.change("DELETE FROM salesforce_records WHERE id = ?", (record["Id"],))

    def finish(self) -> Commit | None:
        """All changes as one commit; None when nothing happened."""
        changes = _merged(self.store, self._changes)
        if not changes:
            return None
        number = COMMIT_BASE + self.store.next_number("commit")
        return Commit(str(uuid.uuid4()), number, self.at, self.user_id, self.client, self.origin, changes)

    def _save(self, sobject: SObject, before: Json | None, record: Json, given: frozenset[str]) -> str:
        rule = rule_of(sobject.name)
        rule.before(self, before, record, given)
        validation.required(sobject, before, record)
        for guard in self.store.guards:
            guard(self, sobject, before, record)
        if before is None:
            number = self.store.next_number(sobject.key_prefix)
            record["Id"] = record_id(sobject.key_prefix, number)
            rule.number(self, record, number)
            numbered = (one.name for one in sobject.fields.values() if one.auto_number)
            record |= {name: f"{number:08d}" for name in numbered if record.get(name) is None}
            record |= {"CreatedDate": self.stamp, "CreatedById": self.user_id}
        self.write(sobject, before, record)
        rule.after(self, before, record)
        return str(record["Id"])

    def _claim_keys(self, sobject: SObject, record: Json) -> None:
        for field in sobject.keys:
            value = record.get(field.name)
            if not field.unique or value is None:
                continue
            other = next(
                (one for one in self.store.lookup(sobject.name, field.name, value) if one != record["Id"]),
                None,
            )
            if other is not None:
                text = f"duplicate value found: {field.name} duplicates value on record with id: {other[:15]}"
                raise RowError("DUPLICATE_VALUE", text)

    def _index(self, sobject: SObject, before: Json | None, after: Json | None, *, live: bool) -> None:
        database = self.store.database
        record = (after or before or {})["Id"]
        for field in sobject.keys:
            old = folded(field, before[field.name]) if before and before.get(field.name) is not None else None
            new = (
                folded(field, after[field.name]) if live and after and after[field.name] is not None else None
            )
            if old is not None and old != new:
                sql = "DELETE FROM salesforce_keys WHERE object = ? AND field = ? AND value = ? AND id = ?"
                database.change(sql, (sobject.name, field.name, old, record))
            if new is not None:
                sql = "INSERT OR IGNORE INTO salesforce_keys VALUES (?, ?, ?, ?)"
                database.change(sql, (sobject.name, field.name, new, record))
        for field in sobject.parents:
            was, now = (one.get(field.name) if one else None for one in (before, after))
            if was == now:
                continue
            if was:
                sql = "DELETE FROM salesforce_links WHERE parent = ? AND object = ? AND field = ? AND id = ?"
                database.change(sql, (was, sobject.name, field.name, record))
            if now:
                sql = "INSERT OR IGNORE INTO salesforce_links VALUES (?, ?, ?, ?)"
                database.change(sql, (now, sobject.name, field.name, record))


def _merged(store: Store, changes: list[Change]) -> list[Change]:
    """One change for each record: several steps on it leave only their sum."""
    last: dict[str, Change] = {}
    for change in changes:
        first = last.get(change.id)
        if first is None:
            last[change.id] = change
            continue
        kind = first.kind if change.kind == "UPDATE" else change.kind
        if first.kind == "CREATE" and change.kind == "DELETE":
            del last[change.id]
            continue
        sobject = store.schema.objects[change.object]
        old, new = first.before or sobject.blank, change.after or sobject.blank
        changed = tuple(name for name in sobject.fields if old.get(name) != new.get(name))
        last[change.id] = Change(change.object, change.id, kind, first.before, change.after, changed)
    return list(last.values())
