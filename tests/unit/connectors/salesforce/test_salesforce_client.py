"""One call to Salesforce: sessions, limits, lost answers, refusals - simple-salesforce on a real socket."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from include.connectors.salesforce.errors import AmbiguousError, NotFoundError, SalesforceRefusal
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    RateLimitedError,
    TransientError,
    UnreachableError,
)

BUDGET = "salesforce:acme.my"
HTML = b"<!DOCTYPE html><html><body>504 canary-body</body></html>"
EXPIRED = (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_a_call_carries_session_name_and_time_out_and_keeps_amounts_exact(bench, answer) -> None:
    bench.org.replies(answer(200, b'{"Amount": 2348.3800000000000001, "n": 7}'))
    assert bench.client().get("sobjects/X") == {"Amount": Decimal("2348.3800000000000001"), "n": 7}
    (asked,) = bench.org.asked
    assert asked.headers["Authorization"] == "Bearer session-1"
    assert asked.headers["Sforce-Call-Options"] == "client=tradebridge"
    assert asked.headers["X-Host"] == "acme.my.salesforce.com"
    assert bench.line.timeouts == [(10.0, 120.0), (10.0, 120.0)]


def test_files_of_jobs_have_more_time(bench, answer) -> None:
    bench.org.replies(answer(200, {"state": "Open"}))
    bench.client().get("jobs/ingest/750")
    assert bench.line.timeouts[-1] == (10.0, 600.0)


def test_an_answer_that_trickles_or_is_too_large_is_cut_off(bench, answer) -> None:
    bench.org.replies(answer(200, {"text": "x" * 5000}))
    client = bench.client(attempts=1)
    seconds = iter(range(0, 10_000, 400))
    client.session.monotonic = lambda: float(next(seconds))
    with pytest.raises(TransientError, match="no whole answer"):
        client.get("limits/")
    with pytest.raises(TransientError, match="no whole answer"):
        bench.client(attempts=1, max_response_bytes=4000).get("limits/")
    with pytest.raises(OutcomeUnknownError):
        bench.client(attempts=1, max_response_bytes=4000).send("POST", "x", {})


def test_an_amount_is_written_with_its_digits_and_never_as_a_float(bench, answer) -> None:
    bench.org.replies(answer(200, {"ok": True}))
    client = bench.client()
    client.send("PATCH", "sobjects/X/1", {"UnitPrice": Decimal("9.65000000000000000001")})
    assert b"9.65000000000000000001" in bench.org.asked[0].body
    with pytest.raises(TypeError, match="decimal"):
        client.send("PATCH", "sobjects/X/1", {"records": [{"UnitPrice": 9.65}]})
    assert len(bench.org.asked) == 1


def test_fifty_threads_open_one_session(bench, answer) -> None:
    """C33."""
    bench.org.replies(answer(200, {"ok": True}))
    clients = [bench.client() for _ in range(50)]
    threads = [threading.Thread(target=client.get, args=("limits/",)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(bench.org.logins), len(bench.org.asked)) == (1, 50)


def test_a_session_that_died_is_renewed_once_and_the_call_made(bench, answer, refused) -> None:
    bench.org.replies(refused(*EXPIRED), answer(200, {"ok": True}))
    assert bench.client().get("limits/") == {"ok": True}
    assert [each.headers["Authorization"] for each in bench.org.asked] == [
        "Bearer session-1",
        "Bearer session-2",
    ]


def test_a_session_that_is_refused_again_is_an_error_after_two_calls_that_names_the_connection(
    bench, refused
) -> None:
    """C33: the client's own loop through the log-in has no end."""
    bench.org.replies(refused(*EXPIRED))
    with pytest.raises(AuthenticationError, match="salesforce_acme"):
        bench.client().get("limits/")
    assert (len(bench.org.asked), len(bench.org.logins)) == (2, 2)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ((400, {"error": "invalid_grant", "error_description": "canary"}), AuthenticationError),
        ((400, {"error": "invalid_client", "error_description": "canary"}), AuthenticationError),
        ((400, {"error": "unsupported_grant_type", "error_description": "canary"}), ConfigurationError),
        ((503, b"canary, out of order"), TransientError),
        ((200, {"access_token": "", "instance_url": "https://acme.my.salesforce.com"}), TransientError),
    ],
)
def test_a_refused_login_says_what_to_do_and_quotes_nothing(bench, answer, reply, kind) -> None:
    bench.org.login = lambda _asked: answer(*reply)
    with pytest.raises(kind) as caught:
        bench.client(attempts=1).get("limits/")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    if kind is AuthenticationError:
        assert "salesforce_acme" in str(caught.value)
        assert len(bench.org.logins) == 1
    assert bench.org.asked == []


def test_the_daily_limit_parks_everybody_for_long(bench, refused) -> None:
    """C30: the org's quota is spent; nobody hammers."""
    bench.org.replies(refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
    for _ in range(5):
        with pytest.raises(RateLimitedError) as caught:
            bench.client().get("limits/")
        assert caught.value.retry_after >= 3600
    assert len(bench.org.asked) == 1
    assert bench.budget.blocked[BUDGET] - bench.clock() >= timedelta(hours=1)


def test_too_many_long_calls_are_waited_out_in_place(bench, answer, refused) -> None:
    bench.org.replies(
        refused(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        answer(200, {"ok": True}),
    )
    assert bench.client().get("limits/") == {"ok": True}
    assert sum(bench.clock.slept) <= 30


def test_a_proxy_s_advice_on_waiting_is_followed(bench, answer) -> None:
    bench.org.replies(answer(429, b"slow down", {"Retry-After": "200"}))
    with pytest.raises(RateLimitedError) as caught:
        bench.client().get("limits/")
    assert caught.value.retry_after == 200
    assert len(bench.org.asked) == 1


def test_our_share_of_the_org_is_kept_whoever_used_it(bench, answer) -> None:
    """C30: the header of every answer is read; beyond the share no call is made."""
    usage = "api-usage=90001/100000; per-app-api-usage=17/250(appName=x)"
    bench.org.replies(answer(200, {"ok": True}, {"Sforce-Limit-Info": usage}))
    client = bench.client()
    assert client.get("limits/") == {"ok": True}
    with pytest.raises(RateLimitedError):
        client.get("limits/")
    assert len(bench.org.asked) == 1


def test_below_the_share_calls_go_on(bench, answer) -> None:
    bench.org.replies(answer(200, {"ok": True}, {"Sforce-Limit-Info": "api-usage=89999/100000"}))
    client = bench.client()
    assert [client.get("limits/") for _ in range(3)] == [{"ok": True}] * 3


@pytest.mark.parametrize(
    ("status", "code"), [(500, "UNKNOWN_EXCEPTION"), (503, "SERVER_UNAVAILABLE"), (400, "QUERY_TIMEOUT")]
)
def test_a_read_is_repeated_when_salesforce_is_out_of_order(bench, answer, refused, status, code) -> None:
    bench.org.replies(refused(status, code), answer(200, {"ok": True}))
    assert bench.client().get("limits/") == {"ok": True}


@pytest.mark.parametrize("spoilt", ["html", "cut", "gateway"])
def test_a_create_whose_answer_is_lost_is_unknown_and_never_repeated(bench, answer, spoilt) -> None:
    replies = {
        "html": answer(200, HTML),
        "cut": answer(201, {"id": "1"}, cut=True),
        "gateway": answer(504, HTML),
    }
    bench.org.replies(replies[spoilt])
    with pytest.raises(OutcomeUnknownError) as caught:
        bench.client().send("POST", "composite/sobjects", {"records": []})
    assert len(bench.org.asked) == 1
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("spoilt", ["html", "cut", "gateway"])
def test_an_upsert_whose_answer_is_lost_is_repeated(bench, answer, spoilt) -> None:
    replies = {
        "html": answer(200, HTML),
        "cut": answer(201, {"id": "1"}, cut=True),
        "gateway": answer(504, HTML),
    }
    bench.org.replies(replies[spoilt], answer(200, {"ok": True}))
    client = bench.client()
    assert client.send("PATCH", "x", {}, idempotent=True) == {"ok": True}
    assert len(bench.org.asked) == 2


def test_a_lock_is_asked_again_even_of_a_create_because_nothing_was_written(bench, answer, refused) -> None:
    bench.org.replies(refused(400, "UNABLE_TO_LOCK_ROW"), answer(201, {"id": "1"}))
    assert bench.client().send("POST", "sobjects/X", {}) == {"id": "1"}


def test_nobody_there_is_unreachable(bench) -> None:
    bench.line.url = "http://127.0.0.1:9"
    bench.org.login = lambda _asked: None
    with pytest.raises(UnreachableError):
        bench.client(attempts=1).send("POST", "sobjects/X", {})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "API_DISABLED_FOR_ORG", ConfigurationError),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", ConfigurationError),
        (400, "MALFORMED_QUERY", ConfigurationError),
        (400, "INVALID_TYPE", ConfigurationError),
        (405, "METHOD_NOT_ALLOWED", ConfigurationError),
        (409, "VERSION_MISMATCH", ConfigurationError),
        (410, "UNSUPPORTED_API_VERSION", ConfigurationError),
        (431, "HEADERS_TOO_LARGE", ConfigurationError),
        (404, "NOT_FOUND", NotFoundError),
        (404, "ENTITY_IS_DELETED", NotFoundError),
        (400, "DUPLICATE_VALUE", SalesforceRefusal),
        (400, "SOMETHING_NEW", SalesforceRefusal),
    ],
)
def test_every_refusal_is_judged_asked_once_and_quotes_no_record(bench, refused, status, code, kind) -> None:
    bench.org.replies(refused(status, code))
    with pytest.raises(kind) as caught:
        bench.client().get("sobjects/X")
    assert len(bench.org.asked) == 1
    assert code in str(caught.value)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_external_id_in_several_records_is_ambiguous(bench, answer) -> None:
    bench.org.replies(answer(300, ["/services/data/v64.0/sobjects/Account/001Hp00002WqXyZIAV"]))
    with pytest.raises(AmbiguousError):
        bench.client().get("sobjects/Account/Key__c/1")


def test_a_redirect_is_refused_and_the_session_stays_here(bench, answer) -> None:
    bench.org.replies(answer(302, None, {"Location": f"{bench.org.url}/elsewhere"}))
    with pytest.raises(ConfigurationError, match="domain"):
        bench.client().get("limits/")
    assert len(bench.org.asked) == 1


def test_a_column_that_is_not_there_is_named(bench, refused) -> None:
    said = "\nSELECT Id, Sku__c\n^\nNo such column 'Sku__c' on entity 'Product2'. If you are canary"
    bench.org.replies(refused(400, "INVALID_FIELD", said))
    with pytest.raises(ConfigurationError, match=r"Product2\.Sku__c") as caught:
        bench.client().query("SELECT Sku__c FROM Product2")
    assert "canary" not in str(caught.value)


def page(answer, ids, more=""):
    body = {"totalSize": 4, "done": not more, "records": [{"Id": each} for each in ids]}
    return answer(200, body | ({"nextRecordsUrl": f"/services/data/v64.0/query/{more}"} if more else {}))


def test_pages_are_followed_to_the_end(bench, answer) -> None:
    bench.org.replies(page(answer, "ab", "01g-2"), page(answer, "cd"))
    assert [row["Id"] for row in bench.client(page_size=200).query("SELECT Id FROM Account")] == list("abcd")
    first, second = bench.org.asked
    assert first.headers["Sforce-Query-Options"] == "batchSize=200"
    assert second.path == "query/01g-2"


@pytest.mark.parametrize("lost", ["locator", "session"])
def test_a_query_whose_cursor_is_lost_begins_anew(bench, answer, refused, lost) -> None:
    gone = refused(400, "INVALID_QUERY_LOCATOR") if lost == "locator" else refused(*EXPIRED)
    bench.org.replies(page(answer, "ab", "01g-2"), gone, page(answer, "ab", "01h-2"), page(answer, "cd"))
    assert [row["Id"] for row in bench.client().query("SELECT Id FROM Account")] == list("abcd")
    assert [each.path for each in bench.org.asked] == ["query/", "query/01g-2", "query/", "query/01h-2"]


def test_a_query_that_keeps_losing_its_cursor_ends(bench, answer, refused) -> None:
    bench.org.api = lambda asked: (
        page(answer, "ab", "01g-2") if asked.path == "query/" else refused(400, "INVALID_QUERY_LOCATOR")
    )
    with pytest.raises(TransientError, match="cursor"):
        bench.client().query("SELECT Id FROM Account")
    assert len(bench.org.asked) == 6


def test_the_identity_is_user_and_org(bench, answer) -> None:
    bench.org.replies(answer(200, {"user_id": "005A", "organization_id": "00DA", "name": "canary"}))
    assert bench.client().identity().user_id == "005A"
    assert bench.org.asked[0].path == "/services/oauth2/userinfo"
