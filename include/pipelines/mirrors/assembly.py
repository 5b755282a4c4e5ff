"""Which clients a mirror flow's world is made of; one place for whoever has made the clients."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.connectors.clarity_ecommerce import ClarityOrders
from include.connectors.clarity_ecommerce.accounts import ClarityAccounts
from include.connectors.clarity_ecommerce.payments import ClarityPayments
from include.connectors.clarity_ecommerce.people import ClarityCustomers
from include.connectors.clarity_ecommerce.products import ClarityCatalogue
from include.connectors.clarity_ecommerce.records import Kind
from include.connectors.clarity_ecommerce.sweeps import ClaritySweep
from include.connectors.clarity_ecommerce.targets import ClarityInvoices, ClarityShipments, ClarityStock
from include.connectors.sage100.changes import ServerClock
from include.connectors.sage100.customers import SageCustomers
from include.connectors.sage100.items import SageItems
from include.connectors.sage100.receipts import SageReceipts
from include.pipelines.flows import CLARITY_ECOMMERCE
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.mirrors.receipts import refuse_to_count_twice
from include.pipelines.ports import CUSTOMER, TARGET, Endpoint
from include.pipelines.widths import CUSTOMER_TABLES, ITEM_TABLES, text_widths
from include.translation import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.clarity_ecommerce import ClarityClient
    from include.connectors.sage100 import GatewayClient, Reader
    from include.ledger import Ledger
    from include.pipelines.mirrors.ports import Counterpart, RecordSource, RecordTarget
    from include.pipelines.staging import StagingPath

WRITTEN = {flows.PRODUCTS: ITEM_TABLES, flows.ITEMS: ITEM_TABLES, flows.CUSTOMERS: CUSTOMER_TABLES}
"""Sage tables whose widths bind what a flow says."""


def assemble(
    flow: flows.MirrorFlow,
    *,
    ledger: Ledger,
    shop: ClarityClient,
    reads: Reader,
    writes: GatewayClient,
    staging_root: StagingPath,
    settings: Mapping[str, str],
    **surroundings: Any,
) -> MirrorWorld:
    """The world of ``flow``.

    Args:
        flow: one of ``MIRROR_FLOWS``.
        ledger: our memory.
        shop: carries the calls to Clarity.
        reads: Sage's tables.
        writes: Sage's gateway.
        staging_root: where record sets wait between stages.
        settings: the site's.
        surroundings: lease and clock, where they are not the usual ones.

    Raises:
        ConfigurationError: the settings would count money twice.
    """
    if flow is flows.PAYMENTS:
        refuse_to_count_twice(settings)
    clock = ServerClock(ZoneInfo(shop.settings.timezone))
    source, target = _ends(flow, ledger, shop, reads, writes, clock)
    counterparts: dict[flows.MirrorFlow, Counterpart] = {
        flows.PRODUCTS: reads.item_records(clock),
        flows.ITEMS: ClarityCatalogue(shop),
    }
    doors = {
        CLARITY_ECOMMERCE: [Endpoint(shop.settings.endpoint, shop.ping)],
        TARGET: [Endpoint(reads.endpoint, reads.ping)],
    }
    if flow.target == TARGET:
        doors[TARGET].append(Endpoint(writes.endpoint, writes.health))
    return MirrorWorld(
        flow=flow,
        ledger=ledger,
        source=source,
        target=target,
        references=lambda: {"items": Reference.items(reads.items(), reads.aliases())},
        orders=ClarityOrders(shop),
        customers=ClarityCustomers(shop),
        cash=reads,
        erp=reads,
        widths=lambda: text_widths(reads, WRITTEN.get(flow, ())),
        counterpart=counterparts.get(flow),
        staging_root=staging_root,
        settings=settings,
        time_zone=shop.settings.timezone,
        endpoints=(*doors[flow.source], *doors[flow.target]),
        allowances=(shop.allowance,),
        **surroundings,
    )


def _ends(  # noqa: PLR0917 - what a world is made of
    flow: flows.MirrorFlow,
    ledger: Ledger,
    shop: ClarityClient,
    reads: Reader,
    writes: GatewayClient,
    clock: ServerClock,
) -> tuple[RecordSource, RecordTarget]:
    """Where the flow's records come from, and who is told."""
    linked = partial(ledger.crosswalk.targets, CUSTOMER, CLARITY_ECOMMERCE, TARGET)
    ends: dict[flows.MirrorFlow, tuple[RecordSource, RecordTarget]] = {
        flows.STOCK: (reads.stock_records(), ClarityStock(shop)),
        flows.SHIPMENTS: (reads.shipment_records(clock), ClarityShipments(shop)),
        flows.INVOICES: (reads.invoice_records(clock), ClarityInvoices(shop)),
        flows.PAYMENTS: (ClarityPayments(shop), SageReceipts(writes, reads)),
        flows.PRODUCTS: (ClaritySweep(shop, Kind.PRODUCTS), SageItems(writes)),
        flows.ITEMS: (reads.item_records(clock), ClarityCatalogue(shop)),
        flows.CUSTOMERS: (ClaritySweep(shop, Kind.CUSTOMERS), SageCustomers(writes)),
        flows.ACCOUNTS: (reads.customer_records(clock, linked), ClarityAccounts(shop)),
    }
    return ends[flow]
