"""Which clients the worlds of the flows between Salesforce and Zoho Inventory are made of."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from include.connectors.salesforce import (
    Describe,
    OpportunityMarks,
    SalesforceCustomers,
    SalesforceOpportunities,
    SalesforceOrders,
    SalesforceProducts,
    SalesforceStock,
    UnclaimedProducts,
)
from include.connectors.zoho_inventory import (
    ZohoContacts,
    ZohoItems,
    ZohoOrderRecords,
    ZohoReader,
    ZohoSalesOrders,
    ZohoStock,
)
from include.connectors.zoho_inventory.currencies import ZohoCurrencies
from include.connectors.zoho_inventory.known_contacts import ZohoKnownContacts
from include.pipelines.flows import SALESFORCE, ZOHO_INVENTORY
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.mirrors.salesforce.fields import check_readable
from include.pipelines.mirrors.salesforce.jobs import LedgerJobs
from include.pipelines.mirrors.salesforce.sources import (
    Remembered,
    gone_customer,
    gone_item,
    gone_opportunity,
)
from include.pipelines.ports import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.salesforce import SalesforceClient
    from include.connectors.zoho_inventory import ZohoClient
    from include.ledger import Ledger
    from include.pipelines.mirrors.ports import RecordSource, RecordTarget
    from include.pipelines.staging import StagingPath

WON_STAGES = "salesforce_won_stages"
"""Setting: stages that mean won, as the mapping reads it: separated by semicolons."""
NUMBER_FIELD = "salesforce_number_field"
"""Setting: the opportunity's field whose value its sales order's number is made of; blank: its id."""
ORDER_NUMBER_FIELD, ORDER_NUMBER = "salesforce_order_number_field", "Zoho_Salesorder_Number__c"
"""Setting: the opportunity's field that is told its order's number, and its usual name."""
WIDTHS = {
    ("contact", "contact_name"): 200, ("contact", "company_name"): 200, ("contact", "website"): 255,
    ("salesorder", "reference_number"): 100, ("salesorder.line_items", "description"): 2000,
    ("product", "Product2.Name"): 255, ("product", "Product2.ProductCode"): 255,
    ("product", "Product2.Description"): 4000, ("order", "Order.Name"): 80,
    ("order", "Order.OrderReferenceNumber"): 80, ("order.OrderItems", "Description"): 255,
}  # fmt: skip
"""Characters that either system keeps."""


def assemble(
    flow: flows.MirrorFlow,
    *,
    ledger: Ledger,
    org: SalesforceClient,
    zoho: ZohoClient,
    staging_root: StagingPath,
    settings: Mapping[str, str],
    **surroundings: Any,
) -> MirrorWorld:
    """The world of ``flow``.

    Args:
        flow: one of ``SALESFORCE_FLOWS``.
        ledger: our memory.
        org: carries the calls to Salesforce.
        zoho: carries the calls to Zoho Inventory.
        staging_root: where record sets wait between stages.
        settings: the site's.
        surroundings: lease and clock, where they are not the usual ones.
    """
    source, target = _ends(flow, ledger, org, zoho, settings)
    doors = {
        SALESFORCE: Endpoint(org.settings.endpoint, org.ping),
        ZOHO_INVENTORY: Endpoint(zoho.settings.budget_name, zoho.ping),
    }
    return MirrorWorld(
        flow=flow,
        ledger=ledger,
        source=source,
        target=target,
        currencies=ZohoCurrencies(zoho),
        orders=ZohoReader(zoho),
        schema=Describe(org),
        marks=OpportunityMarks(org, settings.get(ORDER_NUMBER_FIELD, "") or ORDER_NUMBER),
        unclaimed=UnclaimedProducts(org),
        contacts=ZohoKnownContacts(zoho),
        widths=lambda: WIDTHS,
        staging_root=staging_root,
        settings=settings,
        time_zone=zoho.settings.timezone,
        endpoints=(doors[flow.source], doors[flow.target]),
        allowances=(org.allowance,),
        **surroundings,
    )


def _ends(
    flow: flows.MirrorFlow,
    ledger: Ledger,
    org: SalesforceClient,
    zoho: ZohoClient,
    settings: Mapping[str, str],
) -> tuple[RecordSource, RecordTarget]:
    """Where the flow's records come from, and who is told."""

    @cache
    def check() -> None:
        check_readable(Describe(org), flow.inbound)

    ends: dict[flows.MirrorFlow, tuple[RecordSource, RecordTarget]] = {
        flows.SALESFORCE_CUSTOMERS: (
            Remembered(SalesforceCustomers(org), gone_customer, check),
            ZohoContacts(zoho),
        ),
        flows.SALESFORCE_WON: (
            Remembered(
                SalesforceOpportunities(org, _won_stages(settings)),
                gone_opportunity,
                check,
                settings.get(NUMBER_FIELD, ""),
            ),
            ZohoSalesOrders(zoho),
        ),
        flows.ZOHO_CATALOGUE: (
            Remembered(ZohoItems(zoho), gone_item),
            SalesforceProducts(org, LedgerJobs(ledger)),
        ),
        flows.ZOHO_ORDERS: (ZohoOrderRecords(zoho), SalesforceOrders(org)),
        flows.ZOHO_STOCK: (ZohoStock(zoho), SalesforceStock(org)),
    }
    return ends[flow]


def _won_stages(settings: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.strip() for name in settings.get(WON_STAGES, "").split(";")) - {""}
