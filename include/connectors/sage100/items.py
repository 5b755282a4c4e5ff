"""Sage 100's items as the one who is told: written from finished JSON through the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.connectors.documents import Answer, Refusal
from include.connectors.sage100.errors import reason_for
from include.connectors.sage100.records import ItemWrite, WriteResult
from include.errors import IntegrationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.connectors.documents import Document, DocumentStatus
    from include.connectors.sage100.writer import GatewayClient

ITEM_CODE = "ItemCode"


@dataclass(frozen=True, slots=True)
class SageItems:
    """Items by their code. Of one that is known only the columns that are sent are changed.

    Args:
        gateway: carries the calls.
    """

    gateway: GatewayClient

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Create or change items. Raises as :meth:`GatewayClient.create_items`, while nothing is answered."""
        answers: dict[str, Answer] = {}
        new = [each for each in documents if not each.target_id]
        known = [each for each in documents if each.target_id]
        for send, some in ((self.gateway.create_items, new), (self.gateway.change_items, known)):
            if some:
                results = self._sent(send, some, answered=bool(answers))
                answers |= {result.key: _answer(result) for result in results}
        return [answers[each.idempotency_key] for each in documents]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Nothing: an item is adopted or made equal, so what was perhaps told is told again."""
        del documents
        return {}

    def _sent(
        self,
        send: Callable[[Sequence[ItemWrite]], list[WriteResult]],
        documents: Sequence[Document],
        *,
        answered: bool,
    ) -> list[WriteResult]:
        try:
            return send([_item(document) for document in documents])
        except IntegrationError as error:
            if not answered:
                raise
            wait = getattr(error, "retry_after", None)
            return [WriteResult(each.idempotency_key, "retry", retry_after=wait) for each in documents]


def _item(document: Document) -> ItemWrite:
    members = document.members
    code = document.target_id or str(members[ITEM_CODE])
    fields = {name: _text(value) for name, value in members.items() if name != ITEM_CODE}
    return ItemWrite(document.key, document.idempotency_key, code, fields)


def _text(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _answer(result: WriteResult) -> Answer:
    status: DocumentStatus = result.status  # type: ignore[assignment]  # items are neither cancelled nor absent
    refusals = tuple(
        Refusal(issue.code, reason_for(issue.code), issue.field, issue.message) for issue in result.errors
    )
    return Answer(result.key, status, result.target_id, refusals, result.retry_after)
