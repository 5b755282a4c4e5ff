"""C15, promises 3.5: the OWASP API Security Top 10 of 2023, risk by risk, against our own routes.

The logins are real: tokens of Airflow's auth manager, checked by Airflow's own dependencies.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from include.connectors.clarity_ecommerce import Settings as ClaritySettings
from include.connectors.sage100 import GatewaySettings
from include.connectors.zoho_inventory import Settings
from include.errors import ConfigurationError
from include.ledger import Delivery, Ledger, NewException
from tests.airflow.clarity_events import WEBHOOK as CLARITY_WEBHOOK
from tests.airflow.events import WEBHOOK, an_event, signed
from tests.airflow.serving import Wire, served
from tradebridge.web import exceptions as desk
from tradebridge.web.app import create_app
from tradebridge.web.body import MAX_BODY

FLOW = "zoho_orders_to_sage100"
ROOT = Path(__file__).resolve().parents[2]
WRITES = {
    "/api/exceptions/replay": {"ids": [1]},
    "/api/exceptions/skip": {"ids": [1], "why": "test order"},
    "/api/links": {"entity": "customer", "source_id": "77", "target_id": "00-0001009"},
}
HOSTILE = [
    "%", "_", "*", "' OR 1=1 --", "1; DROP TABLE inbox", "..%2f..%2fetc%2fpasswd", "\\u0000", "{{7*7}}",
]  # fmt: skip


@pytest.fixture
def triggered(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Runs that were asked for; Airflow itself is not here."""
    asked: list[dict[str, object]] = []

    def trigger(dag_id: str, **wanted: object) -> SimpleNamespace:
        asked.append({"dag_id": dag_id, **wanted})
        return SimpleNamespace(run_id="manual__1")

    monkeypatch.setattr(desk, "trigger_dag", trigger)
    return asked


@pytest.fixture
def as_(client: TestClient, tokens: dict[str, str]) -> Callable[[str], TestClient]:
    """``as_("viewer").get(...)``."""

    def login(role: str) -> TestClient:
        client.headers["Authorization"] = f"Bearer {tokens[role]}"
        return client

    return login


def an_exception(ledger: Ledger, key: str = "51298", **changes: object) -> int:
    facts = {
        "flow": FLOW, "record_key": key, "record_label": f"SO-{key}", "code": "reference.not_found",
        "disposition": "parked", "field": "sku", "value": "NW-9999", "message": "sku is not on file",
    }  # fmt: skip
    (number,) = ledger.exceptions.open([NewException(**{**facts, **changes})])  # type: ignore[arg-type]
    return number


def addresses() -> list[tuple[str, str]]:
    """Every method and path that the app answers."""
    return sorted(
        (method, route.path)
        for route in create_app().routes
        for method in getattr(route, "methods", None) or ()
        if method not in {"HEAD", "OPTIONS"}
    )


def filled(path: str) -> str:
    return re.sub(r"{\w+}", "x", path)


# API1 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_api1_broken_object_level_authorization_a_name_reaches_that_record_only(
    as_, ledger: Ledger, name: str
) -> None:
    """A name is compared and neither matched as a pattern nor pasted into SQL."""
    an_exception(ledger)
    ledger.inbox.keep(FLOW, Delivery("zoho_inventory", "salesorder", "51298", "d", "v", b"{}"))
    found = as_("viewer").get("/api/records/x", params=None).json()
    assert found == {"links": [], "events": [], "exceptions": [], "audit": []}
    answer = as_("viewer").get(f"/api/records/{name.replace('%', '%25')}")
    assert answer.status_code in {200, 404}
    assert "51298" not in answer.text


def test_api1_broken_object_level_authorization_no_id_gives_a_webhooks_body(as_, ledger: Ledger) -> None:
    body = an_event()[:-1] + b', "email": "canary.bird@example.com"}'
    as_("admin").post(WEBHOOK, content=body, headers=signed(body))
    key = "5129873000000200001"
    an_exception(ledger, key)
    for path in (f"/api/records/{key}", "/api/exceptions", "/api/reports", "/api/in-doubt"):
        assert "canary" not in as_("admin").get(path).text


def test_api1_broken_object_level_authorization_an_id_that_is_not_there_touches_nothing(
    as_, ledger: Ledger
) -> None:
    number = an_exception(ledger)
    answer = as_("user").post("/api/exceptions/skip", json={"ids": [number, 999_999], "why": "not all known"})
    assert answer.status_code == 404
    assert ledger.exceptions.count(state="open") == 1


# API2 ------------------------------------------------------------------------------------------------


def _forged(token: str, **header: str) -> str:
    """The viewer's token, claiming to be the administrator's."""
    _, claims, signature = token.split(".")
    padded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    parts = [{"alg": "HS512", "typ": "JWT", **header}, {**padded, "sub": "a admin", "role": "ADMIN"}]
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return f"{head}.{body}.{'' if header else signature}"


def test_api2_broken_authentication_no_route_but_the_receiver_answers_without_a_login(
    client: TestClient, tokens: dict[str, str]
) -> None:
    """No login, a foreign one, an unsigned one, one with its claims changed, one in the wrong place."""
    viewer = tokens["viewer"]
    attempts: list[dict[str, object]] = [
        {},
        {"headers": {"Authorization": "Bearer"}},
        {"headers": {"Authorization": "Bearer nonsense"}},
        {"headers": {"Authorization": "Basic YWRtaW46YWRtaW4="}},
        {"headers": {"Authorization": f"Bearer {_forged(viewer)}"}},
        {"headers": {"Authorization": f"Bearer {_forged(viewer, alg='none')}"}},
        {"headers": {"Authorization": f"Token {viewer}"}},
        {"params": {"token": viewer, "access_token": viewer}},
        {"headers": {"Cookie": "_token=nonsense"}},
    ]
    routes = [route for route in addresses() if not route[1].startswith("/webhooks")]
    assert len(routes) >= 13
    for attempt in attempts:
        for method, path in routes:
            answer = client.request(method, filled(path), **attempt)  # type: ignore[arg-type]
            assert answer.status_code in {401, 403}, (attempt, path)


@pytest.mark.parametrize("path", [WEBHOOK, CLARITY_WEBHOOK])
def test_api2_broken_authentication_a_login_does_not_replace_the_signature(
    client: TestClient, tokens: dict[str, str], path: str
) -> None:
    headers = {"Authorization": f"Bearer {tokens['admin']}", "Content-Type": "application/json"}
    assert client.post(path, content=an_event(), headers=headers).status_code == 401


# API3 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "extra", ["status", "state", "owner", "actor", "id", "resolved_at", "flow", "origin", "user", "payload"]
)
def test_api3_broken_object_property_level_authorization_nothing_but_the_named_fields_is_taken(
    as_, ledger: Ledger, triggered: list[object], path: str, extra: str
) -> None:
    an_exception(ledger)
    assert as_("admin").post(path, json={**WRITES[path], extra: "resolved"}).status_code == 422
    assert triggered == []
    assert ledger.exceptions.count(state="open") == 1


def test_api3_broken_object_property_level_authorization_who_did_it_is_who_logged_in(
    as_, ledger: Ledger, triggered: list[dict[str, object]]
) -> None:
    number = an_exception(ledger)
    as_("user").post("/api/links", json=WRITES["/api/links"], headers={"X-Remote-User": "root"})
    as_("user").post("/api/exceptions/replay", json={"ids": [number]})
    as_("user").post("/api/exceptions/skip", json={"ids": [number], "why": "test order"})
    actors = {entry.actor for key in ("77", "51298") for entry in ledger.audit.of_record(key)}
    assert actors == {"a user"}
    assert triggered[0]["triggering_user_name"] == "a user"


# API4 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*WRITES, WEBHOOK, CLARITY_WEBHOOK])
def test_api4_unrestricted_resource_consumption_no_stranger_can_send_a_long_body(
    client: TestClient, path: str
) -> None:
    """FastAPI reads a body before it asks for the login, so the limit stands before both."""
    with served(client.app) as port:
        with Wire(port) as wire:
            wire.head(headers={"Content-Length": 100_000_000}, path=path)
            assert wire.answer().status == 413
        with Wire(port) as wire:
            wire.head(headers={"Content-Length": None, "Transfer-Encoding": "chunked"}, path=path)
            wire.send(b"%x\r\n" % (MAX_BODY + 1) + b"x" * (MAX_BODY + 1))
            assert wire.answer().status == 413


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/exceptions", {"limit": 501}),
        ("/api/exceptions", {"limit": 10**30}),
        ("/api/exceptions", {"offset": 10**7}),
        ("/api/exceptions", {"cause": "c" * 501}),
        ("/api/reports", {"limit": 501}),
        ("/exceptions", {"page": 20_001}),
        ("/exceptions", {"cause": "c" * 501}),
        ("/records", {"name": "n" * 101}),
        (f"/api/records/{'n' * 101}", {}),
    ],
)
def test_api4_unrestricted_resource_consumption_pages_and_names_have_a_size(as_, path: str, query) -> None:
    assert as_("admin").get(path, params=query).status_code == 422


def test_api4_unrestricted_resource_consumption_a_page_is_a_page_whatever_there_is(
    as_, ledger: Ledger
) -> None:
    facts = NewException(FLOW, "k", "SO", "reference.not_found", "parked")
    many = [NewException(**{**_fields(facts), "record_key": f"k{n}"}) for n in range(600)]
    ledger.exceptions.open(many)
    assert len(as_("viewer").get("/api/exceptions", params={"limit": 500}).json()["exceptions"]) == 500
    assert as_("viewer").get("/exceptions").text.count('class="record"') == 50


def _fields(row: NewException) -> dict[str, object]:
    return {name: getattr(row, name) for name in NewException.__slots__}


# API5 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WRITES)
def test_api5_broken_function_level_authorization_a_viewer_changes_nothing(
    as_, ledger: Ledger, triggered: list[object], path: str
) -> None:
    an_exception(ledger)
    assert as_("viewer").post(path, json=WRITES[path]).status_code == 403
    assert triggered == []
    assert ledger.exceptions.count(state="open") == 1
    assert ledger.crosswalk.named("77") == []


def test_api5_broken_function_level_authorization_every_route_that_writes_asks_for_the_right(as_) -> None:
    """Also those that a later hand adds."""
    writing = [path for method, path in addresses() if method != "GET" and not path.startswith("/webhooks")]
    assert set(WRITES) <= set(writing)
    for path in writing:
        assert as_("viewer").post(filled(path), json=WRITES.get(path, {})).status_code == 403, path


@pytest.mark.parametrize("role", ["user", "op", "admin"])
def test_api5_broken_function_level_authorization_who_may_trigger_may_replay(
    as_, triggered: list[object], role: str
) -> None:
    assert as_(role).post("/api/exceptions/replay", json={"ids": [1]}).status_code == 202
    assert len(triggered) == 1


def test_api5_broken_function_level_authorization_another_method_is_no_way_round(as_) -> None:
    for path in WRITES:
        for method in ("GET", "PUT", "PATCH", "DELETE", "TRACE"):
            answer = as_("viewer").request(method, path, headers={"X-HTTP-Method-Override": "POST"})
            assert answer.status_code == 405


# API6 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/exceptions/replay", "/api/exceptions/skip"])
def test_api6_unrestricted_access_to_sensitive_business_flows_a_thousand_at_once_are_the_most(
    as_, triggered: list[object], path: str
) -> None:
    many = {**WRITES[path], "ids": list(range(1001))}
    assert as_("admin").post(path, json=many).status_code == 422
    assert as_("admin").post(path, json={**WRITES[path], "ids": [2**70]}).status_code == 422
    assert triggered == []


def test_api6_unrestricted_access_to_sensitive_business_flows_a_replay_is_one_run_however_many_records(
    as_, triggered: list[object]
) -> None:
    as_("user").post("/api/exceptions/replay", json={"ids": list(range(1, 1001))})
    assert len(triggered) == 1
    assert as_("user").post("/api/exceptions/replay", json={"ids": [], "cause": ""}).status_code == 422


def test_api6_unrestricted_access_to_sensitive_business_flows_a_form_of_another_site_does_nothing(
    client: TestClient, tokens: dict[str, str], triggered: list[object]
) -> None:
    """Cross-site request forgery: a browser sends the cookie along, but no JSON without asking first."""
    client.cookies.set("_token", tokens["admin"])
    sent = json.dumps(WRITES["/api/exceptions/replay"])
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
        headers = {"Content-Type": media} if media else {}
        answer = client.post("/api/exceptions/replay", content=sent.encode(), headers=headers)
        assert answer.status_code == 422, media
    asked = client.options(
        "/api/exceptions/replay",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert "access-control-allow-origin" not in asked.headers
    assert triggered == []
    assert client.post("/api/exceptions/replay", json=WRITES["/api/exceptions/replay"]).status_code == 202


# API7 ------------------------------------------------------------------------------------------------

zoho = partial(Settings, organization_id="1", client_id="1", client_secret="s", refresh_token="t")
INWARD = [
    "http://169.254.169.254", "http://[fe80::1]", "http://[::ffff:169.254.169.254]", "http://0.0.0.0",
    "http://224.0.0.1", "file:///etc/passwd", "ftp://example.com", "gopher://example.com:70",
    "http://user@example.com", "//example.com", "example.com",
]  # fmt: skip


@pytest.mark.parametrize("address", INWARD)
def test_api7_server_side_request_forgery_no_connection_reaches_a_clouds_metadata(address: str) -> None:
    """Loopback and private addresses are allowed: the gateway and the sandbox live there."""
    for name in ("api_base", "accounts_base"):
        with pytest.raises(ConfigurationError):
            Settings(
                organization_id="1",
                client_id="1000.X",
                client_secret="s",
                refresh_token="t",
                **{name: address},
            )
    with pytest.raises(ConfigurationError):
        GatewaySettings(base_url=address, token="t")
    for given in ({"base_url": address}, {"base_url": "https://shop.example.com", "token_url": address}):
        with pytest.raises(ConfigurationError):
            ClaritySettings(client_id="1", client_secret="s", allow_plain_http=True, **given)


def test_api7_server_side_request_forgery_no_route_of_ours_takes_an_address() -> None:
    """What our API is told never becomes a place to call: there is no parameter for one."""
    document = json.dumps(create_app().openapi()).lower()
    assert not re.search(r'"(url|uri|host|callback|webhook_url|address)"', document)


# API8 ------------------------------------------------------------------------------------------------


def test_api8_security_misconfiguration_no_documentation_without_a_login(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/swagger", "/openapi.yaml", "/.env", "/static/../app.py"):
        assert client.get(path).status_code in {401, 404}, path
    assert client.get("/openapi.json").status_code == 401


def test_api8_security_misconfiguration_pages_run_no_foreign_script_and_sit_in_no_foreign_frame(as_) -> None:
    for path in ("/exceptions", "/records"):
        headers = as_("viewer").get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_api8_security_misconfiguration_an_error_tells_nothing_of_the_inside(
    as_, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary-detail in /opt/airflow/plugins")

    monkeypatch.setattr(ledger.exceptions, "list", broken)
    answer = as_("viewer").get("/api/exceptions")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert "Traceback" not in answer.text


def test_api8_security_misconfiguration_no_other_origin_is_let_in(as_) -> None:
    answer = as_("viewer").get("/api/exceptions", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


# API9 ------------------------------------------------------------------------------------------------


def test_api9_improper_inventory_management_every_route_stands_in_the_threat_model() -> None:
    """docs/security.md, Routes: each address with who may call it, and none that is gone."""
    table = (
        (ROOT / "docs/security.md")
        .read_text(encoding="utf-8")
        .partition("## Routes")[2]
        .partition("\n## ")[0]
    )
    written = set(re.findall(r"`(GET|POST) /tradebridge(/[^`]*)`", table))
    assert written == set(addresses())


def test_api9_improper_inventory_management_every_route_but_pages_stands_in_openapi() -> None:
    told = {
        (method.upper(), path) for path, item in create_app().openapi()["paths"].items() for method in item
    }
    assert told < set(addresses())
    untold = set(addresses()) - told
    assert {method for method, _ in untold} == {"GET"}
    assert not [path for _, path in untold if path.startswith(("/api/", "/webhooks/"))]


# API10 -----------------------------------------------------------------------------------------------


def test_api10_unsafe_consumption_of_apis_what_a_remote_wrote_is_text_on_our_pages(
    as_, ledger: Ledger
) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}}'
    candidates = json.dumps([{"value": evil, "label": evil, "score": 1}])
    words = dict.fromkeys(("record_label", "message", "value", "remedy", "cause"), evil)
    an_exception(
        ledger, "evil", candidates=candidates, code="customer.ambiguous", field="customer_id", **words
    )
    for path in ("/exceptions", "/records?name=evil"):
        html = as_("viewer").get(path).text
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "{{7*7}}" in html
        assert "javascript:" not in html


def test_api10_unsafe_consumption_of_apis_a_remotes_javascript_address_is_no_link(
    as_, ledger: Ledger
) -> None:
    an_exception(ledger, "evil", record_label="javascript:alert(1)")
    assert 'href="javascript' not in as_("viewer").get("/exceptions").text
