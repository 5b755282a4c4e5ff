"""Payloads: Avro without a container, in a schema that the event names.

A change event carries every field of its record, and those that did not change are null. Which ones
changed is said by bitmaps over the schema's fields: ``0x…`` for the record's own, lowest bit first, and
``4-0x…`` for the parts of its field at place 4 (an address, a name).
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import fastavro

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class UnreadableError(Exception):
    """The bytes do not follow the schema, or the schema is none; never quotes them."""


class Schema:
    """One version of an event's fields.

    Args:
        text: the schema's JSON.

    Raises:
        UnreadableError: it is no schema of a record.
    """

    def __init__(self, text: str) -> None:
        try:
            parsed: Any = fastavro.parse_schema(json.loads(text))
            self._fields: list[Mapping[str, Any]] = parsed["fields"]
        except (ValueError, TypeError, LookupError, fastavro.schema.SchemaParseException) as error:
            raise UnreadableError(f"no Avro schema of a record: {type(error).__name__}") from None
        self._parsed = parsed
        self._records = dict(_records(parsed))

    def decode(self, payload: bytes) -> dict[str, Any]:
        """The event's fields by name.

        Raises:
            UnreadableError: the bytes are no event of this schema.
        """
        source = io.BytesIO(payload)
        try:
            decoded = fastavro.schemaless_reader(source, self._parsed, None)
        except Exception as error:  # noqa: BLE001 - whatever bytes make the decoder stumble, there is no list
            raise UnreadableError(f"not in its schema: {type(error).__name__}") from None
        if not isinstance(decoded, dict) or source.read(1):
            raise UnreadableError("not in its schema: bytes are left over")
        return decoded

    def names(self, bitmaps: Iterable[str]) -> tuple[str, ...]:
        """Fields that bitmaps name: ``Phone``, and ``BillingAddress.City`` for a part.

        Raises:
            UnreadableError: a bit is set for which the schema has no field.
        """
        return tuple(name for bitmap in bitmaps for name in self._named(bitmap))

    def _named(self, bitmap: str) -> Iterator[str]:
        place, dash, bits = bitmap.rpartition("-")
        try:
            if not dash:
                yield from _set_bits(bits, self._fields)
                return
            parent = self._fields[int(place)]
            for name in _set_bits(bits, self._parts(parent["type"])):
                yield f"{parent['name']}.{name}"
        except (ValueError, IndexError):
            raise UnreadableError("a bitmap names a field that the schema has not") from None

    def _parts(self, kind: Any) -> list[Mapping[str, Any]]:
        """Fields of the record among a field's types; a schema spells each record out once."""
        for each in kind if isinstance(kind, list) else [kind]:
            name = each.get("name") if isinstance(each, dict) else each
            if name in self._records:
                return self._records[name]
        raise ValueError


def _records(kind: Any) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Every record spelled out in a type, by name."""
    if isinstance(kind, list):
        for each in kind:
            yield from _records(each)
    elif isinstance(kind, dict) and kind.get("type") == "record":
        yield kind["name"], kind["fields"]
        for each in kind["fields"]:
            yield from _records(each["type"])
    elif isinstance(kind, dict):
        for inner in ("items", "values", "type"):
            if isinstance(kind.get(inner), (dict, list)):
                yield from _records(kind[inner])


def _set_bits(bits: str, fields: list[Mapping[str, Any]]) -> list[str]:
    number = int(bits, 16)
    if number.bit_length() > len(fields):
        raise ValueError
    return [each["name"] for place, each in enumerate(fields) if number >> place & 1]
