"""Secrets of one run folder: drawn once, kept in one file that only its owner may read."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def fernet_key() -> str:
    """A key as ``cryptography.fernet`` wants it: 32 random bytes, URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def long_secret() -> str:
    """86 characters: signing keys that all Airflow processes share."""
    return secrets.token_urlsafe(64)


def password() -> str:
    """22 characters without anything a URL or a shell would trip over."""
    return secrets.token_urlsafe(16).replace("-", "x").replace("_", "y")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Everything secret that the processes of one machine share."""

    admin_password: str
    airflow_fernet_key: str
    airflow_jwt_secret: str
    airflow_secret_key: str
    gateway_token: str
    ledger_key: str
    postgres_password: str


DRAWN_BY: dict[str, Callable[[], str]] = {
    "admin_password": password,
    "airflow_fernet_key": fernet_key,
    "airflow_jwt_secret": long_secret,
    "airflow_secret_key": long_secret,
    "gateway_token": long_secret,
    "ledger_key": fernet_key,
    "postgres_password": password,
}


def secrets_of(folder: Path) -> Secrets:
    """Read the folder's secrets; draw what is missing (all of it the first time) and keep it."""
    file = folder / "secrets.json"
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    kept = {field.name: known.get(field.name) or DRAWN_BY[field.name]() for field in fields(Secrets)}
    if kept != known:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        write_private(file, json.dumps(kept, indent=2))
    return Secrets(**kept)


def write_private(file: Path, content: str) -> None:
    """Write a file with mode 0600 from its first byte on, whole or not at all."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
