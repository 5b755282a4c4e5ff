"""A25, C33: a token is minted once and never kept in the clear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from include.errors import AuthenticationError, ConfigurationError, TransientError
from include.ledger import Ledger, Token
from include.ledger.tokens import Tokens


@pytest.fixture
def mint(clock):
    """Counts its calls in ``mint.calls``."""

    def mint() -> Token:
        mint.calls += 1
        return Token(f"canary-{mint.calls}", clock() + timedelta(hours=1), "https://www.zohoapis.com")

    mint.calls = 0
    return mint


def test_a_live_token_is_shared(ledger: Ledger, mint) -> None:
    assert ledger.tokens.get("zoho") is None
    first = ledger.tokens.refresh("zoho", mint, older_than=None)
    assert ledger.tokens.refresh("zoho", mint, older_than=None) == first == ledger.tokens.get("zoho")
    assert mint.calls == 1


def test_a_refused_token_is_replaced_once(ledger: Ledger, mint) -> None:
    refused = ledger.tokens.refresh("zoho", mint, older_than=None)
    fresh = ledger.tokens.refresh("zoho", mint, older_than=refused)
    assert fresh != refused
    assert ledger.tokens.refresh("zoho", mint, older_than=refused) == fresh
    assert mint.calls == 2


def test_an_expired_token_is_replaced_whoever_had_it(ledger: Ledger, mint, clock) -> None:
    ledger.tokens.refresh("zoho", mint, older_than=None)
    clock.pass_(hours=1)
    assert ledger.tokens.get("zoho") is not None
    ledger.tokens.refresh("zoho", mint, older_than=None)
    assert mint.calls == 2


def test_a_failed_mint_stores_nothing_and_lets_go(ledger: Ledger, mint) -> None:
    def away() -> Token:
        raise TransientError("no answer")

    with pytest.raises(TransientError):
        ledger.tokens.refresh("zoho", away, older_than=None)
    assert ledger.tokens.get("zoho") is None
    assert ledger.tokens.refresh("zoho", mint, older_than=None).value == "canary-1"


@pytest.fixture
def revoked():
    """The remote refuses; counts its calls in ``revoked.calls``."""

    def revoked() -> Token:
        revoked.calls += 1
        raise AuthenticationError("the refresh token is revoked; authorise again")

    revoked.calls = 0
    return revoked


def refresh_refused(ledger: Ledger, mint, name: str = "zoho") -> None:
    with pytest.raises(AuthenticationError, match="authorise again"):
        ledger.tokens.refresh(name, mint, older_than=None)


def test_refused_credentials_are_tried_by_one_worker_only(ledger: Ledger, mint, revoked, clock) -> None:
    for _ in range(50):
        refresh_refused(ledger, revoked)
        clock.pass_(seconds=1)
    assert revoked.calls == 1
    assert ledger.tokens.refresh("another consent", mint, older_than=None).value == "canary-1"


def test_a_refusal_is_asked_about_once_a_minute(ledger: Ledger, mint, revoked, clock) -> None:
    refresh_refused(ledger, revoked)
    clock.pass_(minutes=1)
    refresh_refused(ledger, revoked)
    refresh_refused(ledger, mint)
    assert (revoked.calls, mint.calls) == (2, 0)
    clock.pass_(minutes=1)
    token = ledger.tokens.refresh("zoho", mint, older_than=None)
    assert ledger.tokens.refresh("zoho", mint, older_than=token).value == "canary-2"


def test_a_pardon_lets_the_next_call_try(ledger: Ledger, mint, revoked) -> None:
    refresh_refused(ledger, revoked)
    ledger.tokens.pardon("zoho")
    assert ledger.tokens.refresh("zoho", mint, older_than=None).value == "canary-1"


def test_minting_may_use_the_ledger_itself(ledger: Ledger, mint) -> None:
    def counted() -> Token:
        ledger.budgets.take("zoho", per_minute=10, per_day=100)
        return mint()

    ledger.tokens.refresh("zoho", counted, older_than=None)
    assert ledger.budgets.state("zoho").today == 1


def test_a_token_is_sealed_in_the_table_and_hidden_in_its_repr(ledger: Ledger, mint) -> None:
    token = ledger.tokens.refresh("zoho", mint, older_than=None)
    with ledger.database.once("look") as connection:
        rows = connection.exec_driver_sql("SELECT * FROM tokens").all()
    everything = b"".join(
        bytes(v) if isinstance(v, (bytes, memoryview)) else str(v).encode() for v in rows[0]
    )
    assert b"canary" not in everything
    assert "canary" not in repr(token)


@pytest.mark.parametrize("key", [None, "", "too short"])
def test_nothing_is_kept_without_a_proper_key(ledger: Ledger, mint, key) -> None:
    with pytest.raises(ConfigurationError, match="secret key"):
        Tokens(ledger.database, secret_key=key).refresh("zoho", mint, older_than=None)
    assert mint.calls == 0


def test_keys_can_be_rotated(ledger: Ledger, mint, caplog) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    token = Tokens(ledger.database, secret_key=old).refresh("zoho", mint, older_than=None)
    assert Tokens(ledger.database, secret_key=f"{new},{old}").get("zoho") == token
    assert Tokens(ledger.database, secret_key=new).get("zoho") is None
    assert "sealed under another key" in caplog.text


def test_a_forgotten_token_is_minted_again(ledger: Ledger, mint) -> None:
    ledger.tokens.refresh("zoho", mint, older_than=None)
    ledger.tokens.forget("zoho")
    assert ledger.tokens.get("zoho") is None
