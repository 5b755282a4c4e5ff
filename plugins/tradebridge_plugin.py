"""The only file of this folder that Airflow scans: it registers what Tradebridge adds to Airflow.

Airflow executes every scanned file in every component, under its bare name. So this one imports
nothing of ours until a component asks for what it needs: ``fastapi_apps`` is read by the API server
alone. Plugins are loaded once: after a change, restart the API server.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class TradebridgePlugin(AirflowPlugin):
    """Receiver, exceptions API and page, under ``/tradebridge``."""

    name = "tradebridge"
    external_views = [  # noqa: RUF012 - Airflow's signature
        {
            "name": "Exceptions",
            "href": "/tradebridge/exceptions",
            "destination": "nav",
            "category": "browse",
            "url_route": "tradebridge-exceptions",
        },
        {
            "name": "Records",
            "href": "/tradebridge/records",
            "destination": "nav",
            "category": "browse",
            "url_route": "tradebridge-records",
        },
        {
            "name": "Health",
            "href": "/tradebridge/health",
            "destination": "nav",
            "category": "browse",
            "url_route": "tradebridge-health",
        },
        {
            "name": "Limits",
            "href": "/tradebridge/limits",
            "destination": "nav",
            "category": "browse",
            "url_route": "tradebridge-limits",
        },
        {
            "name": "Checks",
            "href": "/tradebridge/checks/index.html",
            "destination": "nav",
            "category": "browse",
            "url_route": "tradebridge-checks",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The web app; built when the API server asks."""
        from tradebridge.web.app import create_app

        return [{"app": create_app(), "url_prefix": "/tradebridge", "name": "Tradebridge"}]
