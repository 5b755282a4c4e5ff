"""The cycle collector is only at rest while a batch is read."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest

from include.translation import load
from include.translation.collector import collector_at_rest
from tests.unit.translation.factories import a_payload, a_site, an_order


def test_it_works_again_afterwards_even_after_an_error() -> None:
    seen = []
    with suppress(LookupError), collector_at_rest():
        seen.append(gc.isenabled())
        raise LookupError
    assert (seen, gc.isenabled()) == ([False], True)


def test_who_had_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with collector_at_rest():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_key_for_each_payload() -> None:
    with pytest.raises(ValueError, match="2 keys for 1 payloads"):
        load("zoho_inventory/sales_order").to_canonical(["1", "2"], [a_payload(an_order())], a_site())
    assert gc.isenabled()
