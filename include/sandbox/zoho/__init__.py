"""Zoho Inventory in small, faithful to the wire rather than to its documentation."""
