"""Salesforce as its clients see it: one org with metadata, records, transactions and sessions."""
