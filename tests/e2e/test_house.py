"""The nightly chores, and who may see what they publish."""

from __future__ import annotations

import pytest

from include.standalone.tally import FLOW
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

CHECKS = "/tradebridge/checks/index.html"


def test_keep_house_publishes_what_the_checks_found_behind_the_login(site: Site) -> None:
    """A30: Data Docs of real batches; a guest sees nothing."""
    orders = site.place()
    site.wait_settled(orders)
    run_id = site.trigger("keep_house")
    assert site.finished(run_id, "keep_house") == "success"
    page = site.airflow.get(CHECKS)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert f"{FLOW}.html" in page.text
    assert "records pass" in site.airflow.get(f"/tradebridge/checks/{FLOW}.html").text
    assert site.guest.get(CHECKS).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/tradebridge/exceptions", "/tradebridge/api/exceptions", "/tradebridge/records", "/tradebridge/health"],
)
def test_a_guest_sees_no_page_of_ours(site: Site, path: str) -> None:
    assert site.guest.get(path).status_code == 401
    assert site.airflow.get(path).status_code == 200


def test_the_books_balance_and_the_watch_finds_nothing_wrong(site: Site) -> None:
    """A24, promise 2.2: over orders that a real Airflow has carried; the page shows the same."""
    orders = site.place()
    site.wait_settled(orders)
    for dag in ("balance_books", "watch_flows"):
        assert site.finished(site.trigger(dag), dag) == "success"
    balance = site.airflow.get("/tradebridge/api/balances").json()["balances"][0]
    assert balance["balanced"]
    assert balance["findings"] == []
    assert balance["received"] == sum(balance["counts"].values()) >= len(orders)
    assert balance["checked_at"][:16].replace("T", " ") in site.airflow.get("/tradebridge/health").text
    assert site.guest.get("/tradebridge/api/balances").status_code == 401
