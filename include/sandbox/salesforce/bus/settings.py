"""The switches of the event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.sandbox import switchboard

if TYPE_CHECKING:
    from include.sandbox.database import Database

AVRO_TYPES = Literal["string", "boolean", "int", "double", "long"]
FIVE = ("Account", "Contact", "Opportunity", "Order", "Product2")


class BusSettings(BaseModel):
    """What a test may turn. Retention and allocation go by the sandbox's clock, the rest by real time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entities: tuple[str, ...] = FIVE
    """Objects selected for change events; others have a topic that stays silent."""
    entity_limit: int = Field(default=5, ge=1)
    """How many may be selected without an add-on."""
    channels: dict[str, tuple[str, ...]] = {}
    """Custom channels (``Sales__chn``) and the objects they carry."""
    platform_events: dict[str, dict[str, AVRO_TYPES]] = {
        "Sync_Request__e": {"Record_Id__c": "string", "Reason__c": "string"}
    }
    """Platform events that may be published, with their fields."""

    keepalive_seconds: float = Field(default=60.0, gt=0)
    """Seen about every 60 s; 270 s are promised."""
    credit_seconds: float = Field(default=60.0, gt=0)
    """How long a stream without credit stays open."""
    publish_idle_seconds: float = Field(default=70.0, gt=0)
    """How long a publishing stream may be silent."""
    retention_hours: float = Field(default=72.0, gt=0)
    overflow_changes: int = Field(default=100_000, ge=1)
    """Changes in one transaction beyond which there is only an overflow event; each changed field counts."""
    diff_text_from: int = Field(default=1_000, ge=0)
    """Length from which a changed long text is sent as a difference."""

    gap_commits: int = Field(default=0, ge=0)
    """So many next commits become gap events."""
    overflow_commits: int = Field(default=0, ge=0)
    """So many next commits become overflow events."""
    duplicate: int = Field(default=0, ge=0)
    """So many next events are delivered twice."""
    refuse: int = Field(default=0, ge=0)
    """So many next calls find the service unavailable."""
    hold: bool = False
    """New events are kept but not yet delivered."""
    stall: Literal["no", "keepalive", "all"] = "no"
    """Streams stay open and send no sign of life, or nothing at all."""

    @model_validator(mode="after")
    def _within_limit(self) -> BusSettings:
        chosen = {*self.entities, *(entity for carried in self.channels.values() for entity in carried)}
        if len(chosen) > self.entity_limit:
            raise ValueError(f"only {self.entity_limit} entities can be selected, not {len(chosen)}")
        return self


class Switchboard(switchboard.Switchboard[BusSettings]):
    """The event bus's switches."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "salesforce_bus", BusSettings)

    def turn(self, changes: dict[str, Any]) -> BusSettings:
        """As the base, one thread at a time: streams count switches down while a test turns others."""
        with self._database.transaction():
            return super().turn(changes)

    def spend(self, switch: str) -> bool:
        """Use one of a switch that counts down; whether there was one."""
        if not getattr(self.present, switch):
            return False
        with self._database.transaction():
            left: int = getattr(self.present, switch)
            self.turn({switch: max(0, left - 1)})
        return left > 0
