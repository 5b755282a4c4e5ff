"""Cash receipts as they are sent and answered; the three parts are columns of Sage's three entry tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.gateway.models import MAX_BATCH, Fields, FindingOut, Key, Strict

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_EXAMPLE: JsonDict = {
    "deposit": {"BankCode": "A", "DepositDate": "2026-11-20", "DepositDesc": "PAYOUT 2026-11-20"},
    "header": {
        "ARDivisionNo": "00",
        "CustomerNo": "0001009",
        "CheckNo": "3NBX41QTZ9",
        "PaymentType": "VISA",
        "PostingAmt": "200.38",
    },
    "lines": [{"InvoiceNo": "0100001", "AmountPosted": "200.38"}],
}


class ReceiptRequest(Strict):
    """Money from one customer.

    ``deposit`` names an open deposit by DepositNo, or by BankCode, DepositDate and DepositDesc; such a one is
    opened when there is none. Without ``CashDepositAmt`` it comes to the sum of its receipts. ``lines`` say
    which invoices are paid; money on account is a line of InvoiceType ``PP`` with a number of its own.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    deposit: Fields
    header: Fields
    lines: list[Fields] = Field(min_length=1, max_length=1000)


class ReceiptRecord(Strict):
    """One receipt of a batch."""

    idempotency_key: Key
    receipt: ReceiptRequest


class ReceiptBatch(Strict):
    """Receipts that share one Sage session; each is all or nothing by itself."""

    records: list[ReceiptRecord] = Field(min_length=1, max_length=MAX_BATCH)


class ReceiptAnswer(BaseModel):
    """A receipt that stands in Sage: entered, or posted by a person since."""

    status: Literal["created", "adopted"]
    stage: Literal["entered", "posted"]
    DepositNo: str
    ARDivisionNo: str
    CustomerNo: str
    CheckNo: str
    amount: str
    warnings: list[FindingOut] = []
