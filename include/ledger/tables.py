"""The ledger's tables.

Each index serves a query of this package; each state is held by a CHECK. Bodies of webhooks live in
``inbox.payload``, what a target was told of a record in ``told.content``, and neither anywhere else.
:mod:`include.ledger.migrations` makes these tables; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
    text,
)

from include.ledger.columns import BIG_ID, CleanText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(constraint_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _text(name: str, *, default: str | None = None) -> Column[str]:
    return Column(name, CleanText, nullable=False, server_default=default)


def _instant(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, UtcDateTime, nullable=nullable)


def _states(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


# Inbox ------------------------------------------------------------------------------------------

inbox = Table(
    "inbox",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    _text("flow"),
    _text("system"),
    _text("event"),
    _text("record_key"),
    _text("delivery_id"),
    _text("version", default=""),
    Column("payload", LargeBinary, nullable=False),
    _text("headers", default="{}"),
    _instant("received_at"),
    _text("state", default="pending"),
    Column("outcome", CleanText),
    Column("batch_id", CleanText),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _instant("not_before", nullable=True),
    _instant("settled_at", nullable=True),
    UniqueConstraint("flow", "system", "delivery_id", name="delivery"),
    _states("state", "pending", "leased", "held", "done"),
    _states("outcome", "loaded", "unchanged", "parked", "rejected", "duplicate", "in_doubt"),
    CheckConstraint("state <> 'leased' OR batch_id IS NOT NULL", name="leased_has_batch"),
    CheckConstraint("(state IN ('held', 'done')) = (outcome IS NOT NULL)", name="outcome_when_settled"),
)
OPEN_ROWS = text("state IN ('pending', 'held')")
Index("ix_inbox_open", inbox.c.flow, inbox.c.record_key, inbox.c.system, inbox.c.id,
      postgresql_where=OPEN_ROWS, sqlite_where=OPEN_ROWS)  # fmt: skip
Index("ix_inbox_batch", inbox.c.batch_id, inbox.c.id,
      postgresql_where=inbox.c.batch_id.is_not(None), sqlite_where=inbox.c.batch_id.is_not(None))  # fmt: skip
Index("ix_inbox_received", inbox.c.flow, inbox.c.received_at)
Index("ix_inbox_record", inbox.c.record_key, inbox.c.id)

batches = Table(
    "batches",
    metadata,
    Column("id", CleanText, primary_key=True),
    _text("flow"),
    _text("run_id"),
    _instant("claimed_at"),
    _instant("lease_until"),
    _text("state", default="live"),
    Column("rows", Integer, nullable=False),
    Column("deferred", Boolean, nullable=False, server_default=false()),
    _states("state", "live", "settled", "released", "lost"),
)
LIVE = text("state = 'live'")
Index("ix_batches_live", batches.c.lease_until, postgresql_where=LIVE, sqlite_where=LIVE)

key_leases = Table(
    "key_leases",
    metadata,
    _text("system"),
    _text("record_key"),
    _text("batch_id"),
    PrimaryKeyConstraint("system", "record_key"),
    Index("ix_key_leases_batch", "batch_id"),
)

wakes = Table(
    "wakes",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    _text("flow"),
    _instant("requested_at"),
    _instant("expires_at"),
    _instant("answered_at", nullable=True),
    _text("run_id", default=""),
)
OUTSTANDING = text("answered_at IS NULL")
Index("uq_wakes_outstanding", wakes.c.flow, unique=True,
      postgresql_where=OUTSTANDING, sqlite_where=OUTSTANDING)  # fmt: skip

# What was carried -------------------------------------------------------------------------------

crosswalk = Table(
    "crosswalk",
    metadata,
    _text("entity"),
    _text("source_system"),
    _text("source_id"),
    _text("target_system"),
    _text("target_id"),
    _text("source_version", default=""),
    _text("content_hash", default=""),
    _text("origin", default=""),
    _text("natural_key", default=""),
    _instant("created_at"),
    _instant("updated_at"),
    PrimaryKeyConstraint("source_id", "source_system", "entity", "target_system"),
    Index("ix_crosswalk_target", "target_id", "target_system", "entity", "source_system"),
    Index("ix_crosswalk_natural", "natural_key"),
)

told = Table(
    "told",
    metadata,
    _text("entity"),
    _text("source_system"),
    _text("source_id"),
    _text("target_system"),
    _text("content"),
    _instant("updated_at"),
    PrimaryKeyConstraint("source_id", "source_system", "entity", "target_system"),
)

write_claims = Table(
    "write_claims",
    metadata,
    _text("entity"),
    _text("source_system"),
    _text("source_id"),
    _text("target_system"),
    _text("owner"),
    _instant("lease_until"),
    PrimaryKeyConstraint("source_id", "source_system", "entity", "target_system"),
)

writes = Table(
    "writes",
    metadata,
    Column("key", CleanText, primary_key=True),
    _text("flow"),
    _text("entity"),
    _text("record_key"),
    _text("source_version", default=""),
    _text("request_hash", default=""),
    _text("state", default="intended"),
    _text("target_id", default=""),
    _text("detail", default=""),
    _instant("created_at"),
    _instant("updated_at"),
    _states("state", "intended", "sent", "committed", "refused", "in_doubt"),
    Index("ix_writes_record", "flow", "entity", "record_key", "state"),
)
UNSURE = text("state IN ('sent', 'in_doubt')")
Index("ix_writes_unsure", writes.c.flow, writes.c.updated_at,
      postgresql_where=UNSURE, sqlite_where=UNSURE)  # fmt: skip

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _instant("at"),
    _text("actor"),
    _text("action"),
    _text("flow", default=""),
    _text("entity", default=""),
    _text("record_key", default=""),
    _text("target_id", default=""),
    _text("run_id", default=""),
    _text("before", default=""),
    _text("after", default=""),
    _text("detail", default=""),
    _text("prev_hash"),
    _text("hash"),
    Index("ix_audit_record", "record_key", "seq"),
)

# What was set aside -----------------------------------------------------------------------------

exceptions = Table(
    "exceptions",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    _text("flow"),
    _text("record_key"),
    _text("record_label", default=""),
    _text("code"),
    _text("disposition"),
    _text("field", default=""),
    Column("line", Integer, nullable=False, server_default="0"),
    _text("value", default=""),
    _text("message", default=""),
    _text("remedy", default=""),
    _text("candidates", default="[]"),
    _text("payload_ref", default=""),
    _text("mapping_version", default=""),
    _text("source_version", default=""),
    _text("run_id", default=""),
    _text("task_id", default=""),
    _text("dag_id", default=""),
    Column("try_number", Integer, nullable=False, server_default="0"),
    _text("cause"),
    _text("state", default="open"),
    Column("attempts", Integer, nullable=False, server_default="1"),
    _instant("first_seen"),
    _instant("last_seen"),
    _instant("resolved_at", nullable=True),
    _text("resolution", default=""),
    UniqueConstraint("flow", "record_key", "code", "field", "line", "value", name="identity"),
    _states("state", "open", "retrying", "resolved"),
    _states("disposition", "parked", "rejected"),
    CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_when"),
    Index("ix_exceptions_page", "state", "id"),
    Index("ix_exceptions_flow_page", "flow", "state", "id"),
    Index("ix_exceptions_cause", "flow", "state", "cause", "id"),
)
OPEN = text("state = 'open'")
Index("ix_exceptions_blocking", exceptions.c.flow, exceptions.c.record_key, exceptions.c.disposition,
      postgresql_where=OPEN, sqlite_where=OPEN)  # fmt: skip

# What is shared by all workers ------------------------------------------------------------------

cursors = Table(
    "cursors",
    metadata,
    Column("name", CleanText, primary_key=True),
    _text("value"),
    _instant("updated_at"),
)

budgets = Table(
    "budgets",
    metadata,
    Column("name", CleanText, primary_key=True),
    _text("seconds", default="{}"),
    _text("day", default=""),
    Column("day_used", BigInteger, nullable=False, server_default="0"),
    Column("granted", BigInteger, nullable=False, server_default="0"),
    _text("flows", default="{}"),
    CheckConstraint("day_used >= 0", name="day_used"),
)

budget_blocks = Table(
    "budget_blocks",
    metadata,
    Column("name", CleanText, primary_key=True),
    _instant("until"),
    _text("reason", default=""),
)

slots = Table(
    "slots",
    metadata,
    Column("id", CleanText, primary_key=True),
    _text("name"),
    _instant("lease_until"),
    Index("ix_slots_name", "name", "lease_until"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    _instant("expires_at"),
    _instant("minted_at"),
    Column("generation", BigInteger, nullable=False, server_default="1"),
)

token_refusals = Table(
    "token_refusals",
    metadata,
    Column("name", CleanText, primary_key=True),
    _instant("refused_at"),
    _text("reason", default=""),
)

breakers = Table(
    "breakers",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    _text("subject", default=""),
    Column("several", Boolean, nullable=False, server_default=false()),
    _instant("failed_at", nullable=True),
    _instant("opened_at", nullable=True),
    _instant("until", nullable=True),
    Column("trips", Integer, nullable=False, server_default="0"),
    _text("probe", default=""),
    _instant("probe_until", nullable=True),
    _text("reason", default=""),
    CheckConstraint("(opened_at IS NULL) = (until IS NULL)", name="until_when_opened"),
)

parked_flows = Table(
    "parked_flows",
    metadata,
    Column("flow", CleanText, primary_key=True),
    _instant("since"),
    _instant("until"),
    _text("reason", default=""),
)

run_reports = Table(
    "run_reports",
    metadata,
    _text("flow"),
    _text("run_id"),
    _instant("finished_at"),
    Column("received", BigInteger, nullable=False),
    Column("balanced", Boolean, nullable=False),
    _text("counts", default="{}"),
    PrimaryKeyConstraint("flow", "run_id"),
    Index("ix_run_reports_finished", "flow", "finished_at"),
    Index("ix_run_reports_latest", "finished_at"),
)

rates = Table(
    "rates",
    metadata,
    _text("base"),
    _text("quote"),
    Column("on_date", Date, nullable=False),
    Column("rate", Numeric(20, 10), nullable=False),
    _text("source", default=""),
    _instant("stored_at"),
    PrimaryKeyConstraint("base", "quote", "on_date"),
    CheckConstraint("rate > 0", name="positive"),
)
