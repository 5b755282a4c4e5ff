"""Single values: what a field takes, in the form in which it is kept."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.ids import full_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.salesforce.schema import Field

EMAIL = re.compile(r"[A-Za-z0-9._%+'/=?^`{|}~!#$&*-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = "%Y-%m-%dT%H:%M:%S.%f%z"
KINDS = {bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT", Decimal: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}


def clean(field: Field, value: Any) -> Any:
    """A value out of JSON as it is kept: texts trimmed, numbers rounded to the field's scale, ids whole.

    Raises:
        RowError: the field does not take it.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return False if field.type == "boolean" and value is None else None
    read: Callable[[Field, Any], Any] = READERS.get(field.type, _text)
    return read(field, value)


def from_text(field: Field, text: str) -> Any:
    """A value out of a CSV cell, as :func:`clean` wants it.

    Raises:
        RowError: ``INVALID_TYPE_ON_FIELD_IN_RECORD``.
    """
    try:
        return clean(field, text)
    except RowError as exc:
        if exc.status_code != "JSON_PARSER_ERROR":
            raise
        kind = {
            "boolean": "boolean",
            "int": "int",
            "date": "date",
            "datetime": "dateTime",
            "time": "time",
        }.get(field.type, "double")
        text = f"'{text}' is not a valid value for the type xsd:{kind}"
        raise RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", text, [field.name]) from exc


def _wrong(kind: str, value: Any) -> RowError:
    found = KINDS.get(type(value), "START_OBJECT" if isinstance(value, dict) else "START_ARRAY")
    shown = "" if isinstance(value, (dict, list)) else f" value {value}"
    text = f"Cannot deserialize instance of {kind} from {found}{shown}"
    return RowError("JSON_PARSER_ERROR", f"{text} or request may be missing a required field")


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong("string", value)
    text = value.strip()
    if field.length and len(text) > field.length:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        raise RowError("STRING_TOO_LONG", message, [field.name])
    return text


def _email(field: Field, value: Any) -> str:
    text = _text(field, value)
    if not EMAIL.fullmatch(text):
        raise RowError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
    return text


def _picklist(field: Field, value: Any) -> str:
    text = _text(field, value)
    known = {one.value.lower(): one.value for one in field.picklist_values if one.active}
    if field.restricted_picklist and text.lower() not in known:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])
    return known.get(text.lower(), text)


def _multipicklist(field: Field, value: Any) -> str:
    """Choices with semicolons between them, each once."""
    choices = [one.strip() for one in _text(field, value).split(";")]
    return ";".join(dict.fromkeys(_picklist(field, one) for one in choices if one))


def _boolean(_field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false", "1", "0"}:
        return value.strip().lower() in {"true", "1"}
    raise _wrong("boolean", value)


def _number(field: Field, value: Any) -> Decimal:
    try:
        number = Decimal(value) if not isinstance(value, bool) else Decimal("NaN")
    except (InvalidOperation, TypeError, ValueError):
        number = Decimal("NaN")
    if not number.is_finite():
        raise _wrong("double", value)
    if field.precision and abs(number) >= Decimal(10) ** (field.precision - field.scale):
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise RowError("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])
    return number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)


def _int(field: Field, value: Any) -> int:
    try:
        number = Decimal(value) if not isinstance(value, bool) else Decimal("NaN")
    except (InvalidOperation, TypeError, ValueError):
        number = Decimal("NaN")
    if not number.is_finite() or number != number.to_integral_value():
        raise _wrong("int", value)
    if field.digits and abs(number) >= 10**field.digits:
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise RowError("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])
    return int(number)


def _date(_field: Field, value: Any) -> str:
    if isinstance(value, str):
        try:
            if DATE.fullmatch(value.strip()):
                return date.fromisoformat(value.strip()).isoformat()
            return datetime.fromisoformat(value.strip()).date().isoformat()
        except ValueError:
            pass
    raise _wrong("date", value)


def _datetime(_field: Field, value: Any) -> str:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            raise _wrong("datetime", value) from None
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    raise _wrong("datetime", value)


def _time(_field: Field, value: Any) -> str:
    """A time of day, in UTC."""
    if isinstance(value, str):
        try:
            found = time.fromisoformat(value.strip())
        except ValueError:
            raise _wrong("time", value) from None
        if found.utcoffset() in {None, UTC.utcoffset(None)}:
            return f"{found.replace(tzinfo=None).isoformat('milliseconds')}Z"
    raise _wrong("time", value)


def _reference(field: Field, value: Any) -> str:
    found = full_id(value.strip()) if isinstance(value, str) else None
    if found is None:
        message = f"{field.label} ID: id value of incorrect type: {value}"
        raise RowError("MALFORMED_ID", message, [field.name])
    return found


READERS: dict[str, Callable[[Field, Any], Any]] = {
    "email": _email,
    "picklist": _picklist,
    "multipicklist": _multipicklist,
    "boolean": _boolean,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _int,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "reference": _reference,
    "id": _reference,
}
