"""Salesforce's published contract of the Pub/Sub API: messages and stubs, generated from `pubsub_api.proto`.

The contract is the vendor's, not ours; it is the one thing that connector and sandbox share. `make protocol`
generates the modules anew.
"""

from __future__ import annotations
