"""How the Pub/Sub API says no: a gRPC status, and its own code in the trailer ``error-code``.

The codes are those of the vendor's guide on handling errors. The guide names the gRPC status of few of them;
where it is silent, the status is the nearest by meaning.
"""

from __future__ import annotations

import grpc

PREFIX = "sfdc.platform.eventbus.grpc."
Status = grpc.StatusCode


class Refusal(Exception):  # noqa: N818 - an answer of the bus, no failure of ours
    """A call's end: status, code without its prefix, message."""

    def __init__(self, status: grpc.StatusCode, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = f"{PREFIX}{code}" if code else ""
        self.message = message


def headers_missing() -> Refusal:
    """One of the three metadata headers is absent or blank."""
    text = "The accesstoken, instanceurl and tenantid headers are required."
    return Refusal(Status.UNAUTHENTICATED, "service.auth.headers.invalid", text)


def not_authenticated() -> Refusal:
    """Token, instance or tenant are not right, or not right together."""
    text = "An authentication exception occurred. Provide valid authentication via metadata headers."
    return Refusal(Status.UNAUTHENTICATED, "service.auth.error", text)


def unavailable() -> Refusal:
    """The service is away for a moment."""
    return Refusal(Status.UNAVAILABLE, "service.unavailable", "The Pub/Sub API service is unavailable.")


def no_topic(name: str) -> Refusal:
    """There is no such topic."""
    if not name:
        return Refusal(Status.INVALID_ARGUMENT, "topic.validation.empty", "The topic name is blank.")
    return Refusal(Status.NOT_FOUND, "topic.not.found", f"The topic {name} doesn't exist.")


def no_publishing(name: str) -> Refusal:
    """Change events are published by the platform alone."""
    text = f"You don't have permission to publish to topic {name}."
    return Refusal(Status.PERMISSION_DENIED, "topic.meta.permission", text)


def no_schema(number: str) -> Refusal:
    """There is no such schema."""
    if not number:
        return Refusal(Status.INVALID_ARGUMENT, "schema.validation.failed", "The schema ID is blank.")
    return Refusal(Status.NOT_FOUND, "schema.meta.permission", f"The schema {number} can't be accessed.")


def replay_id_missing() -> Refusal:
    """CUSTOM without an id."""
    text = "The replay ID is required when the replay preset is CUSTOM."
    return Refusal(Status.INVALID_ARGUMENT, "subscription.fetch.replayid.validation.failed", text)


def replay_id_corrupted() -> Refusal:
    """An id that is not one of this topic's, or whose event is no longer kept."""
    text = "The Replay ID validation failed. Ensure that the Replay ID is valid."
    return Refusal(Status.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted", text)


def bad_count() -> Refusal:
    """A request for no events, or fewer."""
    text = "The number of requested events must be greater than zero."
    return Refusal(Status.INVALID_ARGUMENT, "subscription.fetch.requested.events.invalid", text)


def topic_mismatch(verb: str) -> Refusal:
    """A stream belongs to the topic of its first request; ``verb``: subscription.fetch or publish."""
    text = "The topic name must be the same in all requests of a stream."
    return Refusal(Status.INVALID_ARGUMENT, f"{verb}.topic.mismatch", text)


def delivery_exhausted() -> Refusal:
    """The organisation's events of 24 hours are used up."""
    text = "You have exceeded the event delivery limit for your org."
    return Refusal(Status.RESOURCE_EXHAUSTED, "subscription.limit.exceeded", text)


def nothing_to_publish() -> Refusal:
    """A publish request without events."""
    text = "The publish request contains no events."
    return Refusal(Status.INVALID_ARGUMENT, "publish.event.count.invalid", text)


def publisher_silent() -> Refusal:
    """A publishing stream on which nothing came."""
    text = "No publish request was sent within the time allowed."
    return Refusal(Status.UNAVAILABLE, "publish.stream.sweeper.timeout", text)


def too_big() -> Refusal:
    """More than 4 MB at once: the proxy before the service resets the stream, without a code."""
    text = "upstream connect error or disconnect/reset before headers. reset reason: remote reset"
    return Refusal(Status.UNAVAILABLE, "", text)


def beta() -> Refusal:
    """Managed subscriptions are not imitated."""
    return Refusal(Status.UNIMPLEMENTED, "", "ManagedSubscribe is in beta and not enabled in this org.")
