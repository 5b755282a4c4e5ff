"""Named transforms: what a mapping may say under ``apply`` and ``together``.

A transform is a plain function with a docstring; the docstring is its documentation for clerks
(``python -m include.translation docs``). Three shapes:

- ``each_value``: text or number of one cell in, one out; runs once per *distinct* value of a column.
  A ``ValueError`` says what is wrong with the value and sets the record aside.
- ``whole_column``: an Arrow column in, one out. A value that becomes null is reported as unreadable.
- ``together``: several columns in, several out.

Further arguments are found by their annotation: ``str`` and ``int`` are written in the mapping,
``pa.Array`` names another column, ``Site`` is given by the engine.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from include.translation.problems import Complaint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.canonical import Reason
    from include.translation.reference import Candidate


@dataclass(frozen=True)
class Blame:
    """Which input is to blame when a joint transform cannot give an output, and what to say of it."""

    input: str
    code: Reason
    says: str
    near: Callable[[str], list[Candidate]] | None = None

    def complaint(self, value: Any) -> Complaint:
        """The complaint about one value."""
        near = tuple(self.near(str(value))) if self.near is not None and value else ()
        return Complaint(self.code, self.says, candidates=near)


Takes = Literal["text", "number", "any"]
Shape = Literal["value", "column", "together"]


@dataclass(frozen=True)
class Transform:
    """A named function and what the engine must know of it.

    Attributes:
        takes: the engine turns the column into this before the call.
        gives: kind of the result (``include.translation.columns.KINDS``), or "number".
        inverse: name of the transform that undoes it, "" when nothing does.
        settles: what it gave, it gives again (a normaliser), so its result may go back as it is.
        arguments: name → ``str``, ``int`` or ``column``.
        outputs: of a together-transform: name → kind.
    """

    name: str
    work: Callable[..., Any]
    shape: Shape
    takes: Takes = "text"
    gives: str = "text"
    inverse: str = ""
    settles: bool = False
    inputs: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    wants_site: bool = False
    blames: Mapping[str, Blame] = field(default_factory=dict)

    @property
    def documentation(self) -> str:
        """The docstring, as the documentation shows it."""
        return inspect.getdoc(self.work) or ""


TRANSFORMS: dict[str, Transform] = {}
"""Every transform by name; filled when ``include.translation.transforms`` is imported."""

_LITERALS = {"str": "str", "int": "int", "pa.Array": "column"}


def each_value(
    *, takes: Takes = "text", gives: str = "text", inverse: str = "", settles: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of one value."""
    return _register("value", takes=takes, gives=gives, inverse=inverse, settles=settles)


def whole_column(
    *, takes: Takes = "text", gives: str = "text", inverse: str = "", settles: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of one Arrow column."""
    return _register("column", takes=takes, gives=gives, inverse=inverse, settles=settles)


def together(
    *,
    inputs: tuple[str, ...],
    outputs: Mapping[str, str],
    inverse: str = "",
    blames: Mapping[str, Blame] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of several columns: a dict of Arrow columns in, a dict out."""
    return _register(
        "together", takes="any", inputs=inputs, outputs=outputs, inverse=inverse, blames=blames or {}
    )


def _register(shape: Shape, **facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(work: Callable[..., Any]) -> Callable[..., Any]:
        arguments, optional, wants_site = _arguments(work)
        TRANSFORMS[work.__name__] = Transform(
            work.__name__, work, shape, arguments=arguments, optional=optional, wants_site=wants_site, **facts
        )
        return work

    return register


def _arguments(work: Callable[..., Any]) -> tuple[dict[str, str], frozenset[str], bool]:
    found: dict[str, str] = {}
    optional = set()
    wants_site = False
    for name, parameter in list(inspect.signature(work).parameters.items())[1:]:
        if parameter.annotation == "Site":
            wants_site = True
            continue
        found[name] = _LITERALS[str(parameter.annotation)]
        if parameter.default is not inspect.Parameter.empty:
            optional.add(name)
    return found, frozenset(optional), wants_site
