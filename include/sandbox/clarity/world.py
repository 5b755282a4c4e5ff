"""All parts of the Clarity sandbox in one hand, and the one way in which its records change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.sandbox.clarity.kinds import INVENTORY, Kind, event_body, event_of, identity
from include.sandbox.clarity.limits import Limits
from include.sandbox.clarity.oauth import Accounts
from include.sandbox.clarity.settings import Switchboard
from include.sandbox.clarity.store import SHOP, By, Documents, Effects
from include.sandbox.clarity.webhooks import Event, Webhooks
from include.sandbox.clarity.wire import Json, differences, dumps, stamp

if TYPE_CHECKING:
    from datetime import datetime

    from include.sandbox.control import Control


@dataclass(slots=True)
class World:
    """One tenant's shop."""

    control: Control
    switches: Switchboard
    documents: Documents
    effects: Effects
    accounts: Accounts
    limits: Limits
    webhooks: Webhooks

    @classmethod
    def over(cls, control: Control) -> World:
        """Build it over the sandbox's database."""
        database, clock = control.database, control.clock
        switches = Switchboard(database)
        return cls(
            control=control,
            switches=switches,
            documents=Documents(database),
            effects=Effects(database),
            accounts=Accounts(database, clock, switches),
            limits=Limits(clock, switches),
            webhooks=Webhooks(database, clock, switches),
        )

    def now(self) -> datetime:
        """The sandbox's present moment."""
        return self.control.clock.now()

    def reset(self) -> None:
        """Forget everything; the tables are already empty."""
        self.switches.reset()
        self.accounts.reset()
        self.limits.reset()
        self.webhooks.reset()

    def save(self, kind: Kind, document: Json, by: By, action: str = "", *, quiet: bool = False) -> Json:
        """Write a record: version, time, log and event belong to the same transaction.

        What changes nothing writes nothing. Answers the record as it stands. ``action`` names the effect;
        by default created or updated.
        """
        document = json.loads(dumps(document))
        before = self.documents.get(kind, identity(document))
        changed = differences(before, document) if before else {}
        if before is not None and not changed:
            if document != before:
                self.documents.put(kind, [document])
            return before
        present = self.switches.present
        now = self.now()
        document["updatedDate"] = stamp(now + timedelta(seconds=present.updated_skew_seconds))
        document["rowVersion"] = before["rowVersion"] + 1 if before else 1
        if kind is not INVENTORY:
            document.setdefault("createdDate", document["updatedDate"])
        lag = present.index_lag_seconds
        with self.control.database.transaction():
            indexed = stamp(now + timedelta(seconds=lag)) if lag else ""
            self.documents.put(kind, [document], indexed)
            done = action or ("updated" if before else "created")
            self.effects.note(stamp(now), kind, document, action=done, by=by, changed=changed)
            silent = quiet or (by is not SHOP and not present.fire_on_api_writes)
            happened = None if silent else event_of(kind, before, document)
            if happened:
                self.announce(happened, kind, document, changed if before else None)
        return document

    def announce(self, name: str, kind: Kind, document: Json, changed: Json | None = None) -> int:
        """Queue an event for every subscription that wants it; answers how many deliveries."""
        return self.webhooks.announce(self.event(name, kind, document, changed))

    def event(self, name: str, kind: Kind, document: Json, changed: Json | None = None) -> Event:
        """An event as it would be raised now."""
        data: Json = {kind.entity: event_body(kind, document)}
        if changed is not None:
            data |= {"changedFields": list(changed), "previous": changed}
        thin = {kind.entity: {name: document[name] for name in ("id", *kind.key) if name in document}}
        return Event.new(
            name,
            record=kind.number(document),
            store=str(document.get("storeId") or "main"),
            at=stamp(self.now()),
            texts=(dumps(data), dumps(thin)),
        )

    def notify(self, kind: Kind, document: Json) -> None:
        """Mail the customer about a record; sandbox mail goes no further than the log."""
        mailer = By("mailer")
        self.effects.note(
            stamp(self.now()), kind, document, action="customer_notified", by=mailer, changed={}
        )
