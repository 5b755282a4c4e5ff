"""One whole machine of ``include.standalone`` with proxies in its ways and a disk that can be filled.

Workers reach Zoho, the gateway and the ledger through proxies, and so do the shop's webhooks the receiver:
Airflow's connections are inherited, and what is inherited wins. As root the database's folder is a small
tmpfs of its own; otherwise no disk is filled, and the verdict says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from include.standalone import state as states
from include.standalone import up
from include.standalone.environment import SANDBOX_WEBHOOK_SECRET, Machine, connections
from include.standalone.ports import HOST, Ports, choose
from include.standalone.postgres import embedded_server
from include.standalone.processes import state_file
from include.standalone.secret_store import secrets_of
from include.standalone.sessions import die_with_parent
from tests.chaos.listener import Listener
from tests.chaos.proxy import Proxies
from tests.e2e.site import RECEIVER, Site

DISK = 1 << 30
"""Bytes of the database's own disk."""
MOUNT, UNMOUNT = "mount", "umount"


@dataclass(frozen=True)
class Theatre:
    """Where the history takes place: machine, proxies, who hears alerts, the disk if there is one."""

    site: Site
    proxies: Proxies
    listener: Listener
    disk: Path | None

    @property
    def machine(self) -> Machine:
        """The run folder, ports and secrets."""
        return self.site.machine

    @property
    def database_log(self) -> Path:
        """What PostgreSQL says."""
        return self.machine.logs / "postgres.log"


@contextmanager
def theatre(say: Callable[[str], None], changes: Mapping[str, str]) -> Iterator[Theatre]:
    """Bring everything up, and take it down however it ends; after an error its folder stays, to be read.

    Args:
        say: takes lines of progress.
        changes: further environment of the machine's processes.

    Raises:
        RuntimeError: the machine does not come up.
    """
    run = Path(tempfile.mkdtemp(prefix="tradebridge-chaos-"))
    run.chmod(0o755)  # root's PostgreSQL runs as somebody else
    machine = Machine(run, choose(run, dict.fromkeys(Ports._fields, 0)), secrets_of(run / "secrets"))
    ports = machine.ports
    proxies = Proxies(
        {
            "zoho": ports.sandbox,
            "gateway": ports.gateway,
            "ledger": ports.postgres,
            "receiver": ports.airflow,
        }
    )
    bent = bent_connections(machine, proxies.open())
    listener = Listener()
    listener.open()
    kept = dict(os.environ)
    os.environ |= {**bent, **listener.environment(), **changes}
    disk = _mount(machine)
    supervisor = up.spawn_supervisor(run, before_exec=die_with_parent)
    try:
        for line in up.progress(run, supervisor):
            say(line)
        if states.read(state_file(run)).status != states.READY:
            raise RuntimeError(f"the machine did not come up; see {run}/logs")
        site = Site(up.machine_of(run))
        _set_up_shop(site, proxies.links["receiver"].port)
        # A history begins on a machine that works: what is edited then has been carried before.
        site.wait_until(site.swept, 300, "the first scheduled run")
        yield Theatre(site, proxies, listener, disk)
        site.close()
    finally:
        os.environ.clear()
        os.environ |= kept
        up.down(run, lambda _: None)
        supervisor.wait()
        proxies.close()
        listener.close()
        if disk is not None:
            subprocess.run([UNMOUNT, str(disk)], check=False)


def bent_connections(machine: Machine, ports: Mapping[str, int]) -> dict[str, str]:
    """Airflow's connections, leading through the proxies."""
    plain = connections(machine)
    zoho = json.loads(plain["AIRFLOW_CONN_ZOHO_INVENTORY"])
    zoho["extra"] |= dict.fromkeys(("api_base", "accounts_base"), f"http://{HOST}:{ports['zoho']}")
    gateway = json.loads(plain["AIRFLOW_CONN_SAGE100_GATEWAY"])
    gateway["host"] = f"http://{HOST}:{ports['gateway']}"
    ledger = json.loads(plain["AIRFLOW_CONN_LEDGER"])
    ledger["port"] = ports["ledger"]
    return {
        "AIRFLOW_CONN_ZOHO_INVENTORY": json.dumps(zoho),
        "AIRFLOW_CONN_SAGE100_GATEWAY": json.dumps(gateway),
        "AIRFLOW_CONN_LEDGER": json.dumps(ledger),
    }


def forget(run: Path) -> None:
    """Delete the run folder once nothing of it is needed."""
    up.forget(run, lambda _: None)


def _set_up_shop(site: Site, receiver: int) -> None:
    """Webhooks through the proxy, tried again within seconds; limits that a storm may ask to wait for."""
    site.send_webhooks_here()
    url = f"http://{HOST}:{receiver}{RECEIVER}"
    site.control("POST", "/zoho/webhooks", {"name": "orders", "url": url, "secret": SANDBOX_WEBHOOK_SECRET})
    site.control("POST", "/zoho/settings", {"minute_retry_after": 5, "token_requests": 1000})


def _mount(machine: Machine) -> Path | None:
    """A disk of its own for the database; None where we may not make one."""
    if os.geteuid() != 0 or not all(map(shutil.which, (MOUNT, UNMOUNT))):
        return None
    server = embedded_server(
        machine.run / "postgres", port=machine.ports.postgres, password=machine.secrets.postgres_password
    )
    command = [MOUNT, "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tradebridge-chaos", str(server.home)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        return None
    if server.account is not None:
        os.chown(server.home, server.account.uid, server.account.gid)
    return server.home


def fill(disk: Path) -> Path:
    """Write until nothing more goes on the disk; the file that takes its room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 20)):
            pass
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return ballast
