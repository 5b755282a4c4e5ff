"""Reads through the real ODBC driver, on real tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from include.canonical import REFERENCE_FRAME
from include.connectors.sage100 import ColumnSpec, Reader
from include.connectors.sage100.marks import ZOHO_MARKS
from include.connectors.sage100.standing import STANDING_FRAME
from include.errors import AuthenticationError, ConfigurationError, TransientError

AnOrder = Callable[..., None]


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(zip(*(frame[column].tolist() for column in columns), strict=True))


def schema(frame: pd.DataFrame) -> dict[str, pa.DataType]:
    return {name: dtype.pyarrow_dtype for name, dtype in frame.dtypes.items()}


def test_widths_come_from_the_dictionary_and_are_asked_once(company: Any, reader: Reader) -> None:
    """UDF widths too (A9)."""
    for _ in range(2):
        widths = reader.widths(["SO_SalesOrderHeader", "CI_Item"])
    assert widths["SO_SalesOrderHeader", "CustomerPONo"] == ColumnSpec(30, 0, "text")
    assert widths["SO_SalesOrderHeader", "UDF_ZOHO_ORDER_ID"].width == 19
    assert widths["SO_SalesOrderHeader", "FreightAmt"] == ColumnSpec(11, 2, "decimal")
    assert widths["SO_SalesOrderHeader", "OrderDate"].type == "date"
    assert widths["CI_Item", "UDF_UPC"].width == 14
    assert company.catalogue_calls == ["SO_SalesOrderHeader", "CI_Item"]


def test_the_wildcard_in_a_table_name_does_not_let_another_table_in(company: Any, reader: Reader) -> None:
    company.run("CREATE TABLE CIxItem (Stranger CHAR(1))")
    assert ("CI_Item", "Stranger") not in reader.widths(["CI_Item"])


def test_references_are_found_by_code_and_by_description(company: Any, reader: Reader) -> None:
    """A43: one query a table, every answer a look-up with a label."""
    company.add("AR_TermsCode", TermsCode="01", TermsCodeDesc="Net 30   ")
    company.add("SO_ShippingRateHeader", ShippingCode="SPEEDY", ShippingCodeDesc="Speedy Express")
    company.add("IM_Warehouse", WarehouseCode="000", WarehouseDesc="")
    found = reader.references()
    assert set(found) == {"terms", "warehouses", "ship_via", "tax_schedules", "countries", "divisions"}
    assert rows(found["terms"], "key", "value", "label") == [
        ("01", "01", "Net 30"),
        ("Net 30", "01", "Net 30"),
    ]
    assert rows(found["ship_via"], "key", "value") == [("SPEEDY", "SPEEDY"), ("Speedy Express", "SPEEDY")]
    assert rows(found["warehouses"], "key", "value") == [("000", "000")]
    assert found["divisions"].empty
    for frame in found.values():
        assert schema(frame) == {field.name: field.type for field in REFERENCE_FRAME}
    assert len(company.sent) == 6


def test_a_description_that_two_codes_share_stays_visible_as_ambiguous(company: Any, reader: Reader) -> None:
    company.add("AR_TermsCode", TermsCode="01", TermsCodeDesc="Net 30")
    company.add("AR_TermsCode", TermsCode="31", TermsCodeDesc="Net 30")
    terms = reader.references()["terms"]
    assert sorted(terms.value[terms.key == "Net 30"]) == ["01", "31"]


def test_countries_are_found_by_iso_code_though_sage_has_letters_of_its_own(
    company: Any, reader: Reader
) -> None:
    for code, name in (("USA", "United States"), ("GER", "Germany"), ("CAN", ""), ("XXX", "Nowhere")):
        company.add("SY_Country", CountryCode=code, CountryName=name)
    countries = dict(rows(reader.references()["countries"], "key", "value"))
    assert countries["US"] == "USA"
    assert countries["DE"] == countries["Germany"] == "GER"
    assert countries["CA"] == "CAN"
    assert {key for key, value in countries.items() if value == "XXX"} == {"XXX", "Nowhere"}


def test_the_sites_own_iso_column_wins(company: Any, reader: Reader) -> None:
    company.run("ALTER TABLE SY_Country ADD COLUMN ISOCountryCode CHAR(2)")
    company.add("SY_Country", CountryCode="UK", CountryName="Great Britain (site)", ISOCountryCode="GB")
    assert dict(rows(reader.references()["countries"], "key", "value"))["GB"] == "UK"


def test_items_come_whole_or_by_code_and_a_udf_the_site_lacks_is_blank(company: Any, reader: Reader) -> None:
    """A39: codes with signs, and the barcode UDF."""
    blank = {
        "ItemType": "1",
        "InactiveItem": "N",
        "UseInSO": "Y",
        "TaxClass": "TX",
        "SalesUnitOfMeasure": "EACH",
    }
    company.add("CI_Item", ItemCode="/FREIGHT", ItemCodeDesc="Freight", **blank | {"ItemType": "3"})
    company.add("CI_Item", ItemCode="CHAI'S", ItemCodeDesc="Chai", UDF_UPC="0123", **blank)
    assert rows(reader.items(), "ItemCode", "ItemType", "UDF_UPC", "UDF_ZOHO_ITEM_ID") == [
        ("/FREIGHT", "3", "", ""),
        ("CHAI'S", "1", "0123", ""),
    ]
    assert rows(reader.items(["CHAI'S", "none", "CHAI'S"]), "ItemCode") == [("CHAI'S",)]
    assert reader.items([]).empty
    assert len(company.sent) == 2


def test_aliases_say_whose_they_are(company: Any, reader: Reader) -> None:
    company.add(
        "IM_AliasItem",
        ItemCode="CHAI",
        AliasItemNo="chai-tea",
        Type="C",
        ARDivisionNo="00",
        CustomerNo="0001009",
    )
    company.add("IM_AliasItem", ItemCode="CHAI", AliasItemNo="TEA1", Type="G")
    assert rows(reader.aliases(), "AliasItemNo", "ItemCode", "Type", "CustomerNo") == [
        ("TEA1", "CHAI", "G", ""),
        ("chai-tea", "CHAI", "C", "0001009"),
    ]


def test_customers_carry_exact_credit_figures_and_their_whole_key(company: Any, reader: Reader) -> None:
    for division in ("00", "01"):
        company.add(
            "AR_Customer",
            ARDivisionNo=division,
            CustomerNo="0001009",
            CustomerName="Ernst Händel ",
            CreditLimit=9999999999.99,
            CurrentBalance="0.10",
            CreditHold="N",
        )
    customers = reader.customers()
    assert rows(customers, "ARDivisionNo", "CustomerNo", "CustomerName", "CreditLimit", "CurrentBalance") == [
        (division, "0001009", "Ernst Händel", Decimal("9999999999.99"), Decimal("0.10"))
        for division in ("00", "01")
    ]
    assert schema(customers)["OpenOrderAmt"] == pa.decimal128(18, 2)
    assert rows(customers, "TaxExemptNo", "UDF_ZOHO_CONTACT_ID", "EmailAddress") == [("", "", "")] * 2


def test_an_order_is_found_by_its_po_number_and_verified_by_our_id(reader: Reader, an_order: AnOrder) -> None:
    an_order(
        "0000001", "Z1", "SO-1", ("10.10", "0.20"), FreightAmt="5.05", DiscountAmt="1.00", SalesTaxAmt=0.35
    )
    an_order("0000002", "Z9", "SO-1")
    an_order("0000003", "", "SO-1")
    found = reader.orders_by_source([("Z1", "SO-1"), ("Z2", "SO-2")], ZOHO_MARKS)
    assert schema(found) == {field.name: field.type for field in STANDING_FRAME}
    assert rows(
        found, "key", "match", "SalesOrderNo", "lines", "total", "UDF_SYNC_KEY", "source_version"
    ) == [("Z1", "order_id", "0000001", 2, Decimal("14.70"), "key-Z1", "v1")]
    assert found.OrderDate.tolist() == [date(2026, 1, 31)]


def test_an_order_that_left_the_live_tables_is_found_in_history(reader: Reader, an_order: AnOrder) -> None:
    an_order("0000001", "Z1", "SO-1", past=True, OrderStatus="X", OrderDate=None)
    an_order("0000002", "Z2", "SO-2", past=True, OrderStatus="A")
    an_order("0000002", "Z2", "SO-2")
    found = reader.orders_by_source([("Z1", "SO-1"), ("Z2", "SO-2")], ZOHO_MARKS)
    assert rows(found, "key", "state", "OrderStatus", "total") == [
        ("Z1", "history", "X", Decimal("10.00")),
        ("Z2", "live", "N", Decimal("10.00")),
    ]
    assert found.OrderDate[0] is pd.NA


def test_a_duplicate_in_sage_is_shown_and_an_order_without_lines_counts_none(
    reader: Reader, an_order: AnOrder
) -> None:
    an_order("0000001", "Z1", "SO-1", ())
    an_order("0000002", "Z1", "SO-1")
    found = reader.orders_by_source([("Z1", "SO-1")], ZOHO_MARKS)
    assert rows(found, "SalesOrderNo", "lines", "total") == [
        ("0000001", 0, Decimal("0.00")),
        ("0000002", 1, Decimal("10.00")),
    ]


def test_an_order_that_a_clerk_typed_under_the_same_number_is_a_weaker_match(
    reader: Reader, an_order: AnOrder
) -> None:
    an_order("0000001", "", "SO-1", UDF_SYNC_KEY="")
    an_order("0000002", "", "SO-2", past=True)
    found = reader.orders_by_source([("Z1", "SO-1"), ("Z2", "SO-2")], ZOHO_MARKS)
    assert rows(found, "key", "match", "state") == [
        ("Z1", "purchase_order", "live"),
        ("Z2", "purchase_order", "history"),
    ]


def test_the_same_po_number_of_another_order_is_somebody_elses(reader: Reader, an_order: AnOrder) -> None:
    an_order("0000001", "Z9", "SO-1")
    an_order("0000002", "Z8", "SO-1", past=True)
    assert reader.orders_by_source([("Z1", "SO-1")], ZOHO_MARKS).empty


def test_an_order_of_ours_in_history_outweighs_a_clerks_live_one(reader: Reader, an_order: AnOrder) -> None:
    an_order("0000001", "Z1", "SO-1", past=True, OrderStatus="C")
    an_order("0000002", "", "SO-1")
    found = reader.orders_by_source([("Z1", "SO-1")], ZOHO_MARKS)
    assert rows(found, "SalesOrderNo", "match", "state") == [("0000001", "order_id", "history")]


def test_at_a_site_without_the_udf_every_match_is_a_weaker_one(company: Any, an_order: AnOrder) -> None:
    an_order("0000001", "", "SO-1")
    for table in ("SO_SalesOrderHeader", "SO_SalesOrderHistoryHeader"):
        for column in ("UDF_ZOHO_ORDER_ID", "UDF_SYNC_KEY"):
            company.run(f"ALTER TABLE {table} DROP COLUMN {column}")
    found = company.reader().orders_by_source([("Z1", "SO-1")], ZOHO_MARKS)
    assert rows(found, "key", "match", "UDF_SYNC_KEY") == [("Z1", "purchase_order", "")]


def test_nothing_asked_is_nothing_found_in_the_same_columns(company: Any, reader: Reader) -> None:
    assert schema(reader.orders_by_source([], ZOHO_MARKS)) == {
        field.name: field.type for field in STANDING_FRAME
    }
    assert reader.order_lines([]).empty
    assert company.sent == []


def test_a_po_number_is_a_value_and_never_sql(reader: Reader, an_order: AnOrder) -> None:
    evil = "x'; DROP TABLE AR_Customer --"
    an_order("0000001", "Z1", evil)
    assert len(reader.orders_by_source([("Z1", evil)], ZOHO_MARKS)) == 1
    assert reader.customers().empty


@pytest.mark.parametrize("orders", [1, 200])
def test_the_number_of_queries_does_not_grow_with_the_orders(
    company: Any, an_order: AnOrder, orders: int
) -> None:
    for place in range(orders):
        an_order(f"{place:07}", f"Z{place}", f"SO-{place}", past=place % 2 == 1)
    an_order("W000001", "Z-past", "SO-past", past=True)
    wanted = [*((f"Z{place}", f"SO-{place}") for place in range(orders)), ("Z-past", "SO-past")][:200]
    found = company.reader().orders_by_source(wanted, ZOHO_MARKS)
    assert len(found) == len(wanted)
    assert len(company.sent) == 4
    assert len(company.catalogue_calls) == 4


def test_more_than_a_chunk_of_keys_goes_in_several_queries(company: Any, an_order: AnOrder) -> None:
    for place in range(7):
        an_order(f"{place:07}", f"Z{place}", f"SO-{place}", ("1.00", "2.00"))
    lines = company.reader(chunk=3).order_lines([f"{place:07}" for place in range(7)])
    assert len(lines) == 14
    assert [sql.count("?") for sql in company.sent] == [3, 3, 1]


def test_lines_come_in_their_order_on_the_document_with_exact_prices(company: Any, reader: Reader) -> None:
    for seq, key, price in ((2, "000001", "0.100001"), (1, "000002", 99999999.999999)):
        company.add(
            "SO_SalesOrderDetail",
            SalesOrderNo="0000001",
            LineKey=key,
            LineSeqNo=f"{seq:014}",
            ItemCode="CHAI",
            UnitPrice=price,
            QuantityOrdered=1,
            LineDiscountPercent="12.500",
            ExtensionAmt="0.10",
            CommentText="two\nlines ",
        )
    lines = reader.order_lines(["0000001"])
    assert rows(lines, "LineKey", "UnitPrice", "LineDiscountPercent", "CommentText") == [
        ("000002", Decimal("99999999.999999"), Decimal("12.500"), "two\nlines"),
        ("000001", Decimal("0.100001"), Decimal("12.500"), "two\nlines"),
    ]


def test_a_missing_table_is_named(company: Any, reader: Reader) -> None:
    company.run("DROP TABLE IM_AliasItem")
    with pytest.raises(ConfigurationError, match="table IM_AliasItem is not in the ODBC dictionary"):
        reader.aliases()


def test_a_missing_column_is_named_with_its_table(company: Any, reader: Reader) -> None:
    company.run("ALTER TABLE AR_Customer DROP COLUMN CreditHold")
    with pytest.raises(ConfigurationError, match="table AR_Customer has no column CreditHold"):
        reader.customers()


def test_a_column_that_vanishes_between_dictionary_and_query_is_named(company: Any, reader: Reader) -> None:
    reader.items()
    company.run("ALTER TABLE CI_Item DROP COLUMN UDF_UPC")
    with pytest.raises(ConfigurationError, match="no column UDF_UPC in CI_Item"):
        reader.items()


def test_the_connection_test_says_what_the_site_lacks(company: Any, reader: Reader) -> None:
    report = reader.check()
    assert report.ok
    assert "AR_Customer.TaxExemptNo" in report.message
    assert "CI_Item.UDF_UPC" not in report.message
    company.run("DROP TABLE AR_Division")
    with pytest.raises(ConfigurationError, match="AR_Division"):
        company.reader().check()


class Flaky:
    """A connection that fails its first statement, as after a server's restart."""

    def __init__(self, company: Any, error: Exception) -> None:
        self.company, self.error, self.opened = company, error, 0

    def connect(self) -> Any:
        self.opened += 1
        return self.company.connect() if self.opened > 1 else self

    def cursor(self) -> Any:
        raise self.error

    def close(self) -> None:
        raise self.error


def test_trouble_drops_the_connection_and_the_next_read_logs_on_again(
    company: Any, driver_error: Any
) -> None:
    flaky = Flaky(company, driver_error("08S01", "link failure PWD=hunter2"))
    reader = Reader(flaky.connect)
    with pytest.raises(TransientError) as refusal:
        reader.customers()
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__suppress_context__
    assert reader.customers().empty
    assert reader.aliases().empty
    assert flaky.opened == 2


def test_a_refused_user_is_told_as_such(driver_error: Any) -> None:
    def refuse() -> Any:
        raise driver_error("28000", "UID=reader;PWD=hunter2")

    with pytest.raises(AuthenticationError) as refusal:
        Reader(refuse).customers()
    assert "hunter2" not in str(refusal.value)


def test_a_reader_opens_nothing_until_it_reads() -> None:
    def never() -> Any:
        raise AssertionError("opened")

    Reader(never).close()
