"""A tenant's member names and ours.

Inside Tradebridge a record has the names of ``v1``. A dialect that spells them otherwise is rewritten at
the border, member by member, and no value passes through a number on the way.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

_LEADING_CAPITALS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]")


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a tenant spells members.

    Attributes:
        style: ``camel`` as we do, ``pascal`` with a capital first.
        renames: a tenant's name -> ours, where the style alone does not tell.
        verbatim: members whose own members are data and keep their spelling (ours).
    """

    style: Literal["camel", "pascal"] = "camel"
    renames: dict[str, str] = {}
    verbatim: tuple[str, ...] = ("attributes", "externalIds")

    @property
    def ours_already(self) -> bool:
        """Nothing is to be rewritten."""
        return self.style == "camel" and not self.renames

    def incoming(self, raw: bytes) -> bytes:
        """A raw JSON value with our names; every number and text as the tenant wrote it."""
        return raw if self.ours_already else msgspec.json.encode(self._read(raw))

    def outgoing(self, content: Any) -> Any:
        """What we send, with the tenant's names."""
        if self.ours_already:
            return content
        if isinstance(content, dict):
            return {
                self.theirs(name): value if name in self.verbatim else self.outgoing(value)
                for name, value in content.items()
            }
        return [self.outgoing(each) for each in content] if isinstance(content, list | tuple) else content

    def ours(self, name: str) -> str:
        """Our name of a tenant's member."""
        if name in self.renames:
            return self.renames[name]
        if self.style == "pascal":
            return _LEADING_CAPITALS.sub(lambda found: found[0].lower(), name, count=1)
        return name

    def path(self, theirs: str) -> str:
        """A dotted path of the tenant's, with our names."""
        return ".".join(map(self.ours, theirs.split(".")))

    def theirs(self, name: str) -> str:
        """The tenant's name of our member."""
        known = next((foreign for foreign, own in self.renames.items() if own == name), None)
        if known is not None:
            return known
        return name[:1].upper() + name[1:] if self.style == "pascal" else name

    def _read(self, raw: bytes) -> Any:
        match raw[:1]:
            case b"{":
                members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
                return {self.ours(name): self._below(name, value) for name, value in members.items()}
            case b"[":
                return [self._read(bytes(each)) for each in msgspec.json.decode(raw, type=list[msgspec.Raw])]
            case _:
                return msgspec.Raw(raw)

    def _below(self, name: str, value: msgspec.Raw) -> Any:
        return value if self.ours(name) in self.verbatim else self._read(bytes(value).lstrip())
