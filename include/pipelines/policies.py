"""Settings that choose among a few words: of the site, or of one flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import World

Word = TypeVar("Word", bound=str)


def policy(world: World | MirrorWorld, setting: str, words: Sequence[Word], *, default: Word) -> Word:
    """The word that the world's flow goes by: ``<setting>.<flow>``, else ``<setting>``, else the default.

    Raises:
        ConfigurationError: it is none of ``words``.
    """
    site = world.settings.get(setting, default)
    chosen = world.settings.get(f"{setting}.{world.flow.name}", site)
    for word in words:
        if word == chosen:
            return word
    known = " or ".join(repr(str(word)) for word in words)
    raise ConfigurationError(f"setting {setting} is {chosen!r}: it must be {known}")
