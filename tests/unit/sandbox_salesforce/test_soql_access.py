"""How a query comes to its rows: by keys, parents and stamps instead of reading the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from include.sandbox.salesforce.soql.query import prepare
from include.sandbox.salesforce.store import Store

from .soql_org import NOW, insert, store_in


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """3,000 products, saved a hundred a minute, each with its number as external id."""
    made = store_in(tmp_path_factory.mktemp("soql"))
    for minute in range(30):
        made.clock.freeze(NOW + timedelta(minutes=minute))
        first = 100 * minute
        insert(
            made,
            "Product2",
            *({"Name": f"P{n}", "Zoho_Item_Id__c": str(n)} for n in range(first, first + 100)),
        )
    (parent,) = insert(made, "Account", {"Name": "Parent"})
    insert(made, "Account", *({"Name": f"Child {n}", "ParentId": parent} for n in range(3)))
    insert(made, "Account", *({"Name": f"Other {n}"} for n in range(500)))
    yield made
    made.database.close()


@pytest.fixture
def decoded(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the objects of which a record was read, once for each."""
    seen: list[str] = []
    whole: Callable[..., dict[str, object]] = store._record

    def noted(sobject: object, body: str) -> dict[str, object]:
        seen.append(sobject.name)  # type: ignore[attr-defined]
        return whole(sobject, body)

    monkeypatch.setattr(store, "_record", noted)
    return seen


FIRST = "01tHp0000000001IAA"
STAMPED = "SELECT Id FROM Product2 WHERE SystemModstamp"
AT = "2026-03-04T12:10:00Z"
BESIDE = f"SystemModstamp = {AT} AND Id > '{FIRST}'"
KIN = "SELECT Id FROM Account WHERE ParentId IN (SELECT Id FROM Account WHERE Id = '001Hp0000000001IAA')"


@pytest.mark.parametrize(
    ("soql", "total", "read"),
    [
        (f"SELECT Id FROM Product2 WHERE Id = '{FIRST}'", 1, 1),
        (f"SELECT Id FROM Product2 WHERE Id IN ('{FIRST}', '{FIRST[:14]}2') AND Name LIKE 'P%'", 2, 2),
        ("SELECT Id FROM Product2 WHERE Zoho_Item_Id__c = '2999'", 1, 1),
        ("SELECT Id FROM Product2 WHERE IsActive = false AND Zoho_Item_Id__c IN ('1', '2', 'none')", 2, 2),
        ("SELECT Id FROM Product2 WHERE Zoho_Item_Id__c = '1' OR Zoho_Item_Id__c = '2'", 2, 2),
        ("SELECT Id FROM Product2 WHERE SystemModstamp >= 2026-03-04T12:29:00Z", 100, 100),
        (
            f"{STAMPED} > 2026-03-04T12:27:00Z AND SystemModstamp <= 2026-03-04T12:28:00Z",
            100,
            200,
        ),
        (
            f"{STAMPED} > {AT} OR ({BESIDE}) ORDER BY SystemModstamp, Id LIMIT 50",
            50,
            1000,
        ),
        ("SELECT Id FROM Product2 ORDER BY Id LIMIT 10", 10, 1000),
        ("SELECT Id FROM Product2", 3000, 0),
        ("SELECT Id FROM Product2 ORDER BY SystemModstamp, Id", 3000, 0),
        ("SELECT COUNT() FROM Product2", 3000, 0),
        (KIN, 3, 4),
        ("SELECT Id FROM Product2 WHERE Name = 'P7'", 1, 3000),
    ],
)
def test_no_more_is_read_than_the_index_names(
    store: Store, decoded: list[str], soql: str, total: int, read: int
) -> None:
    assert prepare(store, soql).run().total == total
    assert len(decoded) <= read


def test_a_walk_by_stamp_and_id_meets_every_record_once(store: Store) -> None:
    last, stamp, walked = "", "2000-01-01T00:00:00Z", []
    while True:
        after = f"SystemModstamp > {stamp}" + (
            f" OR (SystemModstamp = {stamp} AND Id > '{last}')" if last else ""
        )
        answer = prepare(
            store,
            f"SELECT Id, SystemModstamp FROM Product2 WHERE {after} ORDER BY SystemModstamp, Id LIMIT 70",
        ).run()
        rows = answer.page(0, 70, "")
        if not rows:
            break
        walked += [row["Id"] for row in rows]
        last, stamp = rows[-1]["Id"], rows[-1]["SystemModstamp"]
    assert len(walked) == 3000
    assert walked == sorted(set(walked))
