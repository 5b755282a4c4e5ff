"""A process of its own that does one thing to Salesforce, for tests that need several or that kill one.

``python -m tests.contract.salesforce_worker <json>``
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from include.connectors.documents import Document
from include.connectors.salesforce import SalesforceProducts
from include.ledger import Ledger
from tests.contract.salesforce_line import open_client


class FileJobs:
    """Remembers Bulk API jobs as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def get(self, fingerprint: str) -> str | None:
        path = self.folder / fingerprint
        return path.read_text() if path.exists() else None

    def put(self, fingerprint: str, job_id: str) -> None:
        (self.folder / fingerprint).write_text(job_id)

    def forget(self, fingerprint: str) -> None:
        (self.folder / fingerprint).unlink(missing_ok=True)


def products(count: int, *, price: bool = True, broken: tuple[int, ...] = ()) -> list[Document]:
    """A catalogue; of the broken ones the name is missing."""
    made = []
    for n in range(count):
        product: dict[str, Any] = {
            "Zoho_Item_Id__c": f"46000000{n:05}",
            "Name": None if n in broken else f"Lamp {n}",
            "ProductCode": f"LMP-{n}",
            "IsActive": True,
        }
        content: dict[str, Any] = {"Product2": product}
        if price:
            content["price"] = {"UnitPrice": 10 + n % 90, "IsActive": True}
        made.append(Document(f"item-{n}", json.dumps(content), "", f"write-{n}"))
    return made


def main(told: dict[str, Any]) -> None:
    """Do what is told and print what came of it."""
    ledger = Ledger.connect(told["ledger"], secret_key=told["secret"])
    if told["do"] == "login":
        clients = [open_client(told["url"], ledger) for _ in range(told["threads"])]
        Path(told["ready"]).touch()
        while not Path(told["go"]).exists():
            time.sleep(0.01)
        with ThreadPoolExecutor(told["threads"]) as threads:
            list(threads.map(lambda client: client.get("limits/"), clients))
        print("done", flush=True)  # noqa: T201 - it is what the test reads
    else:
        # Between two looks at a job nobody sleeps: patience that counts the seconds of these would run out.
        settings = {"bulk_threshold": told["threshold"], "bulk_patience": 1e9}
        client = open_client(told["url"], ledger, die=told["die"], nth=told.get("nth", 1), **settings)
        target = SalesforceProducts(client, FileJobs(Path(told["jobs"])))
        answers = target.write(products(told["count"], price=told.get("price", False)))
        print(json.dumps([answer.status for answer in answers]), flush=True)  # noqa: T201
    ledger.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
