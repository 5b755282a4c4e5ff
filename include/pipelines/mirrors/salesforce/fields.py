"""Fields that a mapping names must be readable: one that is hidden from us reads like one that is empty.

Fields that only some orgs have (person accounts, several currencies, lists of states, the id that we are
known by) say nothing when they are missing. All others, an org's own fields foremost, must be there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from include.translation import load
from include.translation.references_used import columns_used

if TYPE_CHECKING:
    from collections.abc import Iterable

SOME_ORGS = re.compile(
    r"Person|IsPersonAccount|CurrencyIsoCode|(State|Country)Code$|Zoho_(Contact|Salesorder|Item)_Id__c$"
)
OURS = frozenset({"version", "attributes.type", "IsActive", "named.number"})
"""Members that no field of the record gives."""
OF_PEOPLE = re.compile(
    r"^(AccountId|FirstName|LastName|Salutation|Email|MobilePhone|Title|Department|(Mailing|Other)\w+)$"
)
OF_FIRMS = re.compile(r"^(AccountNumber|Website|(Billing|Shipping)\w+)$")
PARENTS = {"Account", "Product2"}


class Readable(Protocol):
    """What an org says of its fields."""

    def has(self, name: str, field: str) -> bool:
        """Whether the integration user may read a field of an object."""

    def check_fields(self, name: str, fields: Iterable[str]) -> None:
        """Refuse fields that cannot be read.

        Raises:
            ConfigurationError: names every one, and the way out.
        """


def check_readable(org: Readable, mapping: str) -> None:
    """Insist that the fields which a mapping names can be read.

    Raises:
        ConfigurationError: some cannot; names them, and the way out.
    """
    sentence = load(mapping).sentence
    record, lists = columns_used(sentence)
    entity = sentence.source.envelope[0]
    wanted = {name for name in record if name not in OURS and "." not in name and "[" not in name}
    wanted = {name for name in wanted if not SOME_ORGS.search(name)}
    if entity == "Account":
        _check_customers(org, wanted)
    else:
        org.check_fields(entity, sorted(wanted))
    for target, fields in lists.items():
        name = {"contacts": "Contact", "lines": "OpportunityLineItem"}[target]
        own = sorted(each for each in fields if "." not in each and not SOME_ORGS.search(each))
        org.check_fields(name, own)


def _check_customers(org: Readable, wanted: set[str]) -> None:
    """Accounts and contacts are read by one mapping; a field of the org's own may be of either."""
    own = {name for name in wanted if name.endswith(("__c", "__pc"))}
    org.check_fields("Account", sorted(name for name in wanted - own if not OF_PEOPLE.match(name)))
    org.check_fields("Contact", sorted(name for name in wanted - own if not OF_FIRMS.match(name)))
    org.check_fields("Account", sorted(name for name in own if not org.has("Contact", name)))
