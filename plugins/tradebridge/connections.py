"""Airflow connections in, clients out: the only room where the world is assembled.

Nothing here runs at import; a client is built when a task or a route asks, once per process.

=====================  =====================================================================
connection id          what it is
=====================  =====================================================================
``ledger``             our own PostgreSQL database (never Airflow's)
``zoho_inventory``     OAuth client, organisation, webhook secrets
``clarity_ecommerce``  tenant, OAuth client or API key, dialect, webhook secrets
``salesforce``         org, connected app; where its event bus is
``sage100_readonly``   ODBC, reads
``sage100_gateway``    the REST service in front of Business Objects, writes
=====================  =====================================================================
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from include.connectors.clarity_ecommerce.webhook import SIGNATURE_HEADERS, SIGNATURE_SCHEME
from include.connectors.zoho_inventory.webhook import SIGNATURE_HEADER
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from include.connectors.clarity_ecommerce import ClarityClient
    from include.connectors.clarity_ecommerce import Settings as ClaritySettings
    from include.connectors.sage100 import GatewayClient, Reader
    from include.connectors.salesforce import SalesforceClient
    from include.connectors.salesforce import Settings as SalesforceSettings
    from include.connectors.zoho_inventory import ZohoClient
    from include.ledger import Ledger
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Endpoint, OrderSource, SourceNotes, World
    from include.webhooks import Doorkeeper

LEDGER = "ledger"
ZOHO_INVENTORY = "zoho_inventory"
CLARITY_ECOMMERCE = "clarity_ecommerce"
SALESFORCE = "salesforce"
SAGE_100_READONLY = "sage100_readonly"
SAGE_100_GATEWAY = "sage100_gateway"

USUAL_SIGNATURES = {
    ZOHO_INVENTORY: ("hex", SIGNATURE_HEADER),
    CLARITY_ECOMMERCE: (SIGNATURE_SCHEME, f"{SIGNATURE_HEADERS}-Signature"),
}
"""How a sender signs, and where a plain tag stands, when the connection does not say otherwise."""
SECRETS_FRESH = 30.0
"""Seconds that webhook secrets are trusted before they are read again: rotation needs no restart."""


def ledger(connection_id: str = LEDGER) -> Ledger:
    """Our memory; one engine per process (a forked task gets its own)."""
    return _ledger(connection_id, os.getpid())


@cache
def _ledger(connection_id: str, _pid: int) -> Ledger:
    from include.ledger import Ledger

    connection = BaseHook.get_connection(connection_id)
    secret_key = connection.extra_dejson.get("secret_key") or os.environ.get("TRADEBRIDGE_LEDGER_KEY")
    return Ledger.connect(ledger_url(connection), secret_key=secret_key)


def ledger_url(connection: Connection) -> str:
    """SQLAlchemy's address of the ledger.

    Raises:
        ConfigurationError: the connection names no database.
    """
    from sqlalchemy import URL

    if not connection.schema:
        raise ConfigurationError(f"connection {connection.conn_id!r} names no database")
    return URL.create(
        "postgresql+psycopg2",
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
    ).render_as_string(hide_password=False)


def zoho_client(connection: Connection | None = None, *, flow: str = "") -> ZohoClient:
    """Zoho Inventory as the connection describes it, calling on behalf of ``flow``.

    A client for a connection that is handed in is for testing it: it calls whatever the breaker says.
    """
    from include.connectors.zoho_inventory import Settings, ZohoClient

    breaker = ledger().breakers if connection is None else None
    connection = connection or BaseHook.get_connection(ZOHO_INVENTORY)
    extra = connection.extra_dejson
    known = {
        name: extra[name]
        for name in (
            "organization_id",
            "refresh_token",
            "data_centre",
            "api_base",
            "accounts_base",
            "calls_per_minute",
            "calls_per_day",
            "concurrency",
            "timezone",
            "reserved",
            "contact_mark_field",
            "order_mark_field",
            "stock_field",
            "stock_location",
        )
        if extra.get(name) not in (None, "")
    }
    if "reserved" in known:
        known["reserved"] = _object("reserved", known["reserved"])
    settings = Settings(
        client_id=connection.login or "",
        client_secret=connection.password or "",
        **{"organization_id": "", "refresh_token": "", **known},
    )
    book = ledger()
    return ZohoClient(settings, tokens=book.tokens, budget=book.budgets, breaker=breaker, flow=flow)


def clarity_client(connection: Connection | None = None, *, flow: str = "") -> ClarityClient:
    """Clarity eCommerce; as :func:`zoho_client`."""
    from include.connectors.clarity_ecommerce import ClarityClient

    breaker = ledger().breakers if connection is None else None
    settings = _clarity_settings(connection or BaseHook.get_connection(CLARITY_ECOMMERCE))
    book = ledger()
    return ClarityClient(settings, tokens=book.tokens, budget=book.budgets, breaker=breaker, flow=flow)


def _clarity_settings(connection: Connection) -> ClaritySettings:
    from include.connectors.clarity_ecommerce import Settings

    extra = connection.extra_dejson
    known = {
        name: extra[name]
        for name in (
            "auth_mode",
            "api_key",
            "dialect",
            "dialect_overrides",
            "scopes",
            "token_url",
            "store_id",
            "page_size",
            "overlap",
            "calls_per_minute",
            "calls_per_day",
            "concurrency",
            "reserved",
            "timezone",
        )
        if extra.get(name) not in (None, "")
    }
    for name in ("dialect_overrides", "reserved"):
        if name in known:
            known[name] = _object(name, known[name])
    if isinstance(known.get("scopes"), str):
        known["scopes"] = known["scopes"].split()
    port = f":{connection.port}" if connection.port else ""
    host = connection.host or ""
    return Settings(
        base_url=host if "://" in host else f"https://{host}{port}",
        client_id=connection.login or "",
        client_secret=connection.password or "",
        verify=extra.get("ca_file") or True,
        allow_plain_http=extra.get("allow_plain_http") is True,
        **{**known, "scopes": tuple(known.get("scopes", ()))},
    )


def salesforce_client(connection: Connection | None = None, *, flow: str = "") -> SalesforceClient:
    """Salesforce; as :func:`zoho_client`."""
    from functools import partial

    from include.connectors.salesforce import SalesforceClient, SalesforceSession, login_with
    from include.connectors.salesforce.login import credentials_of

    breaker = ledger().breakers if connection is None else None
    settings = _salesforce_settings(connection or BaseHook.get_connection(SALESFORCE))
    session = SalesforceSession(settings)
    login = partial(login_with, credentials_of(settings), session)
    book = ledger()
    return SalesforceClient(
        settings, login, tokens=book.tokens, budget=book.budgets, breaker=breaker, flow=flow, session=session
    )


SALESFORCE_EXTRAS = {"api_version": "version", "verify": "ca_file"}
"""Settings with another name among a connection's extras: Airflow's, or that of all connections of ours."""


def _salesforce_settings(connection: Connection) -> SalesforceSettings:
    """Every setting of the connector may stand among the extras, under its name or its other name."""
    from dataclasses import fields

    from include.connectors.salesforce import Settings

    extra = connection.extra_dejson
    said: dict[str, Any] = {"domain": "", "consumer_key": ""}
    for setting in fields(Settings):
        name = SALESFORCE_EXTRAS.get(setting.name, setting.name)
        value = extra.get(name)
        if value in (None, ""):
            continue
        if setting.default_factory is dict:
            value = _object(name, value)
        elif isinstance(setting.default, tuple):
            value = _several(name, value)
        said[setting.name] = value
    # No connection can say that certificates are not looked at.
    said["verify"] = said.get("verify") or True
    said |= {"username": connection.login or "", "connection": connection.conn_id or SALESFORCE}
    return Settings(**said)


_LIKE = {
    "proxies": '{"https": "http://proxy.example.com:3128"}',
    "reserved": '{"zoho_orders_to_sage100": 0.5}',
    "dialect_overrides": '{"envelope": {"many": "results"}}',
}


def _object(name: str, value: object) -> dict[str, Any]:
    """JSON in a form's field, an object in a connection's own JSON."""
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise ConfigurationError(f"{name} must be JSON like {_LIKE[name]}")
    return read


def _several(name: str, value: object) -> tuple[Any, ...]:
    """Words with blanks between them in a form's field, a list in a connection's own JSON."""
    if isinstance(value, str):
        return tuple(value.split())
    if not isinstance(value, list):
        raise ConfigurationError(f"{name} must be several values: a list, or words with blanks between them")
    return tuple(value)


def doorkeeper(system: str) -> Doorkeeper:
    """How a sender proves its webhooks, as its connection says; two secrets during a rotation."""
    return _doorkeeper(system, int(time.monotonic() // SECRETS_FRESH))


@lru_cache(maxsize=8)  # an older answer is never asked for again
def _doorkeeper(system: str, _age: int) -> Doorkeeper:
    from include.webhooks import Doorkeeper

    extra = BaseHook.get_connection(system).extra_dejson
    scheme, header = USUAL_SIGNATURES[system]
    value: Any = extra.get("webhook_secrets") or ()
    try:
        return Doorkeeper.of(
            tuple(value.split()) if isinstance(value, str) else tuple(value),
            scheme=extra.get("webhook_scheme") or scheme,
            header=extra.get("webhook_header") or "",
            usual=header,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"connection {system!r}: {error}") from None


def sage_reader() -> Reader:
    """Sage 100's tables, read through Airflow's ODBC hook."""
    from include.connectors.sage100 import Reader
    from tradebridge.hooks import Sage100OdbcHook

    connection = BaseHook.get_connection(SAGE_100_READONLY)
    extra = connection.extra_dejson
    where = extra.get("dsn") or connection.host or "local"
    return Reader(
        Sage100OdbcHook(SAGE_100_READONLY).get_conn,
        breaker=ledger().breakers,
        endpoint=":".join(part for part in ("sage100_odbc", where, extra.get("company")) if part),
    )


def sage_gateway(connection: Connection | None = None) -> GatewayClient:
    """The gateway in front of Sage 100's Business Objects; as :func:`zoho_client`."""
    from include.connectors.sage100 import GatewayClient, GatewaySettings

    breaker = ledger().breakers if connection is None else None
    connection = connection or BaseHook.get_connection(SAGE_100_GATEWAY)
    host = connection.host or ""
    base = host if "://" in host else f"http://{host}:{connection.port or 80}"
    settings = GatewaySettings(
        base_url=base,
        token=connection.password or "",
        verify=connection.extra_dejson.get("ca_file") or True,
    )
    return GatewayClient(settings, breaker=breaker)


def world(flow_id: str) -> World | MirrorWorld:
    """Everything a flow touches.

    Args:
        flow_id: DAG id of the flow.
    """
    from include.pipelines.flows import ORDER_FLOWS

    return order_world(flow_id) if flow_id in ORDER_FLOWS else mirror_world(flow_id)


def order_world(flow_id: str) -> World:
    """Everything an order flow touches.

    Args:
        flow_id: DAG id of the flow.
    """
    from airflow.sdk import ObjectStoragePath

    from include.pipelines.flows import ORDER_FLOWS
    from include.pipelines.ports import Endpoint, World
    from tradebridge.site import settings, staging_root

    flow = ORDER_FLOWS[flow_id]
    shop = _SHOPS[flow.source](flow_id)
    reads, writes = sage_reader(), sage_gateway()
    return World(
        flow=flow,
        ledger=ledger(),
        source=shop.source,
        notes=shop.notes,
        reads=reads,
        writes=writes,
        staging_root=ObjectStoragePath(staging_root()),
        settings=settings(),
        time_zone=shop.time_zone,
        endpoints=(
            shop.endpoint,
            Endpoint(reads.endpoint, reads.ping),
            Endpoint(writes.endpoint, writes.health),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Shop:
    """The shop's side of an order flow."""

    source: OrderSource
    notes: SourceNotes
    time_zone: str
    endpoint: Endpoint


def _zoho(flow_id: str) -> _Shop:
    from include.connectors.zoho_inventory import ZohoReader, ZohoWriter
    from include.pipelines.ports import Endpoint

    client = zoho_client(flow=flow_id)
    door = Endpoint(client.settings.budget_name, client.ping)
    return _Shop(ZohoReader(client), ZohoWriter(client), client.settings.timezone, door)


def _clarity(flow_id: str) -> _Shop:
    from include.connectors.clarity_ecommerce import ClarityOrders
    from include.pipelines.ports import Endpoint

    client = clarity_client(flow=flow_id)
    orders = ClarityOrders(client)
    return _Shop(orders, orders, client.settings.timezone, Endpoint(client.settings.endpoint, client.ping))


_SHOPS = {ZOHO_INVENTORY: _zoho, CLARITY_ECOMMERCE: _clarity}


def mirror_world(flow_id: str) -> MirrorWorld:
    """Everything a mirror flow touches.

    Args:
        flow_id: DAG id of the flow.
    """
    from airflow.sdk import ObjectStoragePath

    from include.pipelines.mirrors import assembly, assembly_salesforce
    from include.pipelines.mirrors.flows import MIRROR_FLOWS, SALESFORCE_FLOWS
    from tradebridge.site import settings, staging_root

    flow = MIRROR_FLOWS[flow_id]
    if flow in SALESFORCE_FLOWS:
        return assembly_salesforce.assemble(
            flow,
            ledger=ledger(),
            org=salesforce_client(flow=flow_id),
            zoho=zoho_client(flow=flow_id),
            staging_root=ObjectStoragePath(staging_root()),
            settings=settings(),
        )
    return assembly.assemble(
        flow,
        ledger=ledger(),
        shop=clarity_client(flow=flow_id),
        reads=sage_reader(),
        writes=sage_gateway(),
        staging_root=ObjectStoragePath(staging_root()),
        settings=settings(),
    )
