"""What we write back: a note on an order we had to reject, and our own custom fields.

Zoho knows no idempotency key, so each write looks first whether it stands already, and looks
again after an unknown outcome. Zoho also accepts fields and drops them with a success; what was
set is therefore read back.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from include.connectors.zoho_inventory.errors import NotFoundError
from include.connectors.zoho_inventory.wire import ZOHO_ID, Comment, OrderFields
from include.errors import ConfigurationError, OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.zoho_inventory.client import ZohoClient

log = logging.getLogger(__name__)

COMMENT_LIMIT = 2000
"""Characters of a comment, its marker included."""


def comment_marker(salesorder_id: str, text: str) -> str:
    """The token that makes one note on one order recognisable, whoever writes it again."""
    digest = hashlib.sha256(f"{salesorder_id}|{text}".encode()).hexdigest()
    return f"[tradebridge:{digest[:16]}]"


@dataclass(frozen=True, slots=True)
class ZohoWriter:
    """Writes to one organisation.

    Args:
        client: carries the calls.
    """

    client: ZohoClient

    def add_comment(self, salesorder_id: str, text: str) -> bool:
        """Leave a note on a sales order, invisible to the customer; the same note never twice.

        Args:
            salesorder_id: of the order.
            text: for the shop's staff; cut to fit :data:`COMMENT_LIMIT`.

        Returns:
            True when the note was added, False when it stood there already.

        Raises:
            NotFoundError: no such order.
            OutcomeUnknownError: sent, and not to be seen (yet); calling again is safe.
            IntegrationError: see :meth:`ZohoClient.send_json`.
        """
        path = f"/salesorders/{_checked(salesorder_id)}/comments"
        marker = comment_marker(salesorder_id, text)
        if self._stands(path, marker):
            return False
        body = f"{text[: COMMENT_LIMIT - len(marker) - 1]}\n{marker}"
        try:
            self.client.send_json("POST", path, {"description": body, "show_comment_to_clients": False})
        except OutcomeUnknownError:
            if not self._stands(path, marker):
                raise
        log.info("zoho sales order %s: note %s added", salesorder_id, marker)
        return True

    def set_custom_fields(self, salesorder_id: str, fields: Mapping[str, str | bool]) -> bool:
        """Set custom fields of a sales order and leave everything else alone.

        Args:
            salesorder_id: of the order.
            fields: API name (``cf_…``) to value.

        Returns:
            True when something was written, False when the order held all values already.

        Raises:
            NotFoundError: no such order.
            ConfigurationError: Zoho took a field and did not keep it: it has no such custom field.
            OutcomeUnknownError: sent, and not to be seen; calling again is safe.
            IntegrationError: see :meth:`ZohoClient.send_form`.
        """
        if not self._missing(_checked(salesorder_id), fields):
            return False
        content = {
            "custom_fields": [{"api_name": name, "value": value} for name, value in fields.items()],
            "salesorder_id": salesorder_id,
        }
        form = {"bulk_update": "true", "JSONString": msgspec.json.encode(content).decode()}
        unknown: OutcomeUnknownError | None = None
        try:
            self.client.send_form("PUT", "/salesorders", form)
        except OutcomeUnknownError as exc:
            unknown = exc
        missing = self._missing(salesorder_id, fields)
        if missing and unknown is not None:
            raise unknown
        if missing:
            raise ConfigurationError(
                f"Zoho took {', '.join(missing)} on sales order {salesorder_id} and did not keep it; "
                "does the custom field exist?"
            )
        log.info("zoho sales order %s: %s set", salesorder_id, ", ".join(fields))
        return True

    def _stands(self, path: str, marker: str) -> bool:
        comments = self.client.get(path).read("comments", list[Comment])
        return any(marker in (comment.description or "") for comment in comments)

    def _missing(self, salesorder_id: str, fields: Mapping[str, str | bool]) -> list[str]:
        """The fields that do not hold their value yet."""
        order = self.client.get(f"/salesorders/{salesorder_id}").read("salesorder", OrderFields)
        held = order.custom_field_hash
        return [name for name, value in fields.items() if not _holds(held, name, value)]


def _holds(held: Mapping[str, object], name: str, value: str | bool) -> bool:
    found = held.get(f"{name}_unformatted", held.get(name, ""))
    wanted = str(value).lower() if isinstance(value, bool) else value
    return (str(found).lower() if isinstance(value, bool) else str(found)) == wanted


def _checked(salesorder_id: str) -> str:
    if not ZOHO_ID.fullmatch(salesorder_id):
        raise NotFoundError(f"{salesorder_id[:40]!r} cannot be the id of a Zoho sales order")
    return salesorder_id
