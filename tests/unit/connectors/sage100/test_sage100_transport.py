"""Sent or never sent, as real sockets tell it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from include.connectors.sage100 import GatewayClient, GatewaySettings, OrderWrite
from include.connectors.sage100.transport import Reply, Transport
from include.errors import ConfigurationError, TransientError

Serve = Callable[[socket.socket], None]


@contextmanager
def a_server(serve: Serve) -> Iterator[int]:
    """One connection, one request read whole, then whatever ``serve`` does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            serve(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(2)
        listener.close()


def close_at_once(_: socket.socket) -> None:
    """The process died before it answered."""


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def cut_the_body(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 207 Multi-Status\r\nContent-Length: 500\r\n\r\n{"results": [')


def stay_silent(connection: socket.socket) -> None:
    connection.settimeout(1)
    while connection.recv(65536):
        pass


def client(port: int) -> GatewayClient:
    settings = GatewaySettings(f"http://127.0.0.1:{port}", "token", read_timeout=0.2, attempts=2)
    return GatewayClient(settings, sleep=lambda _: None)


@pytest.mark.parametrize("serve", [close_at_once, reset, cut_the_body, stay_silent])
def test_what_was_sent_and_not_answered_whole_is_in_doubt(serve: Serve) -> None:
    with a_server(serve) as port, client(port) as gateway:
        (result,) = gateway.create_orders([OrderWrite("Z1", "write-1")])
    assert result.status == "unknown"


def test_a_port_where_nobody_listens_was_never_sent_anything() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client(port) as gateway, pytest.raises(TransientError, match="nothing was sent"):
        gateway.create_orders([OrderWrite("Z1", "write-1")])


def test_a_name_that_does_not_resolve_was_never_sent_anything() -> None:
    settings = GatewaySettings("http://gateway.invalid", "token", attempts=1)
    with GatewayClient(settings) as gateway, pytest.raises(TransientError, match="nothing was sent"):
        gateway.create_orders([OrderWrite("Z1", "write-1")])


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def deep(connection: socket.socket) -> None:
    body = b"[" * 100_000
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def redirect(connection: socket.socket) -> None:
    connection.sendall(
        b"HTTP/1.1 307 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    )


def exchange(serve: Serve) -> Reply | None:
    with a_server(serve) as port:
        settings = GatewaySettings(f"http://127.0.0.1:{port}", "token", max_response_bytes=1_000_000)
        return Transport(settings).exchange("GET", "/health")


def test_an_answer_without_an_end_is_lost_and_not_read(caplog: pytest.LogCaptureFixture) -> None:
    """OWASP API10: what a remote answers is not trusted in its size either."""
    assert exchange(flood) is None
    assert "counts as lost" in caplog.text


def test_an_answer_that_is_nested_too_deep_is_no_answer_of_the_gateways() -> None:
    reply = exchange(deep)
    assert reply is not None
    assert (reply.status, reply.body) == (200, None)


def test_a_redirect_is_not_followed() -> None:
    """OWASP API7 and API10: it might lead anywhere, with our token."""
    with pytest.raises(ConfigurationError, match="redirects"):
        exchange(redirect)
