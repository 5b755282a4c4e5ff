"""Salesforce as the one who tells: accounts with their contacts, opportunities with their lines.

A sweep walks ``SystemModstamp``, which moves on automated changes too and is indexed, by
keyset (stamp, then Id), so it needs no cursor. It sees the recycle bin, hence deletions and
merges. A change of a child announces its parent, and the latest stamp of the family is the document's
version. A child that moves to another parent announces the new one alone: the old one's stamp stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from include.connectors.salesforce import soql
from include.connectors.salesforce.records import Row, SalesforceRecords
from include.errors import CircuitOpenError, RateLimitedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.connectors.salesforce.client import SalesforceClient

ACCOUNT, CONTACT = "001", "003"
"""Key prefixes: the first three characters of an id."""
SOME = 150
"""Records whose documents are made at once."""
PRODUCT_FIELDS = ("Id", "Name", "ProductCode", "StockKeepingUnit", "IsActive")
WON_FIELDS = ("IsWon", "StageName")
STAMP = "SystemModstamp"

_EXACT = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Stub:
    """A record that is new or different.

    Attributes:
        key: 18 characters.
        version: latest ``SystemModstamp`` of the record and its children.
    """

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a sweep found."""

    stubs: tuple[Stub, ...]
    gone: tuple[str, ...]
    watermark: datetime | None


@dataclass(frozen=True, slots=True)
class Sweep:
    """Walks the stamps of one org's objects.

    Args:
        client: carries the calls.
    """

    client: SalesforceClient

    def rows(self, name: str, since: datetime | None, fields: Sequence[str] = ()) -> Iterator[Row]:
        """All records stamped at or after ``since`` less the overlap, deleted ones too, oldest stamp first.

        Raises:
            IntegrationError: see :meth:`SalesforceClient.get`; never taken as "nothing changed".
        """
        begin = since.astimezone(UTC) - self.client.settings.goes_back if since else None
        place = f"{STAMP} >= {soql.instant(begin)}" if begin else ""
        size = self.client.settings.page_size
        columns = ",".join(dict.fromkeys(["Id", "IsDeleted", STAMP, *fields]))
        while True:
            condition = f" WHERE {place}" if place else ""
            rows = self.client.query(
                f"SELECT {columns} FROM {name}{condition} ORDER BY {STAMP}, Id LIMIT {size}",  # noqa: S608
                deleted=True,
            )
            yield from rows
            if len(rows) < size:
                return
            at, last = soql.instant(time_of(rows[-1][STAMP])), soql.text(rows[-1]["Id"])
            place = f"({STAMP} > {at} OR ({STAMP} = {at} AND Id > {last}))"


@dataclass(frozen=True, slots=True)
class SalesforceCustomers:
    """Accounts with their contacts, and contacts that belong to no account.

    Args:
        client: carries the calls.
    """

    client: SalesforceClient
    records: SalesforceRecords = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", SalesforceRecords(self.client))

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        """Customers that changed since, as far as their version is not the known one.

        Only a sweep of everything (``since`` None) sees what has left the recycle bin. Raises as
        :meth:`Sweep.rows`.
        """
        began, found = self.client.now(), dict[str, str]()
        sweep = Sweep(self.client)
        for row in sweep.rows("Account", since):
            later(found, row["Id"], row[STAMP])
        for row in sweep.rows("Contact", since, ["AccountId"]):
            if row["AccountId"]:
                later(found, row["AccountId"], row[STAMP])
            if not row["AccountId"] or row["Id"] in known:
                later(found, row["Id"], row[STAMP])
        return compared(found, known, since, began)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each customer's JSON: the account with ``Contacts``, or the private contact.

        ``IsActive`` says what the settings' ``active_field`` says, true without one. Deleted records come
        with ``IsDeleted``, merged ones with ``MasterRecordId``; what has left the recycle bin is None.

        Raises:
            ConfigurationError: a field that the settings name is not readable.
            RateLimitedError, CircuitOpenError: no more calls for now.
        """
        kinds: dict[str, list[str]] = {ACCOUNT: [], CONTACT: []}
        for key in keys:
            if key[:3] in kinds:
                kinds[key[:3]].append(key)
            else:
                yield key, None
        for prefix, make in ((ACCOUNT, self._accounts), (CONTACT, self._contacts)):
            for some in chunks(kinds[prefix], SOME):
                yield from answers(some, make)

    def _accounts(self, ids: Sequence[str]) -> dict[str, bytes]:
        settings = self.client.settings
        if settings.active_field:
            self.records.describe.check_fields("Account", [settings.active_field])
        accounts = {row["Id"]: row for row in self.records.where("Account", "Id", ids, deleted=True)}
        people: dict[str, list[Row]] = {key: [] for key in accounts}
        stamps = {key: row[STAMP] for key, row in accounts.items()}
        for contact in self.records.where("Contact", "AccountId", accounts, deleted=True):
            later(stamps, contact["AccountId"], contact[STAMP])
            # A person account's own contact repeats what the account says.
            if not contact["IsDeleted"] and contact.get("IsPersonAccount") is not True:
                people[contact["AccountId"]].append(contact)
        return {
            key: document(
                stamps[key], {"IsActive": self._is_active(row)} | row | {"Contacts": _by_id(people[key])}
            )
            for key, row in accounts.items()
        }

    def _contacts(self, ids: Sequence[str]) -> dict[str, bytes]:
        rows = self.records.where("Contact", "Id", ids, deleted=True)
        return {row["Id"]: document(row[STAMP], {"IsActive": True} | row) for row in rows}

    def _is_active(self, row: Row) -> bool:
        name = self.client.settings.active_field
        said = str(row.get(name)).lower()
        return not name or said in {value.lower() for value in self.client.settings.active_values}


@dataclass(frozen=True, slots=True)
class SalesforceOpportunities:
    """Opportunities that are won, and those that once were, with their lines and products.

    Args:
        client: carries the calls.
        won_stages: names of the stages that mean won; empty: Salesforce's own ``IsWon`` says it.
    """

    client: SalesforceClient
    won_stages: frozenset[str] = frozenset()
    records: SalesforceRecords = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "records", SalesforceRecords(self.client))

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        """Won opportunities that changed since, and known ones whatever became of them.

        Raises as :meth:`Sweep.rows`.
        """
        began, sweep = self.client.now(), Sweep(self.client)
        found, lines = dict[str, str](), dict[str, str]()
        won: set[str] = set()
        for row in sweep.rows("Opportunity", since, WON_FIELDS):
            later(found, row["Id"], row[STAMP])
            if self._is_won(row) and not row["IsDeleted"]:
                won.add(row["Id"])
        for row in sweep.rows("OpportunityLineItem", since, ["OpportunityId"]):
            later(lines, row["OpportunityId"], row[STAMP])
        unseen = [key for key in lines if key not in found and key not in known]
        asked = self.records.where("Opportunity", "Id", unseen, fields=WON_FIELDS) if unseen else ()
        won |= {row["Id"] for row in asked if self._is_won(row)}
        stamps = [*found.values(), *lines.values()]
        for key, stamp in lines.items():
            later(found, key, stamp)
        wanted = {key: stamp for key, stamp in found.items() if key in won or key in known}
        return compared(wanted, known, since, began, stamps)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each opportunity's JSON with ``Account`` and ``OpportunityLineItems``; raises as the customers'."""
        for some in chunks(list(keys), SOME):
            yield from answers(some, self._opportunities)

    def _is_won(self, row: Row) -> bool:
        return row["StageName"] in self.won_stages if self.won_stages else row["IsWon"] is True

    def _opportunities(self, ids: Sequence[str]) -> dict[str, bytes]:
        records, settings = self.records, self.client.settings
        buyer = self._through("Account", ("Id", "Name", settings.account_key))
        fields = [*records.readable("Opportunity"), *buyer]
        rows = {
            row["Id"]: row for row in records.where("Opportunity", "Id", ids, fields=fields, deleted=True)
        }
        product = self._through("Product2", (*PRODUCT_FIELDS, settings.product_key))
        fields = [*records.readable("OpportunityLineItem"), *product]
        lines: dict[str, list[Row]] = {key: [] for key in rows}
        stamps = {key: row[STAMP] for key, row in rows.items()}
        for line in records.where("OpportunityLineItem", "OpportunityId", rows, fields=fields, deleted=True):
            later(stamps, line["OpportunityId"], line[STAMP])
            if not line["IsDeleted"]:
                lines[line["OpportunityId"]].append(line)
        return {
            key: document(stamps[key], row | {"OpportunityLineItems": _by_id(lines[key])})
            for key, row in rows.items()
        }

    def _through(self, name: str, fields: Iterable[str]) -> list[str]:
        """Paths to those fields of a referred record that are readable."""
        return [f"{name}.{each}" for each in fields if self.records.describe.has(name, each)]


def document(version: str, row: Row) -> bytes:
    """A record as JSON: numbers with all their digits."""
    return _EXACT.encode({"version": version} | row)


def answers(keys: Sequence[str], make: Any) -> Iterator[tuple[str, bytes | TransientError | None]]:
    """Each key's document, None for what is gone or no id, or why they could not be served just now."""
    try:
        made: Mapping[str, bytes] = make(keys)
    except (RateLimitedError, CircuitOpenError):
        raise
    except TransientError as error:
        yield from ((key, error) for key in keys)
        return
    yield from ((key, made.get(key)) for key in keys)


def later(stamps: dict[str, str], key: str, stamp: str) -> None:
    """Keep the latest stamp; Salesforce writes all of them alike, so that they sort as text."""
    stamps[key] = max(stamps.get(key, ""), stamp)


def compared(
    found: Mapping[str, str],
    known: Mapping[str, str],
    since: datetime | None,
    began: datetime,
    stamps: Iterable[str] = (),
) -> Changes:
    """What of the found is news."""
    stubs = tuple(Stub(key, version) for key, version in found.items() if known.get(key) != version)
    gone = () if since else tuple(key for key in known if key not in found)
    times = [time_of(stamp) for stamp in {*found.values(), *stamps}]
    times += [since] if since else []
    # A stamp of the org's future must not hide what is changed until then.
    return Changes(stubs, gone, min(max(times), began) if times else None)


def time_of(stamp: str) -> datetime:
    """``2026-03-02T14:05:11.000+0000`` -> aware."""
    return datetime.fromisoformat(stamp)


def chunks(keys: list[str], size: int) -> Iterator[list[str]]:
    """The keys, so many at once."""
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _by_id(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row["Id"]))
