"""A24, API7: notices reach real servers, say nothing of customers, and never call into our own network."""

from __future__ import annotations

import asyncio
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from airflow.sdk import Connection, Variable
from standardwebhooks import Webhook

from include.connectors import outgoing
from include.connectors.outgoing import address_of, post_signed
from include.errors import ConfigurationError, PermanentError, TransientError
from include.ledger import Ledger, Notice
from include.ledger.alerts import Move, Step
from include.pipelines.notices import deliver
from tradebridge import channels

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def a_notice(**changes: object) -> Notice:
    values: dict[str, object] = {
        "id": 7, "alert_id": 3, "transition": "opened", "channel": "x", "message": "sage100 does not answer",
        "created_at": AT, "not_before": AT, "attempts": 0, "delivered_at": None, "error": "",
        "key": "outage:sage100", "flow": "", "kind": "outage", "severity": "high",
    }  # fmt: skip
    return Notice(**{**values, **changes})  # type: ignore[arg-type]


class Server(http.server.ThreadingHTTPServer):
    """Hears POSTs; answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status, self.location = 200, ""
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/alerts?a=b"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append((dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch):
    """Connections by environment, the Variable by hand: no Airflow runs here."""

    def configured(entries: list[dict[str, object]], **connections: Connection) -> list[channels.Channel]:
        monkeypatch.setattr(Variable, "get", lambda *_, **__: entries)
        for name, connection in connections.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", connection.as_json())
        return channels.channels()

    return configured


def a_webhook(url: str, **extra: object) -> Connection:
    return Connection(
        conn_id="alerts_webhook", conn_type="http", host=url, password=SECRET, extra=json.dumps(extra)
    )


# Webhook ----------------------------------------------------------------------------------------


def test_a_webhook_is_signed_as_standard_webhooks_say(server: Server, configured) -> None:
    """Verified by their own library."""
    (channel,) = configured(
        [{"notifier": "webhook"}], alerts_webhook=a_webhook(server.url, allow_private=True)
    )
    channel.tell(a_notice())
    ((headers, body),) = server.heard
    told = Webhook(SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
    assert told["type"] == "tradebridge.alert.opened"
    assert told["data"]["key"] == "outage:sage100"
    assert headers["webhook-id"] == "notice-3-opened"
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"


def test_every_attempt_has_the_same_id(server: Server, configured) -> None:
    (channel,) = configured(
        [{"notifier": "webhook"}], alerts_webhook=a_webhook(server.url, allow_private=True)
    )
    for attempt in range(2):
        channel.tell(a_notice(attempts=attempt))
    assert len({headers["webhook-id"] for headers, _ in server.heard}) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, TransientError), (429, TransientError), (404, PermanentError), (302, PermanentError)],
)
def test_what_is_not_a_yes_is_not_delivered(server: Server, status: int, error: type[Exception]) -> None:
    """Nor is a redirect followed."""
    server.status, server.location = status, server.url
    with pytest.raises(error):
        post_signed(server.url, b"{}", message_id="m", secret=SECRET, allow_private=True)
    assert len(server.heard) == 1


def test_nobody_there_is_transient() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(TransientError, match="did not answer"):
        post_signed(url, b"{}", message_id="m", secret=SECRET, allow_private=True)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.8", "192.168.1.1", "172.16.0.1", "0.0.0.0",
     "[fd00::1]", "[fe80::1]", "[::ffff:127.0.0.1]", "[2002:7f00:1::]", "100.64.0.1", "2130706433", "0x7f.1"],
)  # fmt: skip
def test_private_addresses_are_refused_in_every_dress(server: Server, host: str) -> None:
    with pytest.raises(ConfigurationError, match="private network"):
        post_signed(f"http://{host}:{server.server_port}/", b"{}", message_id="m", secret=SECRET)
    assert server.heard == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/", "http://user:pw@example.com/", "http:///x"]
)
def test_only_plain_web_addresses_are_called(url: str) -> None:
    with pytest.raises(ConfigurationError):
        address_of(url)


def test_a_name_that_also_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of several addresses is enough."""
    both = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(outgoing.socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(ConfigurationError):
        address_of("http://sneaky.example/")


def test_the_connection_goes_to_the_address_that_was_looked_at(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its mind between check and call (DNS rebinding) gains nothing."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *arguments: object, **more: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if host == "rebind.example" and len(asked) == 1 else host, port)

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolve)
    url = f"http://rebind.example:{server.server_port}/"
    post_signed(url, b"{}", message_id="m", secret=SECRET, allow_private=True)
    assert asked.count("rebind.example") == 1
    assert server.heard[0][0]["Host"] == f"rebind.example:{server.server_port}"


# Mail -------------------------------------------------------------------------------------------


class Postman:
    """A mail server's handler; refuses while told to."""

    def __init__(self) -> None:
        self.mails: list[object] = []
        self.refuse = False

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802 - theirs
        if self.refuse:
            return "451 try later"
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[attr-defined]
        return "250 kept"


@pytest.fixture
def postman() -> Iterator[tuple[Postman, int]]:
    handler = Postman()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, loop=asyncio.new_event_loop())
    controller.start()
    yield handler, port
    controller.stop()


def a_mailbox(port: int) -> Connection:
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "retry_limit": 1,
        "timeout": 5,
        "from_email": "b@x.example",
    }
    return Connection(
        conn_id="smtp_default", conn_type="smtp", host="127.0.0.1", port=port, extra=json.dumps(extra)
    )


def test_mail_arrives_with_subject_text_and_link(postman: tuple[Postman, int], configured) -> None:
    handler, port = postman
    (channel,) = configured([{"notifier": "smtp", "to": ["ops@x.example"]}], smtp_default=a_mailbox(port))
    channel.tell(a_notice(message="<script> {{ var.value.secret }} & more"))
    (mail,) = handler.mails
    assert mail["Subject"] == "[HIGH] Tradebridge: outage:sage100"
    assert mail["To"] == "ops@x.example"
    body = mail.get_body().get_content()
    assert "&lt;script&gt; {{ var.value.secret }} &amp; more" in body
    assert "/tradebridge/health" in body


def test_a_refused_mail_is_tried_again_and_arrives_once(
    postman: tuple[Postman, int], configured, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the ledger: the notice waits, with the name of the error and no text of it."""
    handler, port = postman
    known = configured([{"notifier": "smtp", "to": "ops@x.example"}], smtp_default=a_mailbox(port))
    tells = {each.name: each.tell for each in known}
    ledger.alerts.apply(
        [Step(Move.OPEN, "k", 0, "f", "run_failed", "high", "m")], {each.name: "low" for each in known}
    )
    handler.refuse = True
    assert deliver(ledger, tells) == {"delivered": 0, "failed": 1}
    (waiting,) = ledger.alerts.undelivered()
    assert waiting.error == "SMTPDataError"
    handler.refuse = False
    monkeypatch.setattr(ledger.database, "now", lambda: datetime(2099, 1, 1, tzinfo=UTC))
    assert deliver(ledger, tells) == {"delivered": 1, "failed": 0}
    assert deliver(ledger, tells) == {"delivered": 0, "failed": 0}
    assert len(handler.mails) == 1


# Apprise ----------------------------------------------------------------------------------------


def test_apprise_tells_and_its_no_is_heard(server: Server, configured) -> None:
    """Airflow's own hook would take a failure for a success."""
    target = server.url.replace("http://", "json://").partition("?")[0]
    extra = json.dumps({"config": {"path": target, "tag": "ops"}})
    connection = Connection(conn_id="apprise_default", conn_type="apprise", extra=extra)
    (channel,) = configured([{"notifier": "apprise"}], apprise_default=connection)
    channel.tell(a_notice(transition="recovered"))
    (_, body) = server.heard[0]
    assert json.loads(body)["title"] == "[OVER] Tradebridge: outage:sage100"
    assert json.loads(body)["type"] == "success"
    server.status = 500
    with pytest.raises(TransientError):
        channel.tell(a_notice())
    (deaf,) = configured([{"notifier": "apprise", "tag": "nobody"}], apprise_default=connection)
    with pytest.raises(TransientError):
        deaf.tell(a_notice())


# The Variable -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entries",
    [{"notifier": "smtp"}, ["smtp"], [{"notifier": "pigeon"}], [{"notifier": "smtp"}],
     [{"notifier": "webhook", "min_severity": "dire"}], [{"notifier": "webhook"}, {"notifier": "webhook"}]],
)  # fmt: skip
def test_a_channel_that_makes_no_sense_is_named(configured, entries) -> None:
    with pytest.raises(ConfigurationError, match="tradebridge_alerts"):
        configured(entries)


def test_without_channels_nobody_is_told(configured) -> None:
    assert configured([]) == []
