"""The nightly chores, and who may see what they publish."""

from __future__ import annotations

import pytest

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
    assert ".html" in page.text
    assert site.guest.get(CHECKS).status_code == 401


@pytest.mark.parametrize(
    "path", ["/tradebridge/exceptions", "/tradebridge/api/exceptions", "/tradebridge/records"]
)
def test_a_guest_sees_no_page_of_ours(site: Site, path: str) -> None:
    assert site.guest.get(path).status_code == 401
    assert site.airflow.get(path).status_code == 200
