"""One item request: judge, look in Sage, write, read back. The item code is the fact that is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.gateway.desk import Desk, as_text
from include.gateway.item import Items
from include.gateway.item_models import ItemRequest
from include.gateway.jobs import Job
from include.gateway.line_changes import differences
from include.gateway.lookup import ITEM
from include.gateway.messages import Finding
from include.gateway.problems import Answer, ProblemError
from include.gateway.reading import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.gateway.sequence import Fields


class ItemDesk(Desk):
    """Everything the API does with items."""

    def carry_out(self, job: Job) -> Answer:
        """See :class:`Desk`."""
        match job:
            case Job(verb="create_item", item=ItemRequest() as item):
                return self.create(item)
            case Job(verb="change_item", item=ItemRequest() as item):
                return self.change(item)
            case Job(verb="read_item"):
                return self.read(job.number)
        raise job.misses_its_record()

    def create(self, item: ItemRequest) -> Answer:
        """Write the item unless one of its code stands in Sage; that one is left as it is.

        Raises:
            ProblemError: nothing was written, or (504) that cannot be told.
        """
        code, fields = item.ItemCode.upper(), _named(item.fields)
        self._refuse_what_cannot_be(code, fields)
        standing = self._lookup.whole_item(code)
        if standing is not None:
            return _answer(200, "adopted", code, self._differing(standing, fields))
        warnings = self._save(code, fields, new=True)
        return _answer(201, "created", code, warnings)

    def change(self, item: ItemRequest) -> Answer:
        """Make the given columns of an item equal to the request.

        Raises:
            ProblemError: 404 there is no such item; otherwise as :meth:`create`.
        """
        code, fields = item.ItemCode.upper(), _named(item.fields)
        standing = self._found(code)
        self._refuse_what_cannot_be(code, fields)
        new = differences(standing, fields, self._reading.table(ITEM))
        if not new:
            return _answer(200, "unchanged", code, ())
        return _answer(200, "changed", code, self._save(code, new, new=False))

    def read(self, code: str) -> Answer:
        """An item as the table holds it.

        Raises:
            ProblemError: 404.
        """
        return Answer(200, {"fields": as_text(self._found(code.upper()))})

    def _found(self, code: str) -> dict[str, Any]:
        row = self._lookup.whole_item(code)
        if row is None:
            raise ProblemError(404, "there is no item of this code")
        return row

    def _refuse_what_cannot_be(self, code: str, fields: Fields) -> None:
        findings = list(self._judge(ITEM).findings(ITEM, {"ItemCode": code, **fields}, source="header"))
        if findings:
            raise self._refusal(findings)

    def _save(self, code: str, fields: Fields, *, new: bool) -> tuple[Finding, ...]:
        """Write and compare column by column what Sage made of it.

        Raises:
            ProblemError: 422 read_back_differs, the item stands and is not as asked for; or as above.
        """
        table = self._reading.table(ITEM)
        patience = self._settings.retry_after_seconds
        writer = Items(self._session, table, self._messages, retry_after=patience)
        warnings = self._patiently(lambda: writer.save(code, fields, new=new))
        standing = self._read_after(lambda: self._lookup.whole_item(code))
        if standing is None and warnings:
            raise self._refusal(warnings)
        if standing is None:
            raise ProblemError(504, "Sage confirmed the item, yet it cannot be read")
        wrong = self._differing(standing, fields)
        if wrong:
            detail = "the item stands in Sage and differs; a person must compare it"
            raise ProblemError(422, detail, errors=wrong, extra={"ItemCode": code})
        return warnings

    def _differing(self, standing: Mapping[str, Any], fields: Fields) -> list[Finding]:
        """Where Sage holds something else; zeros that it put before a code are its way of writing it."""
        return [
            _differs(name, standing[name])
            for name, wanted in differences(standing, fields, self._reading.table(ITEM)).items()
            if not _padded(wanted, standing[name])
        ]


def _differs(name: str, stands: Any) -> Finding:
    message = f"Sage holds another {name}"
    return Finding("read_back_differs", "header", message, field=name, value=shown(stands))


def _padded(wanted: str | int, stands: Any) -> bool:
    text = str(wanted)
    return text.isdecimal() and isinstance(stands, str) and text.zfill(len(stands)) == stands


def _named(fields: Fields) -> dict[str, str | int | None]:
    """Without the code, which names the item and is no column to set."""
    return {name: value for name, value in fields.items() if name != "ItemCode"}


def _answer(status: int, word: str, code: str, warnings: Iterable[Finding]) -> Answer:
    body = {"status": word, "ItemCode": code, "warnings": [warning.as_json() for warning in warnings]}
    return Answer(status, body)
