"""A20: what every connector does alike, tried on each of them by the same tests.

Each stands before the real program on its other side; the line between them is a test's
(:mod:`tests.contract.line`). What one connector does beyond this is proved beside it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from include.errors import (
    AuthenticationError,
    IntegrationError,
    RateLimitedError,
    TransientError,
)
from include.sandbox.app import create_app
from include.sandbox.sage100.story import load
from tests.contract.conformant import WRONG, Conformant, Part, Systems, checked
from tests.contract.conformants import CONFORMANTS
from tests.contract.conformants_salesforce import sell
from tests.contract.line import CANARY, WAIT
from tests.contract.salesforce_org import free_ports
from tests.contract.test_clarity_connector_on_sandbox import serving
from tests.contract.test_gateway_client import start, stop

Open = Callable[..., Conformant]
BOUNDLESS = {"per_minute": 1_000_000, "burst": 1_000_000}
SETTLED = {"created", "adopted", "unchanged"}
GAPS: dict[str, set[Part]] = {
    "zoho_inventory": {"batch"},
    "zoho_inventory items and contacts": {"unserved"},
    "zoho_inventory sales orders": set(),
    "clarity_ecommerce v1": set(),
    "clarity_ecommerce phoenix": set(),
    "salesforce": {"unserved"},
    "salesforce opportunities and orders": {"unserved"},
    "salesforce bulk": {"poll", "fetch", "unserved"},
    "sage100 gateway": {"poll", "fetch", "unserved", "limit", "renewal", "budget"},
    "sage100 odbc": {"unserved", "spoilt", "limit", "renewal", "budget", "write", "batch", "timeout"},
}


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    """A sandbox with both shops' orders; a gateway over a company."""
    data, home = tmp_path_factory.mktemp("sandbox"), tmp_path_factory.mktemp("sage")
    load(home, password="contract-password")
    gateway = start(home, tmp_path_factory.mktemp("state"))
    secure, proxy = free_ports(2)
    app = create_app(data, story="northwind", salesforce_ports=(secure, proxy))
    with serving(app) as url:
        made = Systems(url, gateway, f"http://127.0.0.1:{proxy}", str(app.doors.papers.authority))
        made.tell("POST", "/load", {"story": "clarity", "limit": 25})
        made.tell("POST", "/load", {"story": "salesforce", "limit": 25})
        sell(made)
        made.tell("POST", "/clarity/settings", BOUNDLESS)
        made.tell("POST", "/zoho/settings", {"per_minute": 1_000_000, "token_requests": 1_000_000})
        yield made
        made.close()
    stop(gateway)


@pytest.fixture
def open_(systems: Systems) -> Iterator[Open]:
    """Makes connectors; their connections end with the test."""
    made: list[Conformant] = []

    def make(kind: type[Conformant], **how: str) -> Conformant:
        made.append(kind(systems, **how))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def connector(request: pytest.FixtureRequest, open_: Open) -> Conformant:
    """One of those that have the part."""
    return open_(request.param)


def those_with(*parts: Part) -> pytest.MarkDecorator:
    """The connectors that have all these parts."""
    kinds = [kind for kind in CONFORMANTS if not kind.lacks.keys() & set(parts)]
    return pytest.mark.parametrize("connector", kinds, indirect=True, ids=lambda kind: kind.name)


def test_what_a_connector_has_not_got_is_declared_with_its_reason() -> None:
    assert {kind.name: set(kind.lacks) for kind in CONFORMANTS} == GAPS
    assert all(reason for kind in CONFORMANTS for reason in kind.lacks.values())


# Reading ------------------------------------------------------------------------------------------------


@those_with("poll")
def test_everything_is_announced_once_and_then_only_what_changed(connector: Conformant) -> None:
    everything = connector.poll({})
    assert set(everything) == set(connector.keys())
    changed = sorted(everything)[len(everything) // 2]
    connector.edit(changed)
    assert set(connector.poll(everything)) == {changed}


@those_with("poll")
def test_a_record_that_changes_during_the_walk_hides_no_other_and_is_announced(
    connector: Conformant, open_: Open
) -> None:
    known = connector.poll({})
    walker = open_(type(connector))
    walker.line.meanwhile = lambda: connector.edit(next(iter(known)))
    seen = walker.poll({})
    seen |= walker.poll(seen)
    assert seen == open_(type(connector)).poll({})
    assert set(seen) == set(known)


@those_with("fetch")
def test_records_come_by_id_and_what_is_gone_is_none(connector: Conformant) -> None:
    first, second, *_ = connector.keys()
    found = connector.fetch([second, connector.gone, first])
    assert list(found) == [second, connector.gone, first]
    assert isinstance(found[first], bytes)
    assert isinstance(found[second], bytes)
    assert found[connector.gone] is None


@those_with("fetch", "unserved")
def test_a_record_that_cannot_be_served_is_an_error_and_its_siblings_come(connector: Conformant) -> None:
    first, second, third, *_ = connector.keys()
    connector.line.spoil("html", second)
    found = connector.fetch([first, second, third])
    assert isinstance(found[second], TransientError)
    assert isinstance(found[first], bytes)
    assert isinstance(found[third], bytes)


@pytest.mark.parametrize("kind", ["html", "cut", "malformed"])
@those_with("spoilt")
def test_a_spoilt_answer_is_never_an_empty_one(connector: Conformant, kind: str) -> None:
    connector.line.spoil(kind)  # type: ignore[arg-type]
    with pytest.raises(TransientError):
        connector.read()


@those_with()
def test_a_lost_answer_is_never_an_empty_one(connector: Conformant) -> None:
    assert connector.read()
    connector.line.spoil("lost")
    with pytest.raises(TransientError):
        connector.read()
    connector.line.mend()
    assert connector.read()


# Who we are ---------------------------------------------------------------------------------------------


@those_with()
def test_the_connection_test_says_what_is_wrong_and_no_secret(connector: Conformant, open_: Open) -> None:
    connector.ping()
    assert checked(connector)[0]
    ok, message = checked(open_(type(connector), secret=WRONG))
    assert not ok
    assert message
    assert WRONG not in message


@those_with("renewal")
def test_a_token_that_died_on_the_way_is_renewed_once(connector: Conformant) -> None:
    connector.read()
    connector.line.sent.clear()
    connector.line.spoil("stale", times=1)
    assert connector.read()
    assert sum(each.is_log_on for each in connector.line.sent) == 1


@those_with()
def test_credentials_that_are_revoked_are_a_matter_for_a_person(connector: Conformant) -> None:
    connector.line.spoil("stale")
    with pytest.raises(AuthenticationError):
        connector.read()
    assert len(connector.line.calls) <= 2


@those_with()
def test_no_secret_is_shown_whatever_happens(connector: Conformant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(connector.client)]
    for kind in ("html", "cut", "malformed", "lost", "limit", "stale"):
        connector.line.mend()
        connector.line.spoil(kind)
        for do in (connector.ping, connector.read):
            try:
                do()
            except IntegrationError as error:
                said.append(f"{error!r} {error.__cause__!r}")
    told = "\n".join([*said, caplog.text])
    assert [secret for secret in (*connector.secrets, CANARY) if secret in told] == []


# How we call --------------------------------------------------------------------------------------------


@those_with("limit")
def test_a_limit_says_how_long_to_wait(connector: Conformant) -> None:
    connector.line.spoil("limit")
    with pytest.raises(RateLimitedError) as caught:
        connector.read()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= WAIT
    assert len(connector.line.calls) == 1


@those_with()
def test_every_call_passes_the_breaker_once(connector: Conformant) -> None:
    connector.ping()
    connector.line.sent.clear()
    connector.breaker.guarded.clear()
    connector.ping()
    assert len(connector.breaker.guarded) == len(connector.line.sent) == 1
    connector.line.spoil("lost", times=1)
    with suppress(TransientError):
        connector.read()
    assert len(connector.breaker.guarded) == len(connector.line.sent) > 1


@those_with("budget")
def test_every_call_is_counted_once_and_so_is_every_try(connector: Conformant) -> None:
    connector.ping()
    connector.line.sent.clear()
    connector.budget.taken = 0
    connector.line.spoil("html", times=1)
    connector.ping()
    assert connector.budget.taken == len(connector.line.calls) == 2


@those_with("timeout")
def test_every_call_has_a_time_limit(connector: Conformant) -> None:
    connector.ping()
    connector.read()
    if "write" not in connector.lacks:
        connector.write([connector.record()])
    limits = [each.timeout for each in connector.line.sent]
    assert limits
    assert all(connect > 0 and read > 0 for connect, read in limits)


# Writing ------------------------------------------------------------------------------------------------


@those_with("write")
def test_the_same_write_twice_is_one_effect(connector: Conformant) -> None:
    record = connector.record()
    statuses = connector.write([record]) + connector.write([record])
    assert set(statuses) <= SETTLED
    assert connector.effects(record) == 1


@pytest.mark.parametrize("kind", ["lost", "cut", "malformed"])
@those_with("write")
def test_a_write_whose_answer_is_lost_is_unknown_or_known_to_stand_and_made_once(
    connector: Conformant, kind: str
) -> None:
    """Never repeated blindly: another try bears the same key, or there is none."""
    record = connector.record()
    verb, address = connector.verb, connector.address
    connector.line.spoil(kind, address, method=verb, times=1)  # type: ignore[arg-type]
    (status,) = connector.write([record])
    assert status in SETTLED | {"unknown"}
    tries = [each.key for each in connector.line.calls if each.method == verb and address in each.url]
    assert tries
    assert len(tries) == 1 or (None not in tries and len(set(tries)) == 1)
    assert connector.effects(record) == 1
    assert set(connector.write([record])) <= SETTLED
    assert connector.effects(record) == 1


@those_with("write", "batch")
def test_a_record_that_is_refused_does_not_spoil_its_siblings(connector: Conformant) -> None:
    first, bad, last = connector.record(), connector.bad_record(), connector.record()
    assert connector.write([first, bad, last]) == ["created", "refused", "created"]
    assert [connector.effects(each) for each in (first, bad, last)] == [1, 0, 1]
