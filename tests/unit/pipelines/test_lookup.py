"""C8: one record by any of its names, and nobody waits for a system that is away."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from include.errors import TransientError, UnreachableError
from include.ledger import Link
from include.pipelines.lookup import MOST, WAITING, Lookup, Reply

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
AT_ONCE, PATIENTLY = timedelta(milliseconds=20), timedelta(seconds=20)
FRESH, NOT_KEPT = timedelta(seconds=30), timedelta(0)


class Crosswalk:
    def __init__(self, *links: Link) -> None:
        self.links = links

    def called(self, entity: str, names: Iterable[str], systems: Iterable[str]) -> list[Link]:
        return [
            link
            for link in self.links
            if link.entity == entity and link.source_system in systems
            and set(names) & {link.source_id, link.target_id, link.natural_key}
        ]  # fmt: skip


class System:
    """One that can be asked, that can be away, and that can be slow."""

    def __init__(self, **records: str) -> None:
        self.records = records
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.asked = 0

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
        self.asked += 1
        self.open.wait(20)
        if self.error is not None:
            raise self.error
        for key in keys:
            yield key, self.records[key].encode() if key in self.records else None


class Watch:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def order(source: str, source_id: str, target: str, target_id: str, number: str = "SO-1") -> Link:
    return Link("sales_order", source, source_id, target, target_id, natural_key=number)


OPPORTUNITY = order("salesforce", "006A", "zoho_inventory", "46001", "Big deal")
ZOHO_ORDER = order("zoho_inventory", "46001", "sage100", "0000123", "SO-1")


@pytest.fixture
def shop() -> System:
    return System(**{"46001": '{"total": 12.50}'})


@pytest.fixture
def erp() -> System:
    return System(**{"0000123": '{"OrderStatus": "O"}'})


@pytest.fixture
def org() -> System:
    return System(**{"006A": '{"Amount": 12.50}'})


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def lookup(shop: System, erp: System, org: System, watch: Watch) -> Iterator[Lookup]:
    made = Lookup(
        "sales_order",
        crosswalk=lambda: Crosswalk(OPPORTUNITY, ZOHO_ORDER),  # type: ignore[arg-type]
        readers={"salesforce": lambda: org, "zoho_inventory": lambda: shop, "sage100": lambda: erp},
        clock=watch,
    )
    yield made
    shop.open.set()
    made.close()


def by_system(replies: Sequence[Reply]) -> dict[str, Reply]:
    return {reply.system: reply for reply in replies}


@pytest.mark.parametrize("name", ["SO-1", "46001", "0000123", "006A", "Big deal"])
def test_any_name_leads_to_the_record_in_every_system_that_can_be_asked(lookup: Lookup, name: str) -> None:
    found = by_system(lookup.find(name, within=PATIENTLY, max_age=FRESH))
    assert {system: (reply.id, reply.record) for system, reply in found.items()} == {
        "zoho_inventory": ("46001", b'{"total": 12.50}'),
        "sage100": ("0000123", b'{"OrderStatus": "O"}'),
        "salesforce": ("006A", b'{"Amount": 12.50}'),
    }
    assert found["zoho_inventory"].names == ("Big deal", "SO-1")
    assert all(reply.read_at == NOW and not reply.stale and not reply.problem for reply in found.values())


def test_a_name_that_nobody_knows_means_nothing(lookup: Lookup) -> None:
    assert lookup.find("SO-2", within=PATIENTLY, max_age=FRESH) == []


def test_another_kind_of_record_under_the_same_id_is_not_meant(shop: System, watch: Watch) -> None:
    customer = Link("customer", "zoho_inventory", "46001", "sage100", "00-AB", natural_key="SO-1")
    elsewhere = order("clarity_ecommerce", "0000123", "sage100", "0000999", "WEB-1")
    lookup = Lookup(
        "sales_order",
        crosswalk=lambda: Crosswalk(customer, ZOHO_ORDER, elsewhere),  # type: ignore[arg-type]
        readers={"zoho_inventory": lambda: shop},
        clock=watch,
    )
    found = lookup.find("SO-1", within=PATIENTLY, max_age=FRESH)
    assert [(reply.system, reply.id) for reply in found] == [("zoho_inventory", "46001")]


def test_an_id_that_is_linked_with_nothing_is_asked_where_the_caller_says(
    lookup: Lookup, shop: System
) -> None:
    shop.records["46002"] = "{}"
    (reply,) = lookup.find("46002", within=PATIENTLY, max_age=FRESH, systems=["zoho_inventory"])
    assert (reply.id, reply.record, reply.names) == ("46002", b"{}", ())
    assert lookup.find("46003", within=PATIENTLY, max_age=FRESH, systems=["zoho_inventory"]) == []


def test_what_was_said_a_moment_ago_costs_no_call(lookup: Lookup, shop: System, watch: Watch) -> None:
    for _ in range(3):
        lookup.find("SO-1", within=PATIENTLY, max_age=FRESH)
    assert shop.asked == 1
    watch.now += timedelta(seconds=31)
    lookup.find("SO-1", within=PATIENTLY, max_age=FRESH)
    assert shop.asked == 2
    lookup.find("SO-1", within=PATIENTLY, max_age=NOT_KEPT)
    assert shop.asked == 2, "it was read at this very moment"


def test_a_system_that_is_away_is_represented_by_what_it_said_last(
    lookup: Lookup, shop: System, watch: Watch
) -> None:
    lookup.find("SO-1", within=PATIENTLY, max_age=FRESH)
    watch.now += timedelta(minutes=5)
    shop.error = UnreachableError("zoho does not answer")
    found = by_system(lookup.find("SO-1", within=PATIENTLY, max_age=FRESH))
    said = found["zoho_inventory"]
    assert (said.stale, said.read_at, said.record) == (True, NOW, b'{"total": 12.50}')
    assert said.problem == "zoho does not answer"
    assert (found["sage100"].stale, found["sage100"].read_at) == (False, watch.now)


def test_nothing_is_made_up_for_a_system_that_never_answered(lookup: Lookup, shop: System) -> None:
    shop.error = RuntimeError("a secret")
    said = by_system(lookup.find("SO-1", within=PATIENTLY, max_age=FRESH))["zoho_inventory"]
    assert (said.stale, said.read_at, said.record) == (False, None, None)
    assert said.problem == "zoho_inventory could not be asked (RuntimeError)"


def test_a_record_that_is_gone_is_told_as_gone_and_not_as_trouble(lookup: Lookup, shop: System) -> None:
    shop.records.clear()
    said = by_system(lookup.find("SO-1", within=PATIENTLY, max_age=FRESH))["zoho_inventory"]
    assert (said.record, said.read_at, said.problem) == (None, NOW, "")


def test_who_asks_does_not_wait_for_a_system_that_hangs_and_the_next_one_profits(
    lookup: Lookup, shop: System
) -> None:
    shop.open.clear()
    for _ in range(3):
        said = by_system(lookup.find("SO-1", within=AT_ONCE, max_age=FRESH))["zoho_inventory"]
        assert said.problem == "zoho_inventory did not answer in time"
    assert shop.asked == 1, "who asks meanwhile shares the read that is under way"
    shop.open.set()
    said = by_system(lookup.find("SO-1", within=PATIENTLY, max_age=FRESH))["zoho_inventory"]
    assert (said.record, shop.asked) == (b'{"total": 12.50}', 1)


def test_a_name_that_means_very_much_is_cut(shop: System, watch: Watch) -> None:
    links = [order("zoho_inventory", str(each), "sage100", f"S{each}", "same") for each in range(100)]
    lookup = Lookup(
        "sales_order",
        crosswalk=lambda: Crosswalk(*links),  # type: ignore[arg-type]
        readers={"zoho_inventory": lambda: shop},
        clock=watch,
    )
    assert len(lookup.find("same", within=PATIENTLY, max_age=FRESH)) <= MOST


def test_several_records_of_one_system_are_read_together(org: System, watch: Watch) -> None:
    org.records["801A"] = "{}"
    made = order("zoho_inventory", "46001", "salesforce", "801A")
    lookup = Lookup(
        "sales_order",
        crosswalk=lambda: Crosswalk(OPPORTUNITY, made),  # type: ignore[arg-type]
        readers={"salesforce": lambda: org, "zoho_inventory": System},
        clock=watch,
    )
    found = [each for each in lookup.find("46001", within=PATIENTLY, max_age=FRESH) if each.record]
    assert [each.id for each in found] == ["006A", "801A"]
    assert org.asked == 1
    lookup.close()


def test_what_a_system_said_before_it_stopped_is_said(org: System, watch: Watch) -> None:
    class Half(System):
        def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | TransientError | None]]:
            yield keys[0], b"{}"
            raise UnreachableError("the rest is silence")

    made = order("zoho_inventory", "46001", "salesforce", "801A")
    lookup = Lookup(
        "sales_order",
        crosswalk=lambda: Crosswalk(OPPORTUNITY, made),  # type: ignore[arg-type]
        readers={"salesforce": Half, "zoho_inventory": System},
        clock=watch,
    )
    told = {each.id: each for each in lookup.find("46001", within=PATIENTLY, max_age=FRESH)}
    assert (told["006A"].record, told["006A"].problem) == (b"{}", "")
    assert (told["801A"].record, told["801A"].problem) == (None, "the rest is silence")
    lookup.close()


def test_a_system_that_hangs_holds_up_no_other_one_and_no_queue_grows_behind_it(
    shop: System, erp: System, watch: Watch
) -> None:
    links = [order("zoho_inventory", f"z{n}", "sage100", f"s{n}", f"SO-{n}") for n in range(2 * WAITING)]
    erp.records = {link.target_id: "{}" for link in links}
    lookup = Lookup(
        "sales_order",
        crosswalk=lambda: Crosswalk(*links),  # type: ignore[arg-type]
        readers={"zoho_inventory": lambda: shop, "sage100": lambda: erp},
        clock=watch,
    )
    shop.open.clear()
    problems = []
    for link in links:
        found = by_system(lookup.find(link.natural_key, within=AT_ONCE, max_age=FRESH))
        problems.append(found["zoho_inventory"].problem)
    assert problems[:WAITING] == ["zoho_inventory did not answer in time"] * WAITING
    assert problems[WAITING:] == ["too many look-ups wait for zoho_inventory; ask again later"] * WAITING
    for link in links:
        (found,) = lookup.find(link.natural_key, within=PATIENTLY, max_age=FRESH, systems=["sage100"])
        assert found.record == b"{}"
    shop.open.set()
    lookup.close()


CHAI = [
    Link("item", "zoho_inventory", "46009", "salesforce", "01tA", natural_key="CHAI"),
    Link("item", "clarity_ecommerce", "77", "sage100", "NW-1", natural_key="CHAI"),
]


@pytest.mark.parametrize("name", ["46009", "01tA", "CHAI"])
def test_links_that_share_nothing_but_the_name_are_of_one_item(watch: Watch, name: str) -> None:
    """What is carried between two pairs of systems has one code and no link in common."""
    systems = {each: System() for each in ("zoho_inventory", "salesforce", "clarity_ecommerce", "sage100")}
    lookup = Lookup(
        "item",
        crosswalk=lambda: Crosswalk(*CHAI),  # type: ignore[arg-type]
        readers={name: lambda made=made: made for name, made in systems.items()},
        clock=watch,
        coded_in="sage100",
    )
    found = lookup.find(name, within=PATIENTLY, max_age=FRESH)
    assert {(each.system, each.id) for each in found} == {
        ("zoho_inventory", "46009"), ("salesforce", "01tA"), ("clarity_ecommerce", "77"), ("sage100", "NW-1"),
    }  # fmt: skip
    lookup.close()


def test_links_that_share_a_name_are_of_several_customers(lookup: Lookup, watch: Watch) -> None:
    """Two people may be called alike; who asks by an id gets the one."""
    links = [
        order("zoho_inventory", "1", "sage100", "A", "Ann"),
        order("zoho_inventory", "2", "sage100", "B", "Ann"),
    ]
    two = Lookup(
        "sales_order",
        crosswalk=lambda: Crosswalk(*links),  # type: ignore[arg-type]
        readers={"zoho_inventory": System, "sage100": System},
        clock=watch,
    )
    assert {each.id for each in two.find("A", within=PATIENTLY, max_age=FRESH)} == {"1", "A"}
    assert {each.id for each in two.find("Ann", within=PATIENTLY, max_age=FRESH)} == {"1", "2", "A", "B"}
    two.close()


def test_a_code_that_nothing_is_linked_by_is_looked_for_where_codes_are_ids(
    erp: System, watch: Watch
) -> None:
    erp.records["NW-7"] = "{}"
    lookup = Lookup(
        "item",
        crosswalk=lambda: Crosswalk(
            Link("item", "zoho_inventory", "9", "salesforce", "01tB", natural_key="NW-7")
        ),  # type: ignore[arg-type]
        readers={"zoho_inventory": System, "salesforce": System, "sage100": lambda: erp},
        clock=watch,
        coded_in="sage100",
    )
    assert ("sage100", "NW-7") in {
        (each.system, each.id) for each in lookup.find("01tB", within=PATIENTLY, max_age=FRESH)
    }
    erp.records["NW-8"] = "{}"
    assert [each.id for each in lookup.find("NW-8", within=PATIENTLY, max_age=FRESH)] == ["NW-8"]
    assert lookup.find("NW-9", within=PATIENTLY, max_age=FRESH) == []
    lookup.close()
