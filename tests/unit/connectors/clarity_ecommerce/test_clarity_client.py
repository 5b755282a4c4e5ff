"""One call to Clarity: credentials, limits, lost answers, refusals - on a real socket."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest

from include.connectors.clarity_ecommerce.errors import (
    ClarityError,
    DuplicateError,
    IllegalMoveError,
    KeyReusedError,
    NotFoundError,
    StaleError,
    TooLargeError,
)
from include.connectors.clarity_ecommerce.wire import MalformedAnswerError
from include.errors import (
    AuthenticationError,
    CircuitOpenError,
    ConfigurationError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

HTML = b"<!DOCTYPE html><html><body>504 canary-body</body></html>"
BUDGET = "clarity_ecommerce:{}:clarity-test"


class OpensAfterTwo:
    """A breaker that has enough after two failures."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.ends: list[str] = []

    @contextmanager
    def guard(self, name, *, subject="", lease=timedelta(0)):
        del subject, lease
        self.names.append(name)
        if len(self.ends) == 2:
            raise CircuitOpenError("open", retry_after=600)
        try:
            yield
        except TransientError as error:
            self.ends.append(type(error).__name__)
            raise


@pytest.fixture
def fine(answer):
    return answer(200, {"data": {"id": 1}})


def name_of(bench) -> str:
    return BUDGET.format(bench.tenant.url.removeprefix("http://"))


def test_a_call_goes_below_the_base_with_a_bearer(bench, fine) -> None:
    bench.tenant.replies(fine)
    assert bench.client().get("/orders/1").part("data.id") == b"1"
    (asked,) = bench.tenant.asked
    assert (asked.method, asked.path) == ("GET", "/api/v1/orders/1")
    assert asked.headers["Authorization"] == "Bearer cl_1"
    assert "X-API-Key" not in asked.headers


@pytest.mark.parametrize(("status", "code"), [(401, "token_expired"), (401, "token_invalid"), (401, "")])
def test_a_refused_token_is_renewed_once_and_the_call_repeated(bench, refused, fine, status, code) -> None:
    bench.tenant.replies(refused(status, code), fine)
    bench.client().send("POST", "/x", {})
    assert [asked.headers["Authorization"] for asked in bench.tenant.asked] == ["Bearer cl_1", "Bearer cl_2"]


def test_a_token_that_is_refused_again_is_a_matter_for_a_person(bench, refused) -> None:
    bench.tenant.replies(refused(401, "token_expired"))
    with pytest.raises(AuthenticationError):
        bench.client().get("/x")
    assert len(bench.tenant.asked) == 2
    assert len(bench.tenant.minted) == 2


def test_an_api_key_goes_in_its_header_and_nowhere_else(bench, fine) -> None:
    bench.tenant.replies(fine)
    bench.client(auth_mode="api_key", api_key="canary-api-key").get("/orders", {"status": "Processing"})
    (asked,) = bench.tenant.asked
    assert asked.headers["X-API-Key"] == "canary-api-key"
    assert "Authorization" not in asked.headers
    assert bench.tenant.minted == []
    assert asked.query == {"status": ["Processing"]}


def test_a_key_and_a_token_can_go_together(bench, fine) -> None:
    bench.tenant.replies(fine)
    bench.client(auth_mode="both", api_key="k").get("/x")
    assert bench.tenant.asked[0].headers["X-API-Key"] == "k"
    assert bench.tenant.asked[0].headers["Authorization"] == "Bearer cl_1"


@pytest.mark.parametrize("mode", ["api_key", "both"])
def test_a_refused_key_is_not_answered_with_a_new_token(bench, refused, mode: str) -> None:
    bench.tenant.replies(refused(401, "key_invalid"))
    with pytest.raises(AuthenticationError, match="API key refused"):
        bench.client(auth_mode=mode, api_key="k").get("/x")
    assert len(bench.tenant.asked) == 1


KINDS = [
    (400, "malformed_json", ClarityError),
    (400, "unknown_parameter", ConfigurationError),
    (403, "insufficient_scope", AuthenticationError),
    (404, "order_not_found", NotFoundError),
    (404, "", ConfigurationError),
    (405, "method_not_allowed", ConfigurationError),
    (409, "duplicate", DuplicateError),
    (409, "invalid_status_transition", IllegalMoveError),
    (409, "idempotency_key_reused", KeyReusedError),
    (412, "row_version_mismatch", StaleError),
    (413, "payload_too_large", TooLargeError),
    (422, "validation_failed", ClarityError),
]


@pytest.mark.parametrize(("status", "code", "kind"), KINDS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_asking_again_cannot_help_is_asked_once(bench, refused, *, method, status, code, kind) -> None:
    bench.tenant.replies(refused(status, code))
    client = bench.client()
    with pytest.raises(kind):
        client.get("/x") if method == "GET" else client.send(method, "/x", {}, key="k")
    assert len(bench.tenant.asked) == 1
    assert bench.clock.slept == []


def test_a_429_pauses_everyone_for_as_long_as_it_says_in_seconds(bench, refused, fine) -> None:
    bench.tenant.replies(refused(429, "rate_limited", Retry_After="17"), fine)
    bench.client().get("/x")
    assert bench.clock.slept == [17.0]
    assert bench.budget.reasons[name_of(bench)] == "Clarity says: too many calls"


def test_a_429_pauses_everyone_until_the_date_it_names(bench, refused, fine) -> None:
    bench.tenant.replies(refused(429, "rate_limited", Retry_After="Mon, 02 Mar 2026 16:00:42 GMT"), fine)
    bench.client().get("/x")
    assert bench.clock.slept == [42.0]
    assert bench.budget.blocked[name_of(bench)] == bench.clock.now


def test_a_429_without_advice_takes_the_reset_or_a_minute(bench, refused, fine) -> None:
    reset = str(int(bench.clock.now.timestamp()) + 12)
    headers = {"X-RateLimit-Reset": reset}
    first, second = refused(429, "rate_limited"), refused(429, "rate_limited")
    first.headers |= headers
    bench.tenant.replies(first, fine)
    bench.client().get("/x")
    bench.tenant.replies(second, fine)
    bench.client().get("/x")
    assert bench.clock.slept == [12.0, 65.0]


def test_a_pause_that_outlasts_our_patience_is_handed_on_and_holds_for_all(bench, refused) -> None:
    bench.tenant.replies(refused(429, "rate_limited", Retry_After="900"))
    with pytest.raises(RateLimitedError) as caught:
        bench.client().send("POST", "/x", {})
    assert caught.value.retry_after == 900
    assert bench.budget.blocked[name_of(bench)] == bench.clock.now + timedelta(seconds=900)
    with pytest.raises(RateLimitedError):
        bench.client().get("/y")
    assert len(bench.tenant.asked) == 1


def test_too_many_at_once_is_tried_again_soon_and_pauses_nobody(bench, refused, fine) -> None:
    bench.tenant.replies(refused(429, "concurrency_limited"), fine)
    bench.client().get("/x")
    assert bench.clock.slept == [1.5]
    assert bench.budget.blocked == {}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_outage_met_by_a_read_heals(bench, answer, fine, status: int) -> None:
    html = answer(status, HTML, {"Content-Type": "text/html"})
    bench.tenant.replies(html, html, fine)
    bench.client().get("/x")
    assert bench.clock.slept == [0.5, 1.0]


def test_maintenance_is_waited_out_and_a_write_has_not_happened(bench, refused, fine) -> None:
    bench.tenant.replies(refused(503, "maintenance", Retry_After="30"), fine)
    bench.client(dialect_overrides={"writes": {"idempotency": ""}}).send("PATCH", "/x", {})
    assert bench.clock.slept == [30.0]


def test_a_lost_write_is_sent_again_under_its_key(bench, answer) -> None:
    bench.tenant.replies(
        answer(201, {"data": {"id": 7}}, cut=True),
        answer(200, {"data": {"id": 7}}, {"Idempotent-Replayed": "true", "ETag": '"1"'}),
    )
    reply = bench.client().send("POST", "/shipments", {"a": 1}, key="sage100:0021457:0104512-IN")
    assert (reply.replayed, reply.version) == (True, "1")
    assert [asked.headers["Idempotency-Key"] for asked in bench.tenant.asked] == [
        "sage100:0021457:0104512-IN"
    ] * 2


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_lost_write_without_a_key_is_never_repeated(bench, answer, status: int) -> None:
    bench.tenant.replies(answer(status, HTML))
    with pytest.raises(OutcomeUnknownError):
        bench.client().send("POST", "/x", {})
    assert len(bench.tenant.asked) == 1


def test_a_dialect_without_keys_sends_none_and_repeats_nothing(bench, answer) -> None:
    bench.tenant.replies(answer(200, {}, cut=True))
    with pytest.raises(OutcomeUnknownError):
        bench.client(dialect_overrides={"writes": {"idempotency": ""}}).send("POST", "/x", {}, key="k")
    (asked,) = bench.tenant.asked
    assert "Idempotency-Key" not in asked.headers


@pytest.mark.parametrize(
    ("status", "code"), [(401, "token_expired"), (429, "rate_limited"), (503, "maintenance"), (404, "")]
)
def test_once_a_write_is_in_doubt_nothing_but_an_answer_about_it_ends_the_doubt(
    bench, answer, refused, status, code
) -> None:
    bench.tenant.replies(answer(500, HTML), refused(status, code, Retry_After="900"))
    with pytest.raises(OutcomeUnknownError):
        bench.client().send("POST", "/x", {}, key="k")


def test_a_write_still_under_way_is_asked_about_again(bench, refused, fine) -> None:
    bench.tenant.replies(refused(409, "idempotency_in_progress", Retry_After="1"), fine)
    bench.client().send("POST", "/x", {}, key="k")
    assert bench.clock.slept == [1.0]
    bench.tenant.replies(refused(409, "idempotency_in_progress", Retry_After="1"))
    with pytest.raises(OutcomeUnknownError):
        bench.client().send("POST", "/x", {}, key="k")


BAD_BODIES = [
    HTML,
    b"",
    b'{"data": [{"id": 1}',
    b'{"data": {"id": 1, "id": 2}}',
    b'{"data": {"total": NaN}}',
    '{"data": {"name": "Müller"}}'.encode("latin-1"),
    b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_a_200_that_is_no_strict_json_is_read_again_and_then_transient(bench, answer, fine, body) -> None:
    bench.tenant.replies(answer(200, body))
    with pytest.raises(MalformedAnswerError):
        bench.client(attempts=2).get("/x")
    bench.tenant.replies(answer(200, body), fine)
    assert bench.client().get("/x").status == 200


def test_a_byte_order_mark_does_no_harm(bench, answer) -> None:
    bench.tenant.replies(answer(200, b'\xef\xbb\xbf{"data": 1}'))
    assert bench.client().get("/x").part("data") == b"1"


def test_a_write_answered_with_nonsense_may_have_happened_and_one_answered_with_nothing_has(
    bench, answer
) -> None:
    bench.tenant.replies(answer(200, HTML))
    with pytest.raises(OutcomeUnknownError):
        bench.client().send("PATCH", "/x", {})
    bench.tenant.replies(answer(204))
    assert bench.client().send("PATCH", "/x", {}).body == b""


def test_a_success_without_its_payload_is_not_an_empty_list(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": None}))
    with pytest.raises(MalformedAnswerError, match="no 'data'"):
        bench.client().get("/x").part("data")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_so_that_the_credentials_do_not_follow_it(bench, answer, status: int) -> None:
    bench.tenant.replies(answer(status, b"", {"Location": f"{bench.tenant.url}/elsewhere"}))
    with pytest.raises(ConfigurationError, match="redirect"):
        bench.client().get("/x")
    assert len(bench.tenant.asked) == 1


def test_an_answer_that_is_too_large_is_not_read(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": "x" * 5000}))
    with pytest.raises(PermanentError, match="larger than 1000 bytes"):
        bench.client(max_response_bytes=1000).get("/x")


def test_an_address_where_nobody_listens_was_never_written_to(bench) -> None:
    client = bench.client(base_url="http://127.0.0.1:9", auth_mode="api_key", api_key="k", attempts=1)
    with pytest.raises(TransientError, match="not sent"):
        client.send("POST", "/x", {})


def test_the_breaker_is_asked_before_each_try_and_told_of_each_failure(bench, answer) -> None:
    bench.breaker = OpensAfterTwo()
    bench.tenant.replies(answer(503, HTML))
    with pytest.raises(CircuitOpenError):
        bench.client(auth_mode="api_key", api_key="k").get("/x")
    assert set(bench.breaker.names) == {f"clarity_ecommerce:{bench.tenant.url.removeprefix('http://')}"}
    assert bench.breaker.ends == ["TransientError", "TransientError"]
    assert len(bench.tenant.asked) == 2


def test_money_goes_out_as_it_is_and_versions_as_preconditions(bench, fine) -> None:
    bench.tenant.replies(fine)
    bench.client().send("PUT", "/x", {"total": Decimal("2548.47"), "n": 12}, version="5")
    (asked,) = bench.tenant.asked
    assert asked.body == b'{"total":2548.47,"n":12}'
    assert asked.headers["If-Match"] == '"5"'


def test_a_float_is_not_sent_as_money(bench) -> None:
    with pytest.raises(TypeError, match="decimal"):
        bench.client().send("PUT", "/x", {"lines": [{"total": 19.9}]})
    assert bench.tenant.asked == []
