"""The pages: exceptions (what waits, why, carry it again), records, limits, health, checks.

Shown inside Airflow's UI (Browse). Everything on it came from other people's systems and
is escaped; the one script is our own file, so the policy can forbid all others.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader

from include.canonical import Reason
from include.pipelines.flows import (
    CLARITY_ORDERS,
    SALESFORCE,
    SALESFORCE_CUSTOMERS,
    SALESFORCE_WON,
    ZOHO_CATALOGUE,
    ZOHO_INVENTORY,
    ZOHO_ORDERS,
)
from include.pipelines.ports import TARGET
from tradebridge import connections, site
from tradebridge.web import health, limits, records
from tradebridge.web.exceptions import State, listed

router = APIRouter(tags=["pages"], include_in_schema=False)

FOLDER = Path(__file__).parent / "templates"
PAGE_SIZE = 50
LINKS = {
    (Reason.AMBIGUOUS_CUSTOMER.value, "customer_id"): "customer",
    (Reason.NO_REFERENCE.value, "customer_id"): "customer",
    (Reason.AMBIGUOUS_CUSTOMER.value, "Id"): "customer",
    (Reason.AMBIGUOUS_REFERENCE.value, "CustomerPONo"): "sales_order",
    (Reason.LOCKED_IN_TARGET.value, "CustomerPONo"): "sales_order",
    (Reason.NO_REFERENCE.value, "Product2Id"): "item",
    (Reason.AMBIGUOUS_REFERENCE.value, "Product2Id"): "item",
    (Reason.AMBIGUOUS_REFERENCE.value, "ProductCode"): "item",
}
"""Exceptions whose candidates are records of the target: choosing one links the two."""
BETWEEN = {
    CLARITY_ORDERS.name: (CLARITY_ORDERS.source, TARGET),
    SALESFORCE_CUSTOMERS: (SALESFORCE, ZOHO_INVENTORY),
    SALESFORCE_WON: (SALESFORCE, ZOHO_INVENTORY),
    ZOHO_CATALOGUE: (ZOHO_INVENTORY, SALESFORCE),
}
"""Whose records a flow's links join, where they are not Zoho's and the ERP's."""
OF_THE_RECORD = {"CustomerPONo", "ProductCode"}
"""Fields by which the record itself is told; the others' value is the id of what it refers to."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
CHECKS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'"
)
"""Data Docs carry styles inline; what they would fetch from a CDN, and their scripts, stay out."""
_PAGE_NAME = re.compile(r"[A-Za-z0-9_-]+\.html")

_templates = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@router.get("/exceptions", response_class=HTMLResponse)
def exceptions_page(
    request: Request,
    state: State = "open",
    cause: Annotated[str | None, Query(max_length=500)] = None,
    page: Annotated[int, Query(ge=1, le=20_000)] = 1,
) -> HTMLResponse:
    """What waits, by cause, and one page of records."""
    rows = listed(state, cause, PAGE_SIZE + 1, (page - 1) * PAGE_SIZE)
    html = _templates.get_template("exceptions.html").render(
        base=request.scope.get("root_path", ""),
        state=state,
        cause=cause,
        page=page,
        rows=[_linkable(row) for row in rows[:PAGE_SIZE]],
        more=len(rows) > PAGE_SIZE,
        causes=_causes(),
    )
    return _page(html)


def _page(html: str) -> HTMLResponse:
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, headers=headers)


def _linkable(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what choosing one of its candidates links, if it links anything."""
    source, target = BETWEEN.get(row["flow"], (ZOHO_ORDERS.source, TARGET))
    entity = LINKS.get((row["code"], row["field"]), "")
    # A line that names no product has nothing that could be linked.
    named = row["record_key"] if row["field"] in OF_THE_RECORD else row["value"]
    return {**row, "links_as": entity if named else "", "links": named, "from": source, "to": target}


def _causes() -> list[dict[str, Any]]:
    counted = connections.ledger().exceptions.counts_by_cause()
    return [{"cause": cause, "rows": rows} for cause, rows in counted.items()]


@router.get("/records", response_class=HTMLResponse)
def records_page(request: Request, name: Annotated[str, Query(max_length=100)] = "") -> HTMLResponse:
    """One record by any of its names: where it is, what was announced, what was wrong."""
    html = _templates.get_template("record.html").render(
        base=request.scope.get("root_path", ""), name=name, **(records.found(name) if name else {})
    )
    return _page(html)


@router.get("/health", response_class=HTMLResponse)
def health_page(request: Request) -> HTMLResponse:
    """Alerts, writes in doubt, what waits behind exceptions, the books of every hour."""
    html = _templates.get_template("health.html").render(
        base=request.scope.get("root_path", ""), **health.standing()
    )
    return _page(html)


@router.get("/limits", response_class=HTMLResponse)
def limits_page(request: Request) -> HTMLResponse:
    """What keeps calls back: parked flows, circuit breakers, budgets."""
    html = _templates.get_template("limits.html").render(
        base=request.scope.get("root_path", ""), **limits.standing()
    )
    return _page(html)


@router.get("/checks/{name}")
def checks_page(name: str) -> Response:
    """A page of Great Expectations' Data Docs, as ``keep_house`` published it."""
    if not _PAGE_NAME.fullmatch(name):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such page")
    file = Path(site.data_docs()) / name
    if not file.exists():
        return HTMLResponse(
            "Nothing is published yet: trigger the DAG keep_house.", status.HTTP_404_NOT_FOUND
        )
    return FileResponse(file, media_type="text/html", headers={"Content-Security-Policy": CHECKS_POLICY})


@router.get("/static/{name}")
def static(name: str) -> FileResponse:
    """The page's own style sheet and script."""
    allowed = {"exceptions.css": "text/css", "exceptions.js": "text/javascript"}
    chosen = name if name in allowed else "exceptions.css"
    return FileResponse(FOLDER / chosen, media_type=allowed[chosen])
