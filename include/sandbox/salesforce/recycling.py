"""The recycle bin: deletion with all that hangs on a record, the way back, and merging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.ids import full_id
from include.sandbox.salesforce.rules import rule_of
from include.sandbox.salesforce.store import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.salesforce.schema import ChildRelationship, SObject
    from include.sandbox.salesforce.store import Json
    from include.sandbox.salesforce.transaction import Transaction

MERGEABLE = frozenset({"Account", "Contact"})
MOST_LOSERS = 2


def delete(tx: Transaction, sobject: SObject, record: str) -> None:
    """Put a live record and its dependants into the bin under one number."""
    if not sobject.deletable:
        text = f"entity type {sobject.label} does not support delete"
        raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", text, http=403)
    _delete(tx, sobject, tx.present(sobject, record), tx.store.next_number("bin"))


def _delete(tx: Transaction, sobject: SObject, before: Json, group: int, master: str | None = None) -> None:
    for guard in tx.store.guards:
        guard(tx, sobject, before, None)
    rule_of(sobject.name).deleting(tx, before)
    for relation, child in list(_children(tx, sobject, before["Id"], deleted=False)):
        if relation.restricted:
            text = (
                f"Your attempt to delete {before.get('Name')} could not be completed: it is associated "
                f"with a record of {relation.child}: {child.get('Name') or child['Id']}"
            )
            raise RowError("DELETE_FAILED", text)
        if relation.cascade:
            _delete(tx, tx.object(relation.child), child, group)
    gone = {**before, "IsDeleted": True}
    if master:
        gone["MasterRecordId"] = master
    tx.write(sobject, before, gone, "DELETE", group)
    rule_of(sobject.name).after(tx, before, None)


def undelete(tx: Transaction, record: str) -> None:
    """Take a record and its dependants that went with it out of the bin."""
    whole = full_id(record) or ""
    sobject = tx.store.schema.of_id(whole)
    row = tx.store.database.row("SELECT bin FROM salesforce_records WHERE id = ?", (whole,))
    if sobject is None or row is None or row["bin"] == LIVE:
        raise RowError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    _undelete(tx, sobject, whole, int(row["bin"]))


def _undelete(tx: Transaction, sobject: SObject, record: str, group: int) -> None:
    before = tx.store.read(sobject.name, record, deleted=True)
    if before is None:
        return
    for field in sobject.parents:
        if not field.nillable and field.createable and not tx.find(field.reference_to[0], before[field.name]):
            raise RowError("UNDELETE_FAILED", f"{field.label} is deleted", [field.name])
    back = {**before, "IsDeleted": False}
    if "MasterRecordId" in back:
        back["MasterRecordId"] = None
    tx.write(sobject, before, back, "UNDELETE")
    for relation in sobject.child_relationships:
        rows = tx.store.database.rows(
            "SELECT l.id FROM salesforce_links l JOIN salesforce_records r ON r.id = l.id "
            "WHERE l.parent = ? AND l.object = ? AND l.field = ? AND r.bin = ?",
            (record, relation.child, relation.field, group),
        )
        for row in rows if relation.cascade else ():
            _undelete(tx, tx.object(relation.child), row["id"], group)
    rule_of(sobject.name).after(tx, None, back)


def purge(tx: Transaction, sobject: SObject, record: str) -> None:
    """Delete a record and its dependants for good."""
    whole = full_id(record) or ""
    before = tx.store.read(sobject.name, whole, deleted=True)
    if before is None:
        tx.present(sobject, record)
        return
    if not before.get("IsDeleted"):
        delete(tx, sobject, whole)
    for relation, child in list(_children(tx, sobject, whole, deleted=True)):
        if relation.cascade:
            purge(tx, tx.object(relation.child), child["Id"])
    gone = tx.store.read(sobject.name, whole, deleted=True)
    if gone is not None:
        tx.forget(sobject, gone)


def merge(tx: Transaction, sobject: SObject, master: str, losers: list[str]) -> None:
    """Give the losers' children to the master and put the losers into the bin."""
    if sobject.name not in MERGEABLE or not 1 <= len(losers) <= MOST_LOSERS:
        raise RowError("INVALID_ARGUMENT", f"{sobject.name}: one or two records can be merged into another")
    winner = tx.present(sobject, master)
    group = tx.store.next_number("bin")
    for loser in losers:
        before = tx.present(sobject, loser)
        if before["Id"] == winner["Id"]:
            raise RowError("INVALID_ARGUMENT", "a record cannot be merged into itself")
        for owner, field in list(tx.store.schema.references(sobject.name)):
            for child in tx.store.children(owner.name, field.name, [before["Id"]]):
                tx.touch(owner.name, child["Id"], {field.name: winner["Id"]})
        _delete(tx, sobject, before, group, winner["Id"])
    current = tx.present(sobject, master)
    tx.write(sobject, current, dict(current))


def _children(
    tx: Transaction, sobject: SObject, record: str, *, deleted: bool
) -> Iterator[tuple[ChildRelationship, Json]]:
    for relation in sobject.child_relationships:
        for child in tx.store.children(relation.child, relation.field, [record], deleted=deleted):
            yield relation, child
