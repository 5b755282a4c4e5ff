"""C4: fields of every type, and a clear word about those that cannot be read."""

from __future__ import annotations

import pytest

from include.connectors.salesforce.describe import Describe
from include.errors import ConfigurationError

KINDS = (
    "id boolean string textarea int double percent currency date datetime time email phone url picklist "
    "multipicklist combobox reference address location base64 encryptedstring anyType"
)
TYPES = KINDS.split()


@pytest.fixture
def org(bench, answer, described):
    """Account with a field of every type; Pricebook2 beside it."""
    fields = {f"F_{kind}__c": kind for kind in TYPES}
    fields |= {
        "Name": {"length": 120, "nillable": False},
        "Locked__c": {"createable": False, "updateable": False},
        "OwnerId": {"type": "reference", "referenceTo": ["User"], "relationshipName": "Owner"},
        "Type": {
            "type": "picklist",
            "restrictedPicklist": True,
            "picklistValues": [{"value": "A", "active": True}, {"value": "B", "active": False}],
        },
    }
    shown = {"Account": described("Account", **fields), "User": described("User", Id="id", Email="email")}

    def api(asked):
        name = asked.path.split("/")[1]
        known = shown.get(name)
        return answer(200, known) if known else answer(404, [{"errorCode": "NOT_FOUND", "message": ""}])

    bench.org.api = api
    return bench


def test_a_field_of_every_type_is_read_but_those_that_have_parts_or_bytes(org) -> None:
    account = Describe(org.client()).object("Account")
    assert {account.fields[f"F_{kind}__c"].type for kind in TYPES} == set(TYPES)
    unread = {name for name in account.fields if name not in account.readable}
    assert unread == {"F_address__c", "F_location__c", "F_base64__c"}
    assert account.fields["Type"].picklist == ("A",)
    assert account.fields["Type"].restricted
    assert account.fields["Name"].required


def test_a_hidden_field_is_named_with_the_way_out(org) -> None:
    describe = Describe(org.client())
    describe.check_fields("Account", ["Name", "Owner.Email"])
    with pytest.raises(
        ConfigurationError, match=r"^Account\.X__c is not readable for the integration user"
    ) as one:
        describe.check_fields("Account", ["Name", "X__c"])
    assert "field-level security" in str(one.value)
    with pytest.raises(ConfigurationError, match=r"Account\.X__c, Account\.Owner\.Y__c are not readable"):
        describe.check_fields("Account", ["X__c", "Owner.Y__c"])


def test_a_field_that_may_not_be_written_is_named(org) -> None:
    describe = Describe(org.client())
    describe.check_writable("Account", ["Name"])
    with pytest.raises(ConfigurationError, match=r"Account\.Locked__c: not writable"):
        describe.check_writable("Account", ["Name", "Locked__c"])


def test_an_object_that_is_not_there_is_named(org) -> None:
    with pytest.raises(ConfigurationError, match="Nothing__c"):
        Describe(org.client()).object("Nothing__c")
    with pytest.raises(ConfigurationError, match="API name"):
        Describe(org.client()).object("../x")


def test_widths_are_those_of_texts(org) -> None:
    widths = Describe(org.client()).widths(["Account"])
    assert widths["Account", "Name"] == 120
    assert ("Account", "F_currency__c") not in widths


def test_a_description_is_believed_for_a_while_by_the_whole_process(org) -> None:
    now = [0.0]
    one = Describe(org.client(describe_age=60), lambda: now[0])
    other = Describe(org.client(describe_age=60), lambda: now[0])
    one.object("Account")
    other.object("account")
    assert len(org.org.asked) == 1
    now[0] = 61.0
    other.object("Account")
    assert len(org.org.asked) == 2
