"""TCP proxies that break connections on order, what Toxiproxy does in some hundred lines of asyncio.

A :class:`Link` listens on a port and passes bytes on to another. An armed :class:`Breach` strikes the next
new connections and is used up by it; ``sever`` cuts whatever is open now. A cut is a reset in both
directions: neither side is told that the other has ended in order.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

Given = TypeVar("Given")
CHUNK = 64 * 1024
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST."""


@dataclass(frozen=True, slots=True)
class Breach:
    """What happens to a connection.

    ``refuse`` cuts it before a byte has passed; ``cut_request`` after so many bytes of what the client says,
    ``cut_answer`` after so many of what it is told (0: the whole request has arrived, nobody hears the
    answer); ``hang`` keeps the answer back, then cuts; ``delay`` passes each piece of it on late.
    """

    how: str
    after: int = 0
    seconds: float = 0.0


class _CutError(ConnectionError):
    """The connection has met its breach."""


class Link:
    """One proxied way.

    Args:
        name: for the account.
        target: port on 127.0.0.1 that it leads to.
    """

    def __init__(self, name: str, target: int) -> None:
        self.name = name
        self.target = target
        self.port = 0
        self.struck: Counter[str] = Counter()
        self._armed: deque[Breach] = deque()
        self._open: set[asyncio.StreamWriter] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, cut what is open."""
        if self._server is not None:
            self._server.close()
        await self.mend()
        self._cut_all()
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)

    async def arm(self, breach: Breach, times: int = 1) -> None:
        """Strike the next ``times`` connections."""
        self._armed.extend([breach] * times)

    async def sever(self) -> int:
        """Cut every open connection; says how many."""
        cut = self._cut_all()
        self.struck["sever"] += cut
        return cut

    async def mend(self) -> None:
        """Forget what is armed."""
        self._armed.clear()

    def _cut_all(self) -> int:
        streams = list(self._open)
        for stream in streams:
            _reset(stream)
        return len(streams) // 2

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        breach = self._armed.popleft() if self._armed else None
        if breach is not None and breach.how == "refuse":
            self.struck["refuse"] += 1
            _reset(writer)
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, back}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, back, breach, asked=True))
                both.create_task(self._pass(there, writer, breach, asked=False))
        except* OSError:
            _reset(writer)
            _reset(back)
        finally:
            self._open -= {writer, back}
            for stream in (writer, back):
                stream.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, breach: Breach | None, *, asked: bool
    ) -> None:
        """One direction, until its end or its breach."""
        mine = breach if breach is not None and asked == (breach.how == "cut_request") else None
        passed, told = 0, False
        while data := await source.read(CHUNK):
            if mine is not None:
                if not told:
                    told = True
                    self.struck[mine.how] += 1
                if mine.how in {"hang", "delay"}:
                    await asyncio.sleep(mine.seconds)
                if mine.how != "delay":
                    left = 0 if mine.how == "hang" else mine.after - passed
                    if len(data) >= left:
                        sink.write(data[:left])
                        await sink.drain()
                        raise _CutError
            passed += len(data)
            sink.write(data)
            await sink.drain()
        with suppress(OSError):
            sink.write_eof()


def _reset(stream: asyncio.StreamWriter) -> None:
    found = stream.get_extra_info("socket")
    if found is not None and found.fileno() >= 0:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    stream.transport.abort()


class Proxies:
    """Links in a thread of their own, for callers that know nothing of asyncio."""

    def __init__(self, targets: dict[str, int]) -> None:
        self.links = {name: Link(name, target) for name, target in targets.items()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)

    def open(self) -> dict[str, int]:
        """Start; the port of each link."""
        self._thread.start()
        for link in self.links.values():
            self._do(link.open())
        return {name: link.port for name, link in self.links.items()}

    def close(self) -> None:
        """Cut everything and end."""
        for link in self.links.values():
            self._do(link.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def arm(self, name: str, breach: Breach, times: int = 1) -> None:
        """Strike the next connections of a link."""
        self._do(self.links[name].arm(breach, times))

    def sever(self, name: str) -> int:
        """Cut every open connection of a link; says how many."""
        return self._do(self.links[name].sever())

    def mend(self) -> None:
        """Forget everything that is armed."""
        for link in self.links.values():
            self._do(link.mend())

    def struck(self) -> Counter[str]:
        """Connections that met a breach, by its kind."""
        return sum((link.struck for link in self.links.values()), Counter[str]())

    def _do(self, what: Coroutine[Any, Any, Given]) -> Given:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)
