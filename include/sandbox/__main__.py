"""``python -m include.sandbox``: the outside world on a port."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from include.sandbox.app import create_app

if TYPE_CHECKING:
    from collections.abc import Sequence


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m include.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=18081)
    parser.add_argument("--data", type=Path, default=Path(".sandbox"), help="where the state lives")
    parser.add_argument(
        "--story",
        default="",
        help="load when the store is empty: northwind, spoilt, empty, clarity, clarity_cases, salesforce "
        "(with commas)",
    )
    parser.add_argument(
        "--sage-home", type=Path, help="home of the Sage 100 sandbox, to mount its control API"
    )
    parser.add_argument("--base-url", default="", help="the api_domain that OAuth answers")
    parser.add_argument(
        "--salesforce-port", type=int, default=0, help="where Salesforce is served with TLS; 0: nowhere"
    )
    parser.add_argument(
        "--salesforce-proxy-port",
        type=int,
        default=0,
        help="where a proxy leads *.my.salesforce.com to that port; 0: nowhere",
    )
    parser.add_argument(
        "--salesforce-bus-port",
        type=int,
        default=0,
        help="where Salesforce's event bus is served (gRPC; TLS with --salesforce-port); 0: nowhere",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    asked = _arguments(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = create_app(
        asked.data,
        sage_home=asked.sage_home,
        base_url=asked.base_url,
        story=asked.story,
        salesforce_ports=(asked.salesforce_port, asked.salesforce_proxy_port),
        salesforce_bus_port=asked.salesforce_bus_port,
        salesforce_host=asked.host,
    )
    uvicorn.run(
        app, host=asked.host, port=asked.port, log_level="warning", access_log=False, server_header=False
    )


if __name__ == "__main__":
    main()
