"""What the demonstration's sales people do in Salesforce, and the account of what became of it.

Witnesses are the three systems themselves: Salesforce's records, Zoho's documents, Sage's own tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.standalone.tally import CENT, ZOHO, ask_ledger, sage_totals, sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.standalone.environment import Machine

CATALOGUE, CUSTOMERS, WON = (
    "zoho_catalog_to_salesforce",
    "salesforce_customers_to_zoho",
    "salesforce_closed_won_to_zoho",
)
FLOWS = (CATALOGUE, CUSTOMERS, WON, ZOHO.flow)
ITEM_KEY, CONTACT_KEY = "Zoho_Item_Id__c", "Zoho_Contact_Id__c"
COMPANIES = (
    ("Alpine Ski House", "410 Main Street", "Aspen", "CO", "81611", "Nina", "Berglund"),
    ("Blue Yonder Airlines", "2200 Airport Way S", "Seattle", "WA", "98134", "Pat", "Coleman"),
    ("Coho Vineyard", "1455 Silverado Trail", "Napa", "CA", "94558", "Jamie", "Reding"),
    ("Graphic Design Institute", "77 Mercer Street", "New York", "NY", "10012", "Luis", "Bonifaz"),
    ("Lucerne Publishing", "18 Beacon Street", "Boston", "MA", "02108", "Maria", "Campbell"),
    ("Wide World Importers", "600 Canal Street", "New Orleans", "LA", "70130", "Kim", "Abercrombie"),
)
LINES = 3
"""Lines of a deal; the goods of one follow those of the one before."""
NOTE = "Agreed with the warehouse: deliver in the morning."
"""What somebody enters in Zoho: no later change in Salesforce may wipe it out."""
NEW_STREET, IN_ZOHO = "412 Main Street", "412 Main St"
"""Addresses are written as the post office does on their way."""
SECONDS = """
    SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY took), 0),
           coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY took), 0)
    FROM (
        SELECT extract(epoch FROM min(writes.updated_at) - min(inbox.received_at)) AS took
        FROM writes JOIN inbox ON inbox.flow = writes.flow AND inbox.record_key = writes.record_key
        WHERE writes.flow = :flow AND writes.state = 'committed'
        GROUP BY writes.record_key
    ) AS told
"""


@dataclass(frozen=True, slots=True)
class Sold:
    """An opportunity that was won.

    Args:
        id: of the opportunity.
        account: the buyer's id.
    """

    id: str
    account: str


@dataclass(frozen=True, slots=True)
class SalesTally:
    """Catalogue, customers and orders in three systems.

    Args:
        goods: price by item id, in Zoho.
        products: price by item id, in Salesforce's standard price book.
        accounts: name by id, of those that sales people entered.
        contacts: Zoho's contacts by name.
        persons: last name by account's name, in Salesforce.
        amounts: what was sold, by opportunity.
        orders: Zoho's orders by opportunity: id, status and total of each.
        sage: totals in Sage by Zoho's order id.
        seconds: half of the customers, and 95 %, were in Zoho so long after Salesforce said so.
    """

    goods: Mapping[str, Decimal]
    products: Mapping[str, Decimal]
    accounts: Mapping[str, str]
    contacts: Mapping[str, Sequence[Mapping[str, Any]]]
    persons: Mapping[str, str]
    amounts: Mapping[str, Decimal]
    orders: Mapping[str, Sequence[tuple[str, str, Decimal]]]
    sage: Mapping[str, Sequence[Decimal]]
    seconds: tuple[float, float]

    @property
    def confirmed(self) -> int:
        """Orders in Zoho that are confirmed."""
        return sum(status == "confirmed" for found in self.orders.values() for _, status, _ in found)

    @property
    def sold(self) -> Decimal:
        """Dollars of all deals in Salesforce."""
        return sum(self.amounts.values(), Decimal("0.00"))

    @property
    def ordered(self) -> Decimal:
        """Dollars of their orders in Zoho."""
        return sum((total for found in self.orders.values() for _, _, total in found), Decimal("0.00"))

    @property
    def booked(self) -> list[Decimal]:
        """Dollars of each of their orders in Sage."""
        ids = [order for found in self.orders.values() for order, _, _ in found]
        return [total for order in ids for total in self.sage.get(order, ())]

    @property
    def in_sage(self) -> Decimal:
        """Dollars of all these orders."""
        return sum(self.booked, Decimal("0.00"))

    def problems(self) -> list[str]:
        """Everything that does not balance; empty when all does."""
        prices = [item for item, price in self.goods.items() if self.products.get(item) != price]
        lines = [
            (prices, f"{len(prices)} of {len(self.goods)} items are not in Salesforce at Zoho's price"),
            (self.products.keys() - self.goods.keys(), "Salesforce has products that Zoho does not sell"),
            (not self.goods, "Zoho has no items"),
        ]
        for name in self.accounts.values():
            found = self.contacts.get(name, ())
            lines.append((len(found) != 1, f"{name} stands in Zoho {len(found)} times"))
            people = [each["last_name"] for one in found for each in one["contact_persons"]]
            lines.append((people != [self.persons[name]], f"{name} has other people in Zoho: {people}"))
        for deal, amount in self.amounts.items():
            orders = self.orders.get(deal, ())
            right = [(status, total) for _, status, total in orders] == [("confirmed", amount)]
            lines.append((not right, f"deal {deal} over {amount} is in Zoho as {list(orders)}"))
            booked = [list(self.sage.get(order, ())) for order, _, _ in orders]
            lines.append((booked != [[amount]], f"deal {deal} over {amount} is in Sage as {booked}"))
        return [line for wrong, line in lines if wrong]


def catalogue_is_there(machine: Machine) -> bool:
    """Whether every item that Zoho sells has its price in Salesforce.

    Raises:
        TransientError: the sandbox does not answer.
    """
    return goods_of(machine) == products_of(machine)


def enter_accounts(machine: Machine) -> dict[str, str]:
    """Sales people enter companies, each with one person; names by the account's id.

    Raises:
        TransientError: the sandbox does not answer, or refuses.
    """
    accounts = {}
    for name, street, city, state, postal_code, first, last in COMPANIES:
        place = {"Street": street, "City": city, "State": state, "PostalCode": postal_code, "Country": "USA"}
        company = {"Name": name} | {f"Billing{part}": value for part, value in place.items()}
        email = f"{first}.{last}@{name.replace(' ', '').lower()}.example".lower()
        person = {"FirstName": first, "LastName": last, "Email": email, "AccountId": "$0"}
        steps = [
            {"do": "insert", "object": "Account", "values": company},
            {"do": "insert", "object": "Contact", "values": person},
        ]
        account, _ = _ask(machine, "POST", "transaction", {"steps": steps})["ids"]
        accounts[account] = name
    return accounts


def contacts_are_there(machine: Machine, accounts: Mapping[str, str]) -> bool:
    """Whether Zoho has every company with its person."""
    found = contacts_of(machine)
    return all(found.get(name) and found[name][0]["contact_persons"] for name in accounts.values())


def edit_both_sides(machine: Machine, accounts: Mapping[str, str]) -> str:
    """Somebody writes a note in Zoho, somebody else a street in Salesforce; the account's id."""
    account, name = next(iter(accounts.items()))
    (contact,) = contacts_of(machine)[name]
    changes = {"changes": {"notes": NOTE}}
    sandbox(machine, "PUT", f"contacts/{contact['contact_id']}", changes)
    _ask(machine, "PATCH", f"records/Account/{account}", {"values": {"BillingStreet": NEW_STREET}})
    return account


def edit_is_there(machine: Machine, accounts: Mapping[str, str], account: str) -> bool:
    """Whether both edits stand in Zoho, side by side."""
    (contact,) = contacts_of(machine)[accounts[account]]
    return bool(contact["billing_address"]["address"] == IN_ZOHO and contact["notes"] == NOTE)


def win(machine: Machine, accounts: Mapping[str, str]) -> list[Sold]:
    """One deal with each account is closed, of goods that Sage has too.

    Raises:
        TransientError: the sandbox does not answer, or refuses.
    """
    codes = sorted(each["ProductCode"] for each in _records(machine, "Product2") if each["IsActive"])
    known = [code for code in codes if code.startswith("NW-")]
    sold = []
    for place, (account, name) in enumerate(accounts.items()):
        values = {
            "Name": f"{name} - opening order",
            "AccountId": account,
            "StageName": "Negotiation/Review",
            "CloseDate": "2026-12-31",
        }
        deal = _ask(machine, "POST", "records/Opportunity", {"values": values})["id"]
        lines = [
            {"product_code": known[(place * LINES + line) % len(known)], "quantity": str(4 + line)}
            for line in range(LINES)
        ]
        _ask(machine, "POST", f"opportunities/{deal}/win", {"lines": lines})
        sold.append(Sold(deal, account))
    return sold


def sales_tally(machine: Machine, accounts: Mapping[str, str], sold: Sequence[Sold]) -> SalesTally:
    """Ask all three systems.

    Raises:
        TransientError: one of them does not answer.
    """
    deals = {each["Id"]: each for each in _records(machine, "Opportunity")}
    links = ask_ledger(
        machine,
        "SELECT source_id, target_id FROM crosswalk WHERE entity = 'sales_order' "
        "AND source_system = 'salesforce' AND target_system = 'zoho_inventory'",
    )
    known = {each["salesorder_id"]: each for each in sandbox(machine, "GET", "salesorders")["salesorders"]}
    orders: dict[str, list[tuple[str, str, Decimal]]] = {}
    for deal, order in links:
        found = known[order]
        orders.setdefault(deal, []).append((order, found["order_status"], _cents(found["total"])))
    people = {
        accounts[each["AccountId"]]: each["LastName"]
        for each in _records(machine, "Contact")
        if each["AccountId"] in accounts
    }
    p50, p95 = ask_ledger(machine, SECONDS, flow=CUSTOMERS)[0]
    return SalesTally(
        goods=goods_of(machine),
        products=products_of(machine),
        accounts=accounts,
        contacts=contacts_of(machine),
        persons=people,
        amounts={each.id: _cents(deals[each.id]["Amount"]) for each in sold},
        orders=orders,
        sage=sage_totals(machine.sage_database),
        seconds=(float(p50), float(p95)),
    )


def goods_of(machine: Machine) -> dict[str, Decimal]:
    """Price by item id of what Zoho sells."""
    found = sandbox(machine, "GET", "documents/items")["documents"]
    return {each["item_id"]: _cents(each["rate"]) for each in found if each["status"] == "active"}


def products_of(machine: Machine) -> dict[str, Decimal]:
    """Price by Zoho's item id in Salesforce's standard price book, of what may be sold."""
    prices = {
        each["Product2Id"]: _cents(each["UnitPrice"])
        for each in _records(machine, "PricebookEntry")
        if each["IsActive"]
    }
    return {
        each[ITEM_KEY]: prices[each["Id"]]
        for each in _records(machine, "Product2")
        if each["IsActive"] and each[ITEM_KEY] and each["Id"] in prices
    }


def contacts_of(machine: Machine) -> dict[str, list[dict[str, Any]]]:
    """Zoho's contacts by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in sandbox(machine, "GET", "documents/contacts")["documents"]:
        found.setdefault(each["contact_name"], []).append(each)
    return found


def _records(machine: Machine, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _ask(machine, "GET", f"records/{name}")["records"]
    return found


def _ask(machine: Machine, method: str, path: str, body: object = None) -> Any:
    return sandbox(machine, method, path, body, system="salesforce")


def _cents(amount: object) -> Decimal:
    return Decimal(str(amount)).quantize(CENT)
