"""The complete environment of every process, built from one run folder.

Each Airflow setting that differs from the default is here with its reason; nothing is read from an
``airflow.cfg``. Connections are environment variables too, so that no secret is in Airflow's
database. The same names are documented for Compose in ``docs/deploy.md``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.standalone.ports import HOST, Ports
from include.standalone.secret_store import Secrets, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
ADMIN = "admin"
SANDBOX_WEBHOOK_SECRET = "sandboxWebhookSecret2026"  # noqa: S105 - the sandbox's, published in its docs
SANDBOX_SAGE_PASSWORD = "sandbox-sage-password"  # noqa: S105 - likewise
SANDBOX_CALLS_PER_MINUTE = 6000
"""The sandbox's limits and our budgets for them: the demonstration need not take Zoho's nine minutes."""
SANDBOX_ZOHO = {
    "client_id": "1000.SANDBOX",
    "client_secret": "sandbox-secret",
    "refresh_token": "1000.sandbox.refresh",
    "organization_id": "5129873",
}
SANDBOX_CLARITY = {
    "client_id": "clarity-sandbox",
    "client_secret": "clarity-sandbox-secret",
}
SANDBOX_SALESFORCE = {
    "domain": "acme.my",
    "consumer_key": "salesforce-sandbox",
    "consumer_secret": "salesforce-sandbox-secret",
}
SANDBOX_CLARITY_WEBHOOK_SECRET = "sandboxClarityWebhookSecret2026"  # noqa: S105 - likewise
SAGE_COMPANY = "ABC"
DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "PYTHONHOME", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
"""Inherited variables that would slow our processes down or bend them."""
CHOSEN = ("AIRFLOW__", "AIRFLOW_CONN_", "TRADEBRIDGE_GATEWAY_")
"""Inherited variables that win over ours."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One run folder with its ports and secrets: all that the environment depends on."""

    run: Path
    ports: Ports
    secrets: Secrets

    @property
    def logs(self) -> Path:
        """One file per process, and Airflow's task logs below ``tasks``."""
        return self.run / "logs"

    @property
    def sandbox_data(self) -> Path:
        """What the sandbox keeps: the Zoho state and Sage's company databases."""
        return self.run / "sandbox"

    @property
    def sage_home(self) -> Path:
        """The directory that holds ``MAS_ABC.sqlite``."""
        return self.sandbox_data / "sage100"

    @property
    def sage_database(self) -> Path:
        """The sandbox company's tables."""
        return self.sage_home / f"MAS_{SAGE_COMPANY}.sqlite"

    @property
    def airflow_url(self) -> str:
        """Airflow's UI, API and webhook receiver."""
        return f"http://{HOST}:{self.ports.airflow}"

    @property
    def sandbox_url(self) -> str:
        """Zoho as the sandbox plays it, and the control API under ``/_sandbox``."""
        return f"http://{HOST}:{self.ports.sandbox}"

    @property
    def clarity_url(self) -> str:
        """Clarity as the sandbox plays it; its control API is ``/_sandbox/clarity`` of the sandbox."""
        return f"{self.sandbox_url}/clarity"

    @property
    def salesforce_proxy(self) -> str:
        """What leads Salesforce's hosts to the sandbox; its control API is ``/_sandbox/salesforce``."""
        return f"http://{HOST}:{self.ports.salesforce_proxy}"

    @property
    def salesforce_authority(self) -> Path:
        """Who vouches for the sandbox's certificate, once it has started."""
        return self.sandbox_data / "salesforce-ca.pem"

    @property
    def gateway_url(self) -> str:
        """The REST service in front of Sage 100."""
        return f"http://{HOST}:{self.ports.gateway}"

    def database_url(self, name: str) -> str:
        """SQLAlchemy URL of a database on the embedded server."""
        return (
            f"postgresql+psycopg2://tradebridge:{self.secrets.postgres_password}"
            f"@{HOST}:{self.ports.postgres}/{name}"
        )


def environment(machine: Machine, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Everything a process of ours may read from its environment.

    Args:
        machine: the run folder, its ports and secrets.
        base: what to inherit; the caller's own environment by default. Inherited ``AIRFLOW__``,
            ``AIRFLOW_CONN_`` and ``TRADEBRIDGE_GATEWAY_`` variables win, so that one setting or one real
            system can be tried in place.
    """
    inherited = dict(os.environ if base is None else base)
    kept = {name: value for name, value in inherited.items() if name not in DROPPED}
    chosen = {name: value for name, value in kept.items() if name.startswith(CHOSEN)}
    loopback = ",".join(filter(None, (kept.get("NO_PROXY") or kept.get("no_proxy"), "127.0.0.1,localhost")))
    return (
        {"HOME": str(machine.run)}
        | kept
        | {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins'}",
            "PYTHONUNBUFFERED": "1",
            "TRADEBRIDGE_RUN": str(machine.run),
            "TRADEBRIDGE_LEDGER_URL": machine.database_url("tradebridge"),
            "GX_ANALYTICS_ENABLED": "false",
            "NO_PROXY": loopback,
            "no_proxy": loopback,
        }
        | airflow_settings(machine)
        | connections(machine)
        | gateway_settings(machine)
        | chosen
    )


def airflow_settings(machine: Machine) -> dict[str, str]:
    """Airflow's configuration, as ``AIRFLOW__SECTION__KEY`` variables."""
    sections: dict[str, dict[str, object]] = {
        "core": _core(machine),
        "database": {"sql_alchemy_conn": machine.database_url("airflow")},
        "api": {
            "host": HOST,
            "port": machine.ports.airflow,
            "base_url": machine.airflow_url,
            "secret_key": machine.secrets.airflow_secret_key,
            "instance_name": "Tradebridge",
            "expose_config": False,
        },
        "api_auth": {"jwt_secret": machine.secrets.airflow_jwt_secret},
        "scheduler": {
            # The scheduler sleeps this long between two tasks of a run: 1 s each by default.
            "scheduler_idle_sleep_time": 0.1,
            # A killed scheduler is seen after 15 s, not 30, and what it had queued is taken over at once.
            "scheduler_heartbeat_sec": 2,
            "scheduler_health_check_threshold": 15,
            "orphaned_tasks_check_interval": 10,
            "task_instance_heartbeat_timeout": 60,
            "task_queued_timeout": 120,
            "task_queued_timeout_check_interval": 30,
        },
        "workers": {
            # A worker's slot stays taken up to this long after its task ended.
            "min_heartbeat_interval": 1,
            # An api-server that restarts must not cost a running task its life.
            "max_failed_heartbeats": 20,
            "execution_api_timeout": 30,
        },
        # A file that has changed is read at the next look, whatever the second number says.
        "dag_processor": {"refresh_interval": 30, "min_file_process_interval": 120},
        "logging": {
            "base_log_folder": machine.logs / "tasks",
            "dag_processor_child_process_log_directory": machine.logs / "dag_processor_files",
            "colored_console_log": False,
        },
    }
    flat = {
        f"AIRFLOW__{section}__{key}".upper(): str(value)
        for section, settings in sections.items()
        for key, value in settings.items()
    }
    return flat | {"AIRFLOW_HOME": str(machine.run / "airflow")}


def _core(machine: Machine) -> dict[str, object]:
    return {
        "executor": "tradebridge.warm_executor.WarmLocalExecutor",
        "parallelism": 12,
        "dags_folder": ROOT / "dags",
        "plugins_folder": ROOT / "plugins",
        "load_examples": False,
        # Only the administrator logs in here, and the Test button tells what is wrong with a connection.
        "test_connection": "Enabled",
        "dags_are_paused_at_creation": False,
        "execution_api_server_url": f"{machine.airflow_url}/execution/",
        "fernet_key": machine.secrets.airflow_fernet_key,
        "simple_auth_manager_users": f"{ADMIN}:admin",
        "simple_auth_manager_passwords_file": password_file(machine),
        # The default asks the DNS, which a machine without a network answers after seconds.
        "hostname_callable": "socket.gethostname",
    }


def password_file(machine: Machine) -> Path:
    """Where Airflow's simple auth manager finds the administrator's password."""
    return machine.run / "secrets" / "airflow_users.json"


def lay_out(machine: Machine) -> None:
    """Make the folders, and put the administrator's password where Airflow reads it."""
    for folder in (machine.logs, machine.run / "airflow", machine.run / "gateway", machine.sandbox_data):
        folder.mkdir(parents=True, exist_ok=True)
    write_private(password_file(machine), json.dumps({ADMIN: machine.secrets.admin_password}))


def connections(machine: Machine) -> dict[str, str]:
    """The six connections, as Airflow reads them from the environment."""
    ledger = {
        "conn_type": "postgres",
        "host": HOST,
        "port": machine.ports.postgres,
        "login": "tradebridge",
        "password": machine.secrets.postgres_password,
        "schema": "tradebridge",
        "extra": {"secret_key": machine.secrets.ledger_key},
    }
    zoho = {
        "conn_type": "zoho_inventory",
        "login": SANDBOX_ZOHO["client_id"],
        "password": SANDBOX_ZOHO["client_secret"],
        "extra": {
            "organization_id": SANDBOX_ZOHO["organization_id"],
            "api_base": machine.sandbox_url,
            "accounts_base": machine.sandbox_url,
            "refresh_token": SANDBOX_ZOHO["refresh_token"],
            "calls_per_minute": SANDBOX_CALLS_PER_MINUTE,
            "calls_per_day": 100 * SANDBOX_CALLS_PER_MINUTE,
            "concurrency": 8,
            "webhook_secrets": [SANDBOX_WEBHOOK_SECRET],
        },
    }
    clarity = {
        "conn_type": "clarity_ecommerce",
        "host": machine.clarity_url,
        "login": SANDBOX_CLARITY["client_id"],
        "password": SANDBOX_CLARITY["client_secret"],
        "extra": {
            "calls_per_minute": SANDBOX_CALLS_PER_MINUTE,
            "calls_per_day": 100 * SANDBOX_CALLS_PER_MINUTE,
            "concurrency": 8,
            "webhook_secrets": [SANDBOX_CLARITY_WEBHOOK_SECRET],
        },
    }
    # As a real org's, but for the way there: hosts, paths and TLS are Salesforce's own.
    salesforce = {
        "conn_type": "salesforce",
        "extra": {
            **SANDBOX_SALESFORCE,
            "proxies": {"https": machine.salesforce_proxy},
            "ca_file": str(machine.salesforce_authority),
            "pubsub_host": HOST,
            "pubsub_port": machine.ports.salesforce_bus,
            "pubsub_ca_file": str(machine.salesforce_authority),
        },
    }
    sage_reads = {
        "conn_type": "sage100_odbc",
        "extra": {"driver": "SQLite3", "database": str(machine.sage_database), "company": SAGE_COMPANY},
    }
    sage_writes = {
        "conn_type": "sage100_gateway",
        "host": machine.gateway_url,
        "password": machine.secrets.gateway_token,
    }
    named = {
        "LEDGER": ledger,
        "ZOHO_INVENTORY": zoho,
        "CLARITY_ECOMMERCE": clarity,
        "SALESFORCE": salesforce,
        "SAGE100_READONLY": sage_reads,
        "SAGE100_GATEWAY": sage_writes,
    }
    return {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in named.items()}


def gateway_settings(machine: Machine) -> dict[str, str]:
    """The gateway's own variables: which objects it drives, where, and who may call."""
    settings = {
        "objects": "include.sandbox.sage100.objects:Script",
        "home": str(machine.sage_home),
        "company": SAGE_COMPANY,
        "user": "tradebridge",
        "password": SANDBOX_SAGE_PASSWORD,
        "odbc": f"Driver=SQLite3;Database={machine.sage_database};",
        "state": str(machine.run / "gateway"),
        "tokens": machine.secrets.gateway_token,
        "host": HOST,
        "port": str(machine.ports.gateway),
        "workers": "2",
    }
    return {f"TRADEBRIDGE_GATEWAY_{name.upper()}": value for name, value in settings.items()}
