"""Salesforce's event bus: change events and platform events over the Pub/Sub API's gRPC."""

from __future__ import annotations
