"""C33: one call's token is renewed once, and what was refused is not sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from include.connectors.rest.tokens import Credential, SharedToken
from include.errors import TransientError
from include.ledger import Token

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


class Store:
    """Has a token, and fails as often as told before it renews it."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.older_than: list[str] = []

    def get(self, _name: str) -> Token:
        return Token("old", NOW + timedelta(hours=1))

    def refresh(self, _name: str, mint: Callable[[], Token], *, older_than: Token) -> Token:
        self.older_than.append(older_than.value)
        if self.failures:
            self.failures -= 1
            raise TransientError("ledger: refresh a token: no free connection")
        return mint()


def credential(store: Store) -> Credential:
    budget = SimpleNamespace(take=lambda *_, **__: 0.0)
    source = SharedToken(
        "a token",
        lambda: Token("new", NOW + timedelta(hours=1)),
        store=store,  # type: ignore[arg-type]
        budget=budget,  # type: ignore[arg-type]
        clock=lambda: NOW,
        pause=1.0,
    )
    return Credential(source)


def test_a_refused_token_is_replaced_once() -> None:
    store = Store()
    made = credential(store)
    assert made.token().value == "old"
    assert made.renew()
    assert made.token().value == "new"
    assert not made.renew()
    assert store.older_than == ["old"]


def test_a_renewal_that_failed_is_tried_again_before_anything_is_sent() -> None:
    """The ledger was busy for a moment: the call's next try must not send what was refused, nor give up."""
    store = Store(failures=2)
    made = credential(store)
    made.token()
    with pytest.raises(TransientError):
        made.renew()
    with pytest.raises(TransientError):
        made.token()
    assert made.token().value == "new"
    assert store.older_than == ["old"] * 3
    assert not made.renew(), "the loop stays bounded"
