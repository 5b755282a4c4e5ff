"""The hand on the Clarity sandbox: ``/_sandbox/clarity``. None of it is Clarity's API."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError

from include.sandbox.clarity import cases, deeds
from include.sandbox.clarity.control_asked import (  # noqa: TC001 - read at run time
    Casting,
    Certificate,
    Change,
    Edit,
    Emission,
    Enrolment,
    Giving,
    Merging,
    Placing,
    Rotation,
    SendingBack,
    Taking,
)
from include.sandbox.clarity.kinds import KINDS, Kind
from include.sandbox.clarity.oauth import API_KEY, CLIENT_ID, CLIENT_SECRET
from include.sandbox.clarity.problem import Problem
from include.sandbox.clarity.server import PREFIX, TOKEN_PATH
from include.sandbox.clarity.tls import Door, open_door
from include.sandbox.clarity.webhooks import Subscription  # noqa: TC001 - read at run time
from include.sandbox.clarity.wire import Json  # noqa: TC001 - read at run time

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.clarity.world import World


def router(world: World, listen: Callable[[], None]) -> APIRouter:
    """All routes; ``listen`` starts the sending of webhooks."""
    routes = APIRouter(prefix="/_sandbox/clarity", tags=["clarity"])
    _order_routes(routes, world)
    _record_routes(routes, world)
    _case_routes(routes, world, listen)
    _webhook_routes(routes, world, listen)
    _switch_routes(routes, world, listen)
    _account_routes(routes, world)
    _door_routes(routes)
    return routes


def _plainly(act: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal of the shop's is one of the control API's too."""

    @wraps(act)
    def obey(*args: Any, **kwargs: Any) -> Any:
        try:
            return act(*args, **kwargs)
        except Problem as problem:
            raise HTTPException(problem.status, problem.payload()) from problem
        except KeyError as exc:
            raise HTTPException(404, str(exc.args[0])) from exc

    return obey


def _order_routes(routes: APIRouter, world: World) -> None:
    @routes.post("/orders", status_code=201)
    @_plainly
    def place(asked: Placing) -> Json:
        placed = deeds.place(world, asked)
        shown = ("id", "orderNumber", "status", "updatedDate")
        total = [one["totals"]["grandTotal"] for one in placed]
        return {
            "orders": [
                {name: one[name] for name in shown} | {"grandTotal": sum_}
                for one, sum_ in zip(placed, total, strict=True)
            ]
        }

    @routes.put("/orders/{number}")
    @_plainly
    def edit(number: str, asked: Edit) -> Json:
        return deeds.edit(world, number, asked)

    @routes.post("/orders/{number}/capture")
    @_plainly
    def capture(number: str, asked: Taking) -> Json:
        return deeds.capture(world, number, asked.amount)

    @routes.post("/orders/{number}/refund")
    @_plainly
    def refund(number: str, asked: Giving) -> Json:
        return deeds.refund(world, number, asked.amount, asked.reason)

    @routes.post("/orders/{number}/return")
    @_plainly
    def send_back(number: str, asked: SendingBack) -> Json:
        return deeds.send_back(world, number, asked.quantities, asked.reason)

    @routes.post("/customers/{number}/merge")
    @_plainly
    def merge(number: str, asked: Merging) -> Json:
        return deeds.merge(world, number, asked.into)


def _kind(resource: str) -> Kind:
    return KINDS[resource]


def _record_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/documents/{resource}")
    @_plainly
    def documents(resource: str) -> Json:
        kind = _kind(resource)
        numbers = world.documents.numbers(kind)
        return {"documents": [world.documents.numbered(kind, number) for number in numbers]}

    @routes.get("/documents/{resource}/{number:path}")
    @_plainly
    def document(resource: str, number: str) -> Json:
        found = world.documents.numbered(_kind(resource), number)
        if found is None:
            raise HTTPException(404, f"no {resource} {number}")
        return found

    @routes.put("/documents/{resource}/{number:path}")
    @_plainly
    def change(resource: str, number: str, asked: Change) -> Json:
        return deeds.change(world, _kind(resource), number, asked.changes, announce=asked.announce)

    @routes.get("/effects")
    def effects(  # noqa: PLR0917 - query parameters, all by name
        resource: str | None = None,
        number: str | None = None,
        action: str | None = None,
        actor: str | None = None,
        since_id: int = 0,
        limit: int = 1000,
    ) -> Json:
        wanted = {"resource": resource, "number": number, "action": action, "actor": actor}
        return {
            "effects": world.effects.find(since_id=since_id, limit=limit, **wanted),
            "counts": world.effects.counts(),
        }

    @routes.get("/counts")
    def counts() -> Json:
        return {name: world.documents.count(name) for name in KINDS} | {"deliveries": world.webhooks.counts()}


def _case_routes(routes: APIRouter, world: World, listen: Callable[[], None]) -> None:
    @routes.get("/cases")
    def known() -> dict[str, str]:
        return {case: what for case, (what, _) in cases.CASES.items()}

    @routes.post("/cases", status_code=201)
    @_plainly
    def play(asked: Casting) -> list[Json]:
        names = cases.usual(asked.size) if asked.cases == "all" else asked.cases
        told = cases.play(world, names, announce=asked.announce, size=asked.size)
        listen()
        return told


def _webhook_routes(routes: APIRouter, world: World, listen: Callable[[], None]) -> None:
    hooks = world.webhooks

    @routes.get("/webhooks")
    def show() -> Json:
        return {"subscriptions": hooks.subscriptions(), "deliveries": hooks.counts()}

    @routes.post("/webhooks", status_code=201)
    def subscribe(asked: Subscription) -> Json:
        made = hooks.subscribe(asked)
        listen()
        return made

    @routes.delete("/webhooks/{number}")
    def unsubscribe(number: int) -> dict[str, bool]:
        return {"removed": hooks.unsubscribe(number)}

    @routes.post("/webhooks/{number}/enable")
    def enable(number: int) -> dict[str, bool]:
        return {"enabled": hooks.enable(number)}

    @routes.get("/webhooks/deliveries")
    def deliveries(status: str | None = None, limit: int = 200) -> Json:
        return {"deliveries": hooks.history(status=status, limit=limit)}

    @routes.post("/webhooks/deliveries/{delivery}/replay", status_code=202)
    def replay(delivery: str) -> dict[str, bool]:
        return {"replayed": hooks.replay(delivery)}

    @routes.post("/emit", status_code=202)
    @_plainly
    def emit(asked: Emission) -> dict[str, int]:
        return deeds.emit(world, asked)


def _switch_routes(routes: APIRouter, world: World, listen: Callable[[], None]) -> None:
    @routes.get("/settings")
    def settings() -> Json:
        return world.switches.present.model_dump(mode="json")

    @routes.post("/settings")
    def turn(changes: Json) -> Json:
        try:
            present = world.switches.turn(changes)
        except ValidationError as exc:
            raise HTTPException(422, exc.errors(include_url=False, include_context=False)) from exc
        if world.webhooks.busy():
            listen()
        return present.model_dump(mode="json")


def _account_routes(routes: APIRouter, world: World) -> None:
    accounts = world.accounts

    @routes.get("/credentials")
    def credentials() -> dict[str, str]:
        return {
            "tenant": PREFIX,
            "token_path": f"{PREFIX}{TOKEN_PATH}",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "api_key": API_KEY,
        }

    @routes.post("/clients", status_code=201)
    def enrol(asked: Enrolment) -> dict[str, str]:
        accounts.enrol(asked.client, asked.secret, asked.name, asked.scopes)
        if asked.key:
            accounts.issue_key(asked.client, asked.key, asked.scopes)
        return {"client": asked.client}

    @routes.post("/keys/rotate", status_code=201)
    @_plainly
    def rotate(asked: Rotation) -> dict[str, str]:
        return {"key": accounts.rotate_key(asked.key, asked.overlap_seconds)}

    @routes.post("/tokens/expire")
    def expire() -> dict[str, int]:
        return {"expired": accounts.expire()}

    @routes.post("/tokens/revoke")
    def revoke() -> dict[str, int]:
        return {"revoked": accounts.revoke()}


def _door_routes(routes: APIRouter) -> None:
    doors: list[Door] = []

    @routes.post("/tls", status_code=201)
    async def open_one(asked: Certificate, request: Request) -> Json:
        """Open a TLS door to this sandbox, in place of the one before."""
        await close()
        host, port = request.scope["server"]
        door = await open_door(asked.certificate, asked.port, (host, port))
        doors.append(door)
        return {"port": door.port, "authority": door.authority}

    @routes.delete("/tls")
    async def close() -> dict[str, int]:
        for door in doors:
            door.close()
        closed = len(doors)
        doors.clear()
        return {"closed": closed}
