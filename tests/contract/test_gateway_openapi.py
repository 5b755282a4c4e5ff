"""The gateway keeps to its own OpenAPI document (A15, §3.1 item 8), driven against the emulated Sage."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from include.gateway.app import create_app
from include.gateway.settings import Settings
from include.sandbox.sage100.story import load

TOKEN = "contract-token"
KEY = {"Authorization": f"Bearer {TOKEN}"}
NOT_ASKED = [
    not_a_server_error,  # BUSY says which are allowed
    positive_data_acceptance,  # Sage refuses well-formed nonsense with 422, as documented
    negative_data_rejection,  # the token sent here mends what was broken; unknown queries are ignored
    unsupported_method,  # its TRACE and the like end at the door
]
BUSY = frozenset({503, 504})
"""The documented ways of a working gateway to say: not now, not known."""


@pytest.fixture(scope="module")
def gateway_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("sage")
    load(home, password="right")
    settings = Settings(
        tokens=TOKEN,
        objects="include.sandbox.sage100.objects:Script",
        home=str(home),
        company="ABC",
        user="tradebridge",
        password="right",
        odbc=f"Driver=SQLite3;Database={home}/MAS_ABC.sqlite;",
        state=tmp_path_factory.mktemp("state"),
    )
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def document(url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{url}/openapi.json", headers=KEY)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_a_documented_one(gateway_url: str, mode: GenerationMode) -> None:
    """Requests as documented and requests that are not; no 5xx but the two documented ones."""
    driven = set()
    for found in document(gateway_url).exclude(path_regex="^/admin/drain").get_all_operations():
        operation = found.ok()
        driven.add(operation.label)
        drive(operation, mode)
    assert len(driven) == 25


def test_a_stranger_hears_401_whatever_is_sent(gateway_url: str) -> None:
    """The token is asked for before anything is parsed; health alone is open."""
    for found in document(gateway_url).get_all_operations():
        operation = found.ok()
        heard = drive(operation, GenerationMode.POSITIVE, {"Authorization": "Bearer wrong"}, cases=3)
        assert heard == ({200} if operation.path == "/health" else {401}), operation.label


def drive(operation: Any, mode: GenerationMode, headers: dict[str, str] = KEY, *, cases: int = 5) -> set[int]:
    """Send generated requests to one operation and check each answer against the document."""
    seen: set[int] = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @examples(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def one(case: Any) -> None:
        answer = case.call(headers=headers)
        seen.add(answer.status_code)
        assert answer.status_code < 500 or answer.status_code in BUSY
        case.validate_response(answer, excluded_checks=NOT_ASKED)

    try:
        one()
    except Unsatisfiable:  # nothing about this operation can be wrong
        assert mode is GenerationMode.NEGATIVE
    else:
        assert seen
    return seen


def test_nothing_is_left_out_of_the_document(gateway_url: str) -> None:
    """A test that drives every route must know every route."""
    paths = document(gateway_url).raw_schema["paths"]
    routes = {(method, path) for path, item in paths.items() for method in item}
    assert routes == {
        ("post", "/SO/SalesOrder"),
        ("post", "/SO/SalesOrder/batch"),
        ("get", "/SO/SalesOrder/{SalesOrderNo}"),
        ("put", "/SO/SalesOrder/{SalesOrderNo}"),
        ("delete", "/SO/SalesOrder/{SalesOrderNo}"),
        ("post", "/SO/SalesOrder/{SalesOrderNo}/hold"),
        ("post", "/SO/SalesOrder/{SalesOrderNo}/release"),
        ("post", "/AR/Customer"),
        ("post", "/AR/Customer/batch"),
        ("get", "/AR/Customer/{division}/{number}"),
        ("patch", "/AR/Customer/{division}/{number}"),
        ("post", "/SO/Shipment"),
        ("post", "/SO/Shipment/batch"),
        ("post", "/SO/Invoice"),
        ("post", "/SO/Invoice/batch"),
        ("post", "/AR/CashReceipt"),
        ("post", "/AR/CashReceipt/batch"),
        ("post", "/CI/Item"),
        ("put", "/CI/Item"),
        ("get", "/CI/Item"),
        ("post", "/CI/Item/batch"),
        ("put", "/CI/Item/batch"),
        ("get", "/IM/Quantity"),
        ("post", "/admin/drain"),
        ("post", "/admin/resume"),
        ("get", "/health"),
    }


def test_the_examples_of_the_document_are_true(gateway_url: str) -> None:
    """Sent as they stand, each is understood; the order's customer is Northwind's."""
    schemas = document(gateway_url).raw_schema["components"]["schemas"]
    for name, path in (
        ("OrderRequest", "/SO/SalesOrder"),
        ("CustomerRequest", "/AR/Customer"),
        ("ItemRequest", "/CI/Item"),
        ("ReceiptRequest", "/AR/CashReceipt"),
    ):
        example = schemas[name]["examples"][0]
        answer = httpx.post(gateway_url + path, json=example, headers=KEY | {"Idempotency-Key": name})
        assert answer.status_code in {201, 422}, answer.text
