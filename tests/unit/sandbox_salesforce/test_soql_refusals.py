"""What SOQL refuses, and in which words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.sandbox.salesforce.soql.errors import QueryError
from include.sandbox.salesforce.soql.query import prepare
from include.sandbox.salesforce.store import Store

from .soql_org import store_in


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = store_in(tmp_path_factory.mktemp("soql"))
    yield made
    made.database.close()


def refused(store: Store, soql: str) -> QueryError:
    with pytest.raises(QueryError) as error:
        prepare(store, soql)
    return error.value


A = "SELECT Id FROM Account"


@pytest.mark.parametrize(
    ("soql", "code", "said"),
    [
        ("SELECT Id, Name FORM Account", "MALFORMED_QUERY", "unexpected token: 'Account'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        (f"{A} WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        (f"{A} WHERE Name = 'open", "MALFORMED_QUERY", "unexpected token"),
        (f"{A} WHERE Name = abc", "MALFORMED_QUERY", "unexpected token: 'abc'"),
        (f"{A} WHERE CreatedDate > 2026-03-02T10:00:00", "MALFORMED_QUERY", "unexpected token"),
        (f"{A} WHERE CreatedDate > 2026-03-02T10:00:00 00:00", "MALFORMED_QUERY", "unexpected token"),
        (f"{A} WHERE CreatedDate > 2026-13-02T10:00:00Z", "MALFORMED_QUERY", "invalid date"),
        (f"{A} WHERE AnnualRevenue < 1e99999999999999999999", "MALFORMED_QUERY", "number out of range"),
        (f"{A} FOR UPDATE", "MALFORMED_QUERY", "unexpected token: 'UPDATE'"),
        (f"{A} LIMIT -1", "MALFORMED_QUERY", "unexpected token"),
        (f"{A};", "MALFORMED_QUERY", "unexpected token: ';'"),
        ("SELECT TYPEOF Owner WHEN User THEN Id END FROM Account", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT FORMAT(Name) FROM Account", "MALFORMED_QUERY", "unexpected token: 'FORMAT'"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 201", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(SOME) FROM Account LIMIT 1", "MALFORMED_QUERY", "FIELDS"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "must be grouped or aggregated: Name"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT SUM(Name) FROM Account", "INVALID_FIELD", "does not support aggregate operator SUM"),
        (f"{A} OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        ("SELECT Parent.Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        (
            "SELECT Boss.Name FROM Account",
            "INVALID_FIELD",
            "Didn't understand relationship 'Boss' in field path",
        ),
        (f"SELECT {'Parent.' * 6}Name FROM Account", "MALFORMED_QUERY", "5 levels"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        (
            "SELECT Id, (SELECT Id FROM Contact) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Contact'",
        ),
        (f"{A} WHERE Name = 5", "INVALID_FIELD", "must be of type string and should be enclosed in quotes"),
        (
            f"{A} WHERE NumberOfEmployees = '5'",
            "INVALID_FIELD",
            "must be of type int and should not be enclosed",
        ),
        (f"{A} WHERE AnnualRevenue = '5'", "INVALID_FIELD", "must be of type double"),
        (f"{A} WHERE CreatedDate > 2026-03-02", "INVALID_FIELD", "must be of type dateTime"),
        (f"{A} WHERE CreatedDate > '2026-03-02T00:00:00Z'", "INVALID_FIELD", "must be of type dateTime"),
        (f"{A} WHERE IsDeleted = 'true'", "INVALID_FIELD", "must be of type boolean"),
        (f"{A} WHERE Name = TODAY", "INVALID_FIELD", "must be of type string"),
        (f"{A} WHERE Description = 'x'", "INVALID_FIELD", "field 'Description' can not be filtered"),
        (f"{A} WHERE BillingAddress = null", "INVALID_FIELD", "field 'BillingAddress' can not be filtered"),
        (f"{A} ORDER BY Description", "INVALID_FIELD", "field 'Description' can not be sorted"),
        (f"{A} WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        (f"{A} WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR", "LIKE"),
        (f"{A} WHERE IsDeleted > false", "INVALID_QUERY_FILTER_OPERATOR", "boolean"),
        (f"{A} WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "INCLUDES"),
        (f"{A} WHERE Name IN (SELECT Id FROM Contact)", "MALFORMED_QUERY", "cannot use: 'Name'"),
        (f"{A} WHERE Id IN (SELECT LastName FROM Contact)", "MALFORMED_QUERY", "cannot use: 'LastName'"),
        (f"{A} WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)", "MALFORMED_QUERY", "LIMIT"),
        (f"{A} WHERE Name = 'a' OR Id IN (SELECT AccountId FROM Contact)", "MALFORMED_QUERY", "top level"),
        (f"{A} WHERE {'(' * 201}Name = 'a'{')' * 201}", "QUERY_TOO_COMPLICATED", "too deep"),
        (f"{A} WHERE Name = '{'x' * 100_000}'", "MALFORMED_QUERY", "longer than 100000"),
    ],
)
def test_a_query_is_refused(store: Store, soql: str, code: str, said: str) -> None:
    error = refused(store, soql)
    assert error.code == code
    assert said in error.message


def test_the_message_shows_the_place(store: Store) -> None:
    error = refused(store, "SELECT Id,\n  Sku__c FROM Product2")
    assert error.message.startswith(
        "\n  Sku__c FROM Product2\n  ^\nERROR at Row:2:Column:3\nNo such column 'Sku__c'"
    )


def test_a_hidden_field_is_as_good_as_none(store: Store) -> None:
    store.schema.hide_field("Account", "Phone")
    for soql in ("SELECT Phone FROM Account", f"{A} WHERE Phone = '1'", f"{A} ORDER BY Phone"):
        error = refused(store, soql)
        assert (error.code, "No such column 'Phone'" in error.message) == ("INVALID_FIELD", True)
    store.schema.hide_field("Account", "Phone", hidden=False)
    assert prepare(store, "SELECT Phone FROM Account").run().total == 0
