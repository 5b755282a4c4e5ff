"""The transport on real sockets: never sent, cut off, too slow, redirected."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import requests

from include.connectors.rest.transport import Call, NoAuth, Transport, new_session
from include.errors import OutcomeUnknownError, PermanentError, TransientError, UnreachableError

OK = b"HTTP/1.1 200 OK\r\n"
GET, POST = Call("GET", "/x"), Call("POST", "/x", content=b"{}")


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], str]]:
    """Listens on a free port and answers every connection with the same bytes."""
    stops: list[Callable[[], None]] = []

    def started(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=_answer_all, args=(listener, answer))
        thread.start()
        stops.append(lambda: _stop(listener, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/x"

    yield started
    for stop in stops:
        stop()


def _answer_all(listener: socket.socket, answer: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with closing(connection):
            if not connection.recv(65536):
                continue
            connection.sendall(answer)


def _stop(listener: socket.socket, thread: threading.Thread) -> None:
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with new_session(2) as made:
        yield made


def send(session: requests.Session, call: Call, url: str, **limits) -> bytes:
    limits = {"timeout": (1.0, 1.0), "deadline": 5.0, "max_bytes": 10_000} | limits
    return Transport(session, **limits).send(call, url, NoAuth()).body


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("call", [GET, POST])
def test_a_refused_connection_was_never_sent(session, call: Call) -> None:
    with pytest.raises(TransientError, match="not sent") as caught:
        send(session, call, f"http://127.0.0.1:{free_port()}/x")
    assert type(caught.value) is UnreachableError


def test_an_unknown_host_was_never_sent(session) -> None:
    with pytest.raises(TransientError, match="not sent"):
        send(session, POST, "http://no-such-host.invalid/x")


BROKEN = {
    "no answer at all": b"",
    "half a body": OK + b"Content-Length: 100\r\n\r\n{}",
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
    "no gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    "no HTTP": b"\x00\x01\x02\r\n\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_off_tells_a_read_from_a_write(session, serve, answer: bytes) -> None:
    url = serve(answer)
    with pytest.raises(TransientError) as read:
        send(session, GET, url)
    assert type(read.value) is TransientError
    with pytest.raises(OutcomeUnknownError):
        send(session, POST, url)


def test_a_small_answer_that_unpacks_to_a_large_one_is_not_read(session, serve) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    url = serve(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    with pytest.raises(PermanentError, match="larger"):
        send(session, GET, url)


def test_an_answer_that_drips_meets_the_deadline(session, serve) -> None:
    url = serve(OK + b"Content-Length: 4\r\n\r\nabcd")
    ticks = iter([0.0, 6.0, 12.0])
    with pytest.raises(TransientError, match="within 5 s"):
        send(session, GET, url, monotonic=lambda: next(ticks))


def test_no_cookie_is_remembered(session, serve) -> None:
    url = serve(OK + b"Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}")
    assert send(session, GET, url) == b"{}"
    assert len(session.cookies) == 0
