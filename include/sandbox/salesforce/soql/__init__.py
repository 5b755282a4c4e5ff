"""SOQL: reading it, checking it against the schema, and answering it from the store's rows."""
