"""The hand on the Salesforce sandbox: ``/_sandbox/salesforce``. None of it is Salesforce's API."""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, ValidationError

from include.sandbox.salesforce import deeds
from include.sandbox.salesforce.deeds import (
    Deal,
    Deed,
    Merging,
    Saving,
    Step,
    Winning,
)
from include.sandbox.salesforce.errors import Json, RowError
from include.sandbox.salesforce.limits import REQUESTS
from include.sandbox.salesforce.store import dumps
from include.sandbox.salesforce.world import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    INTEGRATION,
    PASSWORD,
    SECURITY_TOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.salesforce.world import World


class Asked(BaseModel):
    """A request to the control API."""

    model_config = ConfigDict(extra="forbid")


class Lock(Asked):
    """A record that somebody holds; ``times`` attempts fail, or all."""

    id: str
    times: int | None = None


class Enrolment(Asked):
    """A connected app; ``run_as`` is the user name of its client credentials."""

    consumer_key: str
    consumer_secret: str = ""
    run_as: str = ""
    public_key: str = ""


class Person(Asked):
    """A user who may log in."""

    username: str
    last_name: str
    first_name: str = ""
    password: str = PASSWORD
    security_token: str = SECURITY_TOKEN


class Demand(Asked):
    """A validation rule: a field that must not be empty, and what it says otherwise."""

    object: str
    field: str
    message: str


class Visibility(Asked):
    """Whether the API sees a field."""

    hidden: bool = True


class Used(Asked):
    """An allowance and how much more of it is gone."""

    name: str = REQUESTS
    by: int = 1


def plainly(act: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal of Salesforce's is one of the control API's too."""

    @wraps(act)
    def obey(*args: Any, **kwargs: Any) -> Any:
        try:
            return act(*args, **kwargs)
        except RowError as exc:
            raise HTTPException(exc.http, exc.body()) from exc
        except KeyError as exc:
            raise HTTPException(404, str(exc.args[0])) from exc

    return obey


def _on_wire(record: Json) -> Json:
    """A record with its numbers as Salesforce's JSON has them, not as texts."""
    found: Json = json.loads(dumps(record))
    return found


def router(world: World) -> APIRouter:
    """All routes."""
    routes = APIRouter(prefix="/_sandbox/salesforce", tags=["salesforce"])
    _reading_routes(routes, world)
    _record_routes(routes, world)
    _deal_routes(routes, world)
    _schema_routes(routes, world)
    _session_routes(routes, world)
    _hindrance_routes(routes, world)
    return routes


def _reading_routes(routes: APIRouter, world: World) -> None:
    store = world.store

    @routes.get("/counts")
    def counts() -> Json:
        return {name: store.count(name) for name in world.schema.objects}

    @routes.get("/records/{name}")
    def records(name: str, deleted: bool = False) -> Json:
        return {"records": [_on_wire(one) for one in store.rows(name, deleted=deleted)]}

    @routes.get("/records/{name}/{record}")
    def record(name: str, record: str) -> Json:
        found = store.read(name, record, deleted=True)
        if found is None:
            raise HTTPException(404, f"no {name} {record}")
        return _on_wire(found)


def _record_routes(routes: APIRouter, world: World) -> None:
    def one(user: str, **step: Any) -> str:
        return deeds.transact(world, Deal(user=user, steps=[Step(**step)]))[0]

    @routes.post("/records/{name}", status_code=201)
    @plainly
    def create(name: str, asked: Saving) -> Json:
        return {"id": one(asked.user, do="insert", object=name, values=asked.values)}

    @routes.patch("/records/{name}/{record}")
    @plainly
    def change(name: str, record: str, asked: Saving) -> Json:
        return {"id": one(asked.user, do="update", object=name, id=record, values=asked.values)}

    @routes.post("/records/{name}/{record}/delete")
    @plainly
    def delete(name: str, record: str, asked: Deed) -> Json:
        return {"id": one(asked.user, do="delete", object=name, id=record)}

    @routes.post("/records/{name}/{record}/purge")
    @plainly
    def purge(name: str, record: str, asked: Deed) -> Json:
        return {"id": one(asked.user, do="purge", object=name, id=record)}

    @routes.post("/records/{name}/{record}/undelete")
    @plainly
    def undelete(name: str, record: str, asked: Deed) -> Json:
        return {"id": one(asked.user, do="undelete", object=name, id=record)}

    @routes.post("/records/{name}/{record}/merge")
    @plainly
    def merge(name: str, record: str, asked: Merging) -> Json:
        return {"id": one(asked.user, do="merge", object=name, id=record, losers=asked.losers)}


def _deal_routes(routes: APIRouter, world: World) -> None:
    @routes.post("/transaction")
    @plainly
    def transaction(asked: Deal) -> Json:
        return {"ids": deeds.transact(world, asked)}

    @routes.post("/opportunities/{record}/win")
    @plainly
    def win(record: str, asked: Winning) -> Json:
        return _on_wire(deeds.win(world, record, asked))


def _schema_routes(routes: APIRouter, world: World) -> None:
    @routes.post("/schema/objects", status_code=201)
    def add_object(described: dict[str, Any]) -> Json:
        try:
            world.alter("object", described.get("name", ""), described)
        except KeyError as exc:
            raise HTTPException(422, f"an object needs {exc.args[0]}") from exc
        return {"name": described["name"]}

    @routes.post("/schema/{name}/fields", status_code=201)
    @plainly
    def add_field(name: str, described: dict[str, Any]) -> Json:
        world.alter("field", name, described)
        return {"name": described["name"]}

    @routes.put("/schema/{name}/fields/{field}")
    @plainly
    def hide(name: str, field: str, asked: Visibility) -> Json:
        world.alter("hide" if asked.hidden else "show", name, {"name": field})
        return {"name": field, "hidden": asked.hidden}


def _session_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/credentials")
    def credentials() -> Json:
        return {
            "my_domain": world.switches.present.my_domain,
            "organization_id": world.organization(),
            "consumer_key": CONSUMER_KEY,
            "consumer_secret": CONSUMER_SECRET,
            "username": INTEGRATION,
            "user_id": world.user(INTEGRATION),
            "password": PASSWORD,
            "security_token": SECURITY_TOKEN,
        }

    @routes.post("/apps", status_code=201)
    @plainly
    def enrol(asked: Enrolment) -> Json:
        run_as = world.user(asked.run_as) if asked.run_as else ""
        world.accounts.enrol(asked.consumer_key, asked.consumer_secret, run_as, asked.public_key)
        return {"consumer_key": asked.consumer_key}

    @routes.post("/users", status_code=201)
    @plainly
    def employ(asked: Person) -> Json:
        named = {"Username": asked.username, "Email": asked.username, "LastName": asked.last_name}
        step = Step(do="insert", object="User", values={**named, "FirstName": asked.first_name})
        made = deeds.transact(world, Deal(steps=[step]))
        world.accounts.give_password(asked.username, asked.password, asked.security_token)
        return {"id": made[0]}

    @routes.post("/refresh-tokens", status_code=201)
    @plainly
    def authorize(asked: Deed) -> Json:
        return {"refresh_token": world.accounts.authorize(world.user(asked.user), CONSUMER_KEY)}

    @routes.post("/tokens/expire")
    def expire() -> Json:
        return {"expired": world.accounts.expire()}

    @routes.post("/tokens/revoke")
    def revoke() -> Json:
        return {"revoked": world.accounts.revoke()}


def _hindrance_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/settings")
    def settings() -> Json:
        return world.switches.present.model_dump(mode="json")

    @routes.post("/settings")
    def turn(changes: dict[str, Any]) -> Json:
        try:
            return world.switches.turn(changes).model_dump(mode="json")
        except ValidationError as exc:
            raise HTTPException(422, exc.errors(include_url=False, include_context=False)) from exc

    @routes.post("/locks", status_code=201)
    def lock(asked: Lock) -> Json:
        world.guards.lock(asked.id, asked.times)
        return {"id": asked.id}

    @routes.delete("/locks")
    def release() -> Json:
        return {"released": world.guards.release()}

    @routes.post("/validation-rules", status_code=201)
    def demand(asked: Demand) -> Json:
        world.guards.require(asked.object, asked.field, asked.message)
        return {"object": asked.object, "field": asked.field}

    @routes.get("/limits")
    def limits() -> Json:
        return {"used": world.limits.used(REQUESTS), "limits": world.limits.resource()}

    @routes.post("/limits")
    def use(asked: Used) -> Json:
        world.limits.count(asked.name, asked.by)
        return {"used": world.limits.used(asked.name)}

    @routes.delete("/limits")
    def forgive() -> Json:
        world.limits.reset()
        return {"used": 0}
