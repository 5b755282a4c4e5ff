"""Records on their way out: with their attributes, and no field that the API does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.sandbox.salesforce.errors import Json
    from include.sandbox.salesforce.schema import Schema, SObject


def known(schema: Schema, name: str) -> SObject:
    """An object named in a path.

    Raises:
        ApiError: 404, there is none.
    """
    found = schema.object(name)
    if found is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return found


def chosen(sobject: SObject, names: Sequence[str]) -> list[str]:
    """Field names as the object writes them.

    Raises:
        ApiError: 400 ``INVALID_FIELD``.
    """
    found = []
    for name in names:
        field = sobject.field(name.strip())
        if field is None:
            text = (
                f"No such column '{name}' on entity '{sobject.name}'. If you are attempting to use a custom "
                "field, be sure to append the '__c' after the custom field name. Please reference your WSDL "
                "or the describe call for the appropriate names."
            )
            raise ApiError(400, "INVALID_FIELD", text)
        found.append(field.name)
    return found


def shown(sobject: SObject, record: Json, root: str, names: Sequence[str] | None = None) -> Json:
    """A record as JSON; ``names``: only these fields."""
    url = f"{root}/sobjects/{sobject.name}/{record['Id']}"
    fields = [one.name for one in sobject.visible] if names is None else names
    return {"attributes": {"type": sobject.name, "url": url}, **{name: record.get(name) for name in fields}}


def saved(record: str, *, created: bool | None = None) -> Json:
    """The result of a row that was saved."""
    found: Json = {"id": record, "success": True, "errors": []}
    return found if created is None else {**found, "created": created}
