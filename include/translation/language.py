"""The sentences that a mapping file may say.

A mapping is data that a clerk can read and an editor can check: which foreign field becomes which of
ours, through which table, look-up or named transform, under which condition. Everything that stands
for a value is text in quotes (YAML reads ``010`` as 8 and ``NO`` as false); switches of the language
itself are true or false. These models are also the JSON Schema that editors load
(``include/mappings/schema.json``). Here are the parts of a rule; ``files`` has frames and whole files.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strict=True)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Column = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_@][A-Za-z0-9_.@\[\]]*$")]
Path = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*$")]
Number = Annotated[str, StringConstraints(strict=True, pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
Switch = Annotated[bool, Field(strict=True)]
Kind = Literal[
    "text", "flag", "count", "date", "moment", "amount", "quantity", "price", "percent", "percent3", "rate"
]
Step = Name | Annotated[dict[Name, dict[Name, Text]], Field(min_length=1, max_length=1)]
Steps = Step | list[Step]


class Sentence(BaseModel):
    """Base of all parts: nothing undeclared, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(Sentence):
    """A test on a row: either one comparison of one column, or ``all`` / ``any`` / ``not`` of others."""

    column: Column | None = None
    equals: Text | None = Field(
        default=None, description="same text, or same number if the column is a number"
    )
    not_equals: Text | None = None
    one_of: list[Text] | None = Field(default=None, min_length=1)
    above: Number | None = None
    at_least: Number | None = None
    below: Number | None = None
    at_most: Number | None = None
    matches: Text | None = Field(default=None, description="regular expression found in the text (RE2)")
    longer_than: Number | None = None
    same_as: Column | None = Field(default=None, description="another column of the row with the same text")
    blank: Switch | None = None
    all: list[Condition] | None = Field(default=None, min_length=1)
    any: list[Condition] | None = Field(default=None, min_length=1)
    not_: Condition | None = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        tests = sorted(
            (self.model_fields_set - {"column"}) & {name for name in TESTS if getattr(self, name) is not None}
        )
        joins = [name for name in ("all", "any", "not_") if getattr(self, name) is not None]
        if joins and (len(joins) > 1 or self.column or tests):
            raise ValueError("say either one of all/any/not, or a column with one test")
        if not joins and (self.column is None or len(tests) != 1):
            raise ValueError(f"a condition needs a column and exactly one test; tests are {', '.join(TESTS)}")
        return self


TESTS = (
    "equals", "not_equals", "one_of", "above", "at_least", "below", "at_most",
    "matches", "longer_than", "same_as", "blank",
)  # fmt: skip


class ValueTable(Sentence):
    """Words of one system and the words of the other; what is in neither list is parked."""

    about: Text = ""
    values: dict[Text, Text] = Field(min_length=1)
    no_counterpart: list[Text] = Field(default_factory=list, description="known, and deliberately left blank")
    unknown: Literal["park"] = Field(description="never a default: an unknown word goes to a person")
    back: dict[Text, Text] = Field(
        default_factory=dict, description="which word to use on the way back where several mean the same"
    )

    @model_validator(mode="after")
    def _consistent(self) -> ValueTable:
        twice = sorted(set(self.values) & set(self.no_counterpart))
        if twice:
            raise ValueError(f"{twice} stand both in values and in no_counterpart")
        wrong = sorted(word for ours, word in self.back.items() if self.values.get(word) != ours)
        if wrong:
            raise ValueError(f"back names {wrong}, but values does not lead from there to the same word")
        return self


class LookUpStep(Sentence):
    """One way to ask a reference; the ways are tried in order."""

    from_: Column = Field(alias="from")
    apply: Steps = Field(default_factory=list)
    match: Literal["exact", "normalised", "alias", "barcode"] = "exact"
    attribute: Name | None = Field(
        default=None, description="find by this attribute of the target instead of its code"
    )
    reference: Name | None = Field(
        default=None,
        description="another reference that leads to codes of this one; passed over where the site has none",
    )


class LookUp(Sentence):
    """Ask a reference table of the site."""

    reference: Name
    by: list[LookUpStep] = Field(min_length=1)
    take: Name | None = Field(default=None, description="an attribute of what was found instead of its code")
    inactive: Switch = Field(default=False, description="a code that is no longer used is found too")


class ValueWhen(Sentence):
    """One branch of a rule."""

    if_: Condition = Field(alias="if")
    then: Rule


class Concat(Sentence):
    """Parts joined by a separator; blank parts leave no separator behind."""

    parts: list[Rule] = Field(min_length=2)
    separator: Text


class DatedRate(Sentence):
    """What one unit of ``currency`` is worth in the company's own currency."""

    currency: Column
    company: Name = Field(description="the setting that holds the company's currency")
    day: Column = Field(description="date of the rate")
    given: Column | None = Field(default=None, description="the record's own rate; wins over the rate table")


class Limit(Sentence):
    """How large a number may be (either sign) before something else must be wrong."""

    column: Column
    code: Text
    message: Text
    remedy: Text


ORIGINS = (
    "from",
    "first",
    "constant",
    "setting",
    "concat",
    "custom_field",
    "sum",
    "count",
    "rate",
    "when",
    "lookup",
)


class Rule(Sentence):
    """How one column comes about: one origin, then apply, table, lookup, in this order."""

    from_: Column | None = Field(default=None, alias="from", description="a column, as it is")
    first: list[Column] | None = Field(
        default=None, min_length=2, description="the first of these that is not blank"
    )
    constant: Text | None = None
    setting: Name | None = Field(default=None, description="a value of the site; declared under settings")
    concat: Concat | None = None
    custom_field: Name | None = Field(default=None, description="api_name of a custom field")
    sum: (
        list[Annotated[str, StringConstraints(strict=True, pattern=r"^-?[A-Za-z_][A-Za-z0-9_.]*$")]] | None
    ) = Field(
        default=None,
        min_length=1,
        description="columns added, '-x' subtracted; 'frame.column' totals the lines made",
    )
    count: Name | None = Field(default=None, description="how many rows of that frame belong to this row")
    rate: DatedRate | None = None
    when: list[ValueWhen] | None = Field(
        default=None, min_length=1, description="branches; the first that holds"
    )
    else_: Rule | None = Field(default=None, alias="else", description="what holds otherwise; always needed")
    apply: Steps = Field(default_factory=list)
    table: Name | dict[Text, Text] | None = None
    lookup: LookUp | None = None
    type: Kind | None = Field(default=None, description="only where the target does not say")
    required: Switch = False
    blank: Text | None = Field(
        default=None, description="the value for a blank input; without it blank stays blank"
    )
    limit: Limit | None = None
    remedy: Text | None = Field(
        default=None, description="what a person should do when this field is the trouble"
    )
    about: Text = ""

    @model_validator(mode="after")
    def _one_origin(self) -> Rule:
        said = [o for o in ORIGINS if getattr(self, {"from": "from_"}.get(o, o)) is not None]
        if said != ["lookup"] and "lookup" in said:
            raise ValueError("a look-up names its own columns under by; leave the other origin out")
        if len(said) != 1:
            raise ValueError(
                f"a rule needs exactly one origin of {', '.join(ORIGINS)}; here are {said or 'none'}"
            )
        if (self.when is None) != (self.else_ is None):
            raise ValueError(
                "when and else belong together: without else an unforeseen row would get nothing"
            )
        return self


ValueWhen.model_rebuild()
Concat.model_rebuild()
Rule.model_rebuild()
Condition.model_rebuild()
