"""What Airflow must know to show our connection types: forms, field names, hooks.

Found through the ``apache_airflow_provider`` entry point in ``pyproject.toml`` (``pip install -e .``).
Imports nothing: Airflow asks for it in every component.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": ["string", "null"]}
_SECRET = {"type": ["string", "null"], "format": "password"}
_NUMBER = {"type": ["integer", "null"]}
_YES_OR_NO = {"type": ["boolean", "null"]}


def _field(label: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    return {"label": label, "schema": schema, **({"description": description} if description else {})}


ZOHO_INVENTORY = {
    "connection-type": "zoho_inventory",
    "hook-name": "Zoho Inventory",
    "hook-class-name": "tradebridge.hooks.ZohoInventoryHook",
    "conn-fields": {
        "organization_id": _field("Organisation id", _TEXT, "Settings > Organization profile"),
        "data_centre": _field("Data centre", _TEXT, "us, eu, in, au, jp, ca, cn, sa, uk or ae"),
        "refresh_token": _field("Refresh token", _SECRET),
        "webhook_secrets": _field("Webhook secrets", _SECRET, "one or two (rotation), separated by a blank"),
        "webhook_scheme": _field(
            "Webhook scheme", _TEXT, "hex (Zoho's own), base64, standard, timestamped or shared_secret"
        ),
        "webhook_header": _field("Webhook header", _TEXT, "only when it is not the scheme's usual one"),
        "calls_per_minute": _field("Calls a minute", _NUMBER, "our share of the organisation's 100"),
        "calls_per_day": _field("Calls a day", _NUMBER, "our share of the plan's quota"),
        "reserved": _field(
            "Reserved shares", _TEXT, 'of both limits, by DAG id: {"zoho_orders_to_sage100": 0.5}'
        ),
        "timezone": _field("Time zone", _TEXT, "of the organisation, e.g. America/New_York"),
        "contact_mark_field": _field("Mark of contacts", _TEXT, "custom field; empty: cf_salesforce_id"),
        "order_mark_field": _field("Mark of sales orders", _TEXT, "custom field; empty: cf_salesforce_id"),
        "stock_field": _field("Stock figure", _TEXT, "empty: actual_available_for_sale_stock"),
        "stock_location": _field("Stock of one location", _TEXT, "its id or name; empty: all together"),
        "api_base": _field("API address", _TEXT, "only for a sandbox or a proxy"),
        "accounts_base": _field("Accounts address", _TEXT, "only for a sandbox or a proxy"),
    },
    "ui-field-behaviour": {
        "hidden-fields": ["host", "schema", "port"],
        "relabeling": {"login": "Client id", "password": "Client secret"},
    },
}

CLARITY_ECOMMERCE = {
    "connection-type": "clarity_ecommerce",
    "hook-name": "Clarity eCommerce",
    "hook-class-name": "tradebridge.hooks.ClarityEcommerceHook",
    "conn-fields": {
        "auth_mode": _field("Authentication", _TEXT, "oauth2, api_key, both or basic; empty: the dialect's"),
        "api_key": _field("API key", _SECRET),
        "scopes": _field("Scopes", _TEXT, "asked for with the token, separated by blanks"),
        "token_url": _field("Token address", _TEXT, "only when it is not the dialect's"),
        "dialect": _field("Dialect", _TEXT, "v1, phoenix or cef_legacy; empty: v1"),
        "dialect_overrides": _field(
            "What this tenant does otherwise", _TEXT, 'JSON: {"envelope": {"many": "results"}}'
        ),
        "store_id": _field("Store id", _TEXT, "only records of this store; empty: all"),
        "page_size": _field("Page size", _NUMBER, "rows asked for at once; empty: the dialect's"),
        "overlap": _field("Overlap", _NUMBER, "seconds that a sweep goes back; empty: the dialect's"),
        "webhook_secrets": _field("Webhook secrets", _SECRET, "one or two (rotation), separated by a blank"),
        "webhook_scheme": _field(
            "Webhook scheme",
            _TEXT,
            "timestamp_apart (as proposed), hex, base64, standard, timestamped or shared_secret",
        ),
        "webhook_header": _field("Webhook header", _TEXT, "only when it is not the scheme's usual one"),
        "calls_per_minute": _field("Calls a minute", _NUMBER, "our share of what the tenant allows a client"),
        "calls_per_day": _field("Calls a day", _NUMBER, "our share; no daily limit is documented"),
        "concurrency": _field("Calls at once", _NUMBER, "all workers together"),
        "reserved": _field(
            "Reserved shares", _TEXT, 'of both limits, by DAG id: {"clarity_orders_to_sage100": 0.5}'
        ),
        "timezone": _field("Time zone", _TEXT, "of the shop, e.g. America/New_York; empty: UTC"),
        "ca_file": _field("Authority's file", _TEXT, "PEM; when a private authority signed its certificate"),
        "allow_plain_http": _field("Allow plain HTTP", _YES_OR_NO, "only for a sandbox on another machine"),
    },
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {"host": "Address (https://...)", "login": "Client id", "password": "Client secret"},
    },
}

SAGE_100_ODBC = {
    "connection-type": "sage100_odbc",
    "hook-name": "Sage 100 (ODBC, reads)",
    "hook-class-name": "tradebridge.hooks.Sage100OdbcHook",
    "conn-fields": {
        "driver": _field("Driver", _TEXT, "as installed: MAS 90 4.0 ODBC Driver; empty when a DSN is named"),
        "dsn": _field("System DSN", _TEXT),
        "company": _field("Company", _TEXT, "1-3 characters, e.g. ABC"),
        "directory": _field("Directory", _TEXT, "the MAS90 folder, where providex.ddf lies"),
        "database": _field("Database", _TEXT, "Premium (SQL Server) and the sandbox"),
    },
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {"login": "User", "host": "Server (Premium)"},
    },
}

SAGE_100_GATEWAY = {
    "connection-type": "sage100_gateway",
    "hook-name": "Sage 100 gateway (writes)",
    "hook-class-name": "tradebridge.hooks.Sage100GatewayHook",
    "conn-fields": {
        "ca_file": _field("Authority's file", _TEXT, "PEM; when a private authority signed its certificate")
    },
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "login", "extra"],
        "relabeling": {"host": "Address (https://...)", "password": "Token"},
    },
}

LEDGER = {
    "connection-type": "tradebridge_ledger",
    "hook-name": "Tradebridge ledger",
    "hook-class-name": "tradebridge.hooks.LedgerHook",
    "conn-fields": {"secret_key": _field("Secret key", _SECRET, "Fernet key that seals tokens at rest")},
    "ui-field-behaviour": {"hidden-fields": [], "relabeling": {"schema": "Database"}},
}


def get_provider_info() -> dict[str, Any]:
    """The provider's description, in Airflow's schema."""
    return {
        "package-name": "tradebridge",
        "name": "Tradebridge",
        "description": "Zoho Inventory, Clarity eCommerce, Salesforce and Sage 100, joined.",
        "connection-types": [ZOHO_INVENTORY, CLARITY_ECOMMERCE, SAGE_100_ODBC, SAGE_100_GATEWAY, LEDGER],
    }
