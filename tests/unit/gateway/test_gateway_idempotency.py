"""Promises 3.1: 6 and 3.3: the draft's table over HTTP, and the cases of AWS Powertools by their names."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from include.gateway.app import create_app
from include.gateway.idempotency import AnswerStore, Verdict, fingerprint_of
from include.gateway.problems import Answer, ProblemError
from include.gateway.service import Gateway
from tests.unit.gateway.conftest import Company, an_order, codes, create

TOKEN = {"Authorization": "Bearer first-token"}
DONE = Answer(201, {"SalesOrderNo": "0000001"})


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[AnswerStore]:
    store = AnswerStore(tmp_path / "a.sqlite", answer_seconds=100, refusal_seconds=10, clock=clock)
    store.open()
    yield store
    store.close()


@pytest.fixture
def http(make_settings: Callable[..., object]) -> Iterator[TestClient]:
    with TestClient(create_app(make_settings()), headers=TOKEN) as client:  # type: ignore[arg-type]
        yield client


def sent(http: TestClient, number: str = "1", key: str | None = "k", **changes: object) -> object:
    headers = {} if key is None else {"Idempotency-Key": key}
    return http.post(
        "/SO/SalesOrder", json=an_order(number, **changes).model_dump(mode="json"), headers=headers
    )


# The draft's table ------------------------------------------------------------------------------------


def test_missing_key_is_400(http: TestClient, company: Company) -> None:
    assert sent(http, key=None).status_code == 400
    assert company.orders() == []


@pytest.mark.parametrize("key", ["", '""', " ", "k" * 65, "a b", "ключ", "k\x7f"])
def test_a_key_that_is_none_is_400(http: TestClient, company: Company, key: str) -> None:
    """Falsy values: an empty key would be everybody's."""
    headers = {"Idempotency-Key": key.encode()}
    assert http.post("/SO/SalesOrder", json={"header": {}, "lines": [{}]}, headers=headers).status_code == 400
    assert company.orders() == []


def test_same_key_same_fingerprint_finished_is_the_stored_answer(http: TestClient, company: Company) -> None:
    first, again = sent(http), sent(http)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (
        None,
        "true",
    )
    assert company.orders() == ["0000001"]


def test_same_key_other_payload_is_422(http: TestClient, company: Company) -> None:
    sent(http)
    answer = sent(http, header={"CustomerPONo": "SO-2"})
    assert (answer.status_code, codes(answer.json())) == (422, [("key_reused", None, "Idempotency-Key")])
    assert company.orders() == ["0000001"]


def test_same_key_still_running_is_409(http: TestClient, company: Company) -> None:
    """The gateway's own memory is asked while another thread of it carries the request out."""
    gateway: Gateway = http.app.state.gateway
    entered, leave = threading.Event(), threading.Event()
    ask = gateway._ask_any

    def slow(job: object) -> Answer:
        entered.set()
        leave.wait(20)
        return ask(job)

    gateway._ask_any = slow  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(sent, http)
        entered.wait(20)
        second = sent(http)
        leave.set()
        assert (second.status_code, first.result().status_code) == (409, 201)
    assert second.headers["content-type"] == "application/problem+json"
    assert sent(http).headers["Idempotency-Replayed"] == "true"
    assert company.orders() == ["0000001"]


def test_how_long_a_key_is_remembered_is_published(http: TestClient) -> None:
    parameters = http.get("/openapi.json").json()["paths"]["/SO/SalesOrder"]["post"]["parameters"]
    (key,) = (each for each in parameters if each["name"] == "Idempotency-Key")
    assert key["required"]
    assert "168 hours" in key["description"]
    assert "15 seconds" in key["description"]


# Powertools' names ------------------------------------------------------------------------------------


def test_already_completed(store: AnswerStore) -> None:
    store.claim("k", "f")
    store.finish("k", "f", DONE)
    for _ in range(3):
        assert store.claim("k", "f").answer == Answer(201, DONE.body, replayed=True)


def test_in_progress(store: AnswerStore) -> None:
    store.claim("k", "f")
    assert store.claim("k", "f").verdict is Verdict.RUNNING


def test_expired(store: AnswerStore, clock: Clock) -> None:
    store.claim("k", "f")
    store.finish("k", "f", DONE)
    clock.now += 100
    assert store.claim("k", "f").verdict is Verdict.REPLAY
    clock.now += 0.1
    assert store.claim("k", "f").verdict is Verdict.GO


def test_expired_during_request(store: AnswerStore, clock: Clock) -> None:
    store.claim("k", "f")
    clock.now += 101
    assert store.claim("k", "f").verdict is Verdict.RUNNING
    store.finish("k", "f", DONE)
    assert store.claim("k", "f").verdict is Verdict.REPLAY


def test_in_progress_timeout_before_and_after_expiry(tmp_path: Path, clock: Clock) -> None:
    """Of a process that died: Sage is asked first, before and after; a doubt is never a new request."""
    for seconds in (99, 2):
        life = AnswerStore(tmp_path / "b.sqlite", answer_seconds=100, refusal_seconds=10, clock=clock)
        life.open()
        assert life.claim("k", "f").verdict is (Verdict.GO if seconds == 99 else Verdict.RESUME)
        life.close()
        clock.now += seconds


def test_exception_clears_record(open_gateway: Callable[..., Gateway], company: Company) -> None:
    """Nothing was begun: the same key is as good as new, also with another order."""
    gateway = open_gateway()
    company.fault("SY.nSetUser", "refuse:The maximum number of users has been reached.")
    assert gateway.carry_out(create("1", key="k")).status == 503
    assert gateway.carry_out(create("2", key="k")).status == 201


def test_payload_validation_with_a_tampered_nested_object(open_gateway: Callable[..., Gateway]) -> None:
    gateway = open_gateway()
    gateway.carry_out(create("1", key="k"))
    lines = [
        {"ItemCode": "WIDGET", "QuantityOrdered": "3", "UnitPrice": "10.00"},
        {"ItemCode": "GADGET", "QuantityOrdered": "2", "UnitPrice": "2.51"},
    ]
    assert gateway.carry_out(create("1", key="k", lines=lines)).status == 422


@pytest.mark.parametrize("statement", ["INSERT", "SELECT"])
def test_failures_while_getting_and_saving_begin_nothing(
    open_gateway: Callable[..., Gateway], company: Company, statement: str
) -> None:
    gateway = open_gateway()
    with failing(gateway, statement), pytest.raises(ProblemError) as caught:
        gateway.carry_out(create("1"))
    assert caught.value.status == 503
    assert company.orders() == []
    assert gateway.carry_out(create("1")).status == 201


def test_failure_while_saving_the_answer_gives_it_all_the_same_and_sage_knows_the_key(
    open_gateway: Callable[..., Gateway], company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = open_gateway()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(AnswerStore, "_write", _only_running(AnswerStore._write, full))
        assert gateway.carry_out(create("1")).status == 201
    again = gateway.carry_out(create("1"))
    assert (again.status, again.body["status"]) == (200, "adopted")
    assert company.orders() == ["0000001"]


def test_failure_while_deleting_is_a_doubt_and_not_a_dead_key(
    open_gateway: Callable[..., Gateway], company: Company
) -> None:
    gateway = open_gateway()
    company.fault("SY.nSetUser", "refuse:The maximum number of users has been reached.")
    with failing(gateway, "DELETE"):
        assert gateway.carry_out(create("1")).status == 503
    assert gateway.carry_out(create("1")).status == 201
    assert company.orders() == ["0000001"]


def test_event_mutation_does_not_reach_the_stored_answer(store: AnswerStore) -> None:
    body = {"warnings": ["a"]}
    store.claim("k", "f")
    store.finish("k", "f", Answer(200, body))
    body["warnings"].append("b")
    claimed = store.claim("k", "f").answer
    assert claimed is not None
    assert claimed.body == {"warnings": ["a"]}
    claimed.body["warnings"].append("c")
    assert store.claim("k", "f").answer.body == {"warnings": ["a"]}  # type: ignore[union-attr]


def test_data_sorting(http: TestClient) -> None:
    """The same request, however its JSON was written."""
    whole = an_order().model_dump(mode="json")
    turned = {
        "lines": whole["lines"],
        "expect": whole["expect"],
        "header": dict(reversed(whole["header"].items())),
    }
    headers = {"Idempotency-Key": "k"}
    first = http.post("/SO/SalesOrder", json=whole, headers=headers)
    again = http.post("/SO/SalesOrder", json=turned, headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (first.status_code, "true")


def test_lines_in_another_order_are_another_order() -> None:
    assert fingerprint_of("v", {"lines": [1, 2]}) != fingerprint_of("v", {"lines": [2, 1]})


def test_falsy_values_are_values() -> None:
    assert len({fingerprint_of("v", {"a": value}) for value in (None, 0, "", [], {}, "0")}) == 6


def test_compound_key_of_verb_number_and_payload(store: AnswerStore) -> None:
    """One key used for a creation and then for a change is two requests."""
    store.claim("k", fingerprint_of("create_order ", {"a": 1}))
    assert store.claim("k", fingerprint_of("change_order 0000001", {"a": 1})).verdict is Verdict.REUSED


def test_parallel_execution_and_thread_safety(store: AnswerStore) -> None:
    with ThreadPoolExecutor(16) as threads:
        verdicts = list(threads.map(lambda n: store.claim(f"k{n % 10}", "f").verdict, range(400)))
    assert verdicts.count(Verdict.GO) == 10
    assert verdicts.count(Verdict.RUNNING) == 390


def test_ttl_of_a_refusal_is_short(store: AnswerStore, clock: Clock) -> None:
    store.claim("k", "f")
    store.finish("k", "f", Answer(422, {}))
    assert store.claim("k", "f").verdict is Verdict.REPLAY
    clock.now += 11
    assert store.claim("k", "f").verdict is Verdict.GO


def failing(gateway: Gateway, statement: str) -> _Failing:
    return _Failing(gateway, statement)


class _Failing:
    """The gateway's memory refuses one kind of statement, as on a disk that is full or broken."""

    def __init__(self, gateway: Gateway, statement: str) -> None:
        self._db = gateway._store._database()
        self._statement = {
            "INSERT": sqlite3.SQLITE_INSERT, "SELECT": sqlite3.SQLITE_READ, "DELETE": sqlite3.SQLITE_DELETE
        }[statement]  # fmt: skip

    def __enter__(self) -> None:
        refused = self._statement
        self._db.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_DENY if action == refused else sqlite3.SQLITE_OK
        )

    def __exit__(self, *_: object) -> None:
        self._db.set_authorizer(None)


def _only_running(write: Callable[..., None], otherwise: Callable[..., None]) -> Callable[..., None]:
    """Notes that a request runs are written; what came of it is not."""

    def written(store: AnswerStore, key: str, fingerprint: str, state: str, *rest: object) -> None:
        (write if state == "running" else otherwise)(store, key, fingerprint, state, *rest)

    return written
