"""Topics: which names there are and what each carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.sandbox.salesforce.bus.layout import EventSchema, Layout, event_name, layout_of, platform_schema
from include.sandbox.salesforce.bus.refusal import no_topic

if TYPE_CHECKING:
    from include.sandbox.salesforce.bus.settings import Switchboard
    from include.sandbox.salesforce.schema import Schema, SObject

ALL_CHANGES = "/data/ChangeEvents"
HAVE_CHANGE_EVENTS = frozenset(
    {"Account", "Contact", "Opportunity", "Order", "Product2", "PricebookEntry", "Asset"}
)
"""Standard objects for which there can be change events; line items and price books have none."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: the objects or the platform event whose events it carries.

    ``schema`` is None where several objects share a channel: each event names its own.
    """

    name: str
    carries: tuple[str, ...]
    schema: EventSchema | None
    can_publish: bool = False


class Topics:
    """All topics, as metadata and settings stand now."""

    def __init__(self, schema: Schema, switches: Switchboard) -> None:
        self._schema = schema
        self._switches = switches
        self._layouts: dict[str, tuple[SObject, Layout]] = {}

    def find(self, name: str) -> Topic:
        """A topic by its name.

        Raises:
            Refusal: there is none.
        """
        present = self._switches.present
        kind, _, rest = name.removeprefix("/").partition("/")
        if name == ALL_CHANGES:
            return Topic(name, present.entities, None)
        if kind == "data" and rest in present.channels:
            return Topic(name, present.channels[rest], None)
        if kind == "event" and rest in present.platform_events:
            return Topic(
                name, (rest,), platform_schema(rest, dict(present.platform_events[rest])), can_publish=True
            )
        for sobject in self._schema.objects.values() if kind == "data" else ():
            if event_name(sobject.name) == rest and (sobject.custom or sobject.name in HAVE_CHANGE_EVENTS):
                return Topic(name, (sobject.name,), self._layout(sobject).schema)
        raise no_topic(name)

    def selected(self, entity: str) -> Layout | None:
        """The layout of an object that is selected for change events."""
        chosen = {*self._switches.present.entities}
        for carried in self._switches.present.channels.values():
            chosen |= {*carried}
        sobject = self._schema.object(entity)
        return self._layout(sobject) if sobject and sobject.name in chosen else None

    def _layout(self, sobject: SObject) -> Layout:
        kept = self._layouts.get(sobject.name)
        if kept is None or kept[0] is not sobject:
            kept = self._layouts[sobject.name] = (sobject, layout_of(sobject))
        return kept[1]
