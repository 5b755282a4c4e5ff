"""The Clarity connector against the Clarity sandbox: two programs that share no code, over real HTTP.

Tokens, budgets and breakers are the real ledger's, so this is also the proof that it satisfies the
connector's ports. ``v1`` is tried whole, the two unverified generations as far as they are described.
"""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.fernet import Fernet

from include.canonical.reasons import Reason
from include.connectors.clarity_ecommerce import (
    ClarityClient,
    ClarityReader,
    ClarityWriter,
    Settings,
    StockWrite,
    Write,
)
from include.connectors.clarity_ecommerce.records import Kind
from include.connectors.clarity_ecommerce.webhook import identify
from include.errors import AuthenticationError, ConfigurationError, RateLimitedError
from include.ledger import Ledger, migrate
from include.sandbox.app import DATABASE, create_app

ORDERS = 60
V1: dict[str, Any] = {"dialect": "v1"}
PHOENIX: dict[str, Any] = {
    "dialect": "phoenix",
    "dialect_overrides": {"envelope": {"many": "results"}, "auth": {"token": {"path": "/api/auth/login"}}},
}
LEGACY: dict[str, Any] = {"dialect": "cef_legacy", "auth_mode": "basic"}


class Site:
    """A running sandbox, its control API, and clients on one ledger."""

    def __init__(self, url: str, http: httpx.Client, ledger: Ledger) -> None:
        self.url = url
        self.http = http
        self.ledger = ledger
        self.slept: list[float] = []
        self.opened: list[ClarityClient] = []

    def client(self, **changes: Any) -> ClarityClient:
        """One worker's client."""
        known = {
            "base_url": f"{self.url}/clarity",
            "client_id": "clarity-sandbox",
            "client_secret": "clarity-sandbox-secret",
            "calls_per_minute": 100_000,
            "timeout": (2.0, 2.0),
            "patience": 30.0,
        }
        made = ClarityClient(
            Settings(**(known | changes)),
            tokens=self.ledger.tokens,
            budget=self.ledger.budgets,
            sleep=self.slept.append,
        )
        self.opened.append(made)
        return made

    def reader(self, **changes: Any) -> ClarityReader:
        return ClarityReader(self.client(**changes))

    def writer(self, **changes: Any) -> ClarityWriter:
        return ClarityWriter(self.client(**changes))

    def tell(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Use the control API."""
        answer = self.http.request(method, f"/_sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def fault(self, kind: str, **rule: Any) -> None:
        """Put up a fault that strikes once unless told otherwise."""
        self.tell("/faults", {"kind": kind, "system": "clarity", "times": 1} | rule)

    def document(self, kind: str, number: str) -> dict[str, Any]:
        """A record as the sandbox keeps it, numbers exact."""
        answer = self.http.get(f"/_sandbox/clarity/documents/{kind}/{number}")
        assert answer.is_success, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def effects(self, **wanted: str) -> list[dict[str, Any]]:
        """What the shop did, as its log tells."""
        found: list[dict[str, Any]] = self.http.get("/_sandbox/clarity/effects", params=wanted).json()[
            "effects"
        ]
        return found

    def count(self, kind: str) -> int:
        return int(self.http.get("/_sandbox/clarity/counts").json()[kind])

    def asked(self, method: str) -> list[dict[str, Any]]:
        """What the sandbox was asked by one method, tokens apart."""
        found = self.http.get("/_sandbox/requests", params={"system": "clarity", "limit": 20_000}).json()
        return [
            row for row in found["requests"] if row["method"] == method and not row["path"].endswith("/token")
        ]

    def order(self, number: str = "") -> dict[str, Any]:
        """An order that can be shipped."""
        return self.document(
            "orders", number or self.tell("/clarity/orders", {"count": 1})["orders"][0]["orderNumber"]
        )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the shop's story is already told."""
    data = tmp_path_factory.mktemp("told")
    app = create_app(data)
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as http:
        http.post("/_sandbox/load", json={"story": "clarity", "limit": ORDERS}).raise_for_status()
    app.control.database.close()
    return data / DATABASE


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An application on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def site(told: Path, tmp_path: Path) -> Iterator[Site]:
    """A sandbox with the shop's orders, on a free port, and an empty ledger."""
    shutil.copy(told, tmp_path / DATABASE)
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(ledger_url)
    ledger = Ledger.connect(ledger_url, secret_key=Fernet.generate_key().decode())
    with serving(create_app(tmp_path)) as url, httpx.Client(base_url=url, timeout=10) as http:
        made = Site(url, http, ledger)
        made.tell("/clarity/settings", {"per_minute": 100_000, "burst": 100_000})
        yield made
        for client in made.opened:
            client.close()
    ledger.close()


def wait_until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def shipment(order: dict[str, Any], **changes: Any) -> Write:
    lines = [
        {"orderLineNumber": line["lineNumber"], "sku": line["sku"], "quantity": line["quantity"]}
        for line in order["lines"]
    ]
    content = {
        "shipmentNumber": f"SHP-{order['orderNumber']}",
        "orderNumber": order["orderNumber"],
        "status": "Shipped",
        "carrier": "UPS",
        "trackingNumbers": ["1Z999AA10123456784"],
        "shippedAt": "2026-03-04T20:55:00.000Z",
        "freightAmount": Decimal("38.40"),
        "lines": lines,
        "notifyCustomer": True,
    }
    return Write(f"sage100:{order['orderNumber']}:0104512-IN", content | changes)


@pytest.mark.parametrize("dialect", [V1, PHOENIX, LEGACY], ids=["v1", "phoenix", "cef_legacy"])
@pytest.mark.parametrize("page_size", [7, 50])
def test_every_generation_lists_every_order_once_with_our_names(
    site: Site, dialect: dict[str, Any], page_size: int
) -> None:
    overrides = {"paging": {"unit": "page", "first": 1}} if dialect is LEGACY else {}
    more = {"dialect_overrides": overrides} if overrides else {}
    reader = site.reader(**{**dialect, **more}, page_size=page_size)
    assert reader.check().ok, reader.check().message
    found = list(reader.changed(Kind.ORDERS))
    assert len({each.id for each in found}) == len(found) == site.count("orders") >= ORDERS
    one = reader.record(Kind.ORDERS, found[3].id)
    assert one is not None
    assert (one.id, one.number) == (found[3].id, found[3].number)
    totals = json.loads(one.raw, parse_float=Decimal)["totals"]
    assert totals["grandTotal"] == site.document("orders", one.number)["totals"]["grandTotal"]


@pytest.mark.parametrize("dialect", [V1, PHOENIX], ids=["v1", "phoenix"])
def test_a_window_gives_what_changed_in_it(site: Site, dialect: dict[str, Any]) -> None:
    reader = site.reader(**dialect, overlap=0.0)
    everything = list(reader.changed(Kind.ORDERS))
    last = max(each.updated_at for each in everything if each.updated_at)
    site.tell("/clock", {"jump_seconds": 3600})
    edited = everything[7].number
    site.tell(f"/clarity/orders/{edited}", {"changes": {"purchaseOrderNumber": "PO-7"}}, "PUT")
    (found,) = reader.changed(Kind.ORDERS, last + timedelta(seconds=1))
    assert found.number == edited
    still = {each.number for each in reader.changed(Kind.ORDERS, None, last + timedelta(seconds=1))}
    assert still == {each.number for each in everything} - {edited}


@pytest.mark.parametrize("dialect", [V1, PHOENIX], ids=["v1", "phoenix"])
@pytest.mark.parametrize("kind", ["repeat_row", "hide_row"])
def test_a_page_that_repeats_or_hides_a_row_costs_calls_and_no_order(
    site: Site, kind: str, dialect: dict[str, Any]
) -> None:
    path = "*/orders" if dialect is V1 else "*/orders/order"
    site.fault(kind, path=path, skip=1)
    found = list(site.reader(**dialect, page_size=10).changed(Kind.ORDERS))
    assert len({each.id for each in found}) == len(found) == site.count("orders")


def test_a_change_that_the_lists_show_late_is_found_by_the_overlap_of_the_next_sweep(site: Site) -> None:
    reader = site.reader(overlap=600.0)
    number = list(reader.changed(Kind.ORDERS))[-1].number
    site.tell("/clarity/settings", {"index_lag_seconds": 60})
    began = datetime.fromisoformat(site.tell("/clock", {"jump_seconds": 3600})["now"])
    site.tell(f"/clarity/orders/{number}", {"changes": {"purchaseOrderNumber": "PO-7"}}, "PUT")
    assert list(reader.changed(Kind.ORDERS, began)) == []
    later = datetime.fromisoformat(site.tell("/clock", {"jump_seconds": 120})["now"])
    assert [each.number for each in reader.changed(Kind.ORDERS, later)] == [number]


@pytest.mark.parametrize("mode", [{}, {"auth_mode": "api_key", "api_key": "clk_sandbox_0001"}])
def test_the_shop_is_entered_by_token_or_by_key(site: Site, mode: dict[str, str]) -> None:
    assert site.reader(**mode).check().ok
    wrong = {name: "wrong" for name in ("client_secret", "api_key") if name in {"client_secret", *mode}}
    report = site.reader(**{**mode, **wrong}).check()
    assert not report.ok
    assert "wrong" not in report.message


def test_both_are_shown_to_a_shop_behind_a_gateway(site: Site) -> None:
    site.tell("/clarity/settings", {"auth": "both"})
    assert not site.reader().check().ok
    assert site.reader(auth_mode="both", api_key="clk_sandbox_0001").check().ok


@pytest.mark.parametrize("kind", ["expired_token", "revoked_token"])
def test_a_token_that_dies_is_renewed_once_and_the_write_is_made(site: Site, kind: str) -> None:
    order = site.order()
    site.fault(kind, method="POST", path="*/shipments")
    (result,) = site.writer().write_shipments([shipment(order)])
    assert result.status == "created"


def test_a_scope_that_is_missing_is_a_matter_for_a_person(site: Site) -> None:
    with pytest.raises(AuthenticationError, match="scope"):
        site.writer(scopes=("orders.read",)).write_shipments([shipment(site.order())])


def test_a_parameter_that_the_shop_does_not_know_is_a_matter_of_the_dialect(site: Site) -> None:
    with pytest.raises(ConfigurationError, match="names of filters"):
        list(site.reader().changed(Kind.ORDERS, where={"colour": "red"}))


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_limit_is_waited_out_in_both_forms_of_advice(site: Site, form: str) -> None:
    site.fault("limit", retry_after=form, path="*/orders*")
    with pytest.raises(RateLimitedError) as caught:
        site.reader(patience=0.0).record(Kind.ORDERS, "100001")
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 60
    with pytest.raises(RateLimitedError):
        site.reader(patience=0.0).record(Kind.ORDERS, "100001")
    assert len(site.asked("GET")) == 1


@pytest.mark.parametrize(
    "kind", ["close_before", "truncate", "malformed", "duplicate_keys", "wrong_charset", "html", "status"]
)
def test_a_read_outlives_what_a_network_does_to_it(site: Site, kind: str) -> None:
    order = site.order()
    site.fault(kind, path="*/orders/*", method="GET")
    found = site.reader().record(Kind.ORDERS, str(order["id"]))
    assert found is not None
    assert found.number == order["orderNumber"]


@pytest.mark.parametrize("kind", ["close_before", "close_after", "truncate", "html", "status"])
def test_a_shipment_is_made_once_whatever_becomes_of_its_answer(site: Site, kind: str) -> None:
    order = site.order()
    site.fault(kind, path="*/shipments", method="POST")
    (result,) = site.writer().write_shipments([shipment(order)])
    assert result.status in {"created", "adopted"}
    assert site.document("shipments", f"SHP-{order['orderNumber']}")["id"] == int(result.id)
    assert len(site.effects(resource="shipments", action="customer_notified")) == 1
    assert site.count("shipments") == 1


def test_a_generation_without_keys_makes_a_shipment_once_too(site: Site) -> None:
    order = site.order()
    writer = site.writer(**PHOENIX)
    site.fault("close_after", path="*/shipments/shipment", method="POST")
    first = writer.write_shipments([shipment(order)])
    again = writer.write_shipments([shipment(order)])
    assert [first[0].status, again[0].status] == ["adopted", "adopted"]
    assert len(site.asked("POST")) - len([row for row in site.asked("POST") if "login" in row["path"]]) == 1


def test_tracking_is_corrected_in_place_and_a_replay_writes_nothing(site: Site) -> None:
    order = site.order()
    writer = site.writer()
    (made,) = writer.write_shipments([shipment(order)])
    later = shipment(order, trackingNumbers=["1Z1", "1Z2"])
    (corrected,) = writer.write_shipments([Write("later", later.content, made.id)])
    (again,) = writer.write_shipments([Write("later", later.content, made.id)])
    assert [made.status, corrected.status, again.status] == ["created", "changed", "unchanged"]
    assert int(corrected.version) == int(made.version) + 1
    assert site.document("shipments", later.content["shipmentNumber"])["trackingNumbers"] == ["1Z1", "1Z2"]
    assert len(site.effects(resource="shipments", action="customer_notified")) == 1


def test_a_shipment_of_more_than_was_ordered_is_refused_with_its_reason(site: Site) -> None:
    order = site.order()
    lines = [{"orderLineNumber": 1, "sku": order["lines"][0]["sku"], "quantity": 100_000}]
    bad, good = site.writer().write_shipments([shipment(order, lines=lines), shipment(site.order())])
    assert (bad.status, bad.reason, bad.code) == ("refused", Reason.REFUSED, "validation_failed")
    assert good.status == "created"


def test_stock_goes_by_five_hundreds_and_a_bad_row_fails_alone(site: Site) -> None:
    rows = list(site.reader(page_size=500).changed(Kind.INVENTORY))
    keys = [each.id.rpartition("|") for each in rows]
    writes = [
        StockWrite(f"{sku}@{code}", sku, code, {"quantityOnHand": Decimal("12.5"), "quantityAllocated": 0})
        for sku, _, code in keys
    ]
    writes.insert(1, StockWrite("bad", "NOPE-1", "001", {"quantityOnHand": 5, "quantityAllocated": 0}))
    now = datetime.fromisoformat(site.tell("/clock", {"jump_seconds": 5})["now"]).astimezone(UTC)
    results = site.writer().update_inventory(writes, as_of=now)
    assert [each.key for each in results if each.status != "changed"] == ["bad"]
    bad = results[1]
    assert (bad.status, bad.reason) == ("refused", Reason.NO_REFERENCE)
    assert len(site.asked("POST")) == -(-len(writes) // 500)
    (stock,) = site.reader().stock([keys[0][0]], warehouse_code=keys[0][2])
    assert json.loads(stock.raw, parse_float=Decimal)["quantityOnHand"] == Decimal("12.5")


def test_stock_that_the_shop_knows_better_is_left_alone(site: Site) -> None:
    row = next(site.reader().changed(Kind.INVENTORY))
    sku, _, code = row.id.rpartition("|")
    newer, older = (
        StockWrite("k", sku, code, {"quantityOnHand": on_hand, "quantityAllocated": 0}) for on_hand in (7, 1)
    )
    at = datetime(2026, 3, 2, 16, 5, tzinfo=UTC)
    site.writer().update_inventory([newer], as_of=at)
    (result,) = site.writer().update_inventory([older], as_of=at - timedelta(seconds=1))
    assert result.status == "outdated"
    assert site.document("inventory", row.id)["quantityOnHand"] == 7


def test_an_order_is_moved_noted_and_acknowledged(site: Site) -> None:
    order = site.order()
    writer, record_id = site.writer(), str(order["id"])
    (moved,) = writer.change_orders([Write("m", {"status": "Backordered"}, record_id)])
    (again,) = writer.change_orders([Write("m", {"status": "Processing"}, record_id)])
    assert (moved.status, again.status) == ("changed", "unchanged")
    assert writer.add_note(record_id, "Credit limit exceeded.").status == "changed"
    assert writer.add_note(record_id, "Credit limit exceeded.").status == "unchanged"
    known = {"consumer": "sage100", "externalNumber": "0021457"}
    (acknowledged,) = writer.act("acknowledge_order", [Write("a", known, record_id)])
    assert acknowledged.status == "changed"
    (illegal,) = writer.change_orders([Write("m", {"status": "Refunded"}, record_id)])
    assert (illegal.status, illegal.reason) == ("refused", Reason.LOCKED_IN_TARGET)
    after = site.order(order["orderNumber"])
    assert after["status"] == "Backordered"
    assert len(after["notes"]) == len(order["notes"]) + 1


def test_an_event_of_the_shop_is_about_the_record_that_the_api_shows(site: Site) -> None:
    order = site.order()
    event = {"id": "evt_1", "type": "order.updated", "storeId": "main", "data": {"order": order}}
    told = identify(json.dumps(event, default=str).encode())
    record = site.reader().record(Kind.ORDERS, told.record_id)
    assert record is not None
    assert (record.number, record.version) == (order["orderNumber"], told.version)


def test_a_certificate_is_trusted_by_its_authority_and_by_nothing_else(site: Site, tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"

    def door(certificate: str) -> dict[str, Any]:
        opened = site.tell("/clarity/tls", {"certificate": certificate})
        authority.write_text(opened["authority"], encoding="ascii")
        return {"base_url": f"https://127.0.0.1:{opened['port']}/clarity", "auth_mode": "api_key"}

    key = {"api_key": "clk_sandbox_0001"}
    good = door("valid")
    assert site.reader(**good, **key, verify=str(authority)).check().ok
    with pytest.raises(ConfigurationError, match="certificate is not trusted"):
        site.writer(**good, **key).write_shipments([shipment(site.order())])
    for wrong in ("expired", "other_host"):
        bad = door(wrong)
        with pytest.raises(ConfigurationError, match="certificate is not trusted"):
            site.reader(**bad, **key, verify=str(authority)).ping()
    site.tell("/clarity/tls", method="DELETE")
