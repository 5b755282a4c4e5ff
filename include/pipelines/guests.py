"""Orders of guests go to a house account: one customer of the ERP for all who buy without an account.

The address stays with the order. Without the setting ``guest_customer`` a guest is a buyer like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.canonical import Reason
from include.ledger import Link
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import CUSTOMER, TARGET
from include.pipelines.staging import rows

if TYPE_CHECKING:
    import pandas as pd

    from include.pipelines.ports import World

HOUSE = "guest_customer"
"""The setting that names the house account (``01-GUEST``), and the source id under which it is linked."""


def to_house(world: World, orders: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``orders`` with those of guests given to the house account, and problems where there is none."""
    house = world.settings.get(HOUSE, "").strip().upper()
    guests = orders.is_guest.fillna(value=False).astype(bool)
    if not house or not guests.any():
        return orders, problem_frame([])
    given = orders.assign(customer_source_id=orders.customer_source_id.mask(guests, HOUSE))
    wrong = _linked(world, house)
    if not wrong:
        return given, problem_frame([])
    return given, problem_frame(
        problem(
            order["source_id"],
            Reason.NO_REFERENCE,
            field=HOUSE,
            value=house,
            message=f"order {order['number']} is a guest's, and {wrong}",
            remedy="Enter the house account in Sage, or correct the setting guest_customer, then replay.",
        )
        for order in rows(orders[guests][["source_id", "number"]].fillna(""))
    )


def _linked(world: World, house: str) -> str:
    """Link the house account; says what is wrong where that cannot be."""
    links = world.ledger.crosswalk.find(CUSTOMER, world.flow.source, [HOUSE], TARGET)
    if HOUSE in links and links[HOUSE].target_id == house:
        return ""
    customers = world.reads.customers()
    found = customers[(customers.ARDivisionNo + "-" + customers.CustomerNo).str.upper() == house]
    if not len(found):
        return f"Sage has no customer {house!r} for them"
    if (found.CustomerStatus == "I").any():
        return f"Sage customer {house} is inactive"
    world.ledger.crosswalk.bind(
        [
            Link(
                entity=CUSTOMER,
                source_system=world.flow.source,
                source_id=HOUSE,
                target_system=TARGET,
                target_id=house,
                source_version="",
                content_hash="",
                origin="setting guest_customer",
                natural_key=str(found.CustomerName.iloc[0]),
            )
        ]
    )
    return ""
