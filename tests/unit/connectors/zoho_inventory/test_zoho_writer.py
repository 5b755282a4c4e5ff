"""What we write back (A49): a note once, custom fields that stick."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from include.connectors.zoho_inventory import ZohoWriter
from include.connectors.zoho_inventory.errors import NotFoundError, ZohoError
from include.connectors.zoho_inventory.writer import COMMENT_LIMIT, comment_marker
from include.errors import ConfigurationError, OutcomeUnknownError

TEXT = "Order SO-1057 was not carried: line 2, quantity -3 is below 0."


class Order:
    """One sales order's comments and custom fields, as Zoho keeps them."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = [{"comment_id": "1", "description": None}]
        self.fields: dict[str, Any] = {"cf_sage_so_number": "", "cf_sage_so_number_unformatted": ""}
        self.writes = 0
        self.answer: Any = (201, {}, {"code": 0, "message": "Comments added."})
        self.keeps = True

    def __call__(self, request):
        if request.method == "GET" and "/comments" in request.path_url:
            return 200, {}, {"code": 0, "message": "success", "comments": self.comments}
        if request.method == "GET":
            order = {"salesorder_id": "42", "custom_field_hash": self.fields}
            return 200, {}, {"code": 0, "message": "success", "salesorder": order}
        self.writes += 1
        if self.keeps:
            self._keep(request)
        return self.answer

    def _keep(self, request) -> None:
        if request.method == "POST":
            self.comments.append(json.loads(request.body))
            return
        form = parse_qs(request.body.decode(), strict_parsing=True)
        assert form["bulk_update"] == ["true"]
        content = json.loads(form["JSONString"][0])
        assert content["salesorder_id"] == "42"
        for each in content["custom_fields"]:
            self.fields[each["api_name"]] = (
                str(each["value"]).lower() if isinstance(each["value"], bool) else each["value"]
            )
            self.fields[f"{each['api_name']}_unformatted"] = each["value"]


@pytest.fixture
def order(bench) -> Order:
    bench.zoho.api = made = Order()
    return made


@pytest.fixture
def writer(bench) -> ZohoWriter:
    return ZohoWriter(bench.client())


def test_a_note_is_added_and_hidden_from_the_customer(order: Order, writer: ZohoWriter) -> None:
    """A49: the note names line and value."""
    assert writer.add_comment("42", TEXT) is True
    note = order.comments[-1]
    assert note["description"].startswith(TEXT)
    assert note["show_comment_to_clients"] is False


def test_the_same_note_is_never_added_twice(order: Order, writer: ZohoWriter) -> None:
    assert [writer.add_comment("42", TEXT) for _ in range(3)] == [True, False, False]
    assert order.writes == 1


def test_another_text_and_another_order_are_other_notes() -> None:
    assert (
        len({comment_marker("42", TEXT), comment_marker("43", TEXT), comment_marker("42", TEXT + "!")}) == 3
    )


def test_a_long_text_is_cut_and_still_recognised(order: Order, writer: ZohoWriter) -> None:
    long = TEXT * 100
    assert [writer.add_comment("42", long), writer.add_comment("42", long)] == [True, False]
    assert len(order.comments[-1]["description"]) == COMMENT_LIMIT


@pytest.mark.parametrize("answer", [requests.ReadTimeout("slow"), (502, {}, b"<html>"), (200, {}, b"")])
def test_a_note_whose_answer_was_lost_is_looked_for(order: Order, writer: ZohoWriter, answer) -> None:
    order.answer = answer
    assert writer.add_comment("42", TEXT) is True
    assert order.writes == 1


def test_a_note_that_is_not_to_be_seen_stays_unknown_and_is_not_repeated(
    order: Order, writer: ZohoWriter
) -> None:
    order.answer, order.keeps = requests.ReadTimeout("slow"), False
    with pytest.raises(OutcomeUnknownError):
        writer.add_comment("42", TEXT)
    assert order.writes == 1


def test_a_note_on_an_order_that_is_gone_says_so(bench, refused, writer: ZohoWriter) -> None:
    bench.zoho.replies(refused(404, 1002, "Sales Order does not exist."))
    with pytest.raises(NotFoundError):
        writer.add_comment("42", TEXT)


def test_an_id_that_cannot_be_one_is_not_put_into_an_address(bench, writer: ZohoWriter) -> None:
    with pytest.raises(NotFoundError):
        writer.add_comment("../contacts/1", TEXT)
    assert bench.zoho.asked == []


def test_custom_fields_are_set_and_read_back(order: Order, writer: ZohoWriter) -> None:
    values = {"cf_sage_so_number": "0000123", "cf_rush_order": True}
    assert writer.set_custom_fields("42", values) is True
    assert order.fields["cf_sage_so_number"] == "0000123"
    assert order.fields["cf_rush_order_unformatted"] is True


def test_values_that_stand_already_cost_no_write(order: Order, writer: ZohoWriter) -> None:
    order.fields = {"cf_sage_so_number": "0000123"}
    assert writer.set_custom_fields("42", {"cf_sage_so_number": "0000123"}) is False
    assert order.writes == 0


def test_a_field_that_zoho_drops_with_a_success_is_noticed(order: Order, writer: ZohoWriter) -> None:
    order.keeps = False
    with pytest.raises(ConfigurationError, match="cf_sage_so_number on sales order 42"):
        writer.set_custom_fields("42", {"cf_sage_so_number": "0000123"})


def test_fields_whose_answer_was_lost_are_read_back(order: Order, writer: ZohoWriter) -> None:
    order.answer = requests.ReadTimeout("slow")
    assert writer.set_custom_fields("42", {"cf_sage_so_number": "0000123"}) is True
    order.keeps = False
    with pytest.raises(OutcomeUnknownError):
        writer.set_custom_fields("42", {"cf_sage_so_number": "0000124"})


def test_a_refused_field_is_a_refusal(order: Order, writer: ZohoWriter, refused) -> None:
    order.answer, order.keeps = refused(400, 15, "has less than 10 characters"), False
    with pytest.raises(ZohoError, match="code 15"):
        writer.set_custom_fields("42", {"cf_sage_so_number": "0000123"})
