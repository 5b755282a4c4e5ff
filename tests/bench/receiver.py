"""Bursts of webhooks at the real receiver in a real Airflow API server."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.connectors.zoho_inventory.webhook import SIGNATURE_HEADER
from include.pipelines.announce import delivery_id
from include.sandbox.zoho.wire import wire_time
from include.standalone.environment import SANDBOX_WEBHOOK_SECRET
from tests.bench.figures import Figure, Section

if TYPE_CHECKING:
    from tests.bench.running import Site
    from tests.bench.sizes import Sizes

CONNECTIONS = 50
"""How many the sender keeps open; each sends its next webhook as soon as the last one is answered."""
KEPT = "SELECT count(*) FROM inbox WHERE delivery_id = ANY(:ids)"

Answers = list[tuple[int, float]]
"""HTTP status and seconds of each webhook."""


def measure(site: Site, sizes: Sizes) -> Section:
    """Some bursts, each of versions that nobody has seen; between two the flow carries what came."""
    rounds: list[Answers] = []
    seconds: list[float] = []
    orders = _orders(site, sizes.webhooks)
    announced: list[str] = []
    for number in range(1, sizes.repeats + 1):
        site.settle()
        bodies = [_later(order, number) for order in orders]
        announced += [
            delivery_id("salesorder", body["salesorder_id"], body["last_modified_time"]) for body in bodies
        ]
        requests = [_request(site.receiver, body) for body in bodies]
        started = time.perf_counter()
        rounds.append(asyncio.run(_burst(site.receiver, requests)))
        seconds.append(time.perf_counter() - started)
    kept = site.ledger(KEPT, ids=announced)[0][0]
    return _section(len(orders), rounds, seconds, kept)


def _orders(site: Site, count: int) -> list[dict[str, Any]]:
    """Orders as the shop has them."""
    rows = site.shop("GET", "salesorders")["salesorders"][:count]
    return [site.shop("GET", f"documents/salesorders/{row['salesorder_id']}") for row in rows]


def _later(order: dict[str, Any], number: int) -> dict[str, Any]:
    """The order as it would be announced ``number`` days later; the receiver takes it for another version."""
    at = datetime.fromisoformat(order["last_modified_time"]) + timedelta(days=number)
    return order | {"last_modified_time": wire_time(at)}


def _request(url: str, order: dict[str, Any]) -> bytes:
    """The whole HTTP request; made beforehand, for the sender works elsewhere."""
    target, body = urlsplit(url), json.dumps({"salesorder": order}, ensure_ascii=False).encode()
    headers = {
        "Host": target.netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        SIGNATURE_HEADER: hmac.digest(SANDBOX_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hex(),
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _burst(url: str, requests: list[bytes]) -> Answers:
    waiting = list(reversed(requests))
    answers: Answers = []

    async def sender() -> None:
        reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        while waiting:
            request = waiting.pop()
            started = time.perf_counter()
            writer.write(request)
            answers.append((await _status(reader), time.perf_counter() - started))
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
    return answers


async def _status(reader: asyncio.StreamReader) -> int:
    """Read one answer of known length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(int(length))
    return int(head.split(" ", 2)[1])


def _section(count: int, rounds: list[Answers], seconds: list[float], kept: int) -> Section:
    sent = count * len(rounds)
    took = [[elapsed for _, elapsed in answers] for answers in rounds]
    figures = [
        Figure("webhooks answered 2xx", sum(200 <= s < 300 for a in rounds for s, _ in a), at_least=sent),
        Figure("of them rows in the ledger", kept, at_least=sent),
        Figure("p50 of the answers", median(map(median, took)) * 1000, "ms"),
        Figure(
            "p99 of the answers", median(quantiles(t, n=100)[98] for t in took) * 1000, "ms", at_most=1000
        ),
        Figure("a whole burst", median(seconds), "s"),
        Figure("webhooks a second", count / median(seconds), "/s"),
    ]
    about = (
        f"{count} signed webhooks at once over {CONNECTIONS} connections, medians of {len(rounds)} bursts; "
        "the flow they wake runs on the same machine"
    )
    return Section("receiver", about, figures, {"seconds": [sorted(t) for t in took]})
