"""The REST service in front of Sage 100.

It stands on the Windows machine beside Sage and drives Sage's own Business Objects, so that every
rule of the screens holds for what we write. Everywhere else the same code drives an emulation of
those objects, named by a setting. It imports little on purpose: FastAPI, pydantic, the standard
library, pyodbc when a read is due and pywin32 when the setting says COM.
"""
