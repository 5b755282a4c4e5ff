"""Sage 100 in small: a company's tables in SQLite and the Business Objects that write them.

Reads go straight to the tables by ODBC, as with the real product; writes go through
:class:`include.sandbox.sage100.objects.Script`, which answers as the COM object of that name does.
"""

from __future__ import annotations
