"""The control calls of warehouse and office: ship, post, track, move stock, change an item, take money."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from include.sandbox.sage100.clerk import Clerk
from include.sandbox.sage100.objects.values import accept
from include.sandbox.sage100.office import Ask, Company, Row, shown
from include.sandbox.sage100.posting import PAST, PAST_LINES, PAST_TRACKING, Journal
from include.sandbox.sage100.receipts import Receipts
from include.sandbox.sage100.refusals import NotNowError
from include.sandbox.sage100.shipping import DETAIL, HEADER, TRACKING, Shipping
from include.sandbox.sage100.stock import Stock

if TYPE_CHECKING:
    from fastapi import APIRouter

    from include.sandbox.sage100.accounts import Accounts
    from include.sandbox.sage100.records import Record


class PackageAsk(Ask):
    """A package with the carrier's number."""

    TrackingID: str = Field(max_length=30)
    Comment: str = Field(default="", max_length=30)


class ShippedLine(Ask):
    """How much of an order's line is shipped."""

    LineKey: str
    Quantity: Decimal = Field(ge=0, decimal_places=6)


class ShipAsk(Ask):
    """What leaves the warehouse: all that is open, or ``lines`` with the rest on back order."""

    lines: list[ShippedLine] | None = Field(default=None, min_length=1)
    packages: list[PackageAsk] = Field(default_factory=list)
    ShipVia: str | None = None
    FreightAmt: Decimal | None = Field(default=None, ge=0, decimal_places=2)
    post: bool = False
    """Post the journal at once for this shipment."""


class PostAsk(Ask):
    """Which entries are posted; all when nothing is named."""

    invoices: list[str] | None = Field(default=None, min_length=1)
    batches: list[str] = Field(default_factory=list)
    PostingDate: str = Field(default="", pattern=r"^(\d{8})?$")


class MoveAsk(Ask):
    """Goods of one item in one warehouse."""

    ItemCode: str
    WarehouseCode: str = "000"


class ReceiveAsk(MoveAsk):
    """Goods that came in."""

    Quantity: Decimal = Field(gt=0, decimal_places=6)


class AdjustAsk(MoveAsk):
    """A correction: breakage below zero, a find above."""

    Change: Decimal = Field(decimal_places=6)


class ItemAsk(Ask):
    """What a person changes of an item."""

    ItemCode: str
    StandardUnitPrice: Decimal | None = Field(default=None, ge=0)
    SuggestedRetailPrice: Decimal | None = Field(default=None, ge=0)
    ItemCodeDesc: str | None = None
    InactiveItem: Literal["Y", "N"] | None = None
    ProductType: Literal["F", "R", "D", "K"] | None = None
    """``D`` discontinues it."""


class PaidInvoice(Ask):
    """What is paid of an open item; type PP is money before there is an invoice."""

    InvoiceNo: str
    InvoiceType: Literal["IN", "DM", "FC", "PP"] = "IN"
    Amount: Decimal = Field(gt=0, decimal_places=2)


class PayAsk(Ask):
    """A payment of one customer, entered and posted."""

    ARDivisionNo: str = "00"
    CustomerNo: str
    CheckNo: str = Field(min_length=1, max_length=10)
    PaymentType: str = "CHECK"
    BankCode: str = "A"
    invoices: list[PaidInvoice] = Field(min_length=1)


class DepositAsk(Ask):
    """Which deposit's receipts are posted; all when none is named."""

    DepositNo: str = ""


def add_trade(made: APIRouter, held: Company) -> None:
    """Add the calls to the control API."""
    _add_shipping(made, held)
    _add_journal(made, held)
    _add_tracking(made, held)
    _add_goods(made, held)
    _add_money(made, held)


def _entry(accounts: Accounts, invoice: Record) -> Row:
    where = {"InvoiceNo": invoice.key[0]}
    lines, packages = (
        accounts.select(DETAIL, "LineKey", **where),
        accounts.select(TRACKING, "PackageNo", **where),
    )
    return {"invoice": shown(invoice), "lines": [*map(shown, lines)], "packages": [*map(shown, packages)]}


def _posted(accounts: Accounts, past: Record) -> Row:
    where = dict(zip(("InvoiceNo", "HeaderSeqNo"), past.key, strict=True))
    lines = accounts.select(PAST_LINES, "DetailSeqNo", **where)
    packages = accounts.select(PAST_TRACKING, "PackageNo", **where)
    return {"invoice": shown(past), "lines": [*map(shown, lines)], "packages": [*map(shown, packages)]}


def _add_shipping(made: APIRouter, held: Company) -> None:
    @made.post("/orders/{order_no}/ship", status_code=201)
    def ship(order_no: str, ask: ShipAsk) -> Row:
        """Ship an order or a part of it; 404 no such live order, 409 on hold, entered already or no stock."""
        with held.worked() as accounts:
            invoice = _shipped(accounts, order_no, ask)
            if ask.post:
                (past,) = Journal(accounts).post([invoice.key[0]])
                return _posted(accounts, past)
            return _entry(accounts, invoice)

    @made.delete("/invoices/{invoice_no}")
    def take_back(invoice_no: str) -> Row:
        """Delete an entry that is not posted: the order is open again."""
        with held.worked() as accounts:
            Shipping(accounts).remove(_standing(accounts, invoice_no))
        return {"removed": 1}


def _shipped(accounts: Accounts, order_no: str, ask: ShipAsk) -> Record:
    shipping = Shipping(accounts)
    columns = accounts.tables[HEADER].columns
    header = {
        name: accept(columns[name], value)
        for name, value in (("ShipVia", ask.ShipVia), ("FreightAmt", ask.FreightAmt))
        if value is not None
    }
    header["NumberofPackages"] = Decimal(len(ask.packages))
    quantities = None if ask.lines is None else {line.LineKey: line.Quantity for line in ask.lines}
    invoice = shipping.enter(order_no, quantities, ship_status="S", **header)
    for package in ask.packages:
        shipping.track(invoice.key[0], package.TrackingID, comment=package.Comment)
    return invoice


def _standing(accounts: Accounts, invoice_no: str) -> Record:
    """An entry; 409 when it has been posted, 404 when it never was."""
    if not accounts.find(HEADER, invoice_no) and accounts.find(PAST, invoice_no):
        raise NotNowError(f"The invoice {invoice_no} has been posted.")
    return accounts.existing(HEADER, invoice_no)


def _add_journal(made: APIRouter, held: Company) -> None:
    @made.post("/journal")
    def post(ask: PostAsk) -> list[Row]:
        """Print and update the sales journal; 409 when somebody has one of the records open."""
        with held.worked() as accounts:
            journal = Journal(accounts)
            for invoice_no in ask.invoices or []:
                _standing(accounts, invoice_no)
            numbers = journal.entries(ask.batches) if ask.invoices is None else ask.invoices
            return [_posted(accounts, past) for past in journal.post(numbers, ask.PostingDate)]


def _add_tracking(made: APIRouter, held: Company) -> None:
    @made.post("/invoices/{invoice_no}/tracking", status_code=201)
    def track(invoice_no: str, ask: PackageAsk) -> Row:
        """Add a package to a shipment that is not posted."""
        with held.worked() as accounts:
            _standing(accounts, invoice_no)
            return shown(Shipping(accounts).track(invoice_no, ask.TrackingID, comment=ask.Comment))

    @made.put("/invoices/{invoice_no}/tracking/{package_no}")
    def correct(invoice_no: str, package_no: str, ask: PackageAsk) -> Row:
        """Correct a package's number before posting; 404 no such package, 409 posted."""
        with held.worked() as accounts:
            _standing(accounts, invoice_no)
            accounts.existing(TRACKING, invoice_no, package_no)
            shipping = Shipping(accounts)
            return shown(
                shipping.track(invoice_no, ask.TrackingID, package_no=package_no, comment=ask.Comment)
            )


def _add_goods(made: APIRouter, held: Company) -> None:
    @made.post("/stock/receive")
    def receive(ask: ReceiveAsk) -> Row:
        """Take goods in."""
        with held.worked() as accounts:
            return shown(Stock(accounts).receive(ask.ItemCode, ask.WarehouseCode, ask.Quantity))

    @made.post("/stock/adjust")
    def adjust(ask: AdjustAsk) -> Row:
        """Correct what lies there; 409 when less than nothing would be left."""
        with held.worked() as accounts:
            return shown(Stock(accounts).adjust(ask.ItemCode, ask.WarehouseCode, ask.Change))

    @made.post("/items")
    def change_item(ask: ItemAsk) -> Row:
        """Change price, description or standing of an item."""
        values = ask.model_dump(exclude={"ItemCode"}, exclude_none=True)
        with held.worked() as accounts:
            accounts.demand_free("CI_Item", ask.ItemCode)
            return shown(Clerk(accounts).change("CI_Item", [ask.ItemCode], values))


def _add_money(made: APIRouter, held: Company) -> None:
    @made.post("/payments", status_code=201)
    def pay(ask: PayAsk) -> list[Row]:
        """A customer pays: deposit, receipt and posting in one."""
        with held.worked() as accounts:
            return [*map(shown, _paid(accounts, ask))]

    @made.post("/receipts")
    def post_receipts(ask: DepositAsk) -> list[Row]:
        """Post entered cash receipts."""
        with held.worked() as accounts:
            return [*map(shown, Receipts(accounts).post(ask.DepositNo))]


def _paid(accounts: Accounts, ask: PayAsk) -> list[Record]:
    accounts.existing("AR_Customer", ask.ARDivisionNo, ask.CustomerNo)
    accounts.existing("AR_PaymentType", ask.PaymentType)
    accounts.existing("GL_Bank", ask.BankCode)
    receipts = Receipts(accounts)
    lines = [(paid.InvoiceNo, paid.InvoiceType, paid.Amount) for paid in ask.invoices]
    customer = ask.ARDivisionNo, ask.CustomerNo
    deposit_no = receipts.take(customer, lines, bank=ask.BankCode, check=ask.CheckNo, how=ask.PaymentType)
    return receipts.post(deposit_no)
