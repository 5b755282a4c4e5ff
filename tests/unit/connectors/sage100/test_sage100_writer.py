"""The gateway's client: every record's fate comes back (A19)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError
from urllib3.response import HTTPResponse

from include.connectors.sage100 import CustomerWrite, GatewayClient, GatewaySettings, OrderWrite, WriteResult
from include.errors import AuthenticationError, ConfigurationError, TransientError

Answer = tuple[int, dict[str, str], Any]
Make = Callable[..., OrderWrite]

CREATED = {
    "status": "created",
    "SalesOrderNo": "0000123",
    "lines": 1,
    "totals": {"TaxableAmt": "0", "NonTaxableAmt": "168.00", "SalesTaxAmt": "0.00", "Total": "168.00"},
    "warnings": [
        {
            "code": "duplicate_po",
            "source": "header",
            "line": None,
            "field": "CustomerPONo",
            "message": "twice",
        }
    ],
}
REFUSAL = {
    "type": "urn:x",
    "title": "Sage refuses the record",
    "status": 422,
    "detail": "nothing was written: not_on_file",
    "errors": [
        {
            "code": "not_on_file",
            "source": "line",
            "line": 2,
            "field": "ItemCode",
            "value": "X",
            "message": "no X",
        },
        {
            "code": "credit_hold",
            "source": "header",
            "line": None,
            "field": None,
            "value": None,
            "message": "held",
        },
    ],
}


class World(BaseAdapter):
    """The gateway as a function of one request."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Answer]) -> None:
        super().__init__()
        self.answer = answer
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.requests.append(request)
        status, headers, body = self.answer(request)
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, str(request.url)
        response.headers.update(headers)
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        response.raw = HTTPResponse(BytesIO(payload), preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.body or b"null") for request in self.requests]


class Gateway:
    """A client before a :class:`World`, with what it observed and how it slept."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Answer], **settings: Any) -> None:
        self.world, self.points, self.slept = World(answer), [], []
        session = requests.Session()
        session.mount("http://", self.world)
        self.client = GatewayClient(
            GatewaySettings("http://gateway/", "hunter2", **settings),
            session=session,
            observe=lambda point, keys: self.points.append((point, tuple(keys))),
            sleep=self.slept.append,
        )


def always(status: int, body: Any = None, **headers: str) -> Callable[[requests.PreparedRequest], Answer]:
    return lambda _: (status, headers, body)


def raising(error: Exception) -> Callable[[requests.PreparedRequest], Answer]:
    def fail(_: requests.PreparedRequest) -> Answer:
        raise error

    return fail


def each(per_key: Callable[[str], tuple[int, Any]]) -> Callable[[requests.PreparedRequest], Answer]:
    """207, one answer a record."""

    def answer(request: requests.PreparedRequest) -> Answer:
        keys = [record["idempotency_key"] for record in json.loads(request.body)["records"]]
        results = [
            {"idempotency_key": key, "status": status, "body": body}
            for key in keys
            for status, body in [per_key(key)]
        ]
        return 207, {}, {"results": results}

    return answer


def refused_connection() -> requests.ConnectionError:
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


def statuses(results: Sequence[WriteResult]) -> list[str]:
    return [result.status for result in results]


def test_a_batch_is_one_authorised_call_and_each_record_has_its_own_verdict(an_order_write: Make) -> None:
    fates = {
        "write-a": (201, CREATED),
        "write-b": (422, REFUSAL),
        "write-c": (423, {"title": "in use", "retry_after": 7}),
        "write-d": (200, CREATED | {"status": "adopted"}),
    }
    gateway = Gateway(each(fates.__getitem__))
    a, b, c, d = gateway.client.create_orders([an_order_write(key) for key in "abcd"])
    assert (a.key, a.status, a.target_id, a.totals["Total"]) == (
        "write-a",
        "created",
        "0000123",
        Decimal("168.00"),
    )
    assert [(issue.code, issue.value) for issue in a.warnings] == [("duplicate_po", "")]
    assert b.status == "refused"
    assert [(issue.code, issue.source, issue.line, issue.field, issue.value) for issue in b.errors] == [
        ("not_on_file", "line", 2, "ItemCode", "X"),
        ("credit_hold", "header", None, "", ""),
    ]
    assert (c.status, c.retry_after) == ("retry", 7.0)
    assert d.status == "adopted"
    (request,) = gateway.world.requests
    assert (request.method, request.url) == ("POST", "http://gateway/SO/SalesOrder/batch")
    assert request.headers["Authorization"] == "Bearer hunter2"
    assert gateway.world.bodies[0]["records"][0] == {
        "idempotency_key": "write-a",
        "order": {
            "SalesOrderNo": None,
            "header": {"ARDivisionNo": "00", "CustomerNo": "0001009"},
            "lines": [{"ItemCode": "QUESO", "QuantityOrdered": "12", "UnitPrice": "14"}],
            "expect": {"lines": 1, "total": "168.00"},
        },
    }


def test_results_follow_the_records_and_not_the_answer(an_order_write: Make) -> None:
    def reversed_answer(_: requests.PreparedRequest) -> Answer:
        answers = [
            {"idempotency_key": f"write-{key}", "status": 201, "body": CREATED | {"SalesOrderNo": key}}
            for key in "cba"
        ]
        return 207, {}, {"results": answers}

    results = Gateway(reversed_answer).client.create_orders([an_order_write(key) for key in "abc"])
    assert [result.target_id for result in results] == ["a", "b", "c"]


def test_many_records_go_in_calls_of_the_set_size_and_each_call_is_observed(an_order_write: Make) -> None:
    gateway = Gateway(each(lambda _: (201, CREATED)), batch_size=2)
    results = gateway.client.create_orders([an_order_write(key) for key in "abcde"])
    assert statuses(results) == ["created"] * 5
    assert [len(body["records"]) for body in gateway.world.bodies] == [2, 2, 1]
    first, last = ("write-a", "write-b"), ("write-e",)
    assert gateway.points[:2] == [("before_send", first), ("after_send", first)]
    assert gateway.points[-2:] == [("before_send", last), ("after_send", last)]


def test_nothing_to_write_is_no_call() -> None:
    gateway = Gateway(always(500))
    assert gateway.client.create_orders([]) == []
    assert gateway.world.requests == []


LOST = {
    "timeout": raising(requests.ReadTimeout("too slow")),
    "reset": raising(
        requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104)))
    ),
    "cut body": raising(requests.exceptions.ChunkedEncodingError("IncompleteRead")),
    "gateway timeout": always(504, REFUSAL),
    "bad gateway": always(502, b"<html>"),
    "crash": always(500, {}),
    "still running": always(409, {}),
    "no json": always(207, b"\xff\xfe"),
    "a list": always(207, []),
    "no results": always(207, {"results": 5}),
    "a success of another shape": always(200, {"hello": "world"}),
    "an unknown status": always(299, {}),
}


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_a_call_without_a_usable_answer_leaves_every_record_in_doubt(
    answer: Any, an_order_write: Make
) -> None:
    """Sent, so only Sage knows; it is asked once and never again by itself."""
    gateway = Gateway(answer)
    results = gateway.client.create_orders([an_order_write("a"), an_order_write("b")])
    assert [(result.key, result.status) for result in results] == [
        ("write-a", "unknown"),
        ("write-b", "unknown"),
    ]
    assert len(gateway.world.requests) == 1
    assert [point for point, _ in gateway.points] == ["before_send", "after_send"]


NONSENSE = {
    "no number": {"status": "created", "SalesOrderNo": ""},
    "another word": CREATED | {"status": "perhaps"},
    "totals in words": CREATED | {"totals": {"Total": "much"}},
    "nothing": {},
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_a_nonsense_success_is_in_doubt_and_its_sibling_is_not(body: Any, an_order_write: Make) -> None:
    fates = {"write-a": (201, body), "write-b": (201, CREATED)}
    results = Gateway(each(fates.__getitem__)).client.create_orders(
        [an_order_write("a"), an_order_write("b")]
    )
    assert statuses(results) == ["unknown", "created"]


def test_a_record_without_exactly_one_answer_is_in_doubt(an_order_write: Make) -> None:
    twice = {"idempotency_key": "write-a", "status": 201, "body": CREATED}
    stranger = {"idempotency_key": "write-x", "status": 201, "body": CREATED}
    results = Gateway(always(207, {"results": [twice, twice, stranger]})).client.create_orders(
        [an_order_write("a"), an_order_write("b")]
    )
    assert statuses(results) == ["unknown", "unknown"]


@pytest.mark.parametrize("status", [423, 429, 503])
def test_a_busy_gateway_is_asked_again_when_it_says(status: int, an_order_write: Make) -> None:
    answer = always(status, {"title": "busy"}, **{"Retry-After": "30"})
    (result,) = Gateway(answer).client.create_orders([an_order_write("a")])
    assert (result.status, result.retry_after) == ("retry", 30.0)


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "-5", "", "soon"])
def test_a_retry_after_that_is_no_count_of_seconds_is_passed_over(value: str, an_order_write: Make) -> None:
    (result,) = Gateway(always(503, {}, **{"Retry-After": value})).client.create_orders([an_order_write("a")])
    assert (result.status, result.retry_after) == ("retry", None)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_record_that_spoils_a_call_does_not_spoil_its_siblings(status: int, an_order_write: Make) -> None:
    good = each(lambda _: (201, CREATED))

    def answer(request: requests.PreparedRequest) -> Answer:
        if b"write-bad" in (request.body or b""):
            return status, {}, {"detail": "records.1.order.lines: too short"}
        return good(request)

    gateway = Gateway(answer)
    results = gateway.client.create_orders([an_order_write(key) for key in ("a", "bad", "c")])
    assert statuses(results) == ["created", "refused", "created"]
    assert "too short" in results[1].errors[0].message
    assert len(gateway.world.requests) == 4


def test_a_refusal_without_reasons_still_has_one(an_order_write: Make) -> None:
    (result,) = Gateway(each(lambda _: (422, {"errors": "?"}))).client.create_orders([an_order_write("a")])
    assert result.status == "refused"
    assert [issue.code for issue in result.errors] == ["invalid_value"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_a_matter_for_a_person(status: int, an_order_write: Make) -> None:
    with pytest.raises(AuthenticationError) as refusal:
        Gateway(always(status, {})).client.create_orders([an_order_write("a")])
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "answer", [always(404, {}), always(405, {}), always(302, {}, Location="http://elsewhere/")]
)
def test_a_wrong_address_is_a_matter_of_configuration_and_is_not_followed(
    answer: Any, an_order_write: Make
) -> None:
    gateway = Gateway(answer)
    with pytest.raises(ConfigurationError):
        gateway.client.create_orders([an_order_write("a")])
    assert len(gateway.world.requests) == 1


def test_a_connection_that_was_never_made_is_tried_again_and_then_told(an_order_write: Make) -> None:
    gateway = Gateway(raising(refused_connection()), attempts=3)
    with pytest.raises(TransientError, match="nothing was sent"):
        gateway.client.create_orders([an_order_write("a")])
    assert len(gateway.world.requests) == 3
    assert len(gateway.slept) == 2
    assert {point for point, _ in gateway.points} == {"before_send"}


def test_a_gateway_that_comes_up_meanwhile_is_reached(an_order_write: Make) -> None:
    gateway = Gateway(each(lambda _: (201, CREATED)))
    up = gateway.world.answer
    gateway.world.answer = lambda request: (
        raising(requests.ConnectTimeout())(request) if len(gateway.world.requests) == 1 else up(request)
    )
    assert statuses(gateway.client.create_orders([an_order_write("a")])) == ["created"]


@pytest.mark.parametrize("trouble", [raising(refused_connection()), always(401, {})])
def test_trouble_in_a_later_call_does_not_lose_the_answers_in_hand(
    trouble: Any, an_order_write: Make
) -> None:
    gateway = Gateway(each(lambda _: (201, CREATED)), batch_size=2)
    up = gateway.world.answer
    gateway.world.answer = lambda request: (
        up(request) if len(gateway.world.requests) == 1 else trouble(request)
    )
    results = gateway.client.create_orders([an_order_write(key) for key in "abcd"])
    assert statuses(results) == ["created", "created", "retry", "retry"]
    assert [result.key for result in results] == [f"write-{key}" for key in "abcd"]


def test_a_certificate_that_is_not_trusted_was_never_sent_anything(an_order_write: Make) -> None:
    import ssl

    error = requests.exceptions.SSLError(MaxRetryError(None, "/", ssl.SSLCertVerificationError("x")))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="certificate"):
        Gateway(raising(error)).client.create_orders([an_order_write("a")])


def test_a_record_without_an_idempotency_key_stops_the_call_before_it_is_sent(an_order_write: Make) -> None:
    gateway = Gateway(each(lambda _: (201, CREATED)))
    with pytest.raises(ConfigurationError, match="no idempotency key"):
        gateway.client.create_orders([an_order_write("a"), an_order_write("b", idempotency_key="")])
    assert gateway.world.requests == []


def test_a_change_puts_the_whole_order_under_its_number(an_order_write: Make) -> None:
    gateway = Gateway(always(200, CREATED | {"status": "changed"}))
    result = gateway.client.change_order(an_order_write("a", sales_order_no="W/1"))
    (request,) = gateway.world.requests
    assert (request.method, request.url) == ("PUT", "http://gateway/SO/SalesOrder/W%2F1")
    assert request.headers["Idempotency-Key"] == "write-a"
    assert (result.status, result.key) == ("changed", "write-a")
    assert gateway.points == [("before_send", ("write-a",)), ("after_send", ("write-a",))]


def test_a_change_of_a_customer_sends_only_its_columns_under_division_and_number() -> None:
    answer = {"status": "changed", "ARDivisionNo": "00", "CustomerNo": "D/36"}
    gateway = Gateway(always(200, answer))
    record = CustomerWrite("c1", "write-c1", {"EmailAddress": "a@b.example"}, "00-D/36")
    result = gateway.client.change_customer(record)
    (request,) = gateway.world.requests
    assert (request.method, request.url) == ("PATCH", "http://gateway/AR/Customer/00/D%2F36")
    assert json.loads(request.body or b"") == {"fields": {"EmailAddress": "a@b.example"}}
    assert request.headers["Idempotency-Key"] == "write-c1"
    assert (result.status, result.target_id) == ("changed", "00-D/36")
    with pytest.raises(ConfigurationError, match="division and number"):
        gateway.client.change_customer(CustomerWrite("c1", "write-c1"))


def test_a_change_that_sage_forbids_is_a_refusal(an_order_write: Make) -> None:
    locked = REFUSAL | {
        "errors": [{"code": "locked_in_erp", "source": "line", "line": 1, "message": "picked"}]
    }
    result = Gateway(always(422, locked)).client.change_order(an_order_write("a", sales_order_no="0000123"))
    assert (result.status, result.errors[0].code) == ("refused", "locked_in_erp")


@pytest.mark.parametrize("word", ["cancelled", "absent"])
def test_a_cancellation_says_whether_there_was_something_to_cancel(word: str, an_order_write: Make) -> None:
    gateway = Gateway(always(200, {"status": word, "SalesOrderNo": "0000123"}))
    result = gateway.client.cancel_order(
        an_order_write("a", sales_order_no="0000123"), reason="voided in Zoho"
    )
    (request,) = gateway.world.requests
    assert (request.method, request.path_url) == ("DELETE", "/SO/SalesOrder/0000123?reason=voided+in+Zoho")
    assert (result.status, result.target_id) == (word, "0000123")


def test_a_cancellation_whose_answer_is_lost_is_in_doubt(an_order_write: Make) -> None:
    order = an_order_write("a", sales_order_no="0000123")
    result = Gateway(raising(requests.ReadTimeout())).client.cancel_order(order, reason="x")
    assert result == WriteResult("write-a", "unknown")


def test_changing_or_cancelling_nothing_in_particular_is_refused_before_sending(an_order_write: Make) -> None:
    gateway = Gateway(always(200, {}))
    with pytest.raises(ConfigurationError, match="SalesOrderNo"):
        gateway.client.change_order(an_order_write("a"))
    with pytest.raises(ConfigurationError, match="SalesOrderNo"):
        gateway.client.cancel_order(an_order_write("a"), reason="x")
    assert gateway.world.requests == []


def test_a_customer_is_named_by_division_and_number() -> None:
    answer = each(
        lambda _: (201, {"status": "created", "ARDivisionNo": "01", "CustomerNo": "D3600", "warnings": []})
    )
    gateway = Gateway(answer)
    record = CustomerWrite("C1", "write-c", {"CustomerName": "Händel"})
    (result,) = gateway.client.create_customers([record])
    assert (result.status, result.target_id) == ("created", "01-D3600")
    assert gateway.world.requests[0].path_url == "/AR/Customer/batch"
    assert gateway.world.bodies[0]["records"] == [
        {"idempotency_key": "write-c", "customer": {"CustomerNo": None, "fields": {"CustomerName": "Händel"}}}
    ]


def test_a_customer_without_a_division_is_nonsense() -> None:
    answer = each(lambda _: (201, {"status": "created", "CustomerNo": "D3600"}))
    assert statuses(Gateway(answer).client.create_customers([CustomerWrite("C1", "write-c")])) == ["unknown"]


HEALTHY = {"status": "ok", "workers": [{"slot": 0}], "seats": {"held": 1, "limit": 2}}


@pytest.mark.parametrize("there", [200, 404])
def test_the_connection_test_asks_for_health_and_proves_the_token(there: int) -> None:
    gateway = Gateway(
        lambda request: (200, {}, HEALTHY) if request.path_url == "/health" else (there, {}, {})
    )
    report = gateway.client.check()
    assert report.ok
    assert report.message == "gateway ok; workers 1; seats held 1, limit 2"
    assert gateway.points == []


def test_the_connection_test_fails_on_a_draining_gateway_and_on_a_wrong_token() -> None:
    draining = Gateway(
        lambda r: (200, {}, HEALTHY | {"status": "draining"}) if "health" in str(r.url) else (404, {}, {})
    )
    assert not draining.client.check().ok
    wrong = Gateway(lambda r: (200, {}, HEALTHY) if "health" in str(r.url) else (401, {}, {}))
    with pytest.raises(AuthenticationError):
        wrong.client.check()


@pytest.mark.parametrize(
    "answer", [always(200, {"status": "fine"}), always(200, b"hello"), raising(requests.ReadTimeout())]
)
def test_something_else_at_the_address_is_no_gateway(answer: Any) -> None:
    with pytest.raises(TransientError, match="/health"):
        Gateway(answer).client.check()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"base_url": "gateway:8080", "token": "x"}, "host:port"),
        ({"base_url": "http://", "token": "x"}, "host:port"),
        ({"base_url": "http://user:hunter2@gateway", "token": "x"}, "without a user"),
        ({"base_url": "http://gateway", "token": ""}, "token is blank"),
        ({"base_url": "http://gateway", "token": "a\nb"}, "printable"),
        ({"base_url": "http://gateway", "token": "x", "batch_size": 101}, "1 to 100"),
    ],
)
def test_settings_that_cannot_work_are_refused_when_they_are_made(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        GatewaySettings(**settings)


def test_the_settings_do_not_show_the_token() -> None:
    assert "hunter2" not in repr(GatewaySettings("http://gateway", "hunter2"))


def test_a_netrc_entry_does_not_replace_the_token(
    an_order_write: Make, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine gateway login x password y\n")
    monkeypatch.setenv("NETRC", str(file))
    gateway = Gateway(each(lambda _: (201, CREATED)))
    gateway.client.create_orders([an_order_write("a")])
    assert gateway.world.requests[0].headers["Authorization"] == "Bearer hunter2"
