"""What a caller sees when the database is away, full, unmigrated or offended: our errors, no rows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import warnings
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy

from include.errors import ConfigurationError, PermanentError, TransientError
from include.ledger import Ledger
from include.ledger.__main__ import main
from include.ledger.database import ledger_url, open_engine

FLOW = "zoho_orders_to_sage100"


def test_a_database_that_is_away_is_a_transient_error(a_delivery) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    ledger = Ledger.connect(f"postgresql://nobody:hunter2@127.0.0.1:{port}/none")
    with pytest.raises(TransientError, match="keep deliveries") as caught:
        ledger.inbox.keep(FLOW, a_delivery())
    assert caught.value.retry_after == 5.0
    assert "Connection refused" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_connection_that_was_cut_is_replaced(pg_ledger: Ledger) -> None:
    pg_ledger.ping()
    with pg_ledger.database.once("cut") as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    pg_ledger.ping()


def test_a_connection_cut_in_mid_transaction_is_a_transient_error(pg_ledger: Ledger) -> None:
    with pytest.raises(TransientError, match="die"), pg_ledger.database.begin("die") as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    pg_ledger.ping()


def test_a_statement_that_hangs_is_given_up(postgres_url: str) -> None:
    ledger = Ledger.connect(postgres_url, statement_timeout=timedelta(milliseconds=50))
    with pytest.raises(TransientError, match="QueryCanceled"), ledger.database.begin("sleep") as connection:
        connection.exec_driver_sql("SELECT pg_sleep(5)")
    ledger.close()


def test_a_full_disk_is_a_transient_error(pg_ledger: Ledger) -> None:
    with (
        pytest.raises(TransientError, match=r"DiskFull \(53100\)"),
        pg_ledger.database.begin("fill") as connection,
    ):
        connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'disk_full'; END $$")


def test_a_row_that_breaks_a_rule_is_not_quoted(ledger: Ledger) -> None:
    with pytest.raises(PermanentError) as caught, ledger.database.begin("break a rule") as connection:
        connection.exec_driver_sql(
            "INSERT INTO inbox (flow, system, event, record_key, delivery_id, payload, received_at, state) "
            "VALUES ('f', 's', 'e', 'Ann Smith', 'd', '', '2026-11-21', 'nonsense')"
        )
    assert "Ann Smith" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_pool_that_is_used_up_is_a_transient_error(postgres_url: str) -> None:
    ledger = Ledger.connect(postgres_url, pool_size=1, max_overflow=0)
    ledger.database.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    with ledger.database.once("hold"), pytest.raises(TransientError, match="no free connection"):
        ledger.ping()
    ledger.close()


def test_only_known_databases_are_taken() -> None:
    with pytest.raises(ConfigurationError, match="not on 'mysql'"):
        open_engine("mysql://localhost/x")
    assert ledger_url("postgres://h/d").drivername == "postgresql+psycopg2"


def test_naive_datetimes_are_refused(url: str, a_delivery) -> None:
    ledger = Ledger.connect(url, clock=lambda: datetime(2026, 11, 21))  # noqa: DTZ001
    with pytest.raises((ValueError, sqlalchemy.exc.StatementError), match="naive datetime"):
        ledger.inbox.keep(FLOW, a_delivery())
    ledger.close()


def test_connections_say_who_they_are(postgres_url: str) -> None:
    ledger = Ledger.connect(postgres_url, application_name="tradebridge receiver")
    with ledger.database.once("look") as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "tradebridge receiver"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "30s"
    ledger.close()


def test_a_forked_child_opens_its_own_connections(pg_ledger: Ledger) -> None:
    """LocalExecutor forks per task: a socket shared by parent and child would mix their answers."""
    pids = _backend(pg_ledger)
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads at a fork
        child = os.fork()
    if child == 0:
        os.write(write, str(_backend(pg_ledger)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100).decode() not in {str(pids), ""}
    assert _backend(pg_ledger) == pids
    os.close(read)
    os.close(write)


def _backend(ledger: Ledger) -> int:
    with ledger.database.once("who") as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def test_memory_is_enough_for_a_look(a_delivery) -> None:
    from include.ledger.tables import metadata

    ledger = Ledger.connect("sqlite://")
    metadata.create_all(ledger.database.engine)
    assert ledger.inbox.keep(FLOW, a_delivery())
    ledger.close()


def test_the_shell_shows_and_verifies(url: str, ledger: Ledger, keep, an_exception, capsys) -> None:
    keep("a", "b")
    ledger.exceptions.open([an_exception("a")])
    ledger.budgets.take("zoho", per_minute=3, per_day=9)
    ledger.exceptions.start_retry([1], actor="ann")
    assert main(["show", "--url", url]) == 0
    shown = capsys.readouterr().out
    assert f"{FLOW}: received 2 = pending 2" in shown
    assert "budget zoho:" in shown
    assert main(["verify", "--url", url]) == 0
    assert "audit trail whole" in capsys.readouterr().out


def test_the_shell_shows_what_keeps_calls_back(url: str, ledger: Ledger, capsys) -> None:
    ledger.parking.park(FLOW, datetime(2099, 1, 1, tzinfo=UTC), reason="Zoho says: blocked for an hour")
    for number in range(5):
        with ledger.breakers.guard("sage100_gateway:sage", subject=str(number)) as attempt:
            attempt.fail("HTTP 502")
    assert main(["show", "--url", url]) == 0
    shown = capsys.readouterr().out
    assert f"{FLOW}: parked until 2099-01-01 00:00:00 UTC: Zoho says: blocked for an hour" in shown
    assert "endpoint sage100_gateway:sage: " in shown
    assert "since 2026-11-21 12:00:00 UTC: HTTP 502" in shown


def test_the_shell_needs_to_know_where(monkeypatch, capsys) -> None:
    monkeypatch.delenv("TRADEBRIDGE_LEDGER_URL", raising=False)
    for arguments in (["show"], ["downgrade", "--url", "sqlite://"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert "--yes" in capsys.readouterr().err


def test_the_shell_reports_an_unmigrated_ledger(tmp_path, capsys) -> None:
    assert main(["show", "--url", f"sqlite:///{tmp_path}/none.sqlite"]) == 1
    assert "include.ledger migrate" in capsys.readouterr().err


def test_importing_the_ledger_opens_nothing_and_stays_light() -> None:
    """Rule 9: neither Alembic nor the cipher is paid for by who only reads."""
    code = (
        "import sys, include.ledger; print(sorted({'alembic', 'cryptography', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
