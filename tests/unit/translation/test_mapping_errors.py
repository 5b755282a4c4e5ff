"""A wrong mapping is refused when it is loaded, with the way out (A14, A21)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from include.errors import MappingError
from include.translation.loading import MAPPINGS, load, load_all

ZOHO, SAGE = "zoho_inventory/sales_order", "sage100/sales_order"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The product's mappings, to be spoilt."""
    return Path(shutil.copytree(MAPPINGS, tmp_path / "mappings"))


SPOILT = {
    "a transform that does not exist": (
        ZOHO,
        "apply: [strip, upper]",
        "apply: [strip, uper]",
        "no transform 'uper'; did you mean 'upper'",
    ),
    "a joint transform under apply": (
        ZOHO,
        "reference_number, apply: strip",
        "reference_number, apply: postal_address",
        "no transform 'postal_address'",
    ),
    "an argument that does not exist": (
        SAGE,
        '{amount: "4"}',
        '{amont: "4"}',
        "no argument 'amont'; did you mean 'amount'",
    ),
    "an argument that is missing": (
        SAGE,
        'round_half_up: {digits: "2"}',
        "round_half_up: {}",
        "argument 'digits' is missing",
    ),
    "an argument that is no number": (SAGE, 'digits: "2"', 'digits: "two"', "'two' is not a whole number"),
    "a number without quotes": (
        SAGE,
        'default: "000"',
        "default: 000",
        "0 is no text; YAML guessed it, so write it in quotes",
    ),
    "an octal code": (SAGE, 'default: "000"', "default: 010", "8 is no text; YAML guessed it"),
    "a country that became false": (
        SAGE,
        "{setting: ar_division}",
        "{constant: NO}",
        "False is no text; YAML guessed it",
    ),
    "a time that became a number": (SAGE, "{setting: ar_division}", "{constant: 12:30}", "750 is no text"),
    "a key that became true": (SAGE, "day: ordered_on", "on: ordered_on", "the key True is no text"),
    "a key twice": (
        ZOHO,
        "      channel: {from: sales_channel}",
        "      channel: {from: source}\n      channel: {from: sales_channel}",
        r"line \d+: key 'channel' stands twice, first on line \d+; keep one",
    ),
    "a source field that does not exist": (
        ZOHO,
        "from: customer_id,",
        "from: custmer_id,",
        "no column 'custmer_id'; did you mean 'customer_id'",
    ),
    "a line field of the header": (
        ZOHO,
        "{from: quantity, ",
        "{from: currency_code, ",
        "no column 'currency_code'",
    ),
    "a column of ours that does not exist": (
        ZOHO,
        "      salesperson: ",
        "      salespersn: ",
        "the target has no column 'salespersn'; did you mean 'salesperson'",
    ),
    "a needed column without a rule": (
        ZOHO,
        "      total: {from: total, required: true}\n",
        "",
        "'total' has no rule",
    ),
    "a column that Sage does not have": (
        SAGE,
        "      TermsCode:\n",
        "      TermCode:\n",
        "has no column 'TermCode'; did you mean 'TermsCode'",
    ),
    "a table of Sage that does not exist": (
        SAGE,
        "target: SO_SalesOrderHeader",
        "target: SO_SalesOrder",
        "no table 'SO_SalesOrder'",
    ),
    "a value table that does not exist": (
        ZOHO,
        "table: order_status",
        "table: order_state",
        "no value table 'order_state'; did you mean 'order_status'",
    ),
    "a setting that is not declared": (
        SAGE,
        "setting: order_type",
        "setting: order_kind",
        "no setting 'order_kind'",
    ),
    "a word that is not ours": (
        "zoho_inventory/status",
        "void: cancelled",
        "void: canceled",
        "'canceled' is not a word of ours; did you mean 'cancelled'",
    ),
    "a default for unknown words": (
        "zoho_inventory/status",
        "unknown: park",
        "unknown: draft",
        "'draft' is not among 'park'",
    ),
    "an unknown word without a rule": (
        "sage100/status",
        "    unknown: park\n",
        "",
        "unknown: is needed here and missing",
    ),
    "a word both known and without counterpart": (
        "sage100/status",
        "no_counterpart: [draft,",
        "no_counterpart: [open, draft,",
        r"\['open'\] stand both in values",
    ),
    "a way back that leads elsewhere": (
        "zoho_inventory/status",
        "open: confirmed}",
        "open: void}",
        r"back names \['void'\]",
    ),
    "when without else": (
        ZOHO,
        '        else: {from: shipping_charge, blank: "0"}\n',
        "",
        "when and else belong together",
    ),
    "two origins": (
        ZOHO,
        "{from: sales_channel}",
        '{from: sales_channel, constant: "x"}',
        "a rule needs exactly one origin",
    ),
    "no origin": (ZOHO, "{from: sales_channel}", "{apply: strip}", "a rule needs exactly one origin"),
    "a word of the language that does not exist": (
        ZOHO,
        "last_modified_time, required: true",
        "last_modified_time, requird: true",
        "nothing called 'requird' here; did you mean 'required'",
    ),
    "a switch in quotes": (
        ZOHO,
        "last_modified_time, required: true",
        'last_modified_time, required: "yes"',
        "write true or false",
    ),
    "a condition with two tests": (
        ZOHO,
        "{column: discount_type, equals: entity_level}",
        '{column: discount_type, equals: "a", blank: false}',
        "a condition needs a column and exactly one test",
    ),
    "a regular expression that is none": (
        SAGE,
        'matches: "^[A-Z]{2}$"',
        'matches: "^[A-Z"',
        "is not a regular expression",
    ),
    "a column of the frame that is not shortened": (
        SAGE,
        "shorten: [Comment]",
        "shorten: [Coment]",
        "no column 'Coment'",
    ),
    "a reason that does not exist": (
        SAGE,
        "code: totals.mismatch",
        "code: totals.wrong",
        "no reason 'totals.wrong'",
    ),
    "a total over text": (SAGE, '"-lines.extension"', '"-lines.ItemCode"', "cannot be totalled"),
    "another name than its file": (
        SAGE,
        "mapping: sage100/sales_order",
        "mapping: sage100/order",
        "must be called as its file",
    ),
    "an input that the joint transform does not take": (
        ZOHO,
        "          attention: billing_address.attention",
        "          attn: billing_address.attention",
        "postal_address takes no 'attn'",
    ),
    "tables of a file that does not exist": (
        ZOHO,
        "[zoho_inventory/status]",
        "[zoho_inventory/states]",
        "no such file; did you mean 'zoho_inventory/status'",
    ),
    "no YAML": (ZOHO, "frames:\n", "frames: [\n", "not YAML"),
    "an alias": (ZOHO, "frames:\n", "frames: &all\n", None),
    "a merge": (
        ZOHO,
        "      channel: {from: sales_channel}",
        "      channel: {<<: {from: sales_channel}}",
        "'<<' hides",
    ),
}


@pytest.mark.parametrize(("file", "right", "wrong", "says"), SPOILT.values(), ids=SPOILT.keys())
def test_a_wrong_mapping_names_the_way_out(
    root: Path, file: str, right: str, wrong: str, says: str | None
) -> None:
    path = root / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text, "the test must spoil something"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    if says is None:
        load_all(root)
        return
    with pytest.raises(MappingError) as refused:
        load_all(root)
    assert re.search(says, str(refused.value)), str(refused.value)
    assert f"{Path(file).name}.yaml" in str(refused.value) or "sales_order.yaml" in str(refused.value)


def test_everything_wrong_is_said_at_once(root: Path) -> None:
    path = root / f"{ZOHO}.yaml"
    text = path.read_text(encoding="utf-8")
    spoilt = text.replace("from: customer_id,", "from: custmer_id,").replace(
        "[strip, upper]", "[strip, uper]"
    )
    path.write_text(spoilt, encoding="utf-8")
    with pytest.raises(MappingError) as refused:
        load(ZOHO, root)
    assert "custmer_id" in str(refused.value)
    assert "uper" in str(refused.value)


def test_a_mapping_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(MappingError, match="did you mean 'sage100/customer'"):
        load("sage100/custmer", root)


def test_a_reference_by_alias_is_refused(root: Path) -> None:
    path = root / f"{ZOHO}.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        "channel: {from: sales_channel}", "channel: &c {from: sales_channel}\n      ship_via: *c"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError, match=r"line \d+: '\*' repeats a part by reference; write it out"):
        load(ZOHO, root)


def test_the_wrong_direction_is_refused() -> None:
    with pytest.raises(MappingError, match="use from_canonical"):
        load(SAGE).to_canonical([], [], None)  # type: ignore[arg-type]


def test_content_and_only_content_changes_the_version(root: Path) -> None:
    mapping = load(ZOHO, root)
    assert mapping is load(ZOHO, root)
    assert mapping.version == load(ZOHO).version
    assert re.fullmatch("[0-9a-f]{16}", mapping.version)


@pytest.mark.parametrize(
    ("file", "right", "wrong", "changes"),
    [
        (ZOHO, "frames:\n", "# a remark\nframes:\n", False),
        (ZOHO, "{from: sales_channel}", "{from: sales_channel, apply: strip}", True),
        ("zoho_inventory/status", "onhold: on_hold", "onhold: open", True),
    ],
)
def test_a_version_is_the_content_of_all_files_used(
    root: Path, file: str, right: str, wrong: str, changes: bool
) -> None:
    path = root / f"{file}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    assert (load(ZOHO, root).version != load(ZOHO).version) is changes
