"""All parts of the Salesforce sandbox in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.sandbox.salesforce.guards import Guards
from include.sandbox.salesforce.ids import record_id
from include.sandbox.salesforce.limits import Limits
from include.sandbox.salesforce.oauth import Accounts
from include.sandbox.salesforce.schema import Schema
from include.sandbox.salesforce.settings import Switchboard
from include.sandbox.salesforce.store import STORY, Store

if TYPE_CHECKING:
    from include.sandbox.control import Control
    from include.sandbox.salesforce.errors import Json

CONSUMER_KEY = "salesforce-sandbox"
CONSUMER_SECRET = "salesforce-sandbox-secret"  # noqa: S105 - the sandbox's published credentials
PASSWORD = "salesforce-sandbox-password"  # noqa: S105 - the sandbox's published credentials
SECURITY_TOKEN = "SandboxSecurityToken"  # noqa: S105 - the sandbox's published credentials
INTEGRATION = "integration@acme.example"
ADMINISTRATOR = "admin@acme.example"
NOBODY = record_id("005", 0)
"""Who made the first user."""
ADDITIONS = "salesforce_schema"


@dataclass(slots=True)
class World:
    """One org."""

    control: Control
    switches: Switchboard
    schema: Schema
    store: Store
    accounts: Accounts
    limits: Limits
    guards: Guards

    @classmethod
    def over(cls, control: Control) -> World:
        """Build it over the sandbox's database."""
        database, clock = control.database, control.clock
        switches = Switchboard(database)
        schema = Schema.shipped()
        store = Store(database, clock, schema)
        made = cls(
            control=control,
            switches=switches,
            schema=schema,
            store=store,
            accounts=Accounts(database, clock, switches, store),
            limits=Limits(database, clock, switches),
            guards=Guards(store, switches),
        )
        store.guards.append(made.guards.judge)
        made.reset()
        return made

    def reset(self) -> None:
        """As the database has it; an empty one gets an org that nobody has used."""
        self.switches.reset()
        self.guards.release()
        self.schema.reset()
        for kind, name, described in self.control.database.setting(ADDITIONS, []):
            self._alter(kind, name, described)
        if not self.store.count("Organization"):
            self._found()

    def alter(self, kind: str, name: str, described: Json) -> None:
        """Change the metadata for good: ``object``, ``field``, ``hide`` or ``show``.

        Raises:
            KeyError: no such object or field.
        """
        self._alter(kind, name, described)
        database = self.control.database
        database.keep_setting(ADDITIONS, [*database.setting(ADDITIONS, []), [kind, name, described]])

    def user(self, username: str) -> str:
        """A user's id by name.

        Raises:
            KeyError: nobody is called so.
        """
        found = self.store.lookup("User", "Username", username)
        if not found:
            raise KeyError(f"there is no user {username}")
        return found[0]

    def organization(self) -> str:
        """The org's id."""
        return str(next(self.store.rows("Organization"))["Id"])

    def _alter(self, kind: str, name: str, described: Json) -> None:
        if kind == "object":
            self.schema.add_object(described)
        elif kind == "field":
            self.schema.add_field(name, described)
        else:
            self.schema.hide_field(name, described["name"], hidden=kind == "hide")

    def _found(self) -> None:
        with self.store.commit(NOBODY, origin=STORY) as tx:
            organization = self.schema.objects["Organization"]
            tx.write(organization, None, {**organization.blank, **_organization(tx.stamp)})
            people = {INTEGRATION: ("Integration", "Tradebridge"), ADMINISTRATOR: ("Admin", "Ada")}
            for username, (last, first) in people.items():
                named = {"Username": username, "Email": username, "LastName": last, "FirstName": first}
                tx.insert("User", {**named, "Alias": first[:8].lower()})
            book = tx.insert("Pricebook2", {"Name": "Standard Price Book", "IsActive": True})
            tx.touch("Pricebook2", book, {"IsStandard": True})
        user = self.user(INTEGRATION)
        self.accounts.enrol(CONSUMER_KEY, CONSUMER_SECRET, user)
        for username in people:
            self.accounts.give_password(username, PASSWORD, SECURITY_TOKEN)


def _organization(at: str) -> Json:
    return {
        "Id": record_id("00D", 1),
        "Name": "Acme Trading",
        "InstanceName": "NA000",
        "OrganizationType": "Enterprise Edition",
        "DefaultLocaleSidKey": "en_US",
        "TimeZoneSidKey": "America/Chicago",
        "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1,
        "CreatedDate": at,
        "CreatedById": NOBODY,
    }
