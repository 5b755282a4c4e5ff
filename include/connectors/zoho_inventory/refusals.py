"""What Zoho refuses of a record, in our vocabulary; and records written one after the other."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Refusal
from include.connectors.zoho_inventory.errors import DuplicateError, NotFoundError, ZohoError
from include.errors import IntegrationError, OutcomeUnknownError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from include.connectors.documents import Document

INVALID = frozenset({2, 4})
"""Zoho's word for a value that makes no sense, and for a mandatory one that is not there."""
REASONS = {
    15: Reason.TOO_LONG,
    2006: Reason.NO_REFERENCE,
    1002: Reason.NO_REFERENCE,
    13009: Reason.MISSING,
}
FIELDS = {3062: "contact_name", 36004: "salesorder_number"}
"""What is taken already, where Zoho does not name the field."""


class RefusedError(ZohoError):
    """We refuse a record ourselves, from what Zoho has told us.

    Args:
        refusal: why.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def refusal_of(error: ZohoError, members: Mapping[str, Any]) -> Refusal:
    """A refusal of Zoho's over these members."""
    if isinstance(error, RefusedError):
        return error.refusal
    code = "none" if error.code is None else str(error.code)
    name = error.field or FIELDS.get(error.code or 0, "")
    about = f" over {name}" if name else ""
    return Refusal(code, _reason(error, members), name, f"Zoho Inventory refuses it{about}")


def _reason(error: ZohoError, members: Mapping[str, Any]) -> Reason:
    if error.code in INVALID and error.field:
        return Reason.INVALID_FORMAT if _says(members, error.field) else Reason.MISSING
    if error.code in REASONS:
        return REASONS[error.code]
    if isinstance(error, DuplicateError):
        return Reason.DUPLICATE
    return Reason.NO_REFERENCE if isinstance(error, NotFoundError) else Reason.REFUSED


def _says(members: Mapping[str, Any], field: str) -> bool:
    """Whether a body has a value of this name, at the top or in each of its lines."""
    if members.get(field) not in (None, "", []):
        return True
    lines = members.get("line_items") or members.get("contact_persons") or []
    return bool(lines) and all(line.get(field) not in (None, "") for line in lines)


@contextmanager
def after_effect() -> Iterator[None]:
    """Part of the record stands already: what fails now leaves it unfinished, not unwritten.

    Raises:
        OutcomeUnknownError: in place of every error that waiting can heal.
    """
    try:
        yield
    except OutcomeUnknownError:
        raise
    except TransientError as error:
        raise OutcomeUnknownError(str(error), retry_after=error.retry_after) from error


def one_by_one(documents: Sequence[Document], write: Callable[[Document], Answer]) -> list[Answer]:
    """Write documents in their order, an answer each.

    Args:
        documents: to be written.
        write: writes one.

    Raises:
        IntegrationError: only while nothing has been answered; after that the documents left come back as
            ``retry``.
    """
    answers: list[Answer] = []
    for document in documents:
        key = document.idempotency_key
        try:
            answers.append(write(document))
        except OutcomeUnknownError as error:
            answers.append(Answer(key, "unknown", document.target_id, retry_after=error.retry_after))
        except ZohoError as error:
            refusal = refusal_of(error, document.members)
            answers.append(Answer(key, "refused", document.target_id, (refusal,)))
        except IntegrationError as error:
            if not answers:
                raise
            wait = getattr(error, "retry_after", None)
            left = documents[len(answers) :]
            return answers + [Answer(each.idempotency_key, "retry", retry_after=wait) for each in left]
    return answers
