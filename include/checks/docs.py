"""Validation results as pages a person can browse (Great Expectations' Data Docs)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def write_data_docs(results: Mapping[str, Mapping[str, Any]], folder: Path, about: str) -> Path:
    """Render one page per result and a page that lists them.

    Args:
        results: page name → validation result as :class:`include.checks.judge.Verdict` keeps it.
        folder: created if missing; pages of the same name are replaced.
        about: what the results are of; names the page that lists them.

    Returns:
        The page that lists them.
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
    index = folder / f"{about}.html"
    index.write_text(_index(about, rows), encoding="utf-8")
    return index


def write_contents(folder: Path, subjects: Iterable[str]) -> None:
    """Write ``index.html``, which leads to the lists of these subjects."""
    page = Environment(autoescape=True).from_string(_CONTENTS).render(subjects=sorted(subjects))
    (folder / "index.html").write_text(page, encoding="utf-8")


def _index(about: str, rows: list[tuple[str, str, bool]]) -> str:
    return Environment(autoescape=True).from_string(_INDEX).render(about=about, rows=rows)


_CONTENTS = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Checks</title>
<h1>Checks</h1>
<ul>
{% for each in subjects %}<li><a href="{{ each }}.html">{{ each }}</a></li>
{% endfor %}</ul></html>
"""
_INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Checks of {{ about }}</title>
<h1>Checks of {{ about }}</h1>
<table><tr><th>Suite and batch</th><th>Result</th></tr>
{% for page, name, success in rows %}<tr><td><a href="{{ page }}">{{ name }}</a></td>
<td>{{ "all records pass" if success else "records set aside" }}</td></tr>
{% endfor %}</table></html>
"""
