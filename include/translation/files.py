"""What whole mapping files say: frames, sources, settings, shared tables, vocabularies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from include.translation.language import (
    Column,
    Condition,
    Kind,
    Name,
    Path,
    Rule,
    Sentence,
    Switch,
    Text,
    ValueTable,
)


class Together(Sentence):
    """A named transform that needs several columns and gives several."""

    apply: Name
    from_: dict[Name, Column] = Field(alias="from")
    gives: dict[Name, Name] = Field(description="the transform's output: our column")
    with_: dict[Name, Text] = Field(default_factory=dict, alias="with")


class Spill(Sentence):
    """Text that may need more lines than it came in, broken at word borders, never cut."""

    parts: list[Column] = Field(min_length=1)
    optional: list[Column] = Field(default_factory=list, description="added while lines are left")
    into: list[Name] = Field(min_length=1)


class Fit(Sentence):
    """What to do about the target's widths; text that still does not fit is parked."""

    spill: list[Spill] = Field(default_factory=list)
    shorten: list[Column] = Field(
        default_factory=list, description="columns that may be cut: notes, never facts"
    )


class Append(Sentence):
    """Lines of our own making, one for each record that meets the condition."""

    name: Name
    about: Text = ""
    derive: dict[Name, Rule] = Field(default_factory=dict)
    if_: Condition = Field(alias="if")
    fields: dict[Name, Rule] = Field(min_length=1)


class Distinct(Sentence):
    """One row for each value of a column; of several the latest speaks."""

    by: Column
    latest: list[Column] = Field(min_length=1)


class FrameSentence(Sentence):
    """One frame that the mapping makes."""

    about: Text = ""
    target: Column | None = Field(
        default=None,
        description="a canonical frame (orders, lines), a table of the ERP, a record of JSON (shipment) or a "
        "list in it (shipment.lines)",
    )
    of: Name | None = Field(default=None, description="the canonical frame whose rows become these rows")
    each: Name | None = Field(
        default=None, description="the list in the record whose entries become these rows"
    )
    required: Switch = Field(default=False, description="a record without any such row is set aside")
    only: Condition | None = Field(
        default=None, description="rows that meet this; the others deliberately become nothing"
    )
    distinct: Distinct | None = None
    carry: dict[Name, Rule] = Field(default_factory=dict, description="our own columns beside the target's")
    fields: dict[Column, Rule] = Field(default_factory=dict)
    together: list[Together] = Field(default_factory=list)
    extensions: dict[Name, Rule] = Field(default_factory=dict)
    append: list[Append] = Field(default_factory=list)
    fit: Fit = Fit()


class Setting(Sentence):
    """A value that differs from site to site."""

    about: Text
    default: Text | None = None


class Source(Sentence):
    """What the records look like and how they are called."""

    format: Literal["json", "frames"]
    envelope: list[Column] = Field(
        default_factory=list, description="keys under which the record may be wrapped; a.b is b inside a"
    )
    noun: Text = Field(description="what messages call a record: order, customer")
    key: Column | Annotated[list[Column], Field(min_length=2)] = Field(
        description="what identifies a record; several columns are joined by '|'"
    )
    number: Column = Field(description="what people call the record")

    @property
    def keys(self) -> list[str]:
        """The columns that identify a record."""
        return [self.key] if isinstance(self.key, str) else self.key


class MappingSentence(Sentence):
    """A whole mapping file."""

    mapping: Path
    about: Text
    direction: Literal["to_canonical", "from_canonical"]
    vocabulary: Path = Field(description="file that lists the foreign system's field names")
    source: Source
    settings: dict[Name, Setting] = Field(default_factory=dict)
    tables_from: list[Path] = Field(default_factory=list)
    tables: dict[Name, ValueTable] = Field(default_factory=dict)
    derive: dict[Name, dict[Name, Rule]] = Field(default_factory=dict)
    derive_together: dict[Name, list[Together]] = Field(default_factory=dict)
    frames: dict[Name, FrameSentence] = Field(min_length=1)


class TablesSentence(Sentence):
    """A file of value tables that several mappings share."""

    about: Text
    tables: dict[Name, ValueTable] = Field(min_length=1)


class OwnersSentence(Sentence):
    """Whose word counts where two systems say different things of a record, by our names of its fields."""

    about: Text
    owners: dict[Name, Literal["erp", "shop"]] = Field(min_length=1)


class VocabularySentence(Sentence):
    """The field names of a foreign system, so that a typing error is found when a mapping is loaded."""

    about: Text
    vocabulary: dict[Text, list[Text] | dict[Column, Kind]] = Field(
        description="entity or table: its fields, with what they hold where the system says so"
    )

    def words(self) -> dict[str, dict[str, str]]:
        """Entity or table → field → kind; text where nothing is said."""
        return {
            name: dict(fields) if isinstance(fields, dict) else dict.fromkeys(fields, "text")
            for name, fields in self.vocabulary.items()
        }
