"""Validation results as pages a person can browse (Great Expectations' Data Docs)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_data_docs(results: Mapping[str, Mapping[str, Any]], folder: Path) -> Path:
    """Render one page per result and an index of all.

    Args:
        results: page name → validation result as :class:`include.checks.judge.Verdict` keeps it.
        folder: created if missing; pages of the same name are replaced.

    Returns:
        The index page.
    """
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    folder.mkdir(parents=True, exist_ok=True)
    schema, rows = ExpectationSuiteValidationResultSchema(), []
    for name, result in results.items():
        page = f"{name}.html"
        document = ValidationResultsPageRenderer().render(schema.load(dict(result)))
        (folder / page).write_text(DefaultJinjaPageView().render(document), encoding="utf-8")  # type: ignore[no-untyped-call]
        rows.append((page, name, bool(result["success"])))
    index = folder / "index.html"
    index.write_text(_index(rows), encoding="utf-8")
    return index


def _index(rows: list[tuple[str, str, bool]]) -> str:
    return Environment(autoescape=True).from_string(_INDEX).render(rows=rows)


_INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Checks</title>
<h1>Checks</h1>
<table><tr><th>Suite and batch</th><th>Result</th></tr>
{% for page, name, success in rows %}<tr><td><a href="{{ page }}">{{ name }}</a></td>
<td>{{ "all records pass" if success else "records set aside" }}</td></tr>
{% endfor %}</table></html>
"""
