"""Flows that tell one system what another says of a record: stock, shipments, invoices, items, payments.

The source announces nothing, or not enough, so it is *polled*: what differs from what was last announced
goes into the inbox. From there on a record walks as an order does: claimed, extracted, translated, checked,
loaded, settled. What the target was told already is not told again.
"""
