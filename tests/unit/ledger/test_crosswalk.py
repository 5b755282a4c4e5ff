"""A4, A34: both ids of everything carried; one creator for what is new."""

from __future__ import annotations

from datetime import timedelta

from include.ledger import Ledger, Link

CUSTOMER = ("customer", "zoho_inventory", "c1", "sage100")
LEASE = timedelta(minutes=2)


def a_link(source_id: str = "so1", target_id: str = "0000001", **overrides) -> Link:
    values = {"source_version": "v1", "content_hash": "abc", "origin": "created", "natural_key": "SO-10248"}
    return Link("sales_order", "zoho_inventory", source_id, "sage100", target_id, **{**values, **overrides})


def find(ledger: Ledger, *ids: str) -> dict[str, Link]:
    return ledger.crosswalk.find("sales_order", "zoho_inventory", ids, "sage100")


def test_a_link_is_found_from_either_id(ledger: Ledger) -> None:
    ledger.crosswalk.bind([a_link(), a_link("so2", "0000002")])
    assert find(ledger, "so1", "so9") == {"so1": a_link()}
    back = ledger.crosswalk.find_by_target("sales_order", "sage100", ["0000002"], "zoho_inventory")
    assert back == {"0000002": [a_link("so2", "0000002")]}
    assert find(ledger) == {}


def test_a_link_is_found_by_what_a_clerk_types(ledger: Ledger) -> None:
    ledger.crosswalk.bind([a_link()])
    for name in ("SO-10248", "so1", "0000001"):
        assert ledger.crosswalk.named(name) == [a_link()]
    assert ledger.crosswalk.named("nothing") == []


def test_binding_again_replaces(ledger: Ledger) -> None:
    ledger.crosswalk.bind([a_link(), a_link(source_version="v2")])
    assert find(ledger, "so1")["so1"].source_version == "v2"
    ledger.crosswalk.bind([a_link(source_version="v3")])
    assert find(ledger, "so1")["so1"].source_version == "v3"
    ledger.crosswalk.bind([])


def test_several_source_records_may_be_one_target_record(ledger: Ledger) -> None:
    ledger.crosswalk.bind([a_link("so1", "7"), a_link("so2", "7")])
    back = ledger.crosswalk.find_by_target("sales_order", "sage100", ["7"], "zoho_inventory")
    assert [link.source_id for link in back["7"]] == ["so1", "so2"]


def test_a_claim_has_one_owner_until_it_is_let_go(ledger: Ledger) -> None:
    assert ledger.crosswalk.claim(*CUSTOMER, owner="a", lease=LEASE)
    assert not ledger.crosswalk.claim(*CUSTOMER, owner="b", lease=LEASE)
    ledger.crosswalk.release_claim(*CUSTOMER, owner="b")
    assert not ledger.crosswalk.claim(*CUSTOMER, owner="b", lease=LEASE)
    ledger.crosswalk.release_claim(*CUSTOMER, owner="a")
    assert ledger.crosswalk.claim(*CUSTOMER, owner="b", lease=LEASE)


def test_a_repeated_task_keeps_its_claim(ledger: Ledger) -> None:
    assert ledger.crosswalk.claim(*CUSTOMER, owner="a", lease=LEASE)
    assert ledger.crosswalk.claim(*CUSTOMER, owner="a", lease=LEASE)


def test_a_dead_owners_claim_runs_out(ledger: Ledger, clock) -> None:
    assert ledger.crosswalk.claim(*CUSTOMER, owner="a", lease=LEASE)
    clock.pass_(minutes=2)
    assert ledger.crosswalk.claim(*CUSTOMER, owner="b", lease=LEASE)
    assert not ledger.crosswalk.claim(*CUSTOMER, owner="a", lease=LEASE)


def test_what_is_linked_cannot_be_claimed(ledger: Ledger) -> None:
    """Somebody created it between our look and our claim: look again instead of creating a twin."""
    ledger.crosswalk.bind([Link(*CUSTOMER, "01-000001")])
    assert not ledger.crosswalk.claim(*CUSTOMER, owner="a", lease=LEASE)
    with ledger.database.once("look") as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM write_claims").scalar() == 0
