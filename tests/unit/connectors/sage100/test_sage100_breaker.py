"""A48: which trouble counts against the gateway and the ODBC server, and that nobody calls while it lasts."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from include.connectors.sage100 import GatewayClient, GatewaySettings, OrderWrite, Reader
from include.errors import CircuitOpenError, ConfigurationError, TransientError
from include.ledger import BreakerPolicy, Breakers, Circuit, Ledger, migrate

POLICY = BreakerPolicy(threshold=3, fresh=timedelta(0))
GATEWAY = "sage100_gateway:gateway:8080"


@pytest.fixture
def breakers(tmp_path: Path) -> Iterator[Breakers]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    ledger = Ledger.connect(url, clock=lambda: now)
    yield Breakers(ledger.database, POLICY)
    ledger.close()


def circuit(breakers: Breakers) -> Circuit:
    (state,) = breakers.states()
    return state.circuit(breakers.database.now())


class Gateway(BaseAdapter):
    """Answers every call with one status, or with an error."""

    def __init__(self, says: int | Exception) -> None:
        super().__init__()
        self.says = says
        self.asked = 0

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        raw = HTTPResponse(body=BytesIO(b"{}"), status=self.says, preload_content=False)
        answer = requests.Response()
        answer.status_code, answer.raw, answer.request, answer.url = self.says, raw, request, request.url
        return answer

    def close(self) -> None:
        """Nothing is open."""


def client(breakers: Breakers, gateway: Gateway) -> GatewayClient:
    session = requests.Session()
    session.mount("http://", gateway)
    settings = GatewaySettings("http://gateway:8080", "token")
    return GatewayClient(settings, breaker=breakers, session=session, sleep=lambda _: None)


def order(number: int) -> OrderWrite:
    return OrderWrite(f"Z{number}", f"write-{number}")


@pytest.mark.parametrize(
    "says", [500, 502, 503, 504, requests.ReadTimeout("300 s"), requests.ConnectionError("cut")]
)
def test_no_answer_counts_and_then_nobody_calls(breakers: Breakers, says: int | Exception) -> None:
    gateway = Gateway(says)
    writes = client(breakers, gateway)
    for number in range(3):
        (result,) = writes.create_orders([order(number)])
        assert result.status in {"unknown", "retry"}
    with pytest.raises(CircuitOpenError):
        writes.create_orders([order(4)])
    assert gateway.asked == 3
    assert breakers.states()[0].name == GATEWAY


@pytest.mark.parametrize("says", [207, 400, 404, 409, 422, 423, 429])
def test_a_refusal_does_not_count(breakers: Breakers, says: int) -> None:
    writes = client(breakers, Gateway(says))
    for number in range(5):
        try:
            writes.create_orders([order(number)])
        except ConfigurationError:
            assert says == 404
    assert breakers.states() == []


def test_one_order_over_which_sage_hangs_condemns_nobody(breakers: Breakers) -> None:
    writes = client(breakers, Gateway(requests.ReadTimeout("300 s")))
    for _ in range(6):
        writes.create_orders([order(1)])
    assert circuit(breakers) is Circuit.CLOSED


def test_where_nobody_listens_no_more_connections_are_tried_than_it_takes_to_know(breakers: Breakers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = GatewaySettings(f"http://127.0.0.1:{port}", "token", attempts=10)
    with (
        GatewayClient(settings, breaker=breakers, sleep=lambda _: None) as writes,
        pytest.raises(CircuitOpenError),
    ):
        writes.create_orders([order(1)])
    assert breakers.states()[0].failures == 3


def test_orders_after_the_one_that_met_an_open_circuit_come_back_later(breakers: Breakers) -> None:
    """What was answered before is not lost with the rest."""
    writes = client(breakers, Gateway(requests.ReadTimeout("300 s")))
    writes._batch_size = 1
    results = writes.create_orders([order(number) for number in range(5)])
    assert [result.status for result in results] == ["unknown"] * 3 + ["retry"] * 2
    assert results[-1].retry_after == 30


def test_a_server_that_takes_no_log_on_is_left_alone(
    breakers: Breakers, driver_error: Callable[[str, str], Exception]
) -> None:
    tried = []

    def refuse() -> None:
        tried.append(1)
        raise driver_error("08001", "no server")

    reads = Reader(refuse, breaker=breakers, endpoint="sage100_odbc:sage:ABC")
    for _ in range(6):
        with pytest.raises(TransientError):
            reads.ping()
    assert len(tried) == 3
    assert breakers.states()[0].name == "sage100_odbc:sage:ABC"


def test_a_table_that_is_in_use_condemns_no_server(
    breakers: Breakers, company, driver_error: Callable[[str, str], Exception]
) -> None:
    reads = Reader(company.connect, breaker=breakers)

    def locked(*_: object) -> None:
        raise driver_error("S1000", "Table is not accessible: record busy")

    reads.ping()
    reads._database._connection = type("Busy", (), {"cursor": locked, "close": lambda _: None})()
    for _ in range(6):
        reads._database._connection = type("Busy", (), {"cursor": locked, "close": lambda _: None})()
        with pytest.raises(TransientError):
            reads.items()
    assert circuit(breakers) is Circuit.CLOSED
    assert len(reads.items()) == 0
