"""Several requests in one: composite with references, batch without, and trees of records."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from include.sandbox.salesforce.errors import ApiError, Json, RowError
from include.sandbox.salesforce.exchange import DATA, Call, Reply, Route
from include.sandbox.salesforce.limits import REQUESTS
from include.sandbox.salesforce.records import known
from include.sandbox.salesforce.routes_records import saves_duplicates
from include.sandbox.salesforce.store import dumps

if TYPE_CHECKING:
    from include.sandbox.salesforce.dispatch import Dispatcher
    from include.sandbox.salesforce.transaction import Transaction
    from include.sandbox.salesforce.world import World

MOST, MOST_QUERIES, MOST_IN_TREE = 25, 5, 200
REFERENCE = re.compile(r"@\{([^}]+)\}")
STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
HALTED = {
    "errorCode": "PROCESSING_HALTED",
    "message": "The transaction was rolled back since another operation in the same transaction failed.",
}


class _RollBack(Exception):  # noqa: N818 - no error: the way out of a transaction
    pass


class CompositeRoutes:
    """The composite resources."""

    def __init__(self, world: World, dispatcher: Dispatcher) -> None:
        self._world = world
        self._dispatcher = dispatcher

    def table(self) -> list[Route]:
        """All routes."""
        return [
            Route("POST", f"{DATA}/composite", self.composite),
            Route("POST", f"{DATA}/composite/batch", self.batch),
            Route("POST", f"{DATA}/composite/tree/{{object}}", self.tree),
        ]

    def composite(self, call: Call) -> Reply:
        """Dependent requests; all or nothing on demand."""
        body = call.record()
        asked = _asked(body.get("compositeRequest"))
        names = [one.get("referenceId") for one in asked]
        if len(set(names)) != len(names) or not all(names):
            raise ApiError(400, "INVALID_INPUT", "Every subrequest needs a referenceId of its own.")
        if sum("/query" in one["url"] or "/composite/sobjects" in one["url"] for one in asked) > MOST_QUERIES:
            text = (
                f"Cannot have more than {MOST_QUERIES} query or collection operations in a composite request."
            )
            raise ApiError(400, "LIMIT_EXCEEDED", text)
        whole = body.get("allOrNone") is True
        replies: list[tuple[str, Reply]] = []
        if not whole:
            for one in asked:
                replies.append((one["referenceId"], self._one(call, one, replies)))
            return Reply({"compositeResponse": [_shown(name, reply) for name, reply in replies]})
        try:
            with self._world.store.commit(call.caller.user_id, allow_duplicates=saves_duplicates(call)):
                for one in asked:
                    replies.append((one["referenceId"], self._one(call, one, replies, whole=True)))
                    _go_on(replies[-1][1])
        except _RollBack:
            culprit = replies[-1]
            halted = Reply([HALTED], 400)
            replies = [(name, culprit[1] if name == culprit[0] else halted) for name in map(str, names)]
        return Reply({"compositeResponse": [_shown(name, reply) for name, reply in replies]})

    def batch(self, call: Call) -> Reply:
        """Independent requests, each of which counts."""
        body = call.record()
        asked = _asked(body.get("batchRequests"))
        self._world.limits.count(REQUESTS, len(asked) - 1)
        results: list[Json] = []
        halted = False
        for one in asked:
            if halted:
                error = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted"}
                results.append({"statusCode": 412, "result": [error]})
                continue
            url = one["url"] if one["url"].startswith("/") else f"/services/data/{one['url']}"
            reply = self._sub(call, one["method"], url, one.get("richInput"))
            results.append({"statusCode": reply.status, "result": reply.payload})
            halted = reply.failed and body.get("haltOnError") is True
        return Reply({"hasErrors": any(one["statusCode"] >= 400 for one in results), "results": results})

    def tree(self, call: Call) -> Reply:
        """Records with the records that hang on them, all or nothing."""
        sobject = known(self._world.schema, call.path["object"])
        rows = call.record().get("records")
        if not isinstance(rows, list):
            raise ApiError(400, "JSON_PARSER_ERROR", "The body must have a list of objects as 'records'.")
        results: list[Json] = []
        try:
            with self._world.store.commit(call.caller.user_id, allow_duplicates=saves_duplicates(call)) as tx:
                for row in rows:
                    self._plant(tx, sobject.name, row, {}, results)
        except _RollBack:
            return Reply({"hasErrors": True, "results": results[-1:]}, 400, failed=True)
        return Reply({"hasErrors": False, "results": results}, 201)

    def _plant(self, tx: Transaction, name: str, row: Json, parent: Json, results: list[Json]) -> None:
        sobject = known(self._world.schema, name)
        reference = row.get("attributes", {}).get("referenceId")
        if not reference or len(results) >= MOST_IN_TREE:
            text = f"Every record needs a referenceId, and there may be {MOST_IN_TREE} of them."
            raise ApiError(400, "INVALID_INPUT", text)
        nested = {key: value for key, value in row.items() if isinstance(value, dict) and "records" in value}
        values = {key: value for key, value in row.items() if key not in {"attributes", *nested}}
        try:
            made = tx.insert(sobject.name, {**values, **parent})
        except RowError as exc:
            results.append({"referenceId": reference, "errors": [exc.row()]})
            raise _RollBack from exc
        results.append({"referenceId": reference, "id": made})
        for relation_name, children in nested.items():
            relation = sobject.children(relation_name)
            if relation is None:
                text = f"No such child relationship '{relation_name}' on {sobject.name}"
                results[-1] = {"referenceId": reference, "errors": [RowError("INVALID_FIELD", text).row()]}
                raise _RollBack
            for child in children["records"]:
                self._plant(tx, relation.child, child, {relation.field: made}, results)

    def _one(self, call: Call, asked: Json, before: list[tuple[str, Reply]], *, whole: bool = False) -> Reply:
        known_bodies = {name: reply.payload for name, reply in before if not reply.failed}
        try:
            url = REFERENCE.sub(
                lambda found: quote(str(_value(known_bodies, found[1])), safe=""), asked["url"]
            )
            body = _filled(known_bodies, asked.get("body"))
        except LookupError as exc:
            text = f"Invalid reference specified. No value for {exc.args[0]} found."
            error = {"errorCode": "PROCESSING_HALTED", "message": text}
            return Reply([error], 400, failed=True)
        return self._sub(call, asked["method"], url, body, whole=whole)

    def _sub(self, call: Call, method: str, url: str, body: Any, *, whole: bool = False) -> Reply:
        raw = b"" if body is None else dumps(body).encode()
        caller = replace(call.caller, client="")
        return self._dispatcher.call(method, url, caller, raw=raw, headers=call.headers, all_or_none=whole)


def _go_on(reply: Reply) -> None:
    if reply.failed:
        raise _RollBack


def _asked(requests: Any) -> list[Json]:
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "JSON_PARSER_ERROR", "The request must have a list of subrequests.")
    if len(requests) > MOST:
        raise ApiError(400, "LIMIT_EXCEEDED", f"Cannot have more than {MOST} subrequests.")
    if not all(isinstance(one, dict) and {"method", "url"} <= one.keys() for one in requests):
        raise ApiError(400, "INVALID_INPUT", "Every subrequest needs a method and a url.")
    return requests


def _shown(name: str, reply: Reply) -> Json:
    return {
        "body": None if reply.status == 204 else reply.payload,
        "httpHeaders": dict(reply.headers),
        "httpStatusCode": reply.status,
        "referenceId": name,
    }


def _filled(known_bodies: Json, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(known_bodies, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(known_bodies, one) for one in value]
    if not isinstance(value, str):
        return value
    alone = REFERENCE.fullmatch(value)
    if alone:
        return _value(known_bodies, alone[1])
    return REFERENCE.sub(lambda found: str(_value(known_bodies, found[1])), value)


def _value(known_bodies: Json, path: str) -> Any:
    """What ``refOrder.id`` or ``refLines[0].id`` stands for.

    Raises:
        LookupError: nothing.
    """
    value: Any = known_bodies
    for name, index in STEP.findall(path):
        try:
            value = value[int(index)] if index else value[name]
        except (LookupError, TypeError) as exc:
            raise LookupError(path) from exc
    return value
