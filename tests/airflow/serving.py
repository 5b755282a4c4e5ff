"""The web app behind a real uvicorn, and requests written byte by byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI

from tests.airflow.events import WEBHOOK, signed


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    interim: list[int] = field(default_factory=list)
    """Statuses that came before the answer: 100."""


@contextmanager
def served(app: FastAPI, *, http: str = "auto") -> Iterator[int]:
    """The app on a port of its own, in a thread; ``http`` is uvicorn's parser."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=http, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


class Wire:
    """One connection, nothing in between."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._left = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def head(
        self, body: bytes = b"", headers: Mapping[str, object] | None = None, *, method: str = "POST",
        path: str = WEBHOOK, more: bytes = b"",
    ) -> None:  # fmt: skip
        """Request line and headers, as if ``body`` followed; a header that is ``None`` is left out."""
        wanted = {"Host": "test", "Content-Length": len(body), **signed(body), **(headers or {})}
        lines = [f"{name}: {value}" for name, value in wanted.items() if value is not None]
        self.send("\r\n".join([f"{method} {path} HTTP/1.1", *lines, ""]).encode() + more + b"\r\n")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def post(
        self, body: bytes, headers: Mapping[str, object] | None = None, *, more: bytes = b"", **request: str
    ) -> Answer:
        """A whole request and its answer."""
        self.head(body, headers, more=more, **request)
        self.send(body)
        return self.answer()

    def answer(self) -> Answer:
        """Read one answer, of known length."""
        interim: list[int] = []
        while True:
            head, self._left = self._until(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            status = int(first.split(" ")[1])
            if status >= 200:
                break
            interim.append(status)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._left) < length:
            self._left += self._some()
        body, self._left = self._left[:length], self._left[length:]
        return Answer(status, headers, body, interim)

    def is_closed(self) -> bool:
        """Whether the other side has hung up, as it must sooner or later."""
        try:
            return not self.socket.recv(1)
        except ConnectionResetError:
            return True

    def _until(self, mark: bytes) -> tuple[bytes, bytes]:
        while mark not in self._left:
            self._left += self._some()
        head, _, rest = self._left.partition(mark)
        return head, rest

    def _some(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError("the server hung up without an answer")
        return data


def chunked(body: bytes, size: int = 7) -> bytes:
    """The body in chunks, as a sender writes it who does not know the length yet."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
