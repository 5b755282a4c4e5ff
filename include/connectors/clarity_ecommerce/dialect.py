"""How one generation of Clarity speaks, read from a file and amended by the connection.

The vendor publishes no contract and every tenant is a customised deployment. So nothing that a tenant may do
otherwise stands in code: it stands in ``dialects/<name>.yaml``, and a connection may replace any part
of it (``dialect_overrides``) once the tenant's own metadata is known.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from include.connectors.clarity_ecommerce.names import Names
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

P = TypeVar("P")

AuthMode = Literal["oauth2", "api_key", "both", "basic"]


_BEFORE_SHIPPING = ("Pending", "Confirmed", "Processing", "Backordered")
_SHIPPED = (*_BEFORE_SHIPPING, "PartiallyShipped", "Shipped", "ReadyForPickup")
PASSED = {
    "Confirmed": ("Pending",),
    "Processing": ("Pending", "Confirmed"),
    "Backordered": ("Pending", "Confirmed", "Processing"),
    "PartiallyShipped": _BEFORE_SHIPPING,
    "Shipped": (*_BEFORE_SHIPPING, "PartiallyShipped"),
    "ReadyForPickup": _BEFORE_SHIPPING,
    "Completed": _SHIPPED,
    "Refunded": (*_SHIPPED, "Completed"),
}
"""Statuses that an order has left behind, by the one it has."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a dialect; a misspelt member is refused."""


class TokenCall(_Part, frozen=True):
    """How an access token is asked for.

    Attributes:
        path: below the host, outside the API; empty when the connection must name it.
        body: how the request is written.
        credentials: where client id and secret stand.
        fields: further members of the request.
        id: of the client id, when it stands in the body.
        secret: of the client secret.
        scope: of the scopes; not sent when there are none.
        access_token: where the answer holds the token (dotted).
        expires_in: where it holds the token's life in seconds (dotted).
        lifetime: seconds, when the answer does not say.
    """

    path: str = ""
    body: Literal["form", "json"] = "form"
    credentials: Literal["basic", "body"] = "basic"
    fields: dict[str, str] = msgspec.field(default_factory=lambda: {"grant_type": "client_credentials"})
    id: str = "client_id"
    secret: str = "client_secret"  # noqa: S105 - the member's name
    scope: str = "scope"
    access_token: str = "access_token"  # noqa: S105 - the member's name
    expires_in: str = "expires_in"
    lifetime: int = 3600


class Auth(_Part, frozen=True):
    """How a call proves who makes it.

    Attributes:
        modes: those that a connection may choose; the first one is usual.
        token: for ``oauth2`` and ``both``.
        scheme: before the token.
        key_header: that carries the API key.
    """

    modes: tuple[AuthMode, ...]
    token: TokenCall | None = None
    scheme: str = "Bearer"
    key_header: str = "X-API-Key"


class Envelope(_Part, frozen=True):
    """Where an answer holds what was asked for; dotted, empty = the whole answer (or nowhere).

    The file has the tenant's names; a loaded dialect has ours, as answers have when they are read.

    Attributes:
        one: a record.
        many: the rows of a list.
        total: how many rows match.
        cursor: of the next page.
    """

    one: str = ""
    many: str = ""
    total: str = ""
    cursor: str = ""

    def read_with(self, names: Names) -> Envelope:
        """The same places with our names."""
        return Envelope(*(names.path(each) for each in (self.one, self.many, self.total, self.cursor)))


class Paging(_Part, frozen=True):
    """How the next page is asked for: by cursor when the answer gives one, else by place.

    Attributes:
        index: parameter of the place.
        size: parameter of the page's size.
        after: parameter of the cursor; empty when there are none.
        first: the first place.
        unit: whether a place counts pages or rows.
        page_size: rows asked for, unless the connection says otherwise.
        largest: page that the remote gives.
    """

    index: str
    size: str
    after: str = ""
    first: int = 0
    unit: Literal["page", "row"] = "page"
    page_size: int = 100
    largest: int = 500


class Window(_Part, frozen=True):
    """How changes are asked for.

    Attributes:
        since: parameter, inclusive; empty: there is none, and everything is read.
        until: parameter, exclusive; empty: there is none, and rows are dropped here.
        sort: parameters that make the list ascend by ``updated``.
        times: UTC with milliseconds and ``Z``, or without a zone (``zone`` is meant).
        zone: of times without one.
        updated: a record's time of change.
        version: a record's version.
        overlap: seconds that a sweep goes back behind its start.
    """

    since: str = ""
    until: str = ""
    sort: dict[str, str] = {}
    times: Literal["utc", "naive"] = "utc"
    zone: str = "UTC"
    updated: str = "updatedDate"
    version: str = "rowVersion"
    overlap: float = 300.0


class Resource(_Part, frozen=True):
    """One kind of record; a path that is empty cannot be asked for.

    Attributes:
        list: path of the list.
        one: path of one record, ``{}`` is its id.
        by_number: path of one record by its number.
        key: members that identify it.
        number: member that people know it by.
        found_by: member that the list can be filtered by when the number cannot; empty: the number can.
    """

    list: str = ""
    one: str = ""
    by_number: str = ""
    key: tuple[str, ...] = ("id",)
    number: str = ""
    found_by: str = ""


class Route(_Part, frozen=True):
    """A write: method, and path with ``{}`` for the id."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: str


class Batch(_Part, frozen=True):
    """A write of many records that answers for each.

    Attributes:
        method: of the call.
        path: of the call.
        key: members that identify an item in request and answer.
        size: items in one call.
        items: member of the request that holds them.
        results: member of the answer that holds theirs.
        fixed: further members of the request.
        as_of: member that says when the values were true; empty: there is none.
    """

    method: Literal["POST", "PUT", "PATCH"]
    path: str
    key: tuple[str, ...]
    size: int
    items: str = "items"
    results: str = "results"
    fixed: dict[str, str] = {}
    as_of: str = ""


class Writes(_Part, frozen=True):
    """What protects a write.

    Attributes:
        idempotency: header by which the remote takes a write once; empty: it has none, and a write whose
            answer is lost is looked up instead of sent again.
        precondition: header by which the remote refuses to change another version than we have read.
        notes: whether a change of an order's notes is sent ``whole`` (those that stand and the new one) or
            as the ``new`` one alone. Whole is safe either way: a remote that appends doubles notes, but a
            remote that replaces would lose them.
        notify: member of a shipment that makes the shop write to its customer; sent once.
        passed: statuses that an order has left behind, by the one it has now.
    """

    idempotency: str = "Idempotency-Key"
    precondition: str = "If-Match"
    notes: Literal["whole", "new"] = "whole"
    notify: str = "notifyCustomer"
    passed: dict[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: dict(PASSED))


class Dialect(_Part, frozen=True):
    """A generation of Clarity.

    Attributes:
        name: of the file.
        verified: somebody has used it on a live tenant.
        base: path of the API below the host.
        ping: list of which one row shows that we are served.
    """

    name: str
    verified: bool
    base: str
    auth: Auth
    envelope: Envelope
    paging: Paging
    window: Window
    resources: dict[str, Resource]
    ping: str
    names: Names = Names()
    routes: dict[str, Route] = {}
    batches: dict[str, Batch] = {}
    writes: Writes = Writes()

    def resource(self, name: str) -> Resource:
        """A kind of record.

        Raises:
            ConfigurationError: this dialect does not know it.
        """
        return self._known(self.resources, name, "resource")

    def route(self, name: str) -> Route:
        """A write; raises as :meth:`resource`."""
        return self._known(self.routes, name, "route")

    def batch(self, name: str) -> Batch:
        """A write of many; raises as :meth:`resource`."""
        return self._known(self.batches, name, "batch")

    def _known(self, table: Mapping[str, P], name: str, what: str) -> P:
        try:
            return table[name]
        except KeyError:
            known = ", ".join(sorted(table)) or "none"
            raise ConfigurationError(
                f"Clarity dialect {self.name!r} has no {what} {name!r}, only {known}; "
                "name it in the connection's dialect_overrides if the tenant has it"
            ) from None


def shipped() -> tuple[str, ...]:
    """The dialects that come with Tradebridge."""
    names = (file.name for file in (resources.files(__package__) / "dialects").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load(name: str, overrides: Mapping[str, Any] | None = None) -> Dialect:
    """A dialect, amended.

    Args:
        name: of a file that comes with Tradebridge.
        overrides: parts of the same shape that replace those of the file, member by member.

    Raises:
        ConfigurationError: no such dialect, or an amendment that does not fit; the message says where.
    """
    if name not in shipped():
        raise ConfigurationError(f"no Clarity dialect {name!r}; there are {', '.join(shipped())}")
    text = (resources.files(__package__) / "dialects" / f"{name}.yaml").read_bytes()
    try:
        spoken = msgspec.convert(_amended(msgspec.yaml.decode(text), overrides or {}), Dialect)
    except msgspec.ValidationError as exc:
        raise ConfigurationError(f"Clarity dialect {name!r}: {exc}") from None
    return msgspec.structs.replace(spoken, envelope=spoken.envelope.read_with(spoken.names))


def _amended(part: Any, change: Any) -> Any:
    """Mappings are joined, anything else is replaced."""
    if not isinstance(part, dict) or not hasattr(change, "items"):
        return change
    joined = dict(part)
    for name, value in change.items():
        joined[name] = _amended(part[name], value) if name in part else value
    return joined
