"""What an org's objects look like to the integration user.

``describe`` lists only fields that the user may read, so a field that does not exist and one that
field-level security hides look alike; the error says both. Descriptions are kept per process for a while:
they are large, and a field that is added is not missed for an hour.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.connectors.salesforce.errors import NotFoundError
from include.errors import ConfigurationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from include.connectors.salesforce.client import SalesforceClient

COMPOUND = frozenset({"address", "location"})
"""Types whose parts are fields of their own."""
UNREAD = COMPOUND | {"base64"}
TEXTS = frozenset(
    {
        "string",
        "textarea",
        "phone",
        "url",
        "email",
        "picklist",
        "multipicklist",
        "combobox",
        "id",
        "reference",
    }
    | {"encryptedstring", "anyType"}
)

_OBJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_kept: dict[tuple[str, str, str], tuple[float, SObject]] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the integration user sees it.

    Attributes:
        name: API name.
        label: for people.
        type: Salesforce's type, e.g. ``string``, ``picklist``, ``reference``, ``currency``.
        length: characters; 0 where it is no text.
        precision: digits in all; 0 where it is no number.
        scale: digits after the point.
        createable: may be set on creation.
        updateable: may be changed.
        nillable: may be empty.
        required: has to be given on creation.
        external_id: records may be found and upserted by it.
        unique: no two records share a value.
        restricted: a picklist takes its own values only.
        picklist: active API values, not labels.
        reference_to: objects that a reference leads to.
        relationship: name under which the referred record is asked for, ``""`` if there is none.
    """

    name: str
    label: str
    type: str
    length: int
    precision: int
    scale: int
    createable: bool
    updateable: bool
    nillable: bool
    required: bool
    external_id: bool
    unique: bool
    restricted: bool
    picklist: tuple[str, ...]
    reference_to: tuple[str, ...]
    relationship: str


@dataclass(frozen=True, slots=True)
class SObject:
    """One object; ``fields`` by API name."""

    name: str
    fields: Mapping[str, Field]

    @property
    def readable(self) -> tuple[str, ...]:
        """Fields that a query can ask for and that say something of their own."""
        return tuple(name for name, field in self.fields.items() if field.type not in UNREAD)


@dataclass(frozen=True, slots=True)
class Describe:
    """Descriptions of an org's objects.

    Args:
        client: asks for them.
        monotonic: seconds that only go forward, for their age.
    """

    client: SalesforceClient
    monotonic: Callable[[], float] = time.monotonic

    def object(self, name: str) -> SObject:
        """The object.

        Raises:
            ConfigurationError: there is none of that name, or the user may not see it.
            IntegrationError: see :meth:`SalesforceClient.get`.
        """
        settings = self.client.settings
        if not _OBJECT.fullmatch(name):
            raise ConfigurationError(f"Salesforce: {name[:80]!r} is no object's API name")
        key = (settings.token_name, settings.api_version, name.lower())
        with _lock:
            kept = _kept.get(key)
        if kept is not None and self.monotonic() - kept[0] < settings.describe_age:
            return kept[1]
        try:
            found = sobject_of(self.client.get(f"sobjects/{name}/describe"))
        except NotFoundError:
            raise ConfigurationError(
                f"Salesforce has no object {name} that the integration user may see; "
                "check the name, or grant the object to the user's profile or permission set"
            ) from None
        with _lock:
            _kept[key] = (self.monotonic(), found)
        return found

    def check_fields(self, name: str, fields: Iterable[str]) -> None:
        """Refuse fields that cannot be read.

        Args:
            name: of the object.
            fields: API names; ``Parent.Field`` is followed one step.

        Raises:
            ConfigurationError: names every field that is missing, and the way out.
        """
        missing = [field for field in dict.fromkeys(fields) if not self._has(name, field)]
        if missing:
            named = ", ".join(f"{name}.{field}" for field in missing)
            one = len(missing) == 1
            raise ConfigurationError(
                f"{named} {'is' if one else 'are'} not readable for the integration user: "
                f"{'it does' if one else 'they do'} not exist, or field-level security hides "
                f"{'it' if one else 'them'}; grant read access in the user's profile or permission set, "
                "or correct the mapping"
            )

    def check_writable(self, name: str, fields: Iterable[str]) -> None:
        """Refuse fields that can be set neither on creation nor later; raises as :meth:`check_fields`."""
        fields = list(dict.fromkeys(fields))
        self.check_fields(name, fields)
        known = self.object(name).fields
        fixed = [f for f in fields if f in known and not (known[f].createable or known[f].updateable)]
        if fixed:
            named = ", ".join(f"{name}.{field}" for field in fixed)
            raise ConfigurationError(
                f"{named}: not writable for the integration user; it is read-only, or field-level security "
                "says so: grant edit access, or leave it out of the mapping"
            )

    def widths(self, objects: Iterable[str]) -> dict[tuple[str, str], int]:
        """Characters that text fields hold, by (object, field)."""
        return {
            (name, field.name): field.length
            for name in objects
            for field in self.object(name).fields.values()
            if field.length > 0 and field.type in TEXTS
        }

    def has(self, name: str, field: str) -> bool:
        """Whether the user may read a field."""
        return field in self.object(name).fields

    def words(self, name: str, field: str) -> frozenset[str]:
        """What a picklist offers; nothing where there is no such field."""
        known = self.object(name).fields.get(field)
        return frozenset(known.picklist if known else ())

    def _has(self, name: str, field: str) -> bool:
        parent, dot, rest = field.partition(".")
        if not dot:
            return self.has(name, field)
        through = (f for f in self.object(name).fields.values() if f.relationship == parent)
        return any(self.has(target, rest) for f in through for target in f.reference_to)


def forget() -> None:
    """Drop what this process knows: the org's schema was changed."""
    with _lock:
        _kept.clear()


def sobject_of(told: Any) -> SObject:
    """An object from ``describe``'s JSON.

    Raises:
        TransientError: that is none.
    """
    try:
        fields = [_field(row) for row in told["fields"]]
        return SObject(str(told["name"]), {field.name: field for field in fields})
    except (TypeError, KeyError, ValueError):
        raise TransientError("describe: the answer is no description of an object") from None


def _field(row: Mapping[str, Any]) -> Field:
    def flag(name: str) -> bool:
        return row.get(name) is True

    nillable = flag("nillable")
    return Field(
        name=str(row["name"]),
        label=str(row.get("label") or row["name"]),
        type=str(row["type"]),
        length=int(row.get("length") or 0),
        precision=int(row.get("precision") or 0),
        scale=int(row.get("scale") or 0),
        createable=flag("createable"),
        updateable=flag("updateable"),
        nillable=nillable,
        required=flag("createable") and not nillable and not flag("defaultedOnCreate"),
        external_id=flag("externalId"),
        unique=flag("unique"),
        restricted=flag("restrictedPicklist"),
        picklist=tuple(
            str(value["value"]) for value in row.get("picklistValues") or () if value.get("active", True)
        ),
        reference_to=tuple(map(str, row.get("referenceTo") or ())),
        relationship=str(row.get("relationshipName") or ""),
    )
