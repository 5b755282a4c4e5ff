"""A16, A45: what is set aside can be found, understood, retried with its siblings, and closed."""

from __future__ import annotations

import pytest

from include.errors import PermanentError
from include.ledger import ExceptionState, Ledger

FLOW = "zoho_orders_to_sage100"


def test_one_row_per_reason_and_record(ledger: Ledger, an_exception, clock) -> None:
    """Every reason at once; meeting it again only counts."""
    reasons = [an_exception(), an_exception(line=3), an_exception(value="GADGET"), an_exception()]
    ids = ledger.exceptions.open(reasons)
    assert len(set(ids)) == 3
    assert ids[0] == ids[3]
    clock.pass_(minutes=5)
    assert ledger.exceptions.open([an_exception(message="clearer", run_id="run 2")]) == [ids[0]]
    row = ledger.exceptions.get(ids[0])
    assert row is not None
    assert (row.attempts, row.message, row.run_id) == (2, "clearer", "run 2")
    assert row.last_seen > row.first_seen


def test_no_reasons_are_no_work(ledger: Ledger) -> None:
    assert ledger.exceptions.open([]) == []
    assert ledger.exceptions.resolve(FLOW, [], how="nothing") == 0


def test_the_cause_is_what_siblings_share(ledger: Ledger, an_exception) -> None:
    first, second, other = ledger.exceptions.open(
        [an_exception("1"), an_exception("2", line=7), an_exception("3", value="GADGET")]
    )
    row = ledger.exceptions.get(first)
    assert row is not None
    assert row.cause == "reference.not_found|sku|WIDGET-9"
    assert [sibling.id for sibling in ledger.exceptions.siblings(first)] == [second]
    assert ledger.exceptions.counts_by_cause(FLOW) == {
        "reference.not_found|sku|WIDGET-9": 2,
        "reference.not_found|sku|GADGET": 1,
    }
    assert [row.id for row in ledger.exceptions.list(cause="reference.not_found|sku|GADGET")] == [other]


def test_a_resolved_reason_that_comes_back_reopens_its_row(ledger: Ledger, an_exception) -> None:
    (opened,) = ledger.exceptions.open([an_exception()])
    assert ledger.exceptions.resolve(FLOW, ["1001"], how="carried by run 7") == 1
    row = ledger.exceptions.get(opened)
    assert row is not None
    assert (row.state, row.resolution) == (ExceptionState.RESOLVED, "carried by run 7")
    assert row.resolved_at is not None
    assert ledger.exceptions.open([an_exception()]) == [opened]
    row = ledger.exceptions.get(opened)
    assert row is not None
    assert (row.state, row.resolved_at, row.attempts) == (ExceptionState.OPEN, None, 2)


def test_a_success_resolves_only_its_own_records(ledger: Ledger, an_exception) -> None:
    ledger.exceptions.open([an_exception("1"), an_exception("2"), an_exception("1", flow="other")])
    assert ledger.exceptions.resolve(FLOW, ["1", "9"], how="carried") == 1
    assert ledger.exceptions.count(state="OPEN") == 2


def test_a_retry_takes_all_reasons_of_the_record(ledger: Ledger, an_exception) -> None:
    """The record is looked at as a whole: one reason left open would block what was asked for."""
    ids = ledger.exceptions.open([an_exception("1"), an_exception("1", line=3), an_exception("2")])
    assert ledger.exceptions.start_retry([ids[0]], actor="ann") == ["1"]
    states = [ledger.exceptions.get(id_).state for id_ in ids]  # type: ignore[union-attr]
    assert states == ["retrying", "retrying", "open"]
    assert [entry.actor for entry in ledger.audit.of_record("1")] == ["ann"]


def test_retrying_what_is_resolved_does_nothing(ledger: Ledger, an_exception) -> None:
    ids = ledger.exceptions.open([an_exception()])
    ledger.exceptions.resolve(FLOW, ["1001"], how="carried")
    assert ledger.exceptions.start_retry(ids) == []
    assert ledger.exceptions.reopen(ids, actor="ann") == ["1001"]
    assert ledger.exceptions.start_retry(ids) == ["1001"]


def test_a_page_is_newest_first_and_filtered(ledger: Ledger, an_exception) -> None:
    ids = ledger.exceptions.open([an_exception(str(number)) for number in range(10)])
    ids.sort(reverse=True)
    assert [row.id for row in ledger.exceptions.list(FLOW, "open", limit=3)] == ids[:3]
    assert [row.id for row in ledger.exceptions.list(limit=3, offset=3)] == ids[3:6]
    assert [row.id for row in ledger.exceptions.list(limit=3, before=ids[5])] == ids[6:9]
    assert [row.record_key for row in ledger.exceptions.list(record_key="4")] == ["4"]
    assert ledger.exceptions.list("nobody") == []
    assert ledger.exceptions.get(10_000) is None


def test_a_value_from_outside_is_cut_and_cleaned(ledger: Ledger, an_exception) -> None:
    hostile = an_exception(value="\0" + "ß" * 5000)
    (opened,) = ledger.exceptions.open([hostile])
    assert ledger.exceptions.open([hostile]) == [opened]
    row = ledger.exceptions.get(opened)
    assert row is not None
    assert row.value == "\ufffd" + "ß" * 199


def test_an_unknown_disposition_is_refused(ledger: Ledger, an_exception) -> None:
    with pytest.raises(PermanentError, match="'later': there are parked and rejected"):
        ledger.exceptions.open([an_exception(disposition="later")])


def test_a_hundred_thousand_rows_page_through_an_index(pg_ledger: Ledger) -> None:
    """§3.2: no sort and no sequential scan stands behind a page, however deep."""
    with pg_ledger.database.begin("fill") as connection:
        connection.exec_driver_sql(
            "INSERT INTO exceptions (flow, record_key, code, disposition, cause, first_seen, last_seen) "
            "SELECT %(flow)s, n::text, 'reference.not_found', 'parked', 'cause ' || n %% 100, now(), now() "
            "FROM generate_series(1, 100000) n",
            {"flow": FLOW},
        )
        connection.exec_driver_sql("ANALYZE exceptions")
        plan = "\n".join(
            connection.exec_driver_sql(
                "EXPLAIN SELECT * FROM exceptions WHERE flow = %(flow)s AND state = 'open' AND id < 500 "
                "ORDER BY id DESC LIMIT 50",
                {"flow": FLOW},
            ).scalars()
        )
    assert "Index Scan Backward" in plan
    assert "Sort" not in plan
    page = pg_ledger.exceptions.list(FLOW, "open", before=500)
    assert [row.id for row in page] == list(range(499, 449, -1))
    assert len(pg_ledger.exceptions.counts_by_cause(FLOW)) == 100
