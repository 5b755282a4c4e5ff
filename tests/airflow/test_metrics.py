"""A24: our figures reach a real StatsD listener through Airflow's own Stats, with and without tags."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

from include.ledger import Delivery, Intent, Ledger, Outcome, WriteState
from include.pipelines.watch import look
from tests.airflow.test_desk import FLOW, an_exception
from tradebridge import metrics, watching

DOCS = Path(__file__).parents[2] / "docs" / "operate.md"


class Listener:
    """What StatsD clients have sent so far, by name: the last value and how many there were."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.port = self.socket.getsockname()[1]

    def heard(self) -> dict[str, str]:
        """Everything up to a mark that is sent last: datagrams on loopback keep their order."""
        stats.incr("mark")
        values: dict[str, str] = {}
        while "mark" not in values:
            name, _, value = self.socket.recv(65_536).decode().rpartition(":")
            values[name.removeprefix("airflow.")] = value
        return values


@pytest.fixture
def listener(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    listening = Listener()
    tagged, legacy = getattr(request, "param", (False, True))
    settings = {
        "STATSD_ON": "True", "STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(listening.port),
        "STATSD_INFLUXDB_ENABLED": str(tagged), "LEGACY_NAMES_ON": str(legacy),
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"AIRFLOW__METRICS__{name}", value)
    made = []

    def client() -> object:
        made.append(get_stats_factory()())
        return made[-1]

    stats.initialize(factory=client, export_legacy_names=legacy)  # type: ignore[arg-type]
    yield listening
    for each in made:
        each.statsd.close()
    monkeypatch.undo()
    stats.initialize(factory=get_stats_factory(), export_legacy_names=True)
    listening.socket.close()


def test_without_tags_the_labels_stand_in_the_name(listener: Listener) -> None:
    metrics.gauge("backlog", 4, flow="orders")
    metrics.count("rows", 3, flow="orders", outcome="loaded")
    metrics.seconds("webhook_to_target", 1.5, flow="orders")
    heard = listener.heard()
    assert heard["tradebridge.backlog.orders"] == "4|g"
    assert heard["tradebridge.rows.orders.loaded"] == "3|c"
    assert heard["tradebridge.webhook_to_target.orders"] == "1500.000000|ms"


@pytest.mark.parametrize("listener", [(True, False)], indirect=True)
def test_with_tags_one_name_carries_them(listener: Listener) -> None:
    metrics.gauge("circuit_open", 1, endpoint="sage100:a b|c")
    heard = listener.heard()
    assert heard == {"tradebridge.circuit_open,endpoint=sage100_a_b_c": "1|g", "mark": "1|c"}


def test_one_look_sends_what_it_sees(listener: Listener, ledger: Ledger) -> None:
    rows = [Delivery("zoho_inventory", "salesorder", f"k{n}", f"d{n}", "v", b"{}") for n in range(3)]
    ledger.inbox.keep_many(FLOW, rows)
    ledger.exceptions.open([an_exception("other")])
    ledger.writes.intend([Intent("w", FLOW, "sales_order", "k9", "v", "h")])
    ledger.writes.mark(["w"], WriteState.IN_DOUBT)
    ledger.budgets.take("zoho", per_minute=80, per_day=5000, n=7)
    watching.measure(ledger, look(ledger, [FLOW]))
    heard = listener.heard()
    expected = {
        f"tradebridge.backlog.{FLOW}": "3|g",
        f"tradebridge.in_doubt.{FLOW}": "1|g",
        f"tradebridge.open_exceptions.{FLOW}": "1|g",
        f"tradebridge.open_exceptions_by_code.{FLOW}.reference_not_found": "1|g",
        "tradebridge.budget_today.zoho": "7|g",
        "tradebridge.alerts_open.high": "0|g",
    }
    assert {name: heard.get(name) for name in expected} == expected


def test_a_repair_is_timed_once(listener: Listener, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    start = ledger.database.now()
    name = f"tradebridge.time_to_repair.{FLOW}.reference_not_found"

    def at(minutes: float) -> dict[str, str]:
        monkeypatch.setattr(ledger.database, "now", lambda: start + timedelta(minutes=minutes))
        watching.measure(ledger, look(ledger, [FLOW]))
        return listener.heard()

    monkeypatch.setattr(ledger.database, "now", lambda: start)
    ledger.exceptions.open([an_exception()])
    assert name not in at(1)
    monkeypatch.setattr(ledger.database, "now", lambda: start + timedelta(minutes=10))
    ledger.exceptions.resolve(FLOW, ["51298"], how="carried by run 1")
    assert at(11)[name] == "600000.000000|ms"
    assert name not in at(12)


def test_every_name_is_documented() -> None:
    """Names are an interface: dashboards are built on them."""
    sources = [Path(watching.__file__), Path(metrics.__file__).with_name("stages.py")]
    used = {
        name
        for source in sources
        for name in re.findall(r'metrics\.(?:gauge|count|seconds)\(\s*"([a-z_]+)"', source.read_text())
    }
    text = DOCS.read_text()
    assert used
    assert [name for name in sorted(used) if f"`tradebridge.{name}`" not in text] == []


def test_outcomes_have_the_names_of_the_ledger() -> None:
    assert {outcome.value for outcome in Outcome} == {
        "loaded", "unchanged", "parked", "rejected", "duplicate", "in_doubt",
    }  # fmt: skip
