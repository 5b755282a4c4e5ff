"""Who sends webhooks, what their bodies announce, and which flow takes it.

A system is one row of ``SENDERS``; how it signs is its connection's business
(:func:`tradebridge.connections.doorkeeper`). Zoho's body names no event, so its address does. Clarity's
body does, and only the body is signed: of Clarity's addresses the last part decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.clarity_ecommerce import webhook as clarity
from include.connectors.zoho_inventory import webhook as zoho
from include.errors import RecordError
from include.pipelines.announce import delivery_id
from include.pipelines.flows import (
    CLARITY_CUSTOMERS,
    CLARITY_ORDERS,
    CLARITY_PAYMENTS,
    CLARITY_PRODUCTS,
    SALESFORCE_CUSTOMERS,
    SALESFORCE_WON,
    ZOHO_ORDERS,
)
from tradebridge.connections import CLARITY_ECOMMERCE, ZOHO_INVENTORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one delivery says.

    Attributes:
        event: what happened to which kind of record.
        record_key: the record's id in its system.
        version: the record's, ``""`` when the delivery does not say.
        delivery_id: the same however often it is delivered.
        content: what is kept of the body.
        listed_as: what a list of the shop shows of this version, where that is not the version itself.
    """

    event: str
    record_key: str
    version: str
    delivery_id: str
    content: bytes
    listed_as: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """A system that sends webhooks.

    Attributes:
        read: the announcement in a verified body, from the address's last part, the body and its content
            type; raises ``RecordError`` when there is none.
        flows: by event, the flow (DAG id) that takes it. What none takes is kept under the system's name.
        unreadable: the flow under which a body waits that cannot be read.
        remedy: what to do about such a body.
        addresses: last parts of the address that there are; ``None`` = any.
    """

    read: Callable[[str, bytes, str], Announcement]
    flows: Mapping[str, str]
    unreadable: str
    remedy: str
    addresses: frozenset[str] | None = None


def _read_zoho(address: str, body: bytes, content_type: str) -> Announcement:
    content = zoho.payload(body, content_type)
    record_id, version = zoho.identify(content, entity=address)
    return Announcement(address, record_id, version, delivery_id(address, record_id, version), content)


def _read_clarity(_address: str, body: bytes, _content_type: str) -> Announcement:
    event = clarity.identify(body)
    if event.type in _CLARITY_FLOWS and not event.record_id:
        raise RecordError(f"the webhook names no {event.entity}", code=clarity.UNREADABLE)
    record_key = event.record_id or event.id
    return Announcement(event.type, record_key, event.version, event.id, body, listed_as=event.updated)


_CLARITY_FLOWS = {
    **dict.fromkeys(("order.created", "order.updated", "order.cancelled"), CLARITY_ORDERS.name),
    **dict.fromkeys(("product.created", "product.updated"), CLARITY_PRODUCTS),
    "payment.captured": CLARITY_PAYMENTS,
    **dict.fromkeys(("customer.created", "customer.updated", "customer.merged"), CLARITY_CUSTOMERS),
}

SENDERS = {
    ZOHO_INVENTORY: Sender(
        read=_read_zoho,
        flows={ZOHO_ORDERS.event: ZOHO_ORDERS.name},
        unreadable=ZOHO_ORDERS.name,
        remedy="Check the webhook's body type in Zoho (Default Payload); the sweep fetches the order itself.",
        addresses=frozenset({ZOHO_ORDERS.event}),
    ),
    CLARITY_ECOMMERCE: Sender(
        read=_read_clarity,
        flows=_CLARITY_FLOWS,
        unreadable=CLARITY_ORDERS.name,
        remedy="Compare the webhook's body with docs/connect-clarity-ecommerce.md; the sweep fetches the "
        "order itself.",
    ),
}
"""Who may announce something, by system."""

FED = frozenset({SALESFORCE_CUSTOMERS, SALESFORCE_WON})
"""Flows that change events are kept for, by whoever follows the streams."""
WOKEN = FED | {flow for sender in SENDERS.values() for flow in sender.flows.values()}
"""Flows that others put rows into the inbox for."""
