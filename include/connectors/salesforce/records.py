"""Records of Salesforce's, whole: by id, by external id, by their parent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.connectors.salesforce import soql
from include.connectors.salesforce.describe import Describe
from include.errors import IntegrationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.connectors.salesforce.client import SalesforceClient

Row = dict[str, Any]
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of the connection test, for a person."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class SalesforceRecords:
    """Reads one org.

    Args:
        client: carries the calls.
    """

    client: SalesforceClient
    describe: Describe = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "describe", Describe(self.client))

    def check(self) -> CheckReport:
        """Try the connection as a run would use it and say what is wrong; raises nothing of ours."""
        settings = self.client.settings
        try:
            self.client.ping()
            self.describe.check_fields("Account", filter(None, [settings.account_key, settings.active_field]))
            self.describe.check_fields("Product2", [settings.product_key])
            self.describe.check_fields("Order", [settings.order_key])
        except IntegrationError as error:
            return CheckReport(False, str(error))
        return CheckReport(True, f"connected to {settings.domain}, API version {settings.api_version}")

    def readable(self, name: str) -> list[str]:
        """All fields of an object that the integration user may read, compound ones in their parts."""
        return list(self.describe.object(name).readable)

    def where(
        self,
        name: str,
        column: str,
        values: Iterable[str],
        *,
        fields: Sequence[str] = (),
        deleted: bool = False,
        also: str = "",
    ) -> Iterator[Row]:
        """Records whose ``column`` has one of the values, sorted by Id within each question.

        Args:
            name: of the object.
            column: API name of a field.
            values: of the column. What is no id is not asked for where ids stand: Salesforce would refuse
                the whole question.
            fields: to read; nothing = all that are readable.
            deleted: the recycle bin's too.
            also: a further condition.

        Raises:
            ConfigurationError: a field is not readable; see :meth:`Describe.check_fields`.
            IntegrationError: see :meth:`SalesforceClient.get`.
        """
        asked = list(fields) or self.readable(name)
        self.describe.check_fields(name, [*(f for f in asked if f != "Id"), column])
        if self.describe.object(name).fields[column].type in {"id", "reference"}:
            values = filter(is_id, values)
        for some in soql.in_lists(values, taken=len(also) + len(column) + 10):
            condition = soql.is_in(column, some) + (f" AND {also}" if also else "")
            yield from self._rows(name, asked, condition, deleted=deleted)

    def by_key(
        self, name: str, column: str, values: Iterable[str], *, fields: Sequence[str] = (), also: str = ""
    ) -> dict[str, Row]:
        """Records by the value of an external id, compared as Salesforce does: in any case.

        Returns:
            By the value as it was asked for; of several records the one that comes first. Raises as
            :meth:`where`.
        """
        wanted = list(dict.fromkeys(values))
        asked = [*dict.fromkeys([*fields, column])] if fields else ()
        found: dict[str, Row] = {}
        for row in self.where(name, column, wanted, fields=asked, also=also):
            found.setdefault(str(row[column]).casefold(), row)
        return {value: found[value.casefold()] for value in wanted if value.casefold() in found}

    def _rows(self, name: str, fields: Sequence[str], condition: str, *, deleted: bool) -> list[Row]:
        merged: dict[str, Row] = {}
        for some in soql.field_lists(fields):
            question = f"SELECT {','.join(some)} FROM {name} WHERE {condition} ORDER BY Id"  # noqa: S608
            for row in self.client.query(question, deleted=deleted):
                _merge(merged.setdefault(row["Id"], {}), row)
        return list(merged.values())


def is_id(key: str) -> bool:
    """Whether a key is an id: 15 characters, or 18 whose last three tell capitals from small letters."""
    if len(key) not in {15, 18} or not key.isascii() or not key.isalnum():
        return False
    if len(key) == 15:
        return True
    return key[15:].upper() == _check(key)


def whole_id(key: str) -> str:
    """An id with its 18 characters, each in the case that the last three tell; what is no id as it is."""
    if len(key) == 15 and is_id(key):
        return key + _check(key)
    if len(key) != 18 or not key.isascii() or not set(key[15:].upper()) <= set(_CHECKS):
        return key
    capitals = [_CHECKS.index(sign) >> place & 1 for sign in key[15:].upper() for place in range(5)]
    signs = zip(key[:15], capitals, strict=True)
    whole = "".join(sign.upper() if capital else sign.lower() for sign, capital in signs) + key[15:].upper()
    return whole if is_id(whole) else key


def _check(key: str) -> str:
    """The three characters that tell which of the first 15 are capitals."""
    parts = (key[start : start + 5] for start in (0, 5, 10))
    sums = (sum(1 << place for place, sign in enumerate(part) if sign.isupper()) for part in parts)
    return "".join(_CHECKS[each] for each in sums)


def _merge(into: Row, row: Mapping[str, Any]) -> None:
    """Two answers about one record: a referred record's fields may come in both."""
    for name, value in row.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            into[name] |= value
        else:
            into[name] = value
