"""Writing to Clarity: nothing twice, nothing lost, every record's fate told - on a real socket."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from include.canonical.reasons import Reason
from include.connectors.clarity_ecommerce.dialect import PASSED
from include.connectors.clarity_ecommerce.likeness import holds, reached
from include.connectors.clarity_ecommerce.records import StockWrite, Write
from include.connectors.clarity_ecommerce.writer import note_marker
from include.errors import AuthenticationError, ConfigurationError, RateLimitedError, TransientError

AS_OF = datetime(2026, 3, 2, 16, 5, tzinfo=UTC)
KEY = "sage100:0021457:0104512-IN"
SHIPMENT = {
    "shipmentNumber": "SHP-70311",
    "orderNumber": "WEB-100457",
    "status": "Shipped",
    "trackingNumbers": ["1Z999AA10123456784"],
    "shippedAt": "2026-03-04T20:55:00Z",
    "freightAmount": Decimal("38.40"),
    "lines": [{"orderLineNumber": 1, "sku": "LMP-220-AMB", "quantity": 12}],
    "notifyCustomer": True,
}
STANDING = {
    **SHIPMENT,
    "id": 70311,
    "orderId": 100457,
    "shippedAt": "2026-03-04T20:55:00.000Z",
    "freightAmount": 38.4,
    "lines": [{"orderLineNumber": 1, "sku": "LMP-220-AMB", "quantity": 12.0, "lotSerials": []}],
    "rowVersion": 1,
}
ORDER = {"id": 100457, "orderNumber": "WEB-100457", "status": "Processing", "rowVersion": 5, "notes": []}


def shipment(**changes: Any) -> Write:
    return Write(KEY, SHIPMENT | changes)


def asked(bench) -> list[tuple[str, str]]:
    return [(each.method, each.path.removeprefix("/api/v1")) for each in bench.tenant.asked]


def one(results: list[Any]) -> Any:
    (result,) = results
    return result


def test_a_shipment_is_created_under_its_key(bench, answer) -> None:
    bench.tenant.replies(answer(201, {"data": STANDING}, {"Location": "/api/v1/shipments/70311"}))
    result = one(bench.writer().write_shipments([shipment()]))
    assert (result.status, result.id, result.version) == ("created", "70311", "1")
    (call,) = bench.tenant.asked
    assert (call.method, call.path) == ("POST", "/api/v1/shipments")
    assert call.headers["Idempotency-Key"] == KEY
    assert b'"freightAmount":38.40' in call.body
    assert call.json["notifyCustomer"] is True


def test_a_replayed_creation_is_adopted(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": STANDING}, {"Idempotent-Replayed": "true"}))
    assert one(bench.writer().write_shipments([shipment()])).status == "adopted"


def test_a_shipment_that_stands_equal_to_ours_is_adopted_without_another_write(
    bench, answer, refused
) -> None:
    bench.tenant.replies(refused(409, "duplicate", existingId=70311), answer(200, {"data": STANDING}))
    result = one(bench.writer().write_shipments([shipment()]))
    assert (result.status, result.id) == ("adopted", "70311")
    assert asked(bench) == [("POST", "/shipments"), ("GET", "/shipments/70311")]


def test_a_shipment_that_stands_otherwise_is_corrected_in_silence(bench, answer, refused) -> None:
    other = STANDING | {"trackingNumbers": ["WRONG"]}
    bench.tenant.replies(
        refused(409, "duplicate", existingId=70311),
        answer(200, {"data": other}),
        answer(200, {"data": other}),
        answer(200, {"data": STANDING | {"rowVersion": 2}}),
    )
    result = one(bench.writer().write_shipments([shipment()]))
    assert (result.status, result.version) == ("changed", "2")
    put = bench.tenant.asked[-1]
    assert (put.method, put.headers["If-Match"]) == ("PUT", '"1"')
    assert put.json["notifyCustomer"] is False


def test_a_correction_by_id_writes_only_if_something_differs(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": STANDING}))
    result = one(bench.writer().write_shipments([Write(KEY, SHIPMENT, "70311")]))
    assert (result.status, result.version) == ("unchanged", "1")
    assert asked(bench) == [("GET", "/shipments/70311")]


def test_a_record_that_changed_meanwhile_is_read_again_before_it_is_written(bench, answer, refused) -> None:
    bench.tenant.replies(
        answer(200, {"data": STANDING | {"status": "Pending"}}),
        refused(412, "row_version_mismatch"),
        answer(200, {"data": STANDING | {"status": "Pending", "rowVersion": 2}}),
        answer(200, {"data": STANDING | {"rowVersion": 3}}),
    )
    result = one(bench.writer().write_shipments([Write(KEY, SHIPMENT, "70311")]))
    assert (result.status, result.version) == ("changed", "3")
    assert [each.headers.get("If-Match") for each in bench.tenant.asked] == [None, '"1"', None, '"2"']


def test_a_record_that_never_stands_still_is_left_for_later(bench, answer, refused) -> None:
    def api(call: Any) -> Any:
        if call.method == "GET":
            return answer(200, {"data": STANDING | {"status": "Pending"}})
        return refused(412, "row_version_mismatch")

    bench.tenant.api = api
    assert one(bench.writer().write_shipments([Write(KEY, SHIPMENT, "70311")])).status == "retry"
    assert len(bench.tenant.asked) == 6


def test_a_creation_in_doubt_is_looked_up_among_its_order(bench, answer) -> None:
    def api(call: Any) -> Any:
        if call.method == "POST":
            return answer(504, b"<html>")
        rows = {"data": [STANDING], "totalCount": 1}
        return answer(200, rows if call.path.endswith("/shipments") else {"data": STANDING})

    bench.tenant.api = api
    result = one(bench.writer(attempts=2).write_shipments([shipment()]))
    assert (result.status, result.id) == ("adopted", "70311")
    assert [each for each in asked(bench) if each[0] == "POST"] == [("POST", "/shipments")] * 2
    assert bench.tenant.asked[2].query["orderNumber"] == ["WEB-100457"]


@pytest.mark.parametrize("looking", ["nothing", "an outage"])
def test_a_creation_that_cannot_be_seen_stays_in_doubt(bench, answer, looking: str) -> None:
    nothing = answer(200, {"data": [], "totalCount": 0})
    found = nothing if looking == "nothing" else answer(503, b"<html>")
    bench.tenant.api = lambda call: answer(504, b"<html>") if call.method == "POST" else found
    assert one(bench.writer(attempts=2).write_shipments([shipment()])).status == "unknown"


def test_a_dialect_without_keys_looks_before_it_creates(bench, answer) -> None:
    bench.tenant.login = lambda _asked: answer(200, {"token": "jwt"})
    bench.tenant.api = lambda call: answer(
        200, STANDING if call.path.endswith("/70311") else {"data": [STANDING], "totalCount": 1}
    )
    writer = bench.writer(dialect="phoenix", token_url=f"{bench.tenant.url}/login")
    assert one(writer.write_shipments([shipment()])).status == "adopted"
    assert {each.method for each in bench.tenant.asked} == {"GET"}


def test_a_shipment_is_voided_once_and_one_that_never_stood_not_at_all(bench, answer) -> None:
    void = STANDING | {"status": "Voided", "rowVersion": 2}
    bench.tenant.replies(
        answer(200, {"data": STANDING}),
        answer(200, {"data": void}),
        answer(200, {"data": void}),
        answer(200, {"data": [], "totalCount": 0}),
    )
    writes = [Write("k1", SHIPMENT, "70311"), Write("k2", SHIPMENT, "70311"), Write("k3", SHIPMENT)]
    results = bench.writer().void_shipments(writes)
    assert [(each.status, each.id) for each in results] == [
        ("changed", "70311"),
        ("unchanged", "70311"),
        ("absent", ""),
    ]
    assert asked(bench)[:3] == [
        ("GET", "/shipments/70311"),
        ("POST", "/shipments/70311/void"),
        ("GET", "/shipments/70311"),
    ]


def test_a_dialect_without_a_route_for_it_is_told_by_the_status(bench, answer) -> None:
    bench.tenant.login = lambda _asked: answer(200, {"token": "jwt"})
    bench.tenant.api = lambda _call: answer(200, STANDING)
    writer = bench.writer(dialect="phoenix", token_url=f"{bench.tenant.url}/login")
    assert one(writer.void_shipments([Write(KEY, SHIPMENT, "70311")])).status == "changed"
    change = bench.tenant.asked[-1]
    assert (change.method, change.json) == ("PATCH", {"status": "Voided"})


@pytest.mark.parametrize(
    ("status", "lines", "wanted"),
    [
        ("Processing", [(2, 2, 0), (1, 0, 1)], "Shipped"),
        ("Processing", [(2, 1, 0), (1, 0, 0)], "PartiallyShipped"),
        ("PartiallyShipped", [(2, 2, 0)], "Shipped"),
        ("PartiallyShipped", [(2, 1, 0)], None),
        ("Completed", [(2, 2, 0)], None),
        ("Processing", [(2, 0, 0)], None),
        ("Processing", [(2, None, None)], None),
    ],
)
def test_an_order_follows_its_shipments_and_never_goes_back(
    bench, answer, *, status: str, lines: list[tuple[int, int | None, int | None]], wanted: str | None
) -> None:
    """B48. A shop that moves its orders itself, or does not say what is shipped, is left alone."""
    names = ("quantity", "quantityShipped", "quantityCancelled")
    order = ORDER | {"status": status, "lines": [dict(zip(names, line, strict=True)) for line in lines]}
    bench.tenant.api = lambda _call: answer(200, {"data": order})
    writer = bench.writer()
    assert writer.has_followed("WEB-100457") is (wanted is None)
    result = one(writer.follow_shipments([shipment()]))
    changes = [each.json for each in bench.tenant.asked if each.method == "PATCH"]
    assert changes == ([{"status": wanted}] if wanted else [])
    assert result.status == ("changed" if wanted else "unchanged")


REFUSALS = [
    (422, "validation_failed", Reason.REFUSED),
    (404, "order_not_found", Reason.NO_REFERENCE),
    (409, "invalid_status_transition", Reason.LOCKED_IN_TARGET),
    (400, "malformed_json", Reason.REFUSED),
    (413, "payload_too_large", Reason.REFUSED),
]


@pytest.mark.parametrize(("status", "code", "reason"), REFUSALS)
def test_a_refused_record_tells_code_reason_and_members_and_its_siblings_go_on(
    bench, answer, refused, *, status: int, code: str, reason: Reason
) -> None:
    errors = {"lines[0].quantity": ["Must be greater than 0."], "Gulf Coast Marine": ["canary"]}
    bench.tenant.replies(refused(status, code, errors=errors), answer(201, {"data": STANDING}))
    bad, good = bench.writer().write_shipments([shipment(), Write("k2", SHIPMENT)])
    assert (bad.status, bad.code, bad.reason) == ("refused", code, reason)
    assert bad.fields == ("lines[0].quantity",)
    assert (good.key, good.status) == ("k2", "created")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "rate_limited", RateLimitedError),
        (503, "maintenance", TransientError),
        (403, "", AuthenticationError),
    ],
)
def test_what_concerns_no_single_record_is_raised_first_and_told_later(
    bench, answer, refused, *, status, code, kind
) -> None:
    no = refused(status, code, Retry_After="900")
    bench.tenant.replies(no)
    with pytest.raises(kind):
        bench.writer().write_shipments([shipment(), shipment()])
    bench.budget.blocked.clear()
    bench.tenant.replies(answer(201, {"data": STANDING}), no)
    results = bench.writer().write_shipments([shipment(), shipment(), shipment()])
    assert [each.status for each in results] == ["created", "retry", "retry"]


def test_writes_without_a_key_are_not_sent(bench) -> None:
    with pytest.raises(ConfigurationError, match="1 writes have no idempotency key"):
        bench.writer().write_shipments([shipment(), Write("", SHIPMENT)])
    assert bench.tenant.asked == []


def test_an_order_is_moved_under_its_version(bench, answer) -> None:
    bench.tenant.replies(
        answer(200, {"data": ORDER}), answer(200, {"data": ORDER | {"status": "Shipped", "rowVersion": 6}})
    )
    result = one(bench.writer().change_orders([Write("k", {"status": "Shipped"}, "100457")]))
    assert (result.status, result.version) == ("changed", "6")
    assert bench.tenant.asked[1].json == {"status": "Shipped"}
    assert bench.tenant.asked[1].headers["If-Match"] == '"5"'


@pytest.mark.parametrize("status", ["Shipped", "Completed", "Refunded", " shipped"])
def test_an_order_that_has_come_that_far_by_itself_is_left_alone(bench, answer, status: str) -> None:
    bench.tenant.replies(answer(200, {"data": ORDER | {"status": status}}))
    result = one(bench.writer().change_orders([Write("k", {"status": "Shipped"}, "100457")]))
    assert result.status == "unchanged"
    assert {each.method for each in bench.tenant.asked} == {"GET"}


def test_a_status_left_behind_does_not_keep_external_ids_from_being_written(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": ORDER | {"status": "Completed", "externalIds": {}}}))
    ids = {"externalIds": {"sage100SalesOrderNo": "0021457"}}
    bench.writer().change_orders([Write("k", {"status": "Shipped", **ids}, "100457")])
    assert bench.tenant.asked[1].json == ids


@pytest.mark.parametrize(("now", "status"), [("Completed", "unchanged"), ("Cancelled", "refused")])
def test_an_order_that_somebody_else_moved_is_accepted_or_refused(
    bench, answer, refused, *, now: str, status: str
) -> None:
    bench.tenant.replies(
        answer(200, {"data": ORDER}),
        refused(409, "invalid_status_transition"),
        answer(200, {"data": ORDER | {"status": now}}),
    )
    result = one(bench.writer().change_orders([Write("k", {"status": "Shipped"}, "100457")]))
    assert result.status == status
    assert result.reason is (Reason.LOCKED_IN_TARGET if status == "refused" else None)


def test_an_order_that_is_not_there_is_refused(bench, refused) -> None:
    bench.tenant.replies(refused(404, "order_not_found"))
    result = one(bench.writer().change_orders([Write("k", {"status": "Shipped"}, "1")]))
    assert (result.status, result.reason) == ("refused", Reason.NO_REFERENCE)


@pytest.mark.parametrize(("stands", "status"), [(True, "changed"), (False, "unknown")])
def test_a_change_in_doubt_is_read_back(bench, answer, *, stands: bool, status: str) -> None:
    sent: list[str] = []

    def api(call: Any) -> Any:
        if call.method == "PATCH":
            sent.append(call.method)
            return answer(502, b"<html>")
        after = ORDER | {"status": "Shipped"} if stands and sent else ORDER
        return answer(200, {"data": after})

    bench.tenant.api = api
    writer = bench.writer(dialect_overrides={"writes": {"precondition": ""}})
    assert one(writer.change_orders([Write("k", {"status": "Shipped"}, "100457")])).status == status
    assert sent == ["PATCH"]


def test_a_note_is_left_once(bench, answer) -> None:
    marker = note_marker("100457", "Credit limit exceeded.")
    bench.tenant.replies(answer(200, {"data": ORDER}))
    assert bench.writer().add_note("100457", "Credit limit exceeded.").status == "changed"
    (note,) = bench.tenant.asked[1].json["notes"]
    assert note == {"visibility": "internal", "text": f"Credit limit exceeded.\n{marker}"}
    bench.tenant.replies(answer(200, {"data": ORDER | {"notes": [note]}}))
    assert bench.writer().add_note("100457", "Credit limit exceeded.").status == "unchanged"


def test_a_tenant_that_replaces_notes_gets_those_that_stand_back(bench, answer) -> None:
    old = {"visibility": "warehouse", "text": "Call dock before delivery."}
    bench.tenant.replies(answer(200, {"data": ORDER | {"notes": [old]}}))
    bench.writer(dialect_overrides={"writes": {"notes": "whole"}}).add_note("100457", "x")
    assert bench.tenant.asked[1].json["notes"][0] == old
    assert len(bench.tenant.asked[1].json["notes"]) == 2


def test_an_action_is_asked_for_under_its_key(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": ORDER}))
    write = Write("ack", {"consumer": "sage100", "externalNumber": "0021457"}, "100457")
    assert one(bench.writer().act("acknowledge_order", [write])).status == "changed"
    assert asked(bench) == [("POST", "/orders/100457/acknowledge")]
    assert bench.tenant.asked[0].headers["Idempotency-Key"] == "ack"


@pytest.mark.parametrize(("status", "result"), [(201, "created"), (200, "changed")])
def test_an_invoice_is_put_under_its_number(bench, answer, *, status: int, result: str) -> None:
    bench.tenant.replies(answer(status, {"data": {"invoiceNumber": "0104512-IN", "rowVersion": 1}}))
    write = Write(
        "inv", {"invoiceNumber": "0104512-IN", "totals": {"total": Decimal("2548.47")}}, "0104512-IN"
    )
    found = one(bench.writer().put_invoices([write]))
    assert (found.status, found.id, found.version) == (result, "0104512-IN", "1")
    assert asked(bench) == [("PUT", "/invoices/0104512-IN")]
    assert b'"total":2548.47' in bench.tenant.asked[0].body


def test_a_product_is_put_under_its_sku_whatever_stands_in_it(bench, answer) -> None:
    bench.tenant.replies(answer(200, {"data": {"id": 7, "sku": "A/B #1"}}))
    assert one(bench.writer().put_products([Write("p", {"sku": "A/B #1"}, "A/B #1")])).id == "7"
    assert bench.tenant.asked[0].path == "/api/v1/products/by-sku/A%2FB%20%231"


def test_a_customer_known_under_another_id_is_not_overwritten(bench, answer, refused) -> None:
    known = {"id": 10482, "email": "ap@gulfcoastmarine.example", "company": "Another Ltd", "rowVersion": 9}
    bench.tenant.replies(refused(409, "duplicate", existingId=10482), answer(200, {"data": known}))
    write = Write("c", {"email": "ap@gulfcoastmarine.example", "company": "Gulf Coast"})
    result = one(bench.writer().write_customers([write]))
    assert (result.status, result.id, result.reason) == ("refused", "10482", Reason.DUPLICATE)
    assert [each.method for each in bench.tenant.asked] == ["POST", "GET"]


def test_a_customer_is_created_and_changed(bench, answer) -> None:
    bench.tenant.replies(answer(201, {"data": {"id": 1, "rowVersion": 1}}))
    assert one(bench.writer().write_customers([Write("c", {"company": "A"})])).status == "created"
    bench.tenant.replies(answer(200, {"data": {"id": 1, "company": "A", "rowVersion": 1}}))
    assert one(bench.writer().write_customers([Write("c", {"company": "B"}, "1")])).status == "changed"
    assert asked(bench)[-1] == ("PATCH", "/customers/1")


def stock(number: int) -> StockWrite:
    quantities = {"quantityOnHand": Decimal("202.5"), "quantityAllocated": 24}
    return StockWrite(f"k{number}", f"SKU-{number}", "001", quantities)


def told(index: int, status: str = "updated", **more: Any) -> dict[str, Any]:
    return {"index": index, "sku": f"SKU-{index}", "warehouseCode": "001", "status": status, **more}


def test_stock_goes_five_hundred_items_a_call_and_each_is_answered_for(bench, answer) -> None:
    def api(call: Any) -> Any:
        items = call.json["items"]
        results = [
            {"index": i, "sku": item["sku"], "warehouseCode": "001", "status": "updated"}
            for i, item in enumerate(items)
        ]
        return answer(207, {"results": results, "updated": len(items), "failed": 0})

    bench.tenant.api = api
    results = bench.writer().update_inventory([stock(number) for number in range(1201)], as_of=AS_OF)
    assert [each.key for each in results] == [f"k{number}" for number in range(1201)]
    assert {each.status for each in results} == {"changed"}
    assert [len(each.json["items"]) for each in bench.tenant.asked] == [500, 500, 201]
    first = bench.tenant.asked[0]
    assert (first.json["mode"], first.json["asOf"]) == ("absolute", "2026-03-02T16:05:00.000Z")
    assert b'"quantityOnHand":202.5' in first.body
    assert len({each.headers["Idempotency-Key"] for each in bench.tenant.asked}) == 3


def test_the_same_batch_has_the_same_key_and_another_one_another(bench, answer) -> None:
    bench.tenant.replies(answer(207, {"results": [told(0)]}))
    for batch in ([stock(0)], [stock(0)], [stock(1)]):
        bench.writer().update_inventory(batch, as_of=AS_OF)
    first, second, third = (each.headers["Idempotency-Key"] for each in bench.tenant.asked)
    assert first == second != third


RESULTS = [
    (told(0, "created"), "created", None),
    (told(0, "updated"), "changed", None),
    (told(0, "unchanged"), "unchanged", None),
    (told(0, "unchanged", code="stale"), "outdated", None),
    (told(0, "error", error={"code": "sku_not_found", "detail": "canary"}), "refused", Reason.NO_REFERENCE),
    (told(0, "error", error={"code": "validation_failed"}), "refused", Reason.REFUSED),
    (told(0, "error"), "refused", Reason.REFUSED),
    (told(0, "error", error={"code": "internal_error"}), "retry", None),
    (told(0, "what"), "unknown", None),
    ({"index": 0, "sku": "OTHER", "warehouseCode": "001", "status": "updated"}, "unknown", None),
    ({"index": 5, "sku": "SKU-0", "warehouseCode": "001", "status": "updated"}, "unknown", None),
    ({"sku": "SKU-0", "warehouseCode": "001", "status": "updated"}, "changed", None),
    ({"index": 0, "status": "updated"}, "changed", None),
]


@pytest.mark.parametrize(("result", "status", "reason"), RESULTS)
def test_an_items_answer_is_its_fate(
    bench, answer, *, result: Any, status: str, reason: Reason | None
) -> None:
    bench.tenant.replies(answer(207, {"results": [result], "updated": 1, "failed": 0}))
    found = one(bench.writer().update_inventory([stock(0)], as_of=AS_OF))
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize("body", [{}, {"results": None}, {"results": []}, {"results": [told(0), told(0)]}])
def test_an_item_without_exactly_one_answer_is_unknown(bench, answer, body: Any) -> None:
    bench.tenant.replies(answer(207, body))
    assert one(bench.writer().update_inventory([stock(0)], as_of=AS_OF)).status == "unknown"


@pytest.mark.parametrize(("status", "code"), [(413, "payload_too_large"), (422, "validation_failed")])
def test_one_item_that_spoils_a_batch_is_found_by_halving(bench, answer, refused, *, status, code) -> None:
    def api(call: Any) -> Any:
        skus = [item["sku"] for item in call.json["items"]]
        if "SKU-11" in skus:
            return refused(status, code)
        results = [{"index": i, "sku": sku, "status": "updated"} for i, sku in enumerate(skus)]
        return answer(207, {"results": results})

    bench.tenant.api = api
    results = bench.writer().update_inventory([stock(number) for number in range(16)], as_of=AS_OF)
    assert [each.key for each in results if each.status == "refused"] == ["k11"]
    assert sum(each.status == "changed" for each in results) == 15
    assert len(bench.tenant.asked) == 9


def test_a_lost_batch_is_sent_again_under_its_key_and_then_unknown(bench, answer) -> None:
    bench.tenant.replies(answer(504, b"<html>"))
    results = bench.writer(attempts=2).update_inventory([stock(0), stock(1)], as_of=AS_OF)
    assert [each.status for each in results] == ["unknown", "unknown"]
    assert len({each.headers["Idempotency-Key"] for each in bench.tenant.asked}) == 1
    assert len(bench.tenant.asked) == 2


def test_a_limit_in_the_middle_leaves_the_rest_for_later(bench, answer, refused) -> None:
    results = [{"index": i, "status": "updated"} for i in range(500)]
    bench.tenant.replies(answer(207, {"results": results}), refused(429, "rate_limited", Retry_After="900"))
    found = bench.writer().update_inventory([stock(number) for number in range(1200)], as_of=AS_OF)
    assert [each.status for each in found] == ["changed"] * 500 + ["retry"] * 700
    assert found[-1].retry_after == 900
    with pytest.raises(RateLimitedError):
        bench.writer().update_inventory([stock(0)], as_of=AS_OF)


def test_prices_go_in_batches_of_their_own(bench, answer) -> None:
    bench.tenant.replies(
        answer(207, {"results": [{"index": 0, "sku": "A", "currency": "USD", "status": "updated"}]})
    )
    content = {"sku": "A", "currency": "USD", "basePrice": Decimal("189.0000")}
    assert one(bench.writer().write_batch("prices", [Write("p", content)])).status == "changed"
    assert asked(bench) == [("PUT", "/prices/batch")]
    assert b'"basePrice":189.0000' in bench.tenant.asked[0].body


ALIKE = [
    ({"a": 1, "b": 2}, {"a": 1}, True),
    ({"a": 1}, {"b": None}, True),
    ({"a": Decimal("12.0")}, {"a": 12}, True),
    ({"a": 12}, {"a": Decimal("12.10")}, False),
    ({"a": True}, {"a": 1}, False),
    ({"a": 1}, {"a": True}, False),
    ({"a": "12"}, {"a": 12}, False),
    ({"a": [1, 2]}, {"a": [1]}, False),
    ({"a": [{"x": 1, "y": 2}]}, {"a": [{"x": 1}]}, True),
    ({"t": "2026-03-04T20:55:00.000Z"}, {"t": "2026-03-04T14:55:00-06:00"}, True),
    ({"t": "2026-03-04T20:55:00.001Z"}, {"t": "2026-03-04T20:55:00Z"}, False),
    ({"t": "2026-03-04"}, {"t": "20260304"}, False),
    ({"a": None}, {"a": {"b": 1}}, False),
    (None, {"a": 1}, False),
]


@pytest.mark.parametrize(("standing", "wanted", "same"), ALIKE)
def test_likeness_is_by_value(standing: Any, wanted: Any, same: bool) -> None:
    assert holds(standing, wanted) is same


@pytest.mark.parametrize(
    ("standing", "wanted", "there"),
    [
        ("Processing", "Shipped", False),
        ("partially shipped", "PartiallyShipped", True),
        ("Shipped", "PartiallyShipped", True),
        ("Cancelled", "Shipped", False),
        ("OnHold", "Processing", False),
        ("Refunded", "Completed", True),
        ("Tenant's own", "tenant'sown", True),
    ],
)
def test_a_status_is_reached_or_left_behind(standing: str, wanted: str, there: bool) -> None:
    assert reached(standing, wanted, PASSED) is there
