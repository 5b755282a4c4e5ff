"""C15, promises 3.1: 8: receiver and JSON API keep to their own OpenAPI document, with and without login."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from include.ledger import Intent, Ledger, NewException, WriteState
from tests.airflow.events import DOOR
from tradebridge import connections, lookups
from tradebridge.web import exceptions as desk
from tradebridge.web.app import create_app

RECEIVER = "POST /webhooks/{system}/{event}"
FLOW = "zoho_orders_to_sage100"
NOT_ASKED = [
    not_a_server_error,  # asserted here, and stricter
    positive_data_acceptance,  # a well-formed body without its signature, an id that is not there
    negative_data_rejection,  # unknown queries are ignored
    unsupported_method,  # its TRACE and the like have a test of their own
    ignored_auth,  # so has every route's login
]


@pytest.fixture
def world(ledger: Ledger, rings: list[str], monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Something of everything to be listed."""
    monkeypatch.setattr(connections, "doorkeeper", lambda system: DOOR)
    monkeypatch.setattr(desk, "trigger_dag", lambda *_, **__: None)
    monkeypatch.setattr(lookups, "_readers", lambda _kind: {})  # a silent system's 504 has its own test
    lookups.lookup.cache_clear()
    ledger.exceptions.open([NewException(FLOW, "1", "SO-1", "reference.not_found", "parked")])
    ledger.writes.intend([Intent("k", FLOW, "sales_order", "9", "v", "h")])
    ledger.writes.mark(["k"], WriteState.IN_DOUBT)
    return ledger


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("role", ["", "viewer", "admin"])
def test_every_answer_is_a_documented_one_and_none_is_a_500(
    world: Ledger, tokens: dict[str, str], role: str, mode: GenerationMode
) -> None:
    """Requests as documented and requests that are not, from a stranger, a viewer and an administrator."""
    headers = {"Authorization": f"Bearer {tokens[role]}"} if role else {}
    app = create_app()
    answered: dict[str, set[int]] = {}
    with TestClient(app):
        for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
            operation = found.ok()
            operation.app = app
            answered[operation.label] = drive(operation, mode, headers)
    assert len(answered) >= 9
    statuses = set().union(*answered.values())
    assert statuses
    if not role:
        assert statuses <= {400, 401, 403, 404, 405, 413, 415, 422}, answered
        assert mode is GenerationMode.NEGATIVE or 401 in answered[RECEIVER]


def drive(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> set[int]:
    """Send generated requests to one operation and hold each answer against the document."""
    seen: set[int] = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @examples(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def one(case: Any) -> None:
        if operation.label == RECEIVER and mode is GenerationMode.POSITIVE:
            case.path_parameters = {"system": "zoho_inventory", "event": "salesorder"}
        answer = case.call(headers=headers)
        seen.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        case.validate_response(answer, excluded_checks=NOT_ASKED)

    try:
        one()
    except Unsatisfiable:  # nothing about this operation can be wrong
        assert mode is GenerationMode.NEGATIVE
    return seen
