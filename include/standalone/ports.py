"""Which TCP ports this machine's services get: the usual ones, else free ones, the same after a restart."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOST = "127.0.0.1"


class Ports(NamedTuple):
    """One port per service, all on 127.0.0.1. 0 asks for any free one."""

    airflow: int = 8080
    sandbox: int = 18081
    gateway: int = 18082
    postgres: int = 0
    salesforce: int = 0
    salesforce_proxy: int = 0
    salesforce_bus: int = 0


def choose(run: Path, wished: Mapping[str, int] | None = None) -> Ports:
    """Take the wished ports, else the last start's, else the usual ones; free ones for those taken.

    Args:
        run: the run folder; the choice is kept in its ``ports.json``.
        wished: ports by service name, e.g. from the command line; they win over the last start's.
    """
    last = read(run)
    wanted = (last or Ports())._asdict() | dict(wished or {})
    taken: set[int] = set()
    chosen: dict[str, int] = {}
    for name in Ports._fields:
        chosen[name] = _free(wanted[name], avoid=taken)
        taken.add(chosen[name])
    _file(run).write_text(json.dumps(chosen), encoding="utf-8")
    return Ports(**chosen)


def read(run: Path) -> Ports | None:
    """The ports that were chosen for the run folder, if any were."""
    if not _file(run).exists():
        return None
    return Ports(**json.loads(_file(run).read_text(encoding="utf-8")))


def _file(run: Path) -> Path:
    return run / "ports.json"


def _free(port: int, *, avoid: set[int]) -> int:
    if port and port not in avoid and is_free(port):
        return port
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            found: int = probe.getsockname()[1]
        if found not in avoid:
            return found


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now, on one address or on all of them."""
    for host in (HOST, ""):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
