"""Salesforce's change events over its Pub/Sub API (gRPC): an endless stream, read without losing the place.

What arrives is a hint that a record has changed; what it says now is asked of the REST API. The subscriber
itself is in :mod:`.subscriber`: only who follows a stream pays for gRPC, and must not have forked with it.
"""

from __future__ import annotations

from include.connectors.salesforce.pubsub.events import ChangeEvent, Kind, Received, ReplayLost
from include.connectors.salesforce.pubsub.settings import Settings

__all__ = ["ChangeEvent", "Kind", "Received", "ReplayLost", "Settings"]
