"""Every fault on order, on real connections."""

from __future__ import annotations

import ssl
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from .conftest import Clarity


def struck(clarity: Clarity, **rule: Any) -> None:
    clarity.tell("/faults", {"system": "clarity", "path": "*/orders*", "times": 1, **rule})


def change(clarity: Clarity, order: dict) -> httpx.Response:
    return clarity.call("PATCH", f"/orders/{order['id']}", body={"attributes": {"x": 1}})


def changed(clarity: Clarity) -> bool:
    return clarity.order()["attributes"] == {"x": 1}


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
def test_429_with_either_form_of_retry_after_or_none(clarity: Clarity, form: str) -> None:
    struck(clarity, kind="limit", retry_after=form)
    answer = clarity.call("GET", "/orders")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    after = answer.headers.get("retry-after")
    if form == "date":
        assert parsedate_to_datetime(after).tzinfo is not None
    else:
        assert after == ("17" if form == "seconds" else None)
    clarity.get("/orders")


@pytest.mark.parametrize(
    ("status", "code"), [(500, "internal_error"), (502, "upstream_error"), (503, "maintenance")]
)
def test_the_servers_own_failures_are_problems(clarity: Clarity, status: int, code: str) -> None:
    struck(clarity, kind="status", status=status)
    answer = clarity.call("GET", "/orders")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("120" if status == 503 else None)


def test_504_comes_from_the_gateway_as_html(clarity: Clarity) -> None:
    struck(clarity, kind="html", status=504)
    answer = clarity.call("GET", "/orders")
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html")
    assert "cloudgate" in answer.text


def test_a_connection_cut_before_the_commit_changes_nothing(clarity: Clarity) -> None:
    order = clarity.order()
    struck(clarity, kind="close_before", method="PATCH")
    with pytest.raises(httpx.TransportError):
        change(clarity, order)
    assert not changed(clarity)


@pytest.mark.parametrize("kind", ["close_after", "hang_after"])
def test_a_connection_cut_after_the_commit_has_written(clarity: Clarity, kind: str) -> None:
    order = clarity.order()
    struck(clarity, kind=kind, method="PATCH", seconds=0.05)
    with pytest.raises(httpx.TransportError):
        change(clarity, order)
    assert changed(clarity)


def test_a_slow_first_byte_outlasts_patience(clarity: Clarity) -> None:
    clarity.get("/orders")
    struck(clarity, kind="delay_after", seconds=1.5)
    patience = clarity.http.timeout
    clarity.http.timeout = httpx.Timeout(0.3)
    try:
        with pytest.raises(httpx.ReadTimeout):
            clarity.call("GET", "/orders")
    finally:
        clarity.http.timeout = patience


def test_a_slow_body_comes_in_pieces(clarity: Clarity) -> None:
    clarity.grant()
    struck(clarity, kind="slow_body", seconds=0.8)
    headers = {"Authorization": f"Bearer {clarity.token}", "Accept-Encoding": "identity"}
    with clarity.http.stream("GET", "/clarity/api/v1/orders", headers=headers) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) > 4
    assert b"".join(pieces).endswith(b"}")


def test_truncated_json_breaks_off(clarity: Clarity) -> None:
    struck(clarity, kind="truncate")
    with pytest.raises(httpx.RemoteProtocolError):
        clarity.call("GET", "/orders")


def test_malformed_json_arrives_whole(clarity: Clarity) -> None:
    struck(clarity, kind="malformed")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        clarity.call("GET", "/orders").json()


def test_a_byte_order_mark_stands_before_the_json(clarity: Clarity) -> None:
    struck(clarity, kind="bom")
    assert clarity.call("GET", "/orders").content.startswith(b"\xef\xbb\xbf{")


def test_the_charset_is_not_the_one_that_is_promised(clarity: Clarity) -> None:
    clarity.tell("/faults", {"kind": "wrong_charset", "path": "*/customers*", "times": 1})
    answer = clarity.call("GET", "/customers", pageSize=91)
    assert "utf-8" in answer.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("utf-8")


def test_a_member_stands_twice(clarity: Clarity) -> None:
    struck(clarity, kind="duplicate_keys")
    answer = clarity.call("GET", "/orders")
    assert answer.text.count('"data":') == 2
    assert answer.json()["data"] is None


def test_the_token_endpoint_is_down(clarity: Clarity) -> None:
    clarity.tell("/faults", {"kind": "status", "status": 503, "path": "/clarity/oauth2/token", "times": 1})
    assert clarity.http.post("/clarity/oauth2/token").status_code == 503


@pytest.mark.parametrize(
    ("kind", "code"), [("expired_token", "token_expired"), ("revoked_token", "token_invalid")]
)
def test_a_token_dies_in_the_middle(clarity: Clarity, kind: str, code: str) -> None:
    struck(clarity, kind=kind)
    clarity.get("/stores")
    assert clarity.call("GET", "/orders").json()["code"] == code
    clarity.grant()
    clarity.get("/orders")


def test_a_page_repeats_a_row(clarity: Clarity) -> None:
    struck(clarity, kind="repeat_row")
    seen = [row["id"] for row in clarity.get("/orders")["data"]]
    assert seen == [110248, 110249, 110250, 110248]


def test_a_row_is_missing_from_the_list_and_readable_by_id(clarity: Clarity) -> None:
    struck(clarity, kind="hide_row")
    answer = clarity.get("/orders")
    assert ([row["id"] for row in answer["data"]], answer["totalCount"]) == ([110249, 110250], 3)
    assert clarity.get("/orders/110248")["data"]["id"] == 110248


def test_chance_aims_by_its_seed(clarity: Clarity) -> None:
    def run() -> list[int]:
        clarity.http.delete("/_sandbox/faults")
        struck(clarity, kind="status", times=None, probability=0.4, seed=3)
        return [clarity.call("GET", "/orders").status_code for _ in range(20)]

    first = run()
    assert 0 < first.count(500) < 20
    assert run() == first


def test_tls_with_a_good_an_expired_and_a_strangers_certificate(clarity: Clarity) -> None:
    def health(certificate: str) -> httpx.Response:
        door = clarity.tell("/clarity/tls", {"certificate": certificate})
        context = ssl.create_default_context(cadata=door["authority"])
        with httpx.Client(verify=context) as client:
            return client.get(f"https://127.0.0.1:{door['port']}/clarity/api/v1/health")

    assert health("valid").json() == {"status": "ok"}
    with pytest.raises(httpx.ConnectError, match="expired"):
        health("expired")
    with pytest.raises(httpx.ConnectError, match=r"IP address mismatch|Hostname mismatch"):
        health("other_host")
    assert clarity.tell("/clarity/tls", method="DELETE") == {"closed": 1}


def test_the_request_log_tells_what_was_struck(clarity: Clarity) -> None:
    struck(clarity, kind="html", status=504)
    clarity.call("GET", "/orders")
    seen = clarity.ask("/requests", system="clarity", path="*/orders")["requests"][-1]
    assert (seen["status"], seen["fault"]) == (504, "html")
