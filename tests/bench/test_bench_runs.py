"""P1-P6: the bench measures what it says it measures. No test here asserts a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench import naive, ours, polars_way, shop
from tests.bench.__main__ import main, measured
from tests.bench.batch import DifferentResultsError, agree
from tests.bench.carried import Carried
from tests.bench.figures import Figure
from tests.bench.sizes import QUICK

ORDERS = len(shop.BAD) * shop.SPOILT_EVERY


@pytest.fixture(scope="module")
def orders() -> Sequence[tuple[str, bytes]]:
    """So many that each way of being bad is among them."""
    return list(shop.orders(ORDERS))


@pytest.fixture(scope="module")
def product(orders: Sequence[tuple[str, bytes]]) -> Carried:
    return ours.carry(*zip(*orders, strict=True))


@pytest.mark.parametrize("rival", [naive, polars_way], ids=["naive", "polars"])
def test_a_rival_makes_the_very_same_records_and_sets_the_same_orders_aside(
    rival: object, orders: Sequence[tuple[str, bytes]], product: Carried
) -> None:
    theirs = rival.carry(*zip(*orders, strict=True))  # type: ignore[attr-defined]
    assert theirs.aside == product.aside
    assert theirs.writes == product.writes


def test_exactly_the_orders_that_were_spoilt_are_set_aside(
    orders: Sequence[tuple[str, bytes]], product: Carried
) -> None:
    spoilt = {key for place, (key, _) in enumerate(orders, start=1) if place % shop.SPOILT_EVERY == 0}
    assert product.aside == spoilt
    assert len(product.writes) == len(orders) - len(shop.BAD)


def test_the_orders_have_what_makes_the_work_real(product: Carried) -> None:
    headers = [write.header for write in product.writes]
    codes = {line["ItemCode"] for write in product.writes for line in write.lines}
    assert len({header["BillToCountryCode"] for header in headers}) > 15
    assert {"NONTAX", "WA"} == {header["TaxSchedule"] for header in headers}
    assert {"/ADJ", "/ROUND", "/C"} < codes
    assert any(header["DiscountAmt"] != "0" for header in headers)
    assert any(line["LineDiscountPercent"] == "12.5" for write in product.writes for line in write.lines)


def test_the_same_seed_gives_the_same_orders_and_another_seed_gives_others() -> None:
    assert list(shop.orders(20)) == list(shop.orders(20))
    assert list(shop.orders(20)) != list(shop.orders(20, seed=1))


def test_different_results_are_no_comparison() -> None:
    figures = {"result": "a", "rows": 1, "set_aside": 0}
    agree([figures, dict(figures)])
    with pytest.raises(DifferentResultsError):
        agree([figures, figures | {"rows": 2}])


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("x", 10, at_least=10), True),
        (Figure("x", 9.99, at_least=10), False),
        (Figure("x", 600, at_most=600), True),
        (Figure("x", 601, at_most=600), False),
        (Figure("x", 1), None),
    ],
)
def test_a_figure_knows_whether_its_target_is_met(figure: Figure, met: bool | None) -> None:
    assert figure.met is met


def test_the_short_form_runs_and_writes_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    assert main(["--only", "batch", "--quick", "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    versions = found["batch"]["details"]["versions"]
    assert set(versions) == {"ours", "naive", "polars"}
    assert {figures["rows"] for figures in versions.values()} == {QUICK.orders - QUICK.orders // 50}
    assert "Tradebridge against naive" in capsys.readouterr().out


def test_an_unknown_part_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "speed"])
    assert "accounts, batch, calls, catalogue, latency, lookups, receiver" in capsys.readouterr().err


@pytest.mark.e2e
def test_calls_are_counted_and_do_not_grow_with_the_batch() -> None:
    (section,) = measured(["calls"], QUICK)
    assert [figure.name for figure in section.figures if figure.met is False] == []


@pytest.mark.timeout(600)
def test_a_catalogue_whose_run_is_killed_arrives_once_and_memory_stays_flat() -> None:
    """C9: each job is begun once, and each item is read once but for the batch that was interrupted."""
    (section,) = measured(["catalogue"], QUICK)
    assert [figure.name for figure in section.figures if figure.met is False] == []
    counted = {figure.name: figure.value for figure in section.figures}
    assert 0 < counted["products in Salesforce when the process was killed"] < QUICK.items
    assert counted["jobs begun"] == 2 * QUICK.items / QUICK.item_batch


@pytest.mark.timeout(600)
def test_a_changed_account_is_one_call_and_nothing_else() -> None:
    """C34: of the calls to Zoho none is for anything but the contacts that changed."""
    (section,) = measured(["accounts"], QUICK)
    assert [figure.name for figure in section.figures if figure.met is False] == []
    counted = {figure.name: figure.value for figure in section.figures}
    assert counted["calls to Zoho that change one"] == QUICK.accounts


@pytest.mark.e2e
def test_a_look_up_is_one_call_to_each_system_and_a_remembered_one_none() -> None:
    """C8."""
    (section,) = measured(["lookups"], QUICK)
    counted = {figure.name: figure.value for figure in section.figures}
    assert counted["systems that are called over HTTP"] == 3
    assert counted["calls of one system for a cold look-up, at most"] == 1
    assert counted["calls for all cached look-ups"] == 0


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_the_short_form_runs_on_a_real_airflow() -> None:
    latency, receiver = measured(["latency", "receiver"], QUICK)
    assert len(latency.details["ours"]) == len(latency.details["empty"]) == QUICK.singles
    assert {figure.name: figure.met for figure in receiver.figures[:2]} == {
        "webhooks answered 2xx": True,
        "of them rows in the ledger": True,
    }
