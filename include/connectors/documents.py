"""Records on their way to a system that takes them as JSON, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from include.canonical.reasons import Reason

DocumentStatus = Literal[
    "created", "adopted", "changed", "unchanged", "absent", "refused", "unknown", "retry"
]
"""``adopted``: it stood there and equals ours. ``absent``: what was to be taken away is not there.
``unknown``: it was sent and nobody can tell what came of it.
``retry``: nothing was written, ask again. The others are final."""


@dataclass(frozen=True, slots=True)
class Document:
    """One record for the target.

    Attributes:
        key: the source's id of the record.
        content: its JSON in the target's names, every number with its digits.
        target_id: the record in the target; blank creates it, or finds it by its own number.
        idempotency_key: name of this write.
        adopts: somebody said that ``target_id`` is the record, and we have not written it yet.
    """

    key: str
    content: str
    target_id: str = ""
    idempotency_key: str = ""
    adopts: bool = False

    @property
    def members(self) -> dict[str, Any]:
        """The content; numbers are ``int`` or ``Decimal``."""
        return dict(_DECODER.decode(self.content))


_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that the target said against a record.

    Attributes:
        code: the target's own word.
        reason: the same in our vocabulary.
        field: the target's name of what it is about, blank when it is about no field.
        message: for a person.
    """

    code: str
    reason: Reason
    field: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one record.

    Attributes:
        key: its idempotency key.
        target_id: the record in the target, if known.
        errors: why it was refused; never empty then.
        retry_after: seconds the target asks to wait.
    """

    key: str
    status: DocumentStatus
    target_id: str = ""
    errors: tuple[Refusal, ...] = ()
    retry_after: float | None = None
