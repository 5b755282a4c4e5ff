"""Salesforce's change events over its Pub/Sub API (gRPC): an endless stream, read without losing the place.

What arrives is a hint that a record has changed; what it says now is asked of the REST API.
"""

from __future__ import annotations

from include.connectors.salesforce.pubsub.events import ChangeEvent, Kind
from include.connectors.salesforce.pubsub.settings import Settings
from include.connectors.salesforce.pubsub.subscriber import Received, ReplayLost, Session, Subscriber

__all__ = ["ChangeEvent", "Kind", "Received", "ReplayLost", "Session", "Settings", "Subscriber"]
