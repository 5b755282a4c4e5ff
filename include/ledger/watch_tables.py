"""The tables of those who watch: what came in by its own count, balances, alerts and their notices."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from include.ledger.columns import BIG_ID, CleanText, UtcDateTime
from include.ledger.tables import metadata


def _text(name: str, *, default: str | None = None) -> Column[str]:
    return Column(name, CleanText, nullable=False, server_default=default)


def _instant(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, UtcDateTime, nullable=nullable)


receipts = Table(
    "receipts",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    _text("flow"),
    _instant("at"),
    Column("rows", BigInteger, nullable=False),
    CheckConstraint("rows > 0", name="rows"),
    Index("ix_receipts_at", "flow", "at"),
)
"""How many inbox rows were kept at each instant, written with them: the count that no row can leave."""

balances = Table(
    "balances",
    metadata,
    _text("flow"),
    _instant("checked_at"),
    Column("received", BigInteger, nullable=False),
    Column("balanced", Boolean, nullable=False),
    _text("counts", default="{}"),
    _text("findings", default="[]"),
    PrimaryKeyConstraint("flow", "checked_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    _text("key"),
    _text("flow", default=""),
    _text("kind"),
    _text("severity"),
    _text("state", default="pending"),
    _text("message"),
    Column("count", Integer, nullable=False, server_default="1"),
    _instant("first_seen"),
    _instant("last_seen"),
    _instant("opened_at", nullable=True),
    _instant("notified_at", nullable=True),
    _instant("recovered_at", nullable=True),
    CheckConstraint("state IN ('pending', 'open', 'recovered')", name="state"),
    CheckConstraint("severity IN ('low', 'medium', 'high')", name="severity"),
    CheckConstraint("(state = 'pending') = (opened_at IS NULL)", name="opened_when"),
    CheckConstraint("(state = 'recovered') = (recovered_at IS NOT NULL)", name="recovered_when"),
    Index("ix_alerts_page", "state", "id"),
    Index("ix_alerts_opened", "opened_at"),
)
LIVE = text("state <> 'recovered'")
Index("uq_alerts_live", alerts.c.key, unique=True, postgresql_where=LIVE, sqlite_where=LIVE)

notices = Table(
    "notices",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("alert_id", BIG_ID, nullable=False),
    _text("transition"),
    _text("channel"),
    _text("message"),
    _instant("created_at"),
    _instant("not_before"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _instant("delivered_at", nullable=True),
    _text("error", default=""),
    CheckConstraint("transition IN ('opened', 'recovered')", name="transition"),
    ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_notices_alert"),
    UniqueConstraint("alert_id", "transition", "channel", name="once"),
)
UNDELIVERED = text("delivered_at IS NULL")
Index("ix_notices_due", notices.c.id, postgresql_where=UNDELIVERED, sqlite_where=UNDELIVERED)
"""What is still to be told; written in the transaction that opens or closes the alert."""
