"""Clarity's customers told what the ERP says of them: several accounts may be one customer there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.connectors.clarity_ecommerce.records import Write
from include.connectors.clarity_ecommerce.targets import answer_of
from include.connectors.clarity_ecommerce.writer import ClarityWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.documents import Answer, Document

ACCOUNTS = "accounts"
"""The member that names whom a record is about: the shop's ids."""
_WORST_FIRST = ("unknown", "retry", "refused", "changed", "unchanged")


@dataclass(frozen=True, slots=True)
class ClarityAccounts:
    """Every account of a customer. Values are absolute: told twice is told once.

    Args:
        client: carries the calls.
    """

    client: ClarityClient

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Change the accounts that each document names; the worst answer counts.

        Raises as :meth:`ClarityWriter.write_customers`.
        """
        owners, writes = [], []
        for document in documents:
            members = document.members
            for account in members.pop(ACCOUNTS):
                owners.append(document.idempotency_key)
                writes.append(Write(f"{document.idempotency_key[:40]}:{account}", members, account))
        told: dict[str, list[Answer]] = {}
        for owner, result in zip(owners, ClarityWriter(self.client).write_customers(writes), strict=True):
            told.setdefault(owner, []).append(replace(answer_of(result), key=owner))
        return [_worst(told[document.idempotency_key]) for document in documents]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Nothing: what was perhaps told is told again."""
        del documents
        return {}


def _worst(answers: Sequence[Answer]) -> Answer:
    return min(answers, key=lambda answer: _WORST_FIRST.index(answer.status))
