"""What the company does not do, and says so: the words end up in a program's or a person's message."""

from __future__ import annotations


class RefusedError(Exception):
    """The company does not take this. A Business Object answers it as 0 with this message."""


class NotOnFileError(RefusedError):
    """There is no such record."""


class NotNowError(RefusedError):
    """Refused as the books stand: in use, on hold, already entered. The same may be right later."""


IN_USE = "The record is in use by another user."
