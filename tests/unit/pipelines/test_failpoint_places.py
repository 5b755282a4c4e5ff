"""A7: what a flow can die at is found by walking through it; no test has to be told of a new place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from include import failpoints
from include.connectors.sage100 import OrderWrite, WriteResult
from include.ledger import Ledger, migrate
from include.pipelines import ports
from include.pipelines.delivery import Delivery, Write
from include.pipelines.flows import ZOHO_ORDERS
from include.pipelines.loading import adopted
from include.pipelines.ports import World

PLACE = "pay_invoices"
"""A write that no flow of ours makes."""


@dataclass
class Elsewhere:
    """A system that no flow of ours talks to, in all four roles."""

    asked: list[str] = field(default_factory=list)
    name: str = "elsewhere"

    def payments(self) -> Iterator[str]:
        for payment in ("p-1", "p-2"):
            self.asked.append(payment)
            yield payment

    def pay(self, records: Sequence[OrderWrite]) -> list[WriteResult]:
        return [WriteResult(record.idempotency_key, "created", target_id=record.key) for record in records]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    book = Ledger.connect(url)
    yield book
    book.close()


def a_world(ledger: Ledger, system: Any) -> World:
    return World(
        flow=ZOHO_ORDERS,
        ledger=ledger,
        source=system,
        notes=system,
        reads=system,
        writes=system,
        staging_root=Path("nowhere"),
    )


def carry_payments(world: Any) -> None:
    """A flow that exists in this test only."""
    writes = [Write(key, "v1", key, OrderWrite(key=key)) for key in world.source.payments()]
    Delivery(
        ledger=world.ledger,
        flow="payments",
        place=PLACE,
        entity="payment",
        source_system="elsewhere",
        target_system="elsewhere",
        send=world.writes.pay,
        adopted=adopted,
        confirmed=lambda _: {},
    ).deliver(writes)


def test_every_place_of_a_new_flow_is_found(ledger: Ledger) -> None:
    with failpoints.noted() as passed:
        carry_payments(a_world(ledger, Elsewhere()))
    wanted = {(PLACE, point) for point in failpoints.POINTS}
    wanted |= {(call, point) for call in ("source.payments", "writes.pay") for point in failpoints.CALL}
    wanted |= {("ledger.commit_writes", point) for point in failpoints.COMMIT}
    assert wanted <= set(passed)


def test_a_write_passes_its_points_in_their_order(ledger: Ledger) -> None:
    """Intended before it is sent, sent before it is committed here."""
    with failpoints.noted() as passed:
        carry_payments(a_world(ledger, Elsewhere()))
    order = [
        ("ledger.intend_writes", "after_local_commit"),
        (PLACE, "before_send"),
        ("ledger.mark_writes", "after_local_commit"),
        ("writes.pay", "before_send"),
        ("writes.pay", "after_send"),
        (PLACE, "after_send"),
        (PLACE, "after_remote_commit"),
        (PLACE, "before_local_commit"),
        ("ledger.commit_writes", "before_local_commit"),
        ("ledger.commit_writes", "after_local_commit"),
    ]
    assert [crossing for crossing in passed if crossing in set(order)] == order


def test_a_call_that_gives_items_is_passed_while_they_are_read(ledger: Ledger) -> None:
    system = Elsewhere()
    with failpoints.noted() as passed:
        items = a_world(ledger, system).source.payments()  # type: ignore[attr-defined]
        assert next(items) == "p-1"
        assert ("source.payments", "after_send") in passed
        assert system.asked == ["p-1"]
        assert list(items) == ["p-2"]


def test_without_a_test_ports_stand_bare(ledger: Ledger) -> None:
    system = Elsewhere()
    world = a_world(ledger, system)
    assert all(getattr(world, name) is system for name in World.PORTS)


def test_a_watched_port_shows_what_is_no_call(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "nothing:nowhere")
    world = a_world(ledger, Elsewhere())
    assert world.source.name == "elsewhere"  # type: ignore[attr-defined]
    assert failpoints.watched("source", world.source) is world.source


def test_every_port_of_a_world_is_watched() -> None:
    """A port is a protocol of :mod:`include.pipelines.ports`; one that is added later must be in the list."""
    protocols = {
        kind.__name__
        for kind in vars(ports).values()
        if isinstance(kind, type) and kind.__module__ == ports.__name__ and Protocol in kind.__bases__
    }
    assert (
        {name for name, kind in World.__annotations__.items() if kind in protocols}
        == set(World.PORTS)
        != set()
    )


def test_a_failpoint_kills_once(tmp_path: Path) -> None:
    marker = tmp_path / "struck"
    program = "from include.failpoints import reach; reach('here', 'now'); print('alive')"
    environment = {failpoints.VARIABLE: "here:now", failpoints.ONCE: str(marker)}
    root = Path(failpoints.__file__).resolve().parents[1]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run().returncode == -9
    assert marker.exists()
    assert run().stdout == "alive\n"


def test_each_request_of_a_kind_is_a_place_of_its_own() -> None:
    """A write of several requests is passed between any two of them; ids are no part of a place."""
    contact = "/contacts/460000000026049"
    job = "jobs/ingest/7501R00000Abc12QAB"
    with failpoints.noted() as passed:
        for system, method, path in (
            ("zoho_inventory", "PUT", contact),
            ("zoho_inventory", "PUT", contact),
            ("zoho_inventory", "POST", f"{contact}/inactive"),
            ("salesforce", "GET", f"{job}/unprocessedrecords?locator=MQ"),
        ):
            with failpoints.request(system, method, path):
                pass
    assert [place for place, point in passed if point == "after_send"] == [
        "zoho_inventory PUT /contacts/{id}",
        "zoho_inventory PUT /contacts/{id} (2)",
        "zoho_inventory POST /contacts/{id}/inactive",
        "salesforce GET jobs/ingest/{id}/unprocessedrecords",
    ]


def test_a_request_that_fails_was_not_answered() -> None:
    with (
        failpoints.noted() as passed,
        pytest.raises(OSError, match="away"),
        failpoints.request("salesforce", "POST", "jobs/ingest"),
    ):
        raise OSError("away")
    assert list(passed) == [("salesforce POST jobs/ingest", "before_send")]
