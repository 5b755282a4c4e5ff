"""What people in Salesforce do: they save records by hand, and close deals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from include.sandbox.salesforce.world import ADMINISTRATOR

if TYPE_CHECKING:
    from include.sandbox.salesforce.errors import Json
    from include.sandbox.salesforce.transaction import Transaction
    from include.sandbox.salesforce.world import World

UI = "ui"


class Deed(BaseModel):
    """By whom; the administrator if nobody is named."""

    model_config = ConfigDict(extra="forbid")

    user: str = ADMINISTRATOR


class Saving(Deed):
    """Field values of one record."""

    values: dict[str, Any]


class Merging(Deed):
    """The records that are merged into another."""

    losers: list[str]


class Step(BaseModel):
    """One step of a transaction. ``id`` may be ``$n``: the record of step n, counted from 0."""

    model_config = ConfigDict(extra="forbid")

    do: Literal["insert", "update", "delete", "undelete", "purge", "merge"]
    object: str
    id: str = ""
    values: dict[str, Any] = {}
    losers: list[str] = []


class Deal(Deed):
    """Several steps that are one transaction."""

    steps: list[Step]


class Sold(BaseModel):
    """One line of a deal; without a price the price book's holds."""

    model_config = ConfigDict(extra="forbid")

    product_code: str
    quantity: str = "1"
    price: str | None = None
    discount: str | None = None
    description: str | None = None


class Winning(Deed):
    """What was sold; lines are added to those the opportunity has."""

    lines: list[Sold] = []
    stage: str = "Closed Won"
    close_date: str | None = None


def transact(world: World, deal: Deal) -> list[str]:
    """Do all steps in one transaction; answers the record of each.

    Raises:
        RowError: a step was refused, and nothing was done.
        KeyError: no such user.
    """
    done: list[str] = []
    with world.store.commit(world.user(deal.user), origin=UI) as tx:
        for step in deal.steps:
            done.append(_take(tx, step, done))
    return done


def _take(tx: Transaction, step: Step, done: list[str]) -> str:
    record = done[int(step.id[1:])] if step.id.startswith("$") else step.id
    values = {
        name: done[int(value[1:])]
        if isinstance(value, str) and value[:1] == "$" and value[1:].isdecimal()
        else value
        for name, value in step.values.items()
    }
    if step.do == "insert":
        return tx.insert(step.object, values)
    if step.do == "update":
        tx.update(step.object, record, values)
    elif step.do == "delete":
        tx.delete(step.object, record)
    elif step.do == "undelete":
        tx.undelete(record)
    elif step.do == "purge":
        tx.purge(step.object, record)
    else:
        tx.merge(step.object, record, step.losers)
    return record


def win(world: World, opportunity: str, asked: Winning) -> Json:
    """Close a deal with lines, in one transaction; answers the opportunity as it stands.

    Raises:
        RowError: Salesforce would not have it.
        KeyError: no such user, opportunity or product.
    """
    store = world.store
    found = store.read("Opportunity", opportunity)
    if found is None:
        raise KeyError(f"there is no opportunity {opportunity}")
    book = found["Pricebook2Id"] or next(one["Id"] for one in store.rows("Pricebook2") if one["IsStandard"])
    wanted = {line.product_code for line in asked.lines}
    products = {
        one["ProductCode"]: one["Id"] for one in store.rows("Product2") if one["ProductCode"] in wanted
    }
    missing = sorted(wanted - products.keys())
    if missing:
        raise KeyError(f"there is no product with the code {', '.join(missing)}")
    with store.commit(world.user(asked.user), origin=UI) as tx:
        if asked.lines and found["Pricebook2Id"] is None:
            tx.update("Opportunity", opportunity, {"Pricebook2Id": book})
        for line in asked.lines:
            values: Json = {"OpportunityId": opportunity, "Product2Id": products[line.product_code]}
            named = {"UnitPrice": line.price, "Discount": line.discount, "Description": line.description}
            given = {name: value for name, value in named.items() if value is not None}
            tx.insert("OpportunityLineItem", {**values, "Quantity": line.quantity, **given})
        closing = {"CloseDate": asked.close_date} if asked.close_date else {}
        tx.update("Opportunity", opportunity, {"StageName": asked.stage, **closing})
    return store.read("Opportunity", opportunity) or {}
