"""One cash receipt: judge, look in Sage, open its deposit, write, read back.

The deposit is written before its first receipt, because a receipt is named by it. One that stays without
receipts, because they were refused, takes the next receipt of the same bank, day and description.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.gateway.desk import Desk
from include.gateway.jobs import Job
from include.gateway.messages import Finding
from include.gateway.problems import Answer, ProblemError
from include.gateway.reading import cents, number
from include.gateway.receipt import KEY, Receipts, ReceiptTables
from include.gateway.receipt_lookup import DEPOSIT, RECEIPT, RECEIPT_LINE, ReceiptLookup, StandingReceipt
from include.gateway.receipt_models import ReceiptRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.gateway.messages import Source
    from include.gateway.sequence import Fields

_DEPOSIT_NAMED = ("BankCode", "DepositDate")
_HEADER_NEEDS = ("CustomerNo", "CheckNo", "PostingAmt")
_LINE_NEEDS = ("InvoiceNo", "AmountPosted")


class ReceiptDesk(Desk):
    """Everything the API does with cash receipts."""

    def carry_out(self, job: Job) -> Answer:
        """See :class:`Desk`."""
        match job:
            case Job(verb="create_receipt", receipt=ReceiptRequest() as receipt):
                return self.create(receipt, job.key)
        raise job.misses_its_record()

    def create(self, receipt: ReceiptRequest, key: str) -> Answer:
        """Enter the receipt unless it stands in Sage already, entered or posted.

        Raises:
            ProblemError: nothing was written, or (504) that cannot be told.
        """
        division = receipt.header.get("ARDivisionNo") or self._settings.default_division
        header = self._stamped(RECEIPT, {**receipt.header, "ARDivisionNo": division}, key)
        self._refuse_what_cannot_be(receipt, header)
        lookup = ReceiptLookup(self._reading, sync_key=self._settings.sync_key_column)
        found = lookup.receipt(header, key)
        if found is None:
            return self._enter(lookup, receipt, header)
        left = () if found.posted else self._settle(lookup, found.named[0], receipt.deposit)
        return _answer(200, "adopted", found, left)

    def _enter(self, lookup: ReceiptLookup, receipt: ReceiptRequest, header: Fields) -> Answer:
        writer = self._writer()
        deposit = self._deposit(lookup, writer, receipt.deposit)
        warnings = self._patiently(lambda: writer.create(deposit, header, receipt.lines))
        standing = self._read_after(lambda: lookup.at(deposit, header))
        if standing is None and warnings:
            raise self._refusal(warnings)
        if standing is None:
            raise ProblemError(504, "Sage confirmed the receipt, yet it cannot be read")
        wrong = list(_differing(standing, receipt))
        if wrong:
            raise self._take_back(writer, deposit, header, wrong)
        left = self._settle(lookup, deposit, receipt.deposit)
        return _answer(201, "created", standing, (*warnings, *left))

    def _deposit(self, lookup: ReceiptLookup, writer: Receipts, wanted: Fields) -> str:
        """The number of the receipt's deposit, which is opened when there is none."""
        found = lookup.deposit(wanted)
        if found is not None:
            return str(found["DepositNo"])
        if wanted.get("DepositNo"):
            missing = "no such open deposit"
            value = str(wanted["DepositNo"])
            raise self._refusal([Finding("not_on_file", "header", missing, field="DepositNo", value=value)])
        opened = self._patiently(lambda: writer.open_deposit(wanted))
        self._session.writing = False  # an empty deposit is nothing yet: the receipt is what is in question
        return opened

    def _settle(self, lookup: ReceiptLookup, deposit: str, wanted: Fields) -> tuple[Finding, ...]:
        """A deposit whose amount nobody gave comes to what its receipts do; also after a lost answer.

        Returns:
            What Sage has against it: the receipt stands all the same.

        Raises:
            ProblemError: 504, not now; the same key again sees to it.
        """
        if wanted.get("CashDepositAmt") is not None:
            return ()
        try:
            self._balance(lookup, deposit)
        except ProblemError as problem:
            self._session.writing = False
            if problem.status == 422:
                return problem.errors
            detail = "the receipt is entered, its deposit's amount is not set; repeat with the same key"
            raise ProblemError(504, detail, errors=problem.errors) from problem
        return ()

    def _balance(self, lookup: ReceiptLookup, deposit: str) -> None:
        standing, received = lookup.deposit({"DepositNo": deposit}), lookup.received(deposit)
        if standing is not None and number(standing["CashDepositAmt"]) != received:
            amount = {"CashDepositAmt": cents(received)}
            self._patiently(lambda: self._writer().change_deposit(deposit, amount))
            self._session.writing = False

    def _take_back(
        self, writer: Receipts, deposit: str, header: Fields, wrong: list[Finding]
    ) -> ProblemError:
        """Delete what was just entered and is not what was asked for."""
        try:
            writer.delete(deposit, header)
        except ProblemError:
            detail = f"the receipt stands in deposit {deposit} and differs; a person must compare it"
            return ProblemError(422, detail, errors=wrong, extra={"DepositNo": deposit})
        finally:
            self._session.writing = False
        detail = "Sage made something else of the receipt; it was removed again"
        return ProblemError(422, detail, errors=wrong)

    def _writer(self) -> Receipts:
        tables = ReceiptTables(*map(self._reading.table, (DEPOSIT, RECEIPT, RECEIPT_LINE)))
        patience = self._settings.retry_after_seconds
        return Receipts(self._session, tables, self._messages, retry_after=patience)

    def _refuse_what_cannot_be(self, receipt: ReceiptRequest, header: Fields) -> None:
        judge = self._judge(DEPOSIT, RECEIPT, RECEIPT_LINE)
        needs = () if receipt.deposit.get("DepositNo") else _DEPOSIT_NAMED
        findings = [*_missing(receipt.deposit, needs), *_missing(header, _HEADER_NEEDS)]
        findings += judge.findings(DEPOSIT, receipt.deposit, source="header")
        findings += judge.findings(RECEIPT, header, source="header")
        for position, line in enumerate(receipt.lines, start=1):
            findings += _missing(line, _LINE_NEEDS, line=position)
            findings += judge.findings(RECEIPT_LINE, line, source="line", line=position)
        if not findings and _posted(receipt) != number(header["PostingAmt"]):
            message = f"the lines come to {cents(_posted(receipt))}"
            findings.append(Finding("invalid_value", "header", message, field="PostingAmt"))
        if findings:
            raise self._refusal(findings)


def _missing(fields: Fields, needs: Iterable[str], *, line: int | None = None) -> Iterator[Finding]:
    source: Source = "line" if line else "header"
    for name in needs:
        if fields.get(name) in {None, ""}:
            yield Finding("required", source, f"{name} is required", line=line, field=name)


def _posted(receipt: ReceiptRequest) -> Decimal:
    return sum((number(line["AmountPosted"]) for line in receipt.lines), Decimal(0))


def _differing(standing: StandingReceipt, receipt: ReceiptRequest) -> Iterator[Finding]:
    wanted: dict[str, Any] = {
        "PostingAmt": number(receipt.header["PostingAmt"]),
        "AmountPosted": sorted(number(line["AmountPosted"]) for line in receipt.lines),
    }
    stands = {"PostingAmt": standing.amount, "AmountPosted": sorted(standing.lines)}
    for name, value in wanted.items():
        if stands[name] != value:
            message = f"Sage holds another {name}"
            yield Finding("read_back_differs", "header", message, field=name, value=cents(standing.amount))


def _answer(status: int, word: str, standing: StandingReceipt, warnings: Iterable[Finding]) -> Answer:
    body = {
        "status": word,
        "stage": "posted" if standing.posted else "entered",
        **dict(zip(KEY, standing.named, strict=True)),
        "amount": cents(standing.amount),
        "warnings": [warning.as_json() for warning in warnings],
    }
    return Answer(status, body)
