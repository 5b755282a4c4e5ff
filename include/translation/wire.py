"""From JSON bytes to columns of exact text.

Only the fields that a mapping names are read, by structs made for that mapping. Every value stays the
text that stood on the wire (``msgspec.Raw``): a number is never a float, an id of 19 digits never an
integer that lost its end. A payload that cannot be read is one complaint for its key; the batch goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from include.canonical import Reason
from include.translation.columns import KINDS, blank, nulled, per_value, pick
from include.translation.problems import Complaint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from include.translation.columns import Rows as Index

NOTHING = msgspec.Raw(b"null")
LISTED = "\x1f"
CUSTOM_FIELD = "custom_field."
_HASH, _LIST, _EXACT = "custom_field_hash", "custom_fields", "_unformatted"
_SEPARATOR = b"\x1e"
_COMPOSITE = (ord("{"), ord("["))


@dataclass(frozen=True)
class Shape:
    """What is read of one kind of object: plain fields, objects inside, lists inside, custom fields.

    The struct has its fields in this order, so that many records transpose into columns at once.
    """

    struct: type[msgspec.Struct]
    plain: tuple[str, ...]
    inside: dict[str, Shape]
    lists: dict[str, Shape]
    scalars: tuple[str, ...]
    custom: tuple[str, ...]

    @classmethod
    def of(cls, paths: Iterable[str], name: str = "Record") -> Shape:
        """The shape that holds these paths: ``a``, ``a.b``, ``a[].b``, ``a[]``, ``custom_field.cf_x``."""
        plain: list[str] = []
        inside: dict[str, list[str]] = {}
        lists: dict[str, list[str]] = {}
        scalars: list[str] = []
        custom: list[str] = []
        for path in dict.fromkeys(paths):
            head, _, rest = path.partition(".")
            if path.startswith(CUSTOM_FIELD):
                custom.append(rest)
            elif path.endswith("[]") and not rest:
                scalars.append(head[:-2])
            elif head.endswith("[]"):
                lists.setdefault(head[:-2], []).append(rest)
            elif rest:
                inside.setdefault(head, []).append(rest)
            else:
                plain.append(path)
        if custom:
            inside[_HASH] = [field for name in custom for field in (name, name + _EXACT)]
            plain.append(_LIST)
        within = {key: cls.of(parts, key) for key, parts in inside.items()}
        listed = {key: cls.of(parts, key) for key, parts in lists.items()}
        struct = _struct(name, plain, within, listed, scalars)
        return cls(struct, tuple(plain), within, listed, tuple(scalars), tuple(custom))


def _struct(
    name: str,
    plain: Sequence[str],
    inside: dict[str, Shape],
    lists: dict[str, Shape],
    scalars: Sequence[str],
) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = [(f"p_{key}", msgspec.Raw, NOTHING) for key in plain]
    fields += [(f"o_{key}", shape.struct | None, None) for key, shape in inside.items()]
    fields += [(f"l_{key}", list[shape.struct] | None, None) for key, shape in lists.items()]  # type: ignore[name-defined]
    fields += [(f"s_{key}", list[msgspec.Raw] | None, None) for key in scalars]
    return msgspec.defstruct(name, fields, rename={at: at[2:] for at, _, _ in fields}, gc=False)


class Reader:
    """Reads payloads of one mapping.

    Args:
        paths: record fields that the mapping names, the key first.
        lists: the lists whose entries become lines, with the fields of those entries.
        envelope: keys under which the record may be wrapped; a bare record is read too. A record that is
            wrapped twice (``data.order``) is looked for first: its wrapping may have an id of its own.
    """

    def __init__(
        self, paths: Sequence[str], lists: Mapping[str, Sequence[str]], envelope: Sequence[str]
    ) -> None:
        entries = [f"{each}[].{path}" for each, fields in lists.items() for path in fields]
        self._shape = Shape.of([*paths, *entries])
        asked = {path.partition("[]")[0] for path in paths if "[]" in path}
        self._lines_only = frozenset(lists) - asked
        flat = [key for key in envelope if "." not in key]
        self._envelope = " or ".join(repr(key) for key in envelope)
        self._deep = [msgspec.json.Decoder(self._wrap(key)) for key in envelope if "." in key]
        self._wrapped = [msgspec.json.Decoder(self._wrap(key)) for key in flat]
        self._bare = msgspec.json.Decoder(self._shape.struct)
        self._key = paths[0]

    def read(self, payloads: Sequence[bytes]) -> tuple[list[msgspec.Struct | None], dict[int, Complaint]]:
        """The records, and what is wrong with those that are None, by place."""
        records: list[msgspec.Struct | None] = []
        complaints: dict[int, Complaint] = {}
        for at, payload in enumerate(payloads):
            try:
                record = self._one(payload)
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                record, complaints[at] = None, Complaint(Reason.UNREADABLE, _fault(error))
            records.append(record)
        return records, complaints

    def _wrap(self, path: str) -> type[msgspec.Struct]:
        """The struct that holds a record at a dotted path."""
        wrapped: type[msgspec.Struct] = self._shape.struct
        for key in reversed(path.split(".")):
            wrapped = msgspec.defstruct(
                "Envelope", [("w", wrapped | None, None)], rename={"w": key}, gc=False
            )
        return wrapped

    def _within(self, decoders: Sequence[msgspec.json.Decoder[Any]], payload: bytes) -> msgspec.Struct | None:
        """The record in the first wrapping that holds one."""
        for decoder in decoders:
            found = decoder.decode(payload)
            while found is not None and not isinstance(found, self._shape.struct):
                found = found.w
            if found is not None:
                return found
        return None

    def _one(self, payload: bytes) -> msgspec.Struct:
        """A bare record is the usual case and is parsed once."""
        deep = self._within(self._deep, payload)
        if deep is not None:
            return deep
        bare: msgspec.Struct = self._bare.decode(payload)
        if getattr(bare, f"p_{self._key}") is not NOTHING:
            return bare
        found = self._within(self._wrapped, payload)
        if found is not None:
            return found
        raise msgspec.ValidationError(f"Object holds no {self._envelope} and no {self._key!r}")

    def columns(self, records: Sequence[msgspec.Struct]) -> dict[str, pa.Array]:
        """Record fields as columns of text; a list field joins its values with U+001F.

        What cannot be read as a value (a list, an object, text that no target could keep) is null.
        """
        return _columns(self._shape, records, skip=self._lines_only)

    def lines(self, records: Sequence[msgspec.Struct], each: str) -> tuple[dict[str, pa.Array], Index]:
        """Fields of a list's entries as columns of text, and which record each entry belongs to."""
        lists = [getattr(record, f"l_{each}") or () for record in records]
        owner = np.repeat(np.arange(len(lists)), np.fromiter(map(len, lists), np.int64, len(lists)))
        return _columns(self._shape.lists[each], list(chain.from_iterable(lists))), owner


def _fault(error: Exception) -> str:
    """What is wrong with a payload, without a word of its content."""
    if isinstance(error, RecursionError):
        return "cannot be read: it is nested too deep"
    if isinstance(error, UnicodeError):
        return "cannot be read: it is not UTF-8"
    return f"cannot be read: {error}"


def _columns(shape: Shape, records: Sequence[Any], skip: Collection[str] = ()) -> dict[str, pa.Array]:
    fields = (
        list(zip(*map(astuple, records), strict=True))
        if records
        else [()] * len(shape.struct.__struct_fields__)
    )
    plain = {key: texts(raws) for key, raws in zip(shape.plain, fields, strict=False) if key != _LIST}
    inner = fields[len(shape.plain) :]
    found = dict(plain)
    for (key, within), objects in zip(shape.inside.items(), inner, strict=False):
        absent = within.struct()
        below = _columns(within, [entry or absent for entry in objects])
        if key == _HASH:
            listed = fields[shape.plain.index(_LIST)]
            found |= _custom(shape.custom, below, objects, listed)
        else:
            found |= {f"{key}.{name}": column for name, column in below.items()}
    lists = inner[len(shape.inside) :]
    for (key, entries), rows in zip(shape.lists.items(), lists, strict=False):
        if key not in skip:
            found |= _listed(key, entries, rows)
    for key, rows in zip(shape.scalars, lists[len(shape.lists) :], strict=True):
        found[f"{key}[]"] = _joined(rows, texts(list(chain.from_iterable(row or () for row in rows))))
    return found


def _listed(key: str, entries: Shape, lists: Sequence[Any]) -> dict[str, pa.Array]:
    """``key[].name``: the values of one record's list, joined."""
    flat = _columns(entries, list(chain.from_iterable(entry or () for entry in lists)))
    return {f"{key}[].{name}": _joined(lists, column) for name, column in flat.items()}


def _joined(lists: Sequence[Any], values: pa.Array) -> pa.Array:
    """The values of all lists, one after the other, as one text for each list."""
    offsets = pa.array(np.concatenate([[0], np.cumsum([len(part or ()) for part in lists])]), pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, values), LISTED)


class _Custom(msgspec.Struct, gc=False):
    """One entry of ``custom_fields``."""

    api_name: str = ""
    value: msgspec.Raw = NOTHING


_Listed = msgspec.json.Decoder(list[_Custom])


def _custom(
    names: Sequence[str], hashed: dict[str, pa.Array], objects: Sequence[Any], listed: Sequence[msgspec.Raw]
) -> dict[str, pa.Array]:
    """Custom fields by API name: the exact value of the hash, else the formatted one.

    A record without the hash (a webhook may leave it out) is asked for its list of fields.
    """
    found = {name: pick(blank(hashed[name + _EXACT]), hashed[name], hashed[name + _EXACT]) for name in names}
    without = [
        row for row, entry in enumerate(objects) if entry is None and len(bytes(listed[row])) > len("null")
    ]
    if without:
        values = [_by_name(listed[row]) for row in without]
        where = np.zeros(len(objects), bool)
        where[without] = True
        place = pa.array(np.cumsum(where) - 1, mask=~where)
        for name in names:
            column = texts([row.get(name, NOTHING) for row in values])
            found[name] = pick(where, column.take(place), found[name])
    return {CUSTOM_FIELD + name: column for name, column in found.items()}


def _by_name(listed: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """A list of custom fields by API name; what is no such list holds none."""
    try:
        return {entry.api_name: entry.value for entry in _Listed.decode(listed)}
    except msgspec.DecodeError:
        return {}


def texts(raws: Sequence[msgspec.Raw]) -> pa.Array:
    """Raw JSON values as one column of text: strings without their quotes, null as "", numbers as they stand.

    Works on the joined bytes: one pass over the whole column instead of one object for each cell. What
    is no value, or text that no target could keep, becomes null.
    """
    count = len(raws)
    if not count:
        return pa.array([], KINDS["text"])
    data = np.frombuffer(_SEPARATOR.join(raws) + _SEPARATOR, np.uint8)
    ends = np.flatnonzero(data == _SEPARATOR[0])
    starts = np.concatenate([[0], ends[:-1] + 1])
    first = data[starts]
    quoted, null = first == ord('"'), first == ord("n")
    keep = np.ones(len(data), bool)
    keep[ends] = False
    keep[starts[quoted]] = False
    keep[ends[quoted] - 1] = False
    for at in range(len("null")):
        keep[starts[null] + at] = False
    lengths = ends - starts - 2 * quoted - len("null") * null
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    kept = data[keep]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(kept)]
    column = _readable(
        pa.Array.from_buffers(pa.binary(), count, buffers), ascii_only=bool((kept < 128).all())
    )
    if (kept == ord("\\")).any():
        column = _unescaped(column)
    return nulled(column, np.isin(first, _COMPOSITE))


def _readable(column: pa.Array, *, ascii_only: bool) -> pa.Array:
    """Bytes as text; what is not UTF-8 becomes null."""
    if ascii_only:
        return column.view(KINDS["text"])
    try:
        return pc.cast(column, KINDS["text"])
    except pa.ArrowInvalid:
        return pa.array([_decoded(value) for value in column.to_pylist()], KINDS["text"])


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _unescaped(column: pa.Array) -> pa.Array:
    escaped = pc.match_substring(column, "\\")
    return pc.if_else(escaped, per_value(column, _unescape, KINDS["text"]), column)


def _unescape(text: str) -> str | None:
    """Text without JSON's escapes; halves of surrogate pairs and NUL cannot be kept by anybody."""
    if "\\" not in text:
        return text
    try:
        found = msgspec.json.decode(f'"{text}"', type=str)
    except msgspec.DecodeError:
        return None
    return None if "\0" in found else found
