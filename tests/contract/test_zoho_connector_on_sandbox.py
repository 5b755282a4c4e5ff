"""The Zoho connector against the Zoho sandbox: two programs that share no code, over real HTTP.

Tokens and budgets are the real ledger's, so this is also the proof that it satisfies the
connector's ports.
"""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.fernet import Fernet

from include.connectors.zoho_inventory import Settings, ZohoClient, ZohoReader, ZohoWriter
from include.connectors.zoho_inventory.errors import DuplicateError, NotFoundError
from include.connectors.zoho_inventory.webhook import SIGNATURE_HEADER, identify, payload
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    RateLimitedError,
    TransientError,
)
from include.ledger import Ledger, migrate
from include.sandbox.app import DATABASE, create_app
from include.webhooks import Doorkeeper, SignatureError

ORDERS = 830
SECRET = "sandboxWebhookSecret2026"
SHOP = "/inventory/v1/salesorders"


class Site:
    """A running sandbox, its control API, and clients on one ledger."""

    def __init__(self, url: str, http: httpx.Client, ledger: Ledger) -> None:
        self.url = url
        self.http = http
        self.ledger = ledger
        self.slept: list[float] = []
        self.opened: list[ZohoClient] = []

    def client(self, **changes: Any) -> ZohoClient:
        """One worker's client."""
        known = {
            "organization_id": "5129873",
            "client_id": "1000.SANDBOX",
            "client_secret": "sandbox-secret",
            "refresh_token": "1000.sandbox.refresh",
            "api_base": self.url,
            "accounts_base": self.url,
            "calls_per_minute": 100_000,
            "calls_per_day": 1_000_000,
            "timeout": (2.0, 2.0),
            "patience": 20.0,
        }
        made = ZohoClient(
            Settings(**(known | changes)),
            tokens=self.ledger.tokens,
            budget=self.ledger.budgets,
            sleep=self.slept.append,
        )
        self.opened.append(made)
        return made

    def tell(self, path: str, body: Any = None) -> Any:
        """Use the control API."""
        answer = self.http.post(f"/_sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def fault(self, kind: str, **rule: Any) -> None:
        """Put up a fault that strikes once unless told otherwise."""
        self.tell("/faults", {"kind": kind, "times": 1} | rule)

    def asked(self, method: str = "GET", path: str = "") -> list[dict[str, Any]]:
        """What the sandbox was asked, of one method and path prefix."""
        found = self.http.get("/_sandbox/requests", params={"system": "zoho", "limit": 20_000}).json()
        return [row for row in found["requests"] if row["method"] == method and row["path"].startswith(path)]

    def document(self, order_id: str) -> dict[str, Any]:
        """An order as the sandbox keeps it, numbers exact."""
        answer = self.http.get(f"/_sandbox/zoho/documents/salesorders/{order_id}")
        return json.loads(answer.text, parse_float=Decimal)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which Northwind's story is already told."""
    data = tmp_path_factory.mktemp("told")
    create_app(data, story="northwind").control.database.close()
    return data / DATABASE


@pytest.fixture
def site(told: Path, tmp_path: Path) -> Iterator[Site]:
    """A sandbox with Northwind's orders, on a free port, and an empty ledger."""
    shutil.copy(told, tmp_path / DATABASE)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(tmp_path), port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    ledger = Ledger.connect(url, secret_key=Fernet.generate_key().decode())
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        made = Site(f"http://127.0.0.1:{port}", http, ledger)
        made.tell("/zoho/settings", {"per_minute": 100_000})
        yield made
    for client in made.opened:
        client.close()
    ledger.close()
    server.should_exit = True
    thread.join(10)


def wait_until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def ids_of(site: Site, count: int) -> list[str]:
    found = site.http.get("/_sandbox/zoho/salesorders").json()["salesorders"]
    return [order["salesorder_id"] for order in found[:count]]


def test_every_order_is_announced_once_at_one_call_per_200(site: Site) -> None:
    """A18."""
    stubs = list(ZohoReader(site.client()).list_sales_orders())
    assert len({stub.id for stub in stubs}) == len(stubs) == ORDERS
    times = [stub.modified_at for stub in stubs]
    assert None not in times
    assert times == sorted(times)  # type: ignore[type-var]
    assert len(site.asked(path=SHOP)) == 5


def test_a_window_gives_what_changed_in_it(site: Site) -> None:
    reader = ZohoReader(site.client())
    everything = list(reader.list_sales_orders())
    changed = everything[417]
    site.tell("/clock", {"jump_seconds": 3600})
    edit = site.http.put(
        f"/_sandbox/zoho/salesorders/{changed.id}", json={"changes": {"notes": "ring twice"}}
    )
    assert edit.is_success
    before = max(stub.modified_at for stub in everything if stub.modified_at)
    (found,) = reader.list_sales_orders(before + timedelta(seconds=1))
    assert (found.id, found.number) == (changed.id, changed.number)
    assert found.last_modified_time != changed.last_modified_time
    still = reader.list_sales_orders(None, before)
    assert {stub.id for stub in still} == {stub.id for stub in everything} - {changed.id}


def test_numbers_are_found_at_one_call_each(site: Site) -> None:
    stubs = list(ZohoReader(site.client()).list_sales_orders(numbers=["SO-10249", "SO-1", "SO-10248"]))
    assert [stub.number for stub in stubs] == ["SO-10249", "SO-10248"]
    assert len(site.asked(path=SHOP)) == 3


def test_details_are_whole_and_exact_at_one_call_each(site: Site) -> None:
    ids = ids_of(site, 40)
    found = dict(ZohoReader(site.client()).sales_orders(ids))
    assert list(found) == ids
    for order_id, raw in found.items():
        assert raw is not None
        assert json.loads(raw, parse_float=Decimal) == site.document(order_id)
    assert len(site.asked(path=SHOP)) == 40
    assert len(site.asked("POST", "/oauth")) == 1


def test_an_order_that_was_deleted_is_gone_and_its_siblings_are_not(site: Site) -> None:
    first, second = ids_of(site, 2)
    assert site.http.delete(f"/_sandbox/zoho/salesorders/{first}").is_success
    found = dict(ZohoReader(site.client()).sales_orders([first, second]))
    assert found[first] is None
    assert found[second] is not None


def test_contact_item_and_items(site: Site) -> None:
    reader = ZohoReader(site.client())
    order = json.loads(reader.sales_order(ids_of(site, 1)[0]) or b"")
    contact = json.loads(reader.contact(order["customer_id"]) or b"")
    item = json.loads(reader.item(order["line_items"][0]["item_id"]) or b"")
    assert contact["contact_id"] == order["customer_id"]
    assert item["item_id"] == order["line_items"][0]["item_id"]
    assert item["item_id"] in {json.loads(raw)["item_id"] for raw in reader.items()}
    assert reader.contact("999") is reader.item("999") is None


def test_ten_workers_share_one_token(site: Site) -> None:
    """C33."""
    clients = [site.client() for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        assert {client.get("/items", {"per_page": "1"}).code for client in clients} == {0}
        site.tell("/zoho/tokens/expire")
        codes = list(pool.map(lambda client: client.get("/items", {"per_page": "1"}).code, clients))
    assert codes == [0] * 10
    assert len(site.asked("POST", "/oauth")) == 2


def test_a_revoked_consent_needs_a_person_and_a_restored_one_works(site: Site) -> None:
    client = site.client()
    client.get("/items", {"per_page": "1"})
    site.tell("/zoho/tokens/revoke")
    with pytest.raises(AuthenticationError, match="authorise Tradebridge again"):
        client.get("/items", {"per_page": "1"})
    site.tell("/zoho/tokens/restore")
    site.ledger.tokens.pardon(client.settings.token_name)  # as the Test button does
    assert client.get("/items", {"per_page": "1"}).code == 0


def test_the_connection_test_tells_the_four_ways_apart(site: Site) -> None:
    assert ZohoReader(site.client()).check().ok
    wrong = ZohoReader(site.client(organization_id="42")).check()
    assert not wrong.ok
    assert "5129873" in wrong.message
    assert "client_secret" in ZohoReader(site.client(client_secret="x", refresh_token="y")).check().message
    assert "authorise" in ZohoReader(site.client(refresh_token="dead")).check().message


@pytest.mark.parametrize(
    "kind", ["status", "html", "close_before", "close_after", "truncate", "malformed", "expired_token"]
)
def test_a_read_heals_from_a_passing_fault(site: Site, kind: str) -> None:
    (order_id,) = ids_of(site, 1)
    site.fault(kind, path=f"{SHOP}/*")
    raw = ZohoReader(site.client()).sales_order(order_id)
    assert json.loads(raw or b"")["salesorder_id"] == order_id


def test_a_read_that_hangs_is_given_up_and_asked_again(site: Site) -> None:
    (order_id,) = ids_of(site, 1)
    site.fault("hang_after", path=f"{SHOP}/*", seconds=3)
    assert ZohoReader(site.client(timeout=(0.3, 0.3))).sales_order(order_id)


@pytest.mark.parametrize("kind", ["status", "html", "truncate", "malformed"])
def test_a_fault_that_stays_is_an_error_and_not_an_empty_list(site: Site, kind: str) -> None:
    site.fault(kind, path=f"{SHOP}*", times=None)
    with pytest.raises(TransientError):
        list(ZohoReader(site.client()).list_sales_orders())


@pytest.mark.parametrize("code", [43, 44, 45])
def test_a_limit_stops_every_worker(site: Site, code: int) -> None:
    """A47: zero calls while paused."""
    site.fault("limit", code=code, path=f"{SHOP}*")
    with pytest.raises(RateLimitedError) as caught:
        list(ZohoReader(site.client()).list_sales_orders())
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 50
    before = len(site.asked(path=SHOP))
    with pytest.raises(RateLimitedError):
        list(ZohoReader(site.client()).list_sales_orders())
    assert len(site.asked(path=SHOP)) == before == 1


def test_too_many_at_once_is_backed_off_from(site: Site) -> None:
    site.fault("limit", code=1070, path=f"{SHOP}*", times=2)
    assert len(list(ZohoReader(site.client()).list_sales_orders(numbers=["SO-10248"]))) == 1
    assert site.slept == [1.5, 3.0]


def test_our_own_budget_keeps_us_from_zohos(site: Site) -> None:
    """A18, A47: the sandbox blocks at ten, we stop at eight, and it never refuses."""
    site.tell("/zoho/settings", {"per_minute": 10})
    client = site.client(calls_per_minute=8, patience=1.0)
    for _ in range(8):
        client.get("/items", {"per_page": "1"})
    with pytest.raises(RateLimitedError, match="budget"):
        client.get("/items", {"per_page": "1"})
    assert [row["status"] for row in site.asked(path="/inventory")] == [200] * 8


def test_no_more_calls_are_under_way_than_zoho_takes(site: Site) -> None:
    site.tell("/zoho/settings", {"concurrent": 2, "latency_seconds": 0.02})
    found = list(ZohoReader(site.client(concurrency=2)).sales_orders(ids_of(site, 20)))
    assert len(found) == 20
    assert {row["status"] for row in site.asked(path=SHOP)} == {200}


def test_a_note_is_written_once(site: Site) -> None:
    """A49: the order carries the note, and a replay adds no twin."""
    (order_id,) = ids_of(site, 1)
    writer = ZohoWriter(site.client())
    text = "Order not carried: line 2, quantity -3 is below 0."
    assert [writer.add_comment(order_id, text) for _ in range(2)] == [True, False]
    comments = site.http.get(f"/_sandbox/zoho/documents/comments/{order_id}").json()["comments"]
    assert [text in each["description"] for each in comments] == [True]


@pytest.mark.parametrize(
    ("kind", "calls"), [("close_after", 1), ("truncate", 1), ("malformed", 1), ("html", 2)]
)
def test_a_note_whose_answer_is_lost_is_written_once(site: Site, kind: str, calls: int) -> None:
    """A49: looked up before it is repeated; ``html`` comes instead of handling, so it must be repeated."""
    (order_id,) = ids_of(site, 1)
    site.fault(kind, path=f"{SHOP}/*/comments", method="POST")
    writer = ZohoWriter(site.client())
    try:
        writer.add_comment(order_id, "once")
    except OutcomeUnknownError:
        assert writer.add_comment(order_id, "once") is True
    assert len(site.asked("POST", SHOP)) == calls
    kept = site.http.get(f"/_sandbox/zoho/documents/comments/{order_id}").json()["comments"]
    assert len(kept) == 1


def test_custom_fields_reach_the_order_and_a_missing_one_is_noticed(site: Site) -> None:
    (order_id,) = ids_of(site, 1)
    writer = ZohoWriter(site.client())
    lines = site.document(order_id)["line_items"]
    assert writer.set_custom_fields(order_id, {"cf_sage_so_number": "0000123", "cf_rush_order": True})
    order = site.document(order_id)
    assert order["custom_field_hash"]["cf_sage_so_number"] == "0000123"
    assert order["line_items"] == lines
    assert not writer.set_custom_fields(order_id, {"cf_sage_so_number": "0000123"})
    with pytest.raises(ConfigurationError, match="cf_nowhere"):
        writer.set_custom_fields(order_id, {"cf_nowhere": "x"})


def test_refusals_keep_their_meaning(site: Site) -> None:
    client = site.client()
    with pytest.raises(NotFoundError):
        ZohoWriter(client).add_comment("999", "x")
    with pytest.raises(ConfigurationError):
        client.get("/nowhere")
    name = json.loads(next(ZohoReader(client).items()))["name"]
    with pytest.raises(DuplicateError):
        client.send_json("POST", "/items", {"name": name})


@pytest.fixture
def door() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Takes webhooks on a real port."""
    taken: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((dict(self.headers), body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", taken
        server.shutdown()
        thread.join(5)


@pytest.mark.parametrize("style", ["json", "form"])
def test_a_real_webhook_is_verified_and_identified(site: Site, door, style: str) -> None:
    url, taken = door
    site.tell("/zoho/webhooks", {"url": url, "format": style})
    site.tell("/zoho/salesorders", {"like": "SO-10248"})
    wait_until(lambda: taken)
    headers, body = taken[0]
    door = Doorkeeper.of(("retired", SECRET), header=SIGNATURE_HEADER)
    door.check(body, headers, now=0)
    with pytest.raises(SignatureError):
        door.check(body + b" ", headers, now=0)
    record_id, version = identify(payload(body, headers["Content-Type"]))
    reader = ZohoReader(site.client())
    raw = json.loads(reader.sales_order(record_id) or b"")
    # A sweep names the version by the same text, so that nothing is kept, or read, a second time for it.
    (listed,) = (stub.version for stub in reader.list_sales_orders() if stub.id == record_id)
    assert version == listed == raw["last_modified_time"]
