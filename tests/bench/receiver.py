"""A burst of webhooks at the real receiver in a real Airflow API server."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from statistics import median, quantiles
from typing import TYPE_CHECKING

import httpx

from include.connectors.zoho_inventory.signature import SIGNATURE_HEADER
from include.standalone.environment import SANDBOX_WEBHOOK_SECRET
from tests.bench.figures import Figure, Section

if TYPE_CHECKING:
    from tests.bench.running import Site
    from tests.bench.sizes import Sizes

CONNECTIONS = 50
"""How many the sender keeps open; each sends its next webhook as soon as the last one is answered."""
KEPT = "SELECT count(DISTINCT record_key) FROM inbox WHERE record_key = ANY(:keys)"


def measure(site: Site, sizes: Sizes) -> Section:
    """Orders that were never announced, all at once."""
    bodies = unannounced(site, sizes.webhooks)
    started = time.perf_counter()
    answers = asyncio.run(_burst(site.receiver, list(bodies.values())))
    seconds = time.perf_counter() - started
    kept = site.ledger(KEPT, keys=list(bodies))[0][0]
    took = [elapsed for _, elapsed in answers]
    accepted = sum(200 <= status < 300 for status, _ in answers)
    figures = [
        Figure("answered 2xx", accepted, at_least=len(bodies)),
        Figure("rows in the ledger afterwards", kept, at_least=len(bodies)),
        Figure("p50 of the answer", median(took) * 1000, "ms"),
        Figure("p99 of the answer", quantiles(took, n=100)[98] * 1000, "ms", at_most=1000),
        Figure("all of them", seconds, "s"),
        Figure("webhooks a second", len(bodies) / seconds, "/s"),
    ]
    size = sum(map(len, bodies.values())) // len(bodies)
    about = f"{len(bodies)} signed webhooks of {size:,} bytes over {CONNECTIONS} connections, flow running"
    return Section("receiver", about, figures, {"milliseconds": [round(t * 1000, 2) for t in sorted(took)]})


def unannounced(site: Site, count: int) -> dict[str, bytes]:
    """Webhook bodies of the oldest orders that the inbox does not have."""
    known = {key for (key,) in site.ledger("SELECT DISTINCT record_key FROM inbox")}
    rows = site.shop("GET", "salesorders")["salesorders"]
    chosen = [row["salesorder_id"] for row in rows if row["salesorder_id"] not in known][:count]
    return {key: _body(site.shop("GET", f"documents/salesorders/{key}")) for key in chosen}


def _body(order: object) -> bytes:
    return json.dumps({"salesorder": order}, ensure_ascii=False).encode()


async def _burst(url: str, bodies: list[bytes]) -> list[tuple[int, float]]:
    """Status and seconds of each answer."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    waiting = list(reversed(bodies))
    answers: list[tuple[int, float]] = []

    async def sender(client: httpx.AsyncClient) -> None:
        while waiting:
            body = waiting.pop()
            tag = hmac.digest(SANDBOX_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hex()
            headers = {"Content-Type": "application/json", SIGNATURE_HEADER: tag}
            started = time.perf_counter()
            answer = await client.post(url, content=body, headers=headers)
            answers.append((answer.status_code, time.perf_counter() - started))

    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(sender(client) for _ in range(CONNECTIONS)))
    return answers
