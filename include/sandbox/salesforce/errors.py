"""Refusals in Salesforce's words: of one row, and of a whole request."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class RowError(Exception):
    """Why one record was not saved.

    ``http`` is the status where the row is the whole request; in a list of rows it does not show.
    ``more`` goes into the REST body beside message and code (``duplicateResult``).
    """

    def __init__(
        self, status_code: str, message: str, fields: list[str] | None = None, http: int = 400, **more: Any
    ) -> None:
        super().__init__(f"{status_code}: {message}")
        self.status_code = status_code
        self.message = message
        self.fields = fields or []
        self.http = http
        self.more = more

    def row(self) -> Json:
        """As lists of results show it."""
        return {"statusCode": self.status_code, "message": self.message, "fields": self.fields}

    def body(self) -> list[Any]:
        """As a REST body; of several records with one external id, where they are."""
        if self.http == 300:
            return list(self.more["urls"])
        return [{"message": self.message, "errorCode": self.status_code, "fields": self.fields, **self.more}]


class ApiError(Exception):
    """Why a whole request was refused; the body is always an array of errors."""

    def __init__(self, http: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.http = http
        self.code = code
        self.message = message

    def body(self) -> Any:
        """The REST body."""
        return [{"message": self.message, "errorCode": self.code}]


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404 in Salesforce's words."""
    return ApiError(404, "NOT_FOUND", message)
