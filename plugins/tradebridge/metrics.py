"""Our figures through Airflow's own Stats: StatsD, Datadog or OpenTelemetry, as the site has set it.

Each figure goes out under one name with its labels as tags; while Airflow exports its legacy names
(``[metrics] legacy_names_on``, the default) it goes out a second time with the labels in the name, for
receivers of StatsD that know no tags. Names are listed in ``docs/operate.md``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf
from airflow.sdk.observability import stats

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "tradebridge"
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


def gauge(name: str, value: float, **labels: str) -> None:
    """How much there is of something now."""
    _emit(lambda stat, tags: stats.gauge(stat, value, tags=tags), name, labels)


def count(name: str, number: int, **labels: str) -> None:
    """That something happened so many times; nothing is sent for none."""
    if number:
        _emit(lambda stat, tags: stats.incr(stat, number, tags=tags), name, labels)


def seconds(name: str, duration: float, **labels: str) -> None:
    """How long something took."""
    _emit(lambda stat, tags: stats.timing(stat, duration * 1000.0, tags=tags), name, labels)


def _emit(send: Callable[[str, dict[str, str] | None], None], name: str, labels: dict[str, str]) -> None:
    clean = {label: _UNFIT.sub("_", value) for label, value in labels.items()}
    send(f"{PREFIX}.{name}", clean)
    if clean and conf.getboolean("metrics", "legacy_names_on"):
        send(".".join([PREFIX, name, *clean.values()]), None)
