"""Airflow notifiers for alerts: a signed webhook of our own, and Apprise with its answer read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.providers.apprise.notifications.apprise import AppriseNotifier
from airflow.sdk import BaseHook, BaseNotifier

from include.errors import ConfigurationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context


class SignedWebhookNotifier(BaseNotifier):
    """POST JSON to the address of a connection, signed with its password.

    Args:
        message: the JSON body.
        message_id: the same for every attempt at this message.
        webhook_conn_id: ``host`` holds the whole address (https://...), ``password`` the secret;
            ``allow_private`` in its extra allows addresses of our own networks.
    """

    template_fields = ("webhook_conn_id",)

    def __init__(
        self, *, message: Mapping[str, Any], message_id: str, webhook_conn_id: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.message = message
        self.message_id = message_id
        self.webhook_conn_id = webhook_conn_id

    def notify(self, context: Context) -> None:
        """Send it once.

        Raises:
            ConfigurationError: the connection has no address or no secret.
        """
        from include.connectors.outgoing import post_signed

        del context
        connection = BaseHook.get_connection(self.webhook_conn_id)
        url = connection.host or ""
        if "://" not in url:
            # ``airflow connections add --conn-uri https://...`` splits the address.
            path = f"/{connection.schema}" if connection.schema else ""
            port = f":{connection.port}" if connection.port else ""
            url = f"https://{url}{port}{path}"
        if not connection.password:
            raise ConfigurationError(f"connection {self.webhook_conn_id!r} has no secret to sign with")
        post_signed(
            url,
            json.dumps(self.message, sort_keys=True).encode(),
            message_id=self.message_id,
            secret=connection.password,
            allow_private=bool(connection.extra_dejson.get("allow_private", False)),
        )


class ReadAppriseNotifier(AppriseNotifier):
    """Apprise tells by its answer whether a message went out; Airflow's hook throws that answer away."""

    def notify(self, context: Context) -> None:
        """Send it once.

        Raises:
            TransientError: a service did not take it, or there is none for the tag.
        """
        from apprise import Apprise

        del context
        services = Apprise()
        connection = self.hook.get_connection(self.apprise_conn_id)
        self.hook.set_config_from_conn(conn=connection, apprise_obj=services)
        sent = services.notify(
            body=self.body,
            title=self.title or "",
            notify_type=self.notify_type,
            body_format=self.body_format,
            tag=self.tag,
        )
        if not sent:
            raise TransientError(
                f"connection {self.apprise_conn_id!r}: a service did not take it, or none has the tag"
            )
