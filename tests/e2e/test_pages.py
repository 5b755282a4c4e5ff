"""A clerk's way through Airflow's UI, in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, expect, sync_playwright

from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
PATIENCE = 30_000
"""Milliseconds."""


@pytest.fixture(scope="module")
def page(site: Site) -> Iterator[Page]:
    """A browser window in which the administrator has logged in."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        pytest.skip("no Chromium: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=QUIET)
        window = browser.new_page(
            base_url=site.machine.airflow_url, viewport={"width": 1440, "height": 900}, locale="en-US"
        )
        window.set_default_timeout(PATIENCE)
        log_in(window, site.machine.secrets.admin_password)
        yield window
        browser.close()


def log_in(window: Page, password: str) -> None:
    """Through the form, as a person does."""
    window.goto("/")
    window.locator("input[name=username]").fill("admin")
    window.locator("input[name=password]").fill(password)
    window.locator("button[type=submit]").click()
    expect(window.get_by_role("button", name="Browse")).to_be_visible(timeout=PATIENCE)


def desk(window: Page) -> Frame:
    """Browse > Exceptions, as Airflow shows it inside its own page."""
    window.get_by_role("button", name="Browse").click()
    window.get_by_role("menuitem", name="Exceptions").click()
    element = window.wait_for_selector("iframe")
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_selector("h1")
    return frame


def picture(window: Page, name: str) -> None:
    """Kept when somebody wants to look: ``E2E_PICTURES=folder``."""
    if folder := os.environ.get("E2E_PICTURES"):
        window.screenshot(path=Path(folder) / f"{name}.png")


def test_a_clerk_sees_why_an_order_waits_and_carries_it_again(site: Site, page: Page) -> None:
    """A45: reason, remedy and candidates on the page; one press, and the order is in Sage."""
    sku = "NW-0072-CLERK"
    [(order_id, number)] = site.place(like="SO-10248", announce=False).items()
    changes = site.order(order_id)["line_items"]
    changes[2]["sku"] = sku
    site.control("PUT", f"/zoho/salesorders/{order_id}", {"changes": {"line_items": changes}, "raw": True})
    site.wait_until(lambda: site.exceptions_of(order_id), "the order to be parked")

    frame = desk(page)
    row = frame.locator("tr", has=frame.get_by_text(number, exact=True))
    expect(row).to_contain_text(sku)
    expect(row).to_contain_text("Add an alias for the SKU in Sage")
    expect(row).to_contain_text("NW-0072")
    picture(page, "exceptions-open")

    site.add_alias(sku, "NW-0072")
    row.get_by_role("button", name="Carry again").click()
    expect(frame.get_by_role("status")).to_contain_text("On its way")
    picture(page, "exceptions-on-its-way")
    site.wait_settled([order_id])
    site.assert_carried_once([order_id])

    frame.get_by_role("link", name="resolved").click()
    expect(frame.locator("tr", has=frame.get_by_text(number, exact=True))).to_be_visible()
    picture(page, "exceptions-resolved")
