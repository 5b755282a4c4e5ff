"""Whom alerts are told: the Airflow Variable ``tradebridge_alerts`` in, ways to tell out.

A JSON list of channels::

    [{"notifier": "smtp", "to": ["ops@example.com"], "from": "bridge@example.com", "min_severity": "high"},
     {"notifier": "apprise", "connection": "apprise_default", "tag": "all"},
     {"notifier": "webhook", "connection": "alerts_webhook", "name": "pager"}]

Addresses and secrets are in the connections. Without the Variable nobody is told, and the alerts
still stand on the page. A notice carries keys, codes, counts and a link, nothing else.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import BaseNotifier

    from include.ledger import Notice

VARIABLE = "tradebridge_alerts"
SEVERITIES = ("low", "medium", "high")
CONNECTIONS = {"smtp": "smtp_default", "apprise": "apprise_default", "webhook": "alerts_webhook"}


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to tell; ``options`` are those of its kind."""

    name: str
    notifier: str
    connection: str
    min_severity: str
    options: Mapping[str, Any]

    def tell(self, notice: Notice) -> None:
        """Tell it now; raises whatever the notifier raises."""
        # Not called but asked to notify: a call would render the message as a template, and keys
        # in it come from other people's systems.
        _NOTIFIERS[self.notifier](self, notice).notify({})


def channels() -> list[Channel]:
    """The site's channels.

    Raises:
        ConfigurationError: the Variable does not say what a channel is.
    """
    configured = Variable.get(VARIABLE, default=[], deserialize_json=True)
    if not isinstance(configured, list):
        raise ConfigurationError(f"Variable {VARIABLE}: a JSON list of channels is expected")
    made = [_channel(number, entry) for number, entry in enumerate(configured, 1)]
    if len({channel.name for channel in made}) < len(made):
        raise ConfigurationError(f"Variable {VARIABLE}: two channels have one name")
    return made


def _channel(number: int, entry: Any) -> Channel:
    kind = entry.get("notifier") if isinstance(entry, dict) else None
    if kind not in CONNECTIONS:
        raise ConfigurationError(
            f"Variable {VARIABLE}, channel {number}: notifier is one of {', '.join(CONNECTIONS)}"
        )
    severity = entry.get("min_severity", "low")
    if severity not in SEVERITIES:
        raise ConfigurationError(
            f"Variable {VARIABLE}, channel {number}: min_severity is one of {', '.join(SEVERITIES)}"
        )
    if kind == "smtp" and not entry.get("to"):
        raise ConfigurationError(f"Variable {VARIABLE}, channel {number}: smtp needs 'to'")
    connection = entry.get("connection", CONNECTIONS[kind])
    return Channel(entry.get("name", f"{kind}:{connection}"), kind, connection, severity, entry)


def title(notice: Notice) -> str:
    """One line: how bad, where, what."""
    how = "OVER" if notice.transition == "recovered" else notice.severity.upper()
    return f"[{how}] Tradebridge: {notice.key}"


def text(notice: Notice) -> str:
    """The whole message."""
    return f"{notice.message}\n\nSince {notice.created_at:%Y-%m-%d %H:%M:%S} UTC\n{link()}"


def link() -> str:
    """Where the alerts stand."""
    from airflow.configuration import conf

    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/tradebridge/health"


def _smtp(channel: Channel, notice: Notice) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    notifier: BaseNotifier = SmtpNotifier(
        to=channel.options["to"],
        from_email=channel.options.get("from"),
        subject=title(notice),
        html_content=f"<pre>{html.escape(text(notice))}</pre>",
        smtp_conn_id=channel.connection,
        custom_headers={"X-Tradebridge-Notice": str(notice.id)},
    )
    return notifier


def _apprise(channel: Channel, notice: Notice) -> BaseNotifier:
    from apprise import NotifyType

    from tradebridge.notifiers import ReadAppriseNotifier

    opened = NotifyType.FAILURE if notice.severity == "high" else NotifyType.WARNING
    return ReadAppriseNotifier(
        title=title(notice),
        body=text(notice),
        notify_type=NotifyType.SUCCESS if notice.transition == "recovered" else opened,
        tag=channel.options.get("tag", "all"),
        apprise_conn_id=channel.connection,
    )


def _webhook(channel: Channel, notice: Notice) -> BaseNotifier:
    from tradebridge.notifiers import SignedWebhookNotifier

    told = {name: getattr(notice, name) for name in ("key", "flow", "kind", "severity", "message")}
    return SignedWebhookNotifier(
        message={
            "type": f"tradebridge.alert.{notice.transition}",
            "timestamp": notice.created_at.isoformat(),
            "data": {**told, "alert_id": notice.alert_id, "link": link()},
        },
        message_id=f"notice-{notice.alert_id}-{notice.transition}",
        webhook_conn_id=channel.connection,
    )


_NOTIFIERS: dict[str, Callable[[Channel, Notice], BaseNotifier]] = {
    "smtp": _smtp,
    "apprise": _apprise,
    "webhook": _webhook,
}
