"""Hooks behind our connection types: what the *Test* button presses, and the ODBC door to Sage 100."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.odbc.hooks.odbc import OdbcHook
from airflow.sdk import BaseHook

from include.errors import IntegrationError
from tradebridge import connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Connection


def _tried(check: Callable[[], tuple[bool, str]]) -> tuple[bool, str]:
    """The answer of a Test button: our errors say what is wrong and never quote a secret."""
    try:
        return check()
    except IntegrationError as error:
        return False, str(error)


class _TestedHook(BaseHook):
    """A connection that can be tested."""

    conn_name_attr = "conn_id"

    def __init__(self, conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id or self.default_conn_name

    default_conn_name = ""

    def _connection(self) -> Connection:
        return self.get_connection(self.conn_id)


class ZohoInventoryHook(_TestedHook):
    """Zoho Inventory: ``get_conn`` gives our client."""

    conn_type = "zoho_inventory"
    hook_name = "Zoho Inventory"
    default_conn_name = connections.ZOHO_INVENTORY

    def get_conn(self) -> Any:
        """The client of :mod:`include.connectors.zoho_inventory`."""
        return connections.zoho_client(self._connection())

    def test_connection(self) -> tuple[bool, str]:
        """Mint a token and look for the organisation."""
        from include.connectors.zoho_inventory import ZohoReader

        def check() -> tuple[bool, str]:
            client = self.get_conn()
            # Whoever presses the button may just have mended the consent at Zoho.
            connections.ledger().tokens.pardon(client.settings.token_name)
            report = ZohoReader(client).check()
            return report.ok, report.message

        return _tried(check)


class ClarityEcommerceHook(_TestedHook):
    """Clarity eCommerce: ``get_conn`` gives our client."""

    conn_type = "clarity_ecommerce"
    hook_name = "Clarity eCommerce"
    default_conn_name = connections.CLARITY_ECOMMERCE

    def get_conn(self) -> Any:
        """The client of :mod:`include.connectors.clarity_ecommerce`."""
        return connections.clarity_client(self._connection())

    def test_connection(self) -> tuple[bool, str]:
        """Log in as a run would and list one order."""
        from include.connectors.clarity_ecommerce import ClarityReader

        def check() -> tuple[bool, str]:
            client = self.get_conn()
            # Whoever presses the button may just have mended the client in the shop.
            connections.ledger().tokens.pardon(client.settings.token_name)
            report = ClarityReader(client).check()
            return report.ok, report.message

        return _tried(check)


class Sage100OdbcHook(OdbcHook):
    """Airflow's ODBC hook with the ProvideX driver's settings and proper quoting.

    ``OdbcHook`` concatenates unquoted values (a password ``a;b`` becomes two keywords) and knows
    nothing of the driver's log-on window; both are settled in
    :mod:`include.connectors.sage100.odbc`.
    """

    conn_type = "sage100_odbc"
    hook_name = "Sage 100 (ODBC, reads)"
    conn_name_attr = "odbc_conn_id"
    default_conn_name = connections.SAGE_100_READONLY

    @property
    def odbc_connection_string(self) -> str:
        """Driver, company, credentials and reading settings, quoted."""
        from include.connectors.sage100 import OdbcSettings

        connection = self.get_connection(self.get_conn_id())
        extra = connection.extra_dejson
        settings = OdbcSettings(
            user=connection.login or "",
            password=connection.password or "",
            server=connection.host or "",
            **{
                name: extra[name]
                for name in ("driver", "dsn", "company", "directory", "database")
                if extra.get(name)
            },
        )
        return settings.connection_string()

    def get_conn(self) -> Any:
        """A read-only connection; the driver knows no transactions."""
        from include.connectors.sage100 import connect

        return connect(self.odbc_connection_string)

    def test_connection(self) -> tuple[bool, str]:  # type: ignore[override]  # the base class forgot its answer
        """Read the dictionary and one row."""
        from include.connectors.sage100 import Reader

        def check() -> tuple[bool, str]:
            with Reader(self.get_conn) as reader:
                report = reader.check()
            return report.ok, report.message

        return _tried(check)


class Sage100GatewayHook(_TestedHook):
    """The gateway in front of Sage 100."""

    conn_type = "sage100_gateway"
    hook_name = "Sage 100 gateway (writes)"
    default_conn_name = connections.SAGE_100_GATEWAY

    def get_conn(self) -> Any:
        """The client of :mod:`include.connectors.sage100`."""
        return connections.sage_gateway(self._connection())

    def test_connection(self) -> tuple[bool, str]:
        """Ask for its health with our token."""

        def check() -> tuple[bool, str]:
            report = self.get_conn().check()
            return report.ok, report.message

        return _tried(check)


class LedgerHook(_TestedHook):
    """Our own database."""

    conn_type = "tradebridge_ledger"
    hook_name = "Tradebridge ledger"
    default_conn_name = connections.LEDGER

    def get_conn(self) -> Any:
        """The :class:`include.ledger.Ledger`."""
        return connections.ledger(self.conn_id)

    def test_connection(self) -> tuple[bool, str]:
        """Ask it for a sign of life."""

        def check() -> tuple[bool, str]:
            self.get_conn().ping()
            return True, "the ledger answers"

        return _tried(check)
