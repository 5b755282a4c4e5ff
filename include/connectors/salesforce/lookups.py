"""What a clerk wants to know of a customer, an order or a product that is in Salesforce, in one call.

Composite counts as one call and carries a question for each kind of record. ``FIELDS(STANDARD)`` names the
fields that the integration user may see, so nothing has to be described before and a field that is hidden
spoils no answer; of what comes, only the fields that are listed here go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from include.connectors.salesforce import errors, soql
from include.connectors.salesforce.records import is_id, whole_id
from include.errors import ConfigurationError, IntegrationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from include.connectors.salesforce.client import SalesforceClient
    from include.connectors.salesforce.records import Row

OLDEST_VERSION = 51
"""The first that knows ``FIELDS()``."""
MOST = 200
"""Records of a question, and lines, people or prices of a record; ``FIELDS()`` gives no more."""

_EXACT = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Kind:
    """Records of one object.

    Attributes:
        name: of the object; of children the relationship.
        shown: members that a clerk needs; ``Parent.Field`` of a record that it refers to.
        prefix: the first three characters of its ids.
        children: records that belong to it.
    """

    name: str
    shown: tuple[str, ...]
    prefix: str = ""
    children: Kind | None = None

    def question(self, condition: str) -> str:
        """The query."""
        through = [name for name in self.shown if "." in name]
        inner = [f"({self.children.question('IsDeleted = false')})"] if self.children else []
        fields = ",".join(["FIELDS(STANDARD)", *through, *inner])
        return f"SELECT {fields} FROM {self.name} WHERE {condition} LIMIT {MOST}"  # noqa: S608

    def of(self, row: Row) -> Row:
        """What is shown of a record."""
        found: Row = {}
        for name in self.shown:
            parent, _, inner = name.partition(".")
            if not inner and name in row:
                found[name] = row[name]
            elif inner and row.get(parent):
                found.setdefault(parent, {})[inner] = row[parent].get(inner)
        if self.children is not None:
            rows = (row.get(self.children.name) or {}).get("records", ())
            found[self.children.name] = [self.children.of(each) for each in rows]
        return found


_PERSON = ("Id", "Name", "Title", "Email", "Phone", "MobilePhone")
_LINE = ("Id", "Product2Id", "Product2.ProductCode", "Product2.Name", "Quantity", "UnitPrice", "TotalPrice")
_END = ("IsDeleted", "LastModifiedDate")

CUSTOMERS = (
    Kind(
        "Account",
        (
            *("Id", "Name", "AccountNumber", "Type", "Phone", "Website", "BillingAddress", "ShippingAddress"),
            *("PersonEmail", "PersonMobilePhone", "MasterRecordId", *_END),
        ),
        "001",
        Kind("Contacts", _PERSON),
    ),
    Kind(
        "Contact", (*_PERSON, "AccountId", "Account.Name", "MailingAddress", "MasterRecordId", *_END), "003"
    ),
)
ORDERS = (
    Kind(
        "Opportunity",
        (
            *("Id", "Name", "StageName", "IsClosed", "IsWon", "CloseDate", "Amount", "CurrencyIsoCode"),
            *("AccountId", "Account.Name", *_END),
        ),
        "006",
        Kind("OpportunityLineItems", (*_LINE, "Description")),
    ),
    Kind(
        "Order",
        (
            *("Id", "OrderNumber", "Status", "EffectiveDate", "TotalAmount", "CurrencyIsoCode", "PoNumber"),
            *(
                "OrderReferenceNumber",
                "AccountId",
                "Account.Name",
                "BillingAddress",
                "ShippingAddress",
                *_END,
            ),
        ),
        "801",
        Kind("OrderItems", ("OrderItemNumber", *_LINE, "Description")),
    ),
)
ITEMS = (
    Kind(
        "Product2",
        (
            *("Id", "Name", "ProductCode", "StockKeepingUnit", "Family", "Description", "IsActive"),
            *("QuantityUnitOfMeasure", *_END),
        ),
        "01t",
        Kind("PricebookEntries", ("Pricebook2Id", "UnitPrice", "CurrencyIsoCode", "IsActive")),
    ),
)


@dataclass(frozen=True, slots=True)
class SalesforceLookups:
    """Records of some kinds by id, 15 or 18 characters.

    Args:
        client: carries the calls.
        kinds: which; an id of another kind is no record.
    """

    client: SalesforceClient
    kinds: Sequence[Kind]

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        """Each record's JSON, None for what is no id of these kinds or has left the recycle bin.

        Raises:
            ConfigurationError: the connection's API version is too old, or the integration user may not
                see an object.
            IntegrationError: see :meth:`SalesforceClient.send`.
        """
        asked: dict[Kind, dict[str, str]] = {}
        for key in keys:
            kind = next(
                (each for each in self.kinds if is_id(whole_id(key)) and key[:3] == each.prefix), None
            )
            if kind is None:
                yield key, None
            else:
                asked.setdefault(kind, {})[key] = whole_id(key)
        refused: list[IntegrationError] = []
        for kind, reply in zip(asked, self._replies(asked), strict=True):
            if isinstance(reply, TransientError):
                yield from ((key, reply) for key in asked[kind])
            elif isinstance(reply, IntegrationError):
                refused.append(reply)
            else:
                found = {row["Id"]: _EXACT.encode(kind.of(row)) for row in reply}
                yield from ((key, found.get(whole)) for key, whole in asked[kind].items())
        for error in refused:
            raise error

    def _replies(self, asked: Mapping[Kind, Mapping[str, str]]) -> list[list[Row] | IntegrationError]:
        """Each kind's rows, or why there are none."""
        if not asked:
            return []
        version = self.client.settings.api_version
        if float(version) < OLDEST_VERSION:
            raise ConfigurationError(
                f"connection {self.client.settings.connection!r}: look-ups need version {OLDEST_VERSION}.0 "
                f"of Salesforce's API or a later one, not {version}"
            )
        parts = [
            {
                "method": "GET",
                "referenceId": kind.name,
                "url": f"/services/data/v{version}/queryAll?q="
                + quote(kind.question(soql.is_in("Id", ids.values()))),
            }
            for kind, ids in asked.items()
        ]
        told = self.client.send("POST", "composite", {"compositeRequest": parts}, idempotent=True)
        try:
            return [_rows(kind, part) for kind, part in zip(asked, told["compositeResponse"], strict=True)]
        except (TypeError, KeyError, ValueError, AttributeError):
            raise TransientError("POST composite: the answer is not one for each question") from None


def _rows(kind: Kind, part: Mapping[str, Any]) -> list[Row] | IntegrationError:
    status, body = int(part["httpStatusCode"]), part["body"]
    if status < 300:
        return list(body["records"])
    problem = errors.problem_of(body)
    return errors.error_for(
        errors.judge(status, problem),
        problem,
        doing=f"look-up of {kind.name}",
        status=status,
        retry_after=None,
        safe=True,
    )
