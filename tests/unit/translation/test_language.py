"""Sentences that the product's own mappings do not need, or not in every shape (A8, A14, A21, A43)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from include.canonical import Reason
from include.translation import Mapping, Translation
from include.translation.loading import MAPPINGS, load
from tests.unit.translation.factories import a_line, a_payload, a_reference, a_site, an_order, codes, the

HEAD = (MAPPINGS / "zoho_inventory" / "sales_order.yaml").read_text(encoding="utf-8")


@pytest.fixture
def mapped(tmp_path: Path):
    """The Zoho mapping with one rule of its orders replaced."""

    def make(column: str, rule: str, derive: str = "") -> Mapping:
        for name in ("status", "vocabulary"):
            source = MAPPINGS / "zoho_inventory" / f"{name}.yaml"
            target = tmp_path / "zoho_inventory" / f"{name}.yaml"
            target.parent.mkdir(exist_ok=True)
            target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        text = HEAD.replace("      channel: {from: sales_channel}\n", "")
        text = text.replace("      number: {from", f"      {column}: {rule}\n      number: {{from", 1)
        if derive:
            text = text.replace("\nframes:\n", f"\nderive: {{orders: {{{derive}}}}}\nframes:\n")
        (tmp_path / "zoho_inventory" / "sales_order.yaml").write_text(text, encoding="utf-8")
        return load("zoho_inventory/sales_order", tmp_path)

    return make


def run(mapping: Mapping, **changes: object) -> Translation:
    site = a_site(references={"channels": a_reference("channels", {"W": "web", "S": "shop"})})
    return mapping.to_canonical(["209001"], [a_payload(an_order(**changes))], site)


@pytest.mark.parametrize(
    ("rule", "order", "result"),
    [
        ('{constant: "010"}', {}, "010"),
        ("{first: [merchant_name, salesperson_name]}", {"merchant_name": " "}, "Priya Raman"),
        (
            '{concat: {separator: ", ", parts: [{from: merchant_name}, {from: source}, {constant: "x"}]}}',
            {"merchant_name": "", "source": "Api"},
            "Api, x",
        ),
        ('{from: sales_channel, table: {direct_sales: direct, web: online}, blank: "none"}', {}, "direct"),
        (
            '{from: sales_channel, table: {direct_sales: direct}, blank: "none"}',
            {"sales_channel": ""},
            "none",
        ),
        ("{lookup: {reference: channels, by: [{from: sales_channel}]}}", {"sales_channel": "web"}, "W"),
        (
            "{lookup: {reference: channels, take: label, by: [{from: sales_channel, apply: lower}]}}",
            {"sales_channel": "WEB"},
            "web",
        ),
        ("{custom_field: cf_gift}", {"custom_field_hash": {"cf_gift_unformatted": 7}}, "7"),
        ("{from: sales_channel, apply: [strip, upper]}", {"sales_channel": " x "}, "X"),
        ("{sum: [shipping_charge, -adjustment]}", {"shipping_charge": 3, "adjustment": 1}, "2.0000000000"),
    ],
)
def test_every_origin_gives_what_it_says(mapped, rule: str, order: dict[str, object], result: str) -> None:
    translation = run(mapped("channel", rule), **order)
    assert the(translation.frames["orders"])["channel"] == result
    assert translation.problems.empty


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{column: sales_channel, equals: direct_sales}", True),
        ("{column: sales_channel, not_equals: direct_sales}", False),
        ("{column: sales_channel, one_of: [web, direct_sales]}", True),
        ('{column: total, above: "19.99"}', True),
        ('{column: total, above: "20"}', False),
        ('{column: total, at_least: "20.0"}', True),
        ('{column: total, below: "20.01"}', True),
        ('{column: total, at_most: "19"}', False),
        ('{column: sales_channel, matches: "^direct"}', True),
        ('{column: sales_channel, longer_than: "12"}', False),
        ("{column: sales_channel, same_as: customer_name}", False),
        ("{column: notes, blank: true}", True),
        ("{column: notes, blank: false}", False),
        ('{all: [{column: notes, blank: true}, {column: total, above: "1"}]}', True),
        ('{any: [{column: notes, blank: false}, {column: total, above: "1"}]}', True),
        ("{not: {column: notes, blank: true}}", False),
    ],
)
def test_every_test_of_a_condition(mapped, condition: str, holds: bool) -> None:
    rule = f'{{when: [{{if: {condition}, then: {{constant: "yes"}}}}], else: {{constant: "no"}}}}'
    assert the(run(mapped("channel", rule)).frames["orders"])["channel"] == ("yes" if holds else "no")


def test_a_branch_complains_only_of_its_own_rows(mapped) -> None:
    then = "{from: notes, apply: yes_no}"
    rule = f"{{when: [{{if: {{column: notes, blank: false}}, then: {then}}}], else: {{from: source}}}}"
    mapping = mapped("channel", rule)
    orders = [
        an_order(salesorder_id=str(n), notes=note, source="s")
        for n, note in enumerate(["", "maybe", "yes", ""])
    ]
    result = mapping.to_canonical(["0", "1", "2", "3"], [a_payload(order) for order in orders], a_site())
    assert list(zip(result.problems.key, result.problems.field, strict=True)) == [("1", "notes")]
    channels = result.frames["orders"].channel
    assert channels.isna().tolist() == [False, True, False, False]
    assert channels.dropna().tolist() == ["s", "Y", "s"]


def test_an_unknown_drop_down_value_goes_to_a_person(mapped) -> None:
    """A8."""
    mapping = mapped("channel", "{custom_field: cf_tier, table: {gold: G, silver: S}, remedy: Ask Dana.}")
    assert the(run(mapping, custom_field_hash={"cf_tier": "gold"}).frames["orders"])["channel"] == "G"
    row = the(run(mapping, custom_field_hash={"cf_tier": "golden"}).problems)
    assert (row["code"], row["field"], row["remedy"]) == (Reason.UNKNOWN_VALUE, "cf_tier", "Ask Dana.")


def test_a_limit_sets_the_record_aside(mapped) -> None:
    limit = (
        "{column: sub_total, code: field.out_of_range, message: is more than the goods, remedy: Look at it.}"
    )
    mapping = mapped("channel", f"{{sum: [shipping_charge], limit: {limit}}}")
    assert run(mapping, shipping_charge=20.0).problems.empty
    assert codes(run(mapping, shipping_charge=20.01).problems) == [(Reason.OUT_OF_RANGE, "shipping_charge")]


def test_a_record_derives_columns_of_its_own(mapped) -> None:
    steps = '[{times_number: {amount: "2"}}, {round_half_up: {digits: "1"}}]'
    doubled = f"doubled: {{from: total, apply: {steps}, type: price}}"
    rule = (
        '{when: [{if: {column: doubled, equals: "40"}, then: {constant: "big"}}], else: {constant: "small"}}'
    )
    result = run(mapped("channel", rule, derive=doubled))
    assert the(result.frames["orders"])["channel"] == "big"


def test_one_bad_cell_costs_only_itself() -> None:
    """A column in which one value is wrong keeps all the others."""
    site = a_site()
    orders = [an_order(salesorder_id=str(n), lines=[a_line(rate=1.5, item_total=3)]) for n in range(200)]
    orders[77]["line_items"][0]["rate"] = "1,5"  # type: ignore[index]
    mapping = load("zoho_inventory/sales_order")
    result = mapping.to_canonical([str(n) for n in range(200)], [a_payload(order) for order in orders], site)
    assert result.problems.key.tolist() == ["77"]
    prices = result.frames["lines"].unit_price
    assert prices.isna().sum() == 1
    assert prices.dropna().unique().tolist() == [Decimal("1.5")]
