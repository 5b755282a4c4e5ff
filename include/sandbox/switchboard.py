"""The switches of one sandbox system: a settings model, turned by the control API, kept in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from include.sandbox.database import Database

Settings = TypeVar("Settings", bound=BaseModel)


class Switchboard(Generic[Settings]):
    """The present settings, kept in the database under the system's name."""

    def __init__(self, database: Database, name: str, model: type[Settings]) -> None:
        self._database = database
        self._name = name
        self._model = model
        self.reset()

    def reset(self) -> None:
        """Read again: the defaults, unless the database knows better."""
        self.present = self._model.model_validate(self._database.setting(self._name, {}))

    def turn(self, changes: dict[str, Any]) -> Settings:
        """Change some switches.

        Raises:
            pydantic.ValidationError: an unknown switch or an impossible position.
        """
        present = self._model.model_validate({**self.present.model_dump(), **changes})
        self._database.keep_setting(self._name, present.model_dump(mode="json"))
        self.present = present
        return present
