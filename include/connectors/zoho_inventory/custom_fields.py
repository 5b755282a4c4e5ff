"""The organisation's custom fields: which there are, and how a body names them.

Zoho takes a custom field that it does not have and drops it with a success, so a mapping's fields are
looked up before the first of them is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from include.connectors.zoho_inventory.likeness import CUSTOM_FIELDS, custom_values
from include.connectors.zoho_inventory.wire import decode
from include.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.connectors.zoho_inventory.client import ZohoClient

NOUNS = {"contact": "contacts", "salesorder": "sales orders", "item": "items"}
"""Entities of ``/settings/preferences``."""


class FieldRow(msgspec.Struct):
    """What we read of one custom field's definition."""

    api_name: str = ""
    label: str = ""
    data_type: str = ""
    is_active: bool = True


class _Preferences(msgspec.Struct):
    customfields: dict[str, list[FieldRow]] = {}


@dataclass(frozen=True, slots=True)
class CustomFields:
    """Custom fields of one organisation, read once.

    Args:
        client: carries the call.
    """

    client: ZohoClient
    _read: dict[str, dict[str, FieldRow]] = field(default_factory=dict, repr=False)

    def of(self, entity: str) -> Mapping[str, FieldRow]:
        """Active custom fields by API name.

        Args:
            entity: a key of :data:`NOUNS`.

        Raises:
            AuthenticationError: the token may not read the settings.
            IntegrationError: see :meth:`ZohoClient.get`.
        """
        if not self._read:
            for each, rows in self._preferences().customfields.items():
                self._read[each] = {row.api_name: row for row in rows if row.is_active}
            self._read.setdefault(entity, {})
        return self._read.get(entity, {})

    def _preferences(self) -> _Preferences:
        try:
            envelope = self.client.get("/settings/preferences")
        except AuthenticationError as exc:
            raise AuthenticationError(
                f"{exc}; reading which custom fields there are needs the scope ZohoInventory.settings.READ"
            ) from exc
        if "customfields" in envelope.parts:
            rows = envelope.read("customfields", dict[str, list[FieldRow]])
            return _Preferences(rows)
        return decode(envelope.part("preferences"), _Preferences, what="preferences")

    def require(self, entity: str, names: Iterable[str]) -> None:
        """Insist that all of these exist.

        Raises:
            ConfigurationError: one does not; names those that look like it.
        """
        wanted = sorted(set(names))
        if not wanted:
            return
        known = self.of(entity)
        missing = [name for name in wanted if name not in known]
        if missing:
            near = get_close_matches(missing[0], known, cutoff=0.5) or sorted(known)[:5]
            raise ConfigurationError(
                f"Zoho Inventory has no custom field {', '.join(missing)} on {NOUNS.get(entity, entity)}; "
                f"create it there, or name another one (it has {', '.join(near) or 'none'})"
            )


def gathered(members: Mapping[str, Any]) -> dict[str, Any]:
    """A body with its custom fields as Zoho takes them; ``cf_…`` members at the top are such, too."""
    values = custom_values(members)
    body = {
        name: value
        for name, value in members.items()
        if not name.startswith("cf_") and name not in {CUSTOM_FIELDS, "custom_field_hash"}
    }
    unnamed = [entry for entry in members.get(CUSTOM_FIELDS) or [] if not entry.get("api_name")]
    entries = [{"api_name": name, "value": value} for name, value in values.items()] + unnamed
    return body | ({CUSTOM_FIELDS: entries} if entries else {})


def names_of(body: Mapping[str, Any]) -> list[str]:
    """API names of a body's custom fields."""
    return list(custom_values(body))
