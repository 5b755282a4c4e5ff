"""Items through ``CI_ItemCode_bus``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.gateway.dialogue import Dialogue
from include.gateway.sequence import ITEM_FIRST, Fields, in_order
from include.gateway.session import ITEM, SageSession
from include.gateway.writing import Writer

if TYPE_CHECKING:
    from include.gateway.dictionary import Table
    from include.gateway.messages import Finding, MessageTable

_LEADS = frozenset({"ItemType", "ProductLine"})


class Items(Writer):
    """Writes items in one session."""

    def __init__(
        self, session: SageSession, table: Table, messages: MessageTable, *, retry_after: int
    ) -> None:
        super().__init__(session, messages, retry_after=retry_after)
        self._table = table

    def save(self, code: str, fields: Fields, *, new: bool) -> tuple[Finding, ...]:
        """Write a new item, or the given columns of one that is there; gives Sage's warnings.

        Raises:
            ProblemError: 422 refused, 423 locked, 503 no session; nothing was written.
        """
        item = self._session.business_object(ITEM)
        talk = Dialogue(self._messages)
        self._demand(item, talk, item.nSetKey(code), new=new, field="ItemCode", value=code)
        talk.set_fields(item, in_order(fields, ITEM_FIRST), self._table, source="header", leading=_LEADS)
        self._write(item, talk, doing="the item")
        return tuple(talk.warnings)
