"""What is read to find changes.

Columns that move without any news in them (costs, who saved it, when it was last sold) are left out: a
version would change with them.
"""

from __future__ import annotations

from include.connectors.sage100.changes.clock import DATE, TIME
from include.connectors.sage100.queries import Statement

STAMP = (DATE, TIME)

STOCK = Statement(
    "stock",
    "IM_ItemWarehouse",
    (
        "ItemCode",
        "WarehouseCode",
        "QuantityOnHand",
        "QuantityOnSalesOrder",
        "QuantityOnBackOrder",
        "QuantityOnPurchaseOrder",
        "QuantityInShipping",
    ),
    key="ItemCode",
    order=("ItemCode", "WarehouseCode"),
)

CUSTOMER_DETAILS = Statement(
    "customer_details",
    "AR_Customer",
    ("ARDivisionNo", "CustomerNo", "CustomerName", "CreditHold", "CreditLimit", *STAMP),
    key="CustomerNo",
    stamp=DATE,
    order=("ARDivisionNo", "CustomerNo"),
)

ITEM_KEYS = Statement("item_keys", "CI_Item", ("ItemCode",), key="ItemCode")
ITEM_DETAILS = Statement(
    "item_details",
    "CI_Item",
    (
        "ItemCode",
        "ItemType",
        "ItemCodeDesc",
        "ProductLine",
        "ProductType",
        "PriceCode",
        "TaxClass",
        "StandardUnitOfMeasure",
        "SalesUnitOfMeasure",
        "SalesUMConvFctr",
        "StandardUnitPrice",
        "SuggestedRetailPrice",
        "SalesPromotionPrice",
        "SalesPromotionDiscountPercent",
        "SaleMethod",
        "SaleStartingDate",
        "SaleEndingDate",
        "DefaultWarehouseCode",
        "ShipWeight",
        "Volume",
        "Category1",
        "Category2",
        "Category3",
        "Category4",
        "ImageFile",
        "CommentText",
        "AllowBackOrders",
        "UseInSO",
        *STAMP,
    ),
    ("InactiveItem", "UDF_UPC"),
    key="ItemCode",
    stamp=DATE,
    order=("ItemCode",),
)
ITEM_PRICES = Statement(
    "item_prices",
    "IM_PriceCode",
    (
        "PriceCodeRecord",
        "ItemCode",
        "CustomerPriceLevel",
        "PricingMethod",
        *(f"BreakQuantity{place}" for place in range(1, 6)),
        *(f"DiscountMarkup{place}" for place in range(1, 6)),
    ),
    key="PriceCodeRecord",
    order=("PriceCodeRecord", "ItemCode", "CustomerPriceLevel"),
)
PRICES_OF_ITEMS = Statement(
    "prices_of_items",
    ITEM_PRICES.table,
    ITEM_PRICES.columns,
    key="ItemCode",
    order=("ItemCode", "CustomerPriceLevel"),
)

_SHIPMENT = (
    "InvoiceNo",
    "InvoiceType",
    "InvoiceDate",
    "SalesOrderNo",
    "OrderDate",
    "ARDivisionNo",
    "CustomerNo",
    "CustomerPONo",
    "ShipToCode",
    "ShipToName",
    "ShipToAddress1",
    "ShipToAddress2",
    "ShipToAddress3",
    "ShipToCity",
    "ShipToState",
    "ShipToZipCode",
    "ShipToCountryCode",
    "ShipDate",
    "ShipVia",
    "WarehouseCode",
    "FreightAmt",
    "Weight",
    "NumberOfPackages",
)
_SEVERAL_ORDERS = ("MultipleSalesOrdersApplied",)
_QUANTITIES = (
    "ItemCode",
    "ItemType",
    "ItemCodeDesc",
    "WarehouseCode",
    "UnitOfMeasure",
    "QuantityOrdered",
    "QuantityShipped",
    "QuantityBackordered",
    "UnitPrice",
    "LineDiscountPercent",
    "ExtensionAmt",
    "TaxClass",
    "CommentText",
)
_PACKAGE = ("PackageNo", "TrackingID", "Comment", "StarshipShipVia", "Weight", "FreightAmt")

ENTERED_SHIPMENTS = Statement(
    "entered_shipments",
    "SO_InvoiceHeader",
    (*_SHIPMENT, "ShipStatus"),
    _SEVERAL_ORDERS,
    key="InvoiceNo",
    order=("InvoiceNo",),
)
ENTERED_LINES = Statement(
    "entered_lines",
    "SO_InvoiceDetail",
    ("InvoiceNo", "LineKey", "LineSeqNo", "OrderLineKey", *_QUANTITIES),
    ("AppliedSalesOrderNo",),
    key="InvoiceNo",
    order=("InvoiceNo", "LineSeqNo", "LineKey"),
)
ENTERED_PACKAGES = Statement(
    "entered_packages",
    "SO_InvoiceTracking",
    ("InvoiceNo", *_PACKAGE),
    key="InvoiceNo",
    order=("InvoiceNo", "PackageNo"),
)

_POSTED = ("InvoiceNo", "HeaderSeqNo")
POSTED_KEYS = Statement(
    "posted_keys",
    "AR_InvoiceHistoryHeader",
    (*_POSTED, "InvoiceType", "SalesOrderNo"),
    _SEVERAL_ORDERS,
    key="InvoiceNo",
    order=_POSTED,
)
POSTED_SHIPMENTS = Statement(
    "posted_shipments",
    POSTED_KEYS.table,
    ("HeaderSeqNo", *_SHIPMENT, *STAMP),
    _SEVERAL_ORDERS,
    key="InvoiceNo",
    stamp=DATE,
    order=_POSTED,
)
POSTED_LINES = Statement(
    "posted_lines",
    "AR_InvoiceHistoryDetail",
    (*_POSTED, "DetailSeqNo", *_QUANTITIES),
    ("AppliedSalesOrderNo",),
    key="InvoiceNo",
    order=(*_POSTED, "DetailSeqNo"),
)
POSTED_PACKAGES = Statement(
    "posted_packages",
    "AR_InvoiceHistoryTracking",
    (*_POSTED, *_PACKAGE),
    key="InvoiceNo",
    order=(*_POSTED, "PackageNo"),
)
LINE_LINKS = Statement(
    "line_links",
    "SO_ARInvoiceHistoryLink",
    ("SalesOrderNo", "SequenceNo", "InvoiceNo", "InvoiceHistoryHeaderSeqNo", "InvoiceHistoryDetailSeqNo"),
    key="SalesOrderNo",
)
ORDER_LINE_KEYS = Statement(
    "order_line_keys",
    "SO_SalesOrderHistoryDetail",
    ("SalesOrderNo", "SequenceNo", "LineKey", "SalesKitLineKey", "CancelledLine"),
    key="SalesOrderNo",
)

POSTED_INVOICES = Statement(
    "posted_invoices",
    POSTED_KEYS.table,
    (
        *_POSTED,
        "InvoiceType",
        "InvoiceDate",
        "InvoiceDueDate",
        "DiscountDueDate",
        "ARDivisionNo",
        "CustomerNo",
        "BillToName",
        "BillToAddress1",
        "BillToAddress2",
        "BillToAddress3",
        "BillToCity",
        "BillToState",
        "BillToZipCode",
        "BillToCountryCode",
        "CustomerPONo",
        "ApplyToInvoiceNo",
        "SalesOrderNo",
        "OrderDate",
        "TermsCode",
        "TaxSchedule",
        "ShipDate",
        "ShipVia",
        "Comment",
        "PaymentType",
        "TaxableSalesAmt",
        "NonTaxableSalesAmt",
        "DiscountAmt",
        "FreightAmt",
        "SalesTaxAmt",
        "DepositAmt",
        *STAMP,
    ),
    _SEVERAL_ORDERS,
    key="InvoiceNo",
    stamp=DATE,
    order=_POSTED,
)
BALANCES = Statement(
    "balances",
    "AR_OpenInvoice",
    ("InvoiceNo", "InvoiceHistoryHeaderSeqNo", "InvoiceType", "Balance"),
    key="InvoiceNo",
)
