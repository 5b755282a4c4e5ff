"""Where the event bus is, what of it we follow, and how long we believe in its silence."""

from __future__ import annotations

from dataclasses import dataclass

from include.errors import ConfigurationError

TOPICS = ("/data/AccountChangeEvent", "/data/ContactChangeEvent", "/data/OpportunityChangeEvent")
"""Three of the five entities that an org may select for change data capture without an add-on."""
MOST_EVENTS = 100
"""Events that may be asked for at once; the bus takes a higher number for this one."""
LARGEST_MESSAGE = 32 * 1024 * 1024
"""An event has at most 1 MB, and several come in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One org's event bus.

    Args:
        host: of the bus; there are regional ones.
        port: 7443; the bus listens on 443 too, for networks that let nothing else out.
        tls: only a sandbox on this machine does without.
        ca_file: certificates to trust instead of the usual ones.
        topics: channels to follow, e.g. ``/data/AccountChangeEvent``.
        batch: events asked for at once, 1 to 100.
        watchdog: seconds without any answer until a stream counts as dead. The bus sends a sign of life
            within 270.
        connect_timeout: seconds to connect.
        call_timeout: seconds for one answer that is no stream.
        keepalive: seconds between two HTTP/2 pings. Servers cut off who pings an idle connection much
            more often than every five minutes.
        keepalive_timeout: seconds for the answer to a ping.
        first_wait: seconds before a broken stream is opened again, doubled each time.
        longest_wait: ... and at most.
        allocation_wait: seconds to wait when the org's daily events are used up.

    Raises:
        ConfigurationError: a value cannot be right.
    """

    host: str = "api.pubsub.salesforce.com"
    port: int = 7443
    tls: bool = True
    ca_file: str = ""
    topics: tuple[str, ...] = TOPICS
    batch: int = MOST_EVENTS
    watchdog: float = 300.0
    connect_timeout: float = 20.0
    call_timeout: float = 30.0
    keepalive: float = 150.0
    keepalive_timeout: float = 20.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    allocation_wait: float = 900.0

    def __post_init__(self) -> None:
        if not self.host or "/" in self.host:
            raise ConfigurationError("Salesforce Pub/Sub: host must be a host's name without a scheme")
        if not self.topics or not all(each.startswith(("/data/", "/event/")) for each in self.topics):
            raise ConfigurationError("Salesforce Pub/Sub: topics are like /data/AccountChangeEvent")
        if not 1 <= self.batch <= MOST_EVENTS:
            raise ConfigurationError(f"Salesforce Pub/Sub: batch must be 1 to {MOST_EVENTS}")
        for name in _DURATIONS:
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"Salesforce Pub/Sub: {name} must be seconds above 0")
        if not self.tls and self.host not in _THIS_MACHINE:
            raise ConfigurationError("Salesforce Pub/Sub: tls may be off only on this machine")

    @property
    def address(self) -> str:
        """As gRPC wants it."""
        return f"{self.host}:{self.port}"

    @property
    def options(self) -> list[tuple[str, int]]:
        """Of the channel: each has a connection of its own, so that a new one is new."""
        return [
            ("grpc.keepalive_time_ms", round(self.keepalive * 1000)),
            ("grpc.keepalive_timeout_ms", round(self.keepalive_timeout * 1000)),
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.use_local_subchannel_pool", 1),
        ]


_DURATIONS = (
    "watchdog", "connect_timeout", "call_timeout", "keepalive", "keepalive_timeout", "first_wait",
    "longest_wait", "allocation_wait",
)  # fmt: skip
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
