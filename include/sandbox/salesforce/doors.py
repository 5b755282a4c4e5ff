"""The ways in that a Salesforce client needs: TLS, and a proxy that leads Salesforce's hosts here.

Clients write ``https://`` before every address and know hosts like ``acme.my.salesforce.com``. The proxy
understands CONNECT, leads those hosts to the TLS port and refuses all others, so no test ever reaches the
real Salesforce. TLS itself listens on the loopback only; the proxy and the event bus where the sandbox does.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

from include.sandbox.salesforce.certificates import Papers, papers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
CHUNK = 65_536
LONGEST_HEAD = 16_384
CONNECT = re.compile(rb"CONNECT ([^\s:]+):(\d+) HTTP/1\.[01]\r\n")
LOCAL = frozenset({"127.0.0.1", "localhost"})
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class _Listener(uvicorn.Server):
    """A second server in the loop of the first, which alone minds the process's signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Doors:
    """TLS and the proxy, while the sandbox runs. A port of 0 means none.

    ``host`` is where the proxy listens. ``hosts`` leads single hosts to other ports of this machine than the
    TLS port.
    """

    data: Path
    tls_port: int = 0
    proxy_port: int = 0
    host: str = LOOPBACK
    hosts: dict[str, int] = field(default_factory=dict)
    _listener: _Listener | None = None
    _serving: asyncio.Task[None] | None = None
    _proxy: asyncio.Server | None = None
    _tunnels: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def papers(self) -> Papers:
        """The certificates."""
        return papers(self.data)

    async def open(self, app: ASGIApp) -> None:
        """Begin to listen.

        Raises:
            OSError: a port is taken.
        """
        if self.tls_port:
            server = self.papers.server
            config = uvicorn.Config(
                app,
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                # A client that polls every five seconds must not find its connection closed under its hands.
                timeout_keep_alive=75,
                ssl_certfile=server,
                ssl_keyfile=server,
            )
            self._listener = _Listener(config)
            # Bound here: uvicorn would end the process over a port that is taken.
            bound = socket.create_server((LOOPBACK, self.tls_port))
            self._serving = asyncio.create_task(self._listener.serve(sockets=[bound]))
            while not self._listener.started:  # noqa: ASYNC110 - uvicorn has a flag and no event
                await asyncio.sleep(0.01)
        if self.proxy_port:
            self._proxy = await asyncio.start_server(
                self._accept, self.host, self.proxy_port, limit=LONGEST_HEAD
            )

    async def close(self) -> None:
        """Stop listening."""
        if self._proxy is not None:
            self._proxy.close()
        if self._listener is not None and self._serving is not None:
            # Clients keep connections open that nobody will use again, and TLS would wait for their farewell.
            for connection in list(self._listener.server_state.connections):
                connection.transport.abort()
            self._listener.should_exit = True
            await self._serving
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    def _port_of(self, host: str, port: int) -> int | None:
        if host in self.hosts:
            return self.hosts[host]
        if host.endswith(".salesforce.com"):
            return self.tls_port or None
        return port if host in LOCAL else None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = asyncio.ensure_future(self._lead(reader, writer))
        self._tunnels.add(tunnel)
        tunnel.add_done_callback(self._tunnels.discard)
        await tunnel

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            asked = CONNECT.match(head)
            port = self._port_of(asked[1].decode("latin-1").lower(), int(asked[2])) if asked else None
            if port is None:
                writer.write(REFUSED)
            else:
                to, back = await asyncio.open_connection(LOOPBACK, port)
                writer.write(ESTABLISHED)
                await asyncio.gather(_pass(reader, back), _pass(to, writer))
        writer.close()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()
