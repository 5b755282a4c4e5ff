"""In which order columns are set: one may load defaults that overwrite another."""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[str, str | int | None]

HEADER_FIRST = (
    "ARDivisionNo", "CustomerNo", "OrderDate", "OrderType", "ShipExpireDate", "CustomerPONo", "ShipToCode",
    "ShipToName", "ShipToAddress1", "ShipToAddress2", "ShipToAddress3", "ShipToCity", "ShipToState",
    "ShipToZipCode", "ShipToCountryCode", "WarehouseCode", "TaxSchedule", "TermsCode", "ShipVia",
)  # fmt: skip
"""The customer loads defaults, the ship-to loads warehouse, tax and carrier: what is set later wins."""
LINE_FIRST = (
    "ItemCode", "QuantityOrdered", "WarehouseCode", "UnitOfMeasure", "UnitPrice", "LineDiscountPercent",
    "ExtensionAmt", "ItemCodeDesc", "CommentText",
)  # fmt: skip
"""The item loads price, warehouse and unit. ExtensionAmt gives a charge without quantity its amount."""
ITEM_FIRST = (
    "ItemType", "ItemCodeDesc", "ProductLine", "ProductType", "Valuation", "StandardUnitOfMeasure",
    "SalesUnitOfMeasure", "PurchaseUnitOfMeasure", "SalesUMConvFctr", "PurchaseUMConvFctr",
    "DefaultWarehouseCode", "StandardUnitPrice",
)  # fmt: skip
"""The product line loads type, valuation, units and tax class; its words give way to the caller's."""
DEPOSIT_FIRST = ("BankCode", "DepositDate", "DepositType", "DepositDesc", "CashDepositAmt")
RECEIPT_FIRST = ("PaymentType", "PostingAmt")
RECEIPT_LINE_FIRST = ("InvoiceNo", "InvoiceType", "AmountPosted")
CUSTOMER_FIRST = ("CustomerName", "AddressLine1", "AddressLine2", "AddressLine3", "ZipCode", "CountryCode")
"""A postal code may fill city and state from Sage's own table; the customer's words are set after it."""


def in_order(fields: Fields, first: tuple[str, ...]) -> dict[str, str | int]:
    """Columns in Sage's order: the named ones first, then the others as sent, UDFs last; nulls left out."""
    named = [name for name in first if name in fields]
    others = [name for name in fields if name not in first and not name.startswith("UDF_")]
    udfs = [name for name in fields if name not in first and name.startswith("UDF_")]
    ordered = ((name, fields[name]) for name in (*named, *others, *udfs))
    return {name: value for name, value in ordered if value is not None}
