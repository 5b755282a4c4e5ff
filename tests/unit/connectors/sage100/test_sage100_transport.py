"""Sent or never sent, as real sockets tell it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from include.connectors.sage100 import GatewayClient, GatewaySettings, OrderWrite
from include.errors import TransientError

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
