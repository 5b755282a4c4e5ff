"""The bus's port."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc

from include.pubsub_api.pubsub_api_pb2_grpc import add_PubSubServicer_to_server
from include.sandbox.salesforce.bus.service import Service

if TYPE_CHECKING:
    from include.sandbox.salesforce.bus.access import Access
    from include.sandbox.salesforce.bus.bus import Bus

HOST = "api.pubsub.salesforce.com"
"""Where the real one is reached, whatever the org."""
STREAMS = 64
"""Calls at one time: each keeps a thread."""
OPTIONS = (
    ("grpc.so_reuseport", 0),
    # Larger than what is allowed, so that the bus itself can answer to too much.
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # Clients keep idle connections alive by pings.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class BusServer:
    """A gRPC server for one organisation's bus.

    Args:
        bus: what is served.
        access: who may call.
        host: where to listen.
        port: where to listen; 0 takes a free one.
        certificate: chain and private key in PEM; without them the port speaks in the clear.
    """

    def __init__(
        self,
        bus: Bus,
        access: Access,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: tuple[bytes, bytes] | None = None,
    ) -> None:
        self._bus = bus
        self._access = access
        self._address = f"{host}:{port}"
        self._certificate = certificate
        self._server: grpc.Server | None = None
        self.port = port

    def start(self) -> None:
        """Listen.

        Raises:
            RuntimeError: the port is taken.
        """
        self._bus.log.purge()
        server = grpc.server(
            ThreadPoolExecutor(STREAMS, "salesforce-bus"), options=OPTIONS, maximum_concurrent_rpcs=STREAMS
        )
        add_PubSubServicer_to_server(Service(self._bus, self._access), server)
        if self._certificate is None:
            self.port = server.add_insecure_port(self._address)
        else:
            chain, key = self._certificate
            self.port = server.add_secure_port(self._address, grpc.ssl_server_credentials([(key, chain)]))
        server.start()
        self._server = server

    def stop(self) -> None:
        """End all streams and let go of the port."""
        if self._server is not None:
            self._bus.drop()
            self._server.stop(grace=1).wait(5)
            self._server = None
