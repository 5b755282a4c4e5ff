"""Each breach does to a connection what its name says, and an unarmed link changes nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.chaos.proxy import Breach, Proxies

ASKED, ANSWERED = b"q" * 1000, b"a" * 100_000


class Server:
    """Reads a request of a thousand bytes, then answers and closes; notes what it has read."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.read: list[int] = []
        self.done = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Closing alone would not wake who waits for a connection."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        got = 0
        try:
            with connection:
                while got < len(ASKED) and (data := connection.recv(4096)):
                    got += len(data)
                if got == len(ASKED):
                    connection.sendall(ANSWERED)
        except OSError:
            pass
        finally:
            self.read.append(got)
            self.done.release()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def proxies(server: Server) -> Iterator[Proxies]:
    made = Proxies({"way": server.port})
    made.open()
    yield made
    made.close()


def ask(proxies: Proxies) -> tuple[bytes, bool]:
    """What came back, and whether the connection was reset."""
    answer = bytearray()
    try:
        with socket.create_connection(("127.0.0.1", proxies.links["way"].port), timeout=30) as connection:
            connection.sendall(ASKED)
            while data := connection.recv(65536):
                answer += data
    except ConnectionError:
        return bytes(answer), True
    return bytes(answer), False


def test_an_unarmed_link_passes_everything_on(proxies: Proxies, server: Server) -> None:
    assert ask(proxies) == (ANSWERED, False)
    assert not proxies.struck()


def test_a_refused_connection_reaches_nobody(proxies: Proxies, server: Server) -> None:
    proxies.arm("way", Breach("refuse"))
    assert ask(proxies) == (b"", True)
    assert server.read == []
    assert ask(proxies) == (ANSWERED, False)
    assert proxies.struck() == {"refuse": 1}


def test_a_cut_request_arrives_in_part(proxies: Proxies, server: Server) -> None:
    proxies.arm("way", Breach("cut_request", after=40))
    assert ask(proxies) == (b"", True)
    assert server.done.acquire(timeout=30)
    assert server.read == [40]


@pytest.mark.parametrize("after", [0, 150, 50_000])
def test_a_cut_answer_leaves_the_request_whole(proxies: Proxies, server: Server, after: int) -> None:
    """The server has done its work; the client has so many bytes of its answer at most, and a reset."""
    proxies.arm("way", Breach("cut_answer", after=after))
    answer, was_reset = ask(proxies)
    assert was_reset
    assert ANSWERED[:after].startswith(answer)
    assert server.done.acquire(timeout=30)
    assert server.read == [len(ASKED)]


def test_a_hanging_answer_never_comes(proxies: Proxies, server: Server) -> None:
    proxies.arm("way", Breach("hang", seconds=0.1))
    assert ask(proxies) == (b"", True)
    assert proxies.struck() == {"hang": 1}


def test_a_delayed_answer_comes_whole(proxies: Proxies, server: Server) -> None:
    proxies.arm("way", Breach("delay", seconds=0.05))
    assert ask(proxies) == (ANSWERED, False)
    assert proxies.struck() == {"delay": 1}


def test_a_breach_strikes_as_often_as_it_was_armed(proxies: Proxies, server: Server) -> None:
    proxies.arm("way", Breach("refuse"), times=2)
    assert [ask(proxies)[1] for _ in range(4)] == [True, True, False, False]


def test_severing_cuts_what_is_open(proxies: Proxies, server: Server) -> None:
    with socket.create_connection(("127.0.0.1", proxies.links["way"].port), timeout=30) as connection:
        connection.sendall(ASKED[:10])
        while not (cut := proxies.sever("way")):
            pass
        assert cut == 1
        with pytest.raises(ConnectionResetError):
            connection.recv(10)


def test_a_dead_target_is_a_reset_and_mending_disarms(proxies: Proxies, server: Server) -> None:
    proxies.arm("way", Breach("refuse"), times=5)
    proxies.mend()
    assert ask(proxies) == (ANSWERED, False)
    server.close()
    assert ask(proxies) == (b"", True)
