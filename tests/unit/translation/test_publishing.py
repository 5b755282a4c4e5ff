"""What is generated from the language stays in step with it (A14)."""

from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from include.translation.__main__ import MANUAL, main
from include.translation.loading import MAPPINGS, load_all
from include.translation.publishing import losses_text, replaced, schema_text, transforms_text


def test_the_published_schema_is_the_language() -> None:
    assert (MAPPINGS / "schema.json").read_text(encoding="utf-8") == schema_text(), (
        "python -m include.translation schema"
    )


@pytest.mark.parametrize(
    "path", sorted(MAPPINGS.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_file_passes_the_published_schema(path) -> None:
    """An editor shows no error where the loader finds none."""
    schema = json.loads((MAPPINGS / "schema.json").read_text(encoding="utf-8"))
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(data)) == []


def test_the_published_schema_refuses_what_the_loader_refuses() -> None:
    schema = Draft202012Validator(json.loads(schema_text()))
    data = yaml.safe_load((MAPPINGS / "zoho_inventory" / "status.yaml").read_text(encoding="utf-8"))
    data["tables"]["order_status"]["unknown"] = "draft"
    assert not schema.is_valid(data)


def test_the_manual_documents_every_transform_and_every_loss() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    assert transforms_text() in manual, "python -m include.translation docs"
    assert losses_text(load_all()) in manual, "python -m include.translation docs"


def test_a_manual_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="the manual lacks"):
        replaced("# Nothing", "transforms", "x")


def test_check_lists_every_mapping_with_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert f"{load_all()['sage100/customer'].version}  sage100/customer" in capsys.readouterr().out
