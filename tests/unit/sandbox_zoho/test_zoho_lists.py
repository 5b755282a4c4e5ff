"""Lists: paging, sorting, filters that count and filters that are silently ignored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from .conftest import ORG, Zoho


def numbers(answer: dict) -> list[str]:
    return [row["salesorder_number"] for row in answer["salesorders"]]


def test_pages_cover_every_order_once(reader: Zoho) -> None:
    found: list[str] = []
    for page in range(1, 6):
        answer = reader.get("/salesorders", page=page, sort_column="salesorder_number", sort_order="A")
        context = answer["page_context"]
        assert (context["page"], context["per_page"], context["has_more_page"]) == (page, 200, page < 5)
        found += numbers(answer)
    assert found == sorted(set(found))
    assert len(found) == 830


def test_per_page_is_clamped_to_200(reader: Zoho) -> None:
    assert len(reader.get("/salesorders", per_page=1000)["salesorders"]) == 200


def test_a_page_beyond_the_end_is_empty(reader: Zoho) -> None:
    answer = reader.get("/salesorders", page=99)
    assert answer["salesorders"] == []
    assert answer["page_context"]["has_more_page"] is False


def test_the_report_name_spells_the_payload_key(reader: Zoho) -> None:
    for path in ("/salesorders", "/items", "/contacts", "/salesreturns", "/bills", "/packages"):
        answer = reader.get(path)
        assert answer["page_context"]["report_name"].lower().replace(" ", "") in answer


@pytest.mark.parametrize(
    ("query", "blamed"),
    [
        ({"page": "x"}, "page"),
        ({"per_page": "-1"}, "per_page"),
        ({"sort_column": "colour"}, "sort_column"),
        ({"sort_order": "X"}, "sort_order"),
        ({"last_modified_time": "2026-11-01T00:00:00Z"}, "last_modified_time"),
        ({"last_modified_time": "2026-11-01T00:00:00 0000"}, "last_modified_time"),
        ({"date_start": "yesterday"}, "date_start"),
        ({"total_less_than": "much"}, "total_less_than"),
    ],
)
def test_a_senseless_value_is_code_2(reader: Zoho, query: dict[str, str], blamed: str) -> None:
    answer = reader.call("GET", "/salesorders", **query)
    assert answer.status_code == 400
    assert answer.json() == {"code": 2, "message": f"Invalid value passed for {blamed}"}


def test_last_modified_time_means_at_or_after(reader: Zoho) -> None:
    order = reader.order("SO-10500")
    since = order["last_modified_time"]
    found = reader.get(
        "/salesorders", last_modified_time=since, sort_column="last_modified_time", sort_order="A"
    )
    assert numbers(found)[0] == "SO-10500"
    assert found["salesorders"][0]["last_modified_time"] == since
    a_second_later = datetime.strptime(since, "%Y-%m-%dT%H:%M:%S%z") + timedelta(seconds=1)
    later = reader.get(
        "/salesorders",
        last_modified_time=a_second_later.strftime("%Y-%m-%dT%H:%M:%S%z"),
        sort_column="last_modified_time",
        sort_order="A",
    )
    assert numbers(later)[0] == "SO-10501"


def test_last_modified_time_understands_other_offsets(reader: Zoho) -> None:
    order = reader.order("SO-10500")
    moment = datetime.strptime(order["last_modified_time"], "%Y-%m-%dT%H:%M:%S%z")
    in_utc = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")
    found = reader.get(
        "/salesorders", last_modified_time=in_utc, sort_column="last_modified_time", sort_order="A"
    )
    assert numbers(found)[0] == "SO-10500"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"salesorder_number": "SO-10248"}, 1),
        ({"salesorder_number": "SO-1"}, 0),
        ({"salesorder_number_startswith": "SO-1024"}, 2),
        ({"reference_number_contains": "VINET-"}, 5),
        ({"customer_name_startswith": "Vins et"}, 5),
        ({"date": "1996-07-04"}, 1),
        ({"date_start": "1996-07-04", "date_end": "1996-07-05"}, 2),
        ({"date_before": "1996-07-05"}, 1),
        ({"total_greater_than": "16000"}, 2),
        ({"total_less_equals": "0"}, 0),
        ({"status": "confirmed", "date": "1996-07-04"}, 1),
        ({"filter_by": "Status.Draft"}, 0),
        ({"search_text": "VINET-10248"}, 1),
        ({"salesorder_ids": "5129873000209010248,5129873000209010249,5129873000209099999"}, 2),
        ({"customer_id": "5129873000082000085"}, 5),
    ],
)
def test_sales_order_filters_are_honoured(reader: Zoho, query: dict[str, str], expected: int) -> None:
    assert len(reader.get("/salesorders", **query)["salesorders"]) == expected


def test_orders_are_found_by_an_item_on_a_line(reader: Zoho) -> None:
    item = reader.order("SO-10248")["line_items"][0]["item_id"]
    found = reader.get("/salesorders", item_id=item)
    assert "SO-10248" in numbers(found)
    assert len(found["salesorders"]) == 38  # Northwind sold Queso Cabrales on 38 orders


def test_unknown_filters_are_ignored_without_a_word(reader: Zoho) -> None:
    assert len(reader.get("/salesorders", favourite_colour="blue")["salesorders"]) == 200


@pytest.mark.parametrize(
    ("resource", "query"),
    [
        (
            "salesreturns",
            {"salesreturn_number": "RMA-1", "date": "2026-01-01", "last_modified_time": "nonsense"},
        ),
        ("bills", {"bill_number": "B-1", "status": "open", "filter_by": "Status.Open"}),
        ("packages", {"package_number": "PKG-1", "salesorder_id": "1", "salesorder_number": "SO-1"}),
    ],
)
def test_these_lists_ignore_filters_and_send_everything(
    zoho: Zoho, resource: str, query: dict[str, str]
) -> None:
    for number in range(3):
        zoho.http.put(f"/_sandbox/zoho/documents/{resource}/{number}", json={"number": number})
    assert len(zoho.get(f"/{resource}", **query)[resource]) == 3


def test_packages_honour_their_suffixed_filters(zoho: Zoho) -> None:
    for number in range(3):
        zoho.http.put(f"/_sandbox/zoho/documents/packages/{number}", json={"packing_number": f"PKG-{number}"})
    assert len(zoho.get("/packages", packing_number_startswith="PKG-2")["packages"]) == 1


def test_contact_aliases_answer_contacts(reader: Zoho) -> None:
    assert len(reader.get("/customers")["contacts"]) == 91
    assert reader.get("/vendors")["contacts"] == []


def test_created_dates_filter_in_the_organisations_zone(reader: Zoho) -> None:
    order = reader.order("SO-10600")
    day = order["created_time"][:10]
    found = reader.get("/salesorders", created_date_start=day, created_date_end=day, per_page=200)
    assert {row["created_time"][:10] for row in found["salesorders"]} == {day}


def test_only_organizations_may_do_without_an_organization(reader: Zoho) -> None:
    reader.get("/salesorders", per_page=1)
    headers = {"Authorization": f"Zoho-oauthtoken {reader.token}"}
    assert reader.http.get("/inventory/v1/organizations", headers=headers).status_code == 200
    missing = reader.http.get("/inventory/v1/items", headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (400, 2)
    foreign = reader.http.get("/inventory/v1/items", headers=headers, params={"organization_id": "1"})
    assert foreign.json()["code"] == 6041
    assert reader.get("/organizations")["organizations"][0]["organization_id"] == ORG
