"""How many tasks may talk to one system at once.

The ledger's budgets count calls; pools keep tasks that would only wait for a call from holding a
worker slot each.
"""

from __future__ import annotations

ZOHO_INVENTORY = "zoho_inventory"
CLARITY_ECOMMERCE = "clarity_ecommerce"
SALESFORCE = "salesforce"
SAGE_100 = "sage100"

POOLS = {
    ZOHO_INVENTORY: (4, "Tasks that call Zoho Inventory. Zoho allows 5-10 calls at once per organisation."),
    CLARITY_ECOMMERCE: (4, "Tasks that call Clarity eCommerce. A client may have 10 calls open at once."),
    SALESFORCE: (4, "Tasks that call Salesforce. An org counts calls by the day, and long ones at once."),
    SAGE_100: (4, "Tasks that write to Sage 100 through the gateway, which serialises them by session."),
}
"""Name to (slots, description)."""
