"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _where(condition: sa.TextClause) -> dict[str, Any]:
    return {"postgresql_where": condition, "sqlite_where": condition}


def upgrade() -> None:
    _inbox()
    _carried()
    _set_aside()
    _shared()
    _audit_is_append_only()


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", BIG_ID, nullable=False),
        _text("flow"),
        _text("system"),
        _text("event"),
        _text("record_key"),
        _text("delivery_id"),
        _text("version", ""),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        _text("headers", "{}"),
        _instant("received_at"),
        _text("state", "pending"),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _instant("not_before", nullable=True),
        _instant("settled_at", nullable=True),
        sa.CheckConstraint(
            "(state IN ('held', 'done')) = (outcome IS NOT NULL)", name=op.f("ck_inbox_outcome_when_settled")
        ),
        sa.CheckConstraint(
            "outcome IN ('loaded', 'unchanged', 'parked', 'rejected', 'duplicate', 'in_doubt')",
            name=op.f("ck_inbox_outcome"),
        ),
        sa.CheckConstraint(
            "state <> 'leased' OR batch_id IS NOT NULL", name=op.f("ck_inbox_leased_has_batch")
        ),
        sa.CheckConstraint("state IN ('pending', 'leased', 'held', 'done')", name=op.f("ck_inbox_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("flow", "system", "delivery_id", name=op.f("uq_inbox_delivery")),
    )
    op.create_index("ix_inbox_batch", "inbox", ["batch_id", "id"], **_where(sa.text("batch_id IS NOT NULL")))
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["flow", "record_key", "system", "id"],
        **_where(sa.text("state IN ('pending', 'held')")),
    )
    op.create_index("ix_inbox_received", "inbox", ["flow", "received_at"])
    op.create_index("ix_inbox_record", "inbox", ["record_key", "id"])
    op.create_table(
        "batches",
        _text("id"),
        _text("flow"),
        _text("run_id"),
        _instant("claimed_at"),
        _instant("lease_until"),
        _text("state", "live"),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('live', 'settled', 'released', 'lost')", name=op.f("ck_batches_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_live", "batches", ["lease_until"], **_where(sa.text("state = 'live'")))
    op.create_table(
        "key_leases",
        _text("system"),
        _text("record_key"),
        _text("batch_id"),
        sa.PrimaryKeyConstraint("system", "record_key", name=op.f("pk_key_leases")),
    )
    op.create_index("ix_key_leases_batch", "key_leases", ["batch_id"])
    op.create_table(
        "wakes",
        sa.Column("id", BIG_ID, nullable=False),
        _text("flow"),
        _instant("requested_at"),
        _instant("expires_at"),
        _instant("answered_at", nullable=True),
        _text("run_id", ""),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wakes")),
    )
    op.create_index(
        "uq_wakes_outstanding", "wakes", ["flow"], unique=True, **_where(sa.text("answered_at IS NULL"))
    )


def _carried() -> None:
    op.create_table(
        "crosswalk",
        _text("entity"),
        _text("source_system"),
        _text("source_id"),
        _text("target_system"),
        _text("target_id"),
        _text("source_version", ""),
        _text("content_hash", ""),
        _text("origin", ""),
        _text("natural_key", ""),
        _instant("created_at"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint(
            "source_id", "source_system", "entity", "target_system", name=op.f("pk_crosswalk")
        ),
    )
    op.create_index("ix_crosswalk_natural", "crosswalk", ["natural_key"])
    op.create_index(
        "ix_crosswalk_target", "crosswalk", ["target_id", "target_system", "entity", "source_system"]
    )
    op.create_table(
        "write_claims",
        _text("entity"),
        _text("source_system"),
        _text("source_id"),
        _text("target_system"),
        _text("owner"),
        _instant("lease_until"),
        sa.PrimaryKeyConstraint(
            "source_id", "source_system", "entity", "target_system", name=op.f("pk_write_claims")
        ),
    )
    op.create_table(
        "writes",
        _text("key"),
        _text("flow"),
        _text("entity"),
        _text("record_key"),
        _text("source_version", ""),
        _text("request_hash", ""),
        _text("state", "intended"),
        _text("target_id", ""),
        _text("detail", ""),
        _instant("created_at"),
        _instant("updated_at"),
        sa.CheckConstraint(
            "state IN ('intended', 'sent', 'committed', 'refused', 'in_doubt')", name=op.f("ck_writes_state")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_writes")),
    )
    op.create_index("ix_writes_record", "writes", ["flow", "entity", "record_key", "state"])
    op.create_index(
        "ix_writes_unsure",
        "writes",
        ["flow", "updated_at"],
        **_where(sa.text("state IN ('sent', 'in_doubt')")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        _instant("at"),
        _text("actor"),
        _text("action"),
        _text("flow", ""),
        _text("entity", ""),
        _text("record_key", ""),
        _text("target_id", ""),
        _text("run_id", ""),
        _text("before", ""),
        _text("after", ""),
        _text("detail", ""),
        _text("prev_hash"),
        _text("hash"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_record", "audit", ["record_key", "seq"])


def _set_aside() -> None:
    op.create_table(
        "exceptions",
        sa.Column("id", BIG_ID, nullable=False),
        _text("flow"),
        _text("record_key"),
        _text("record_label", ""),
        _text("code"),
        _text("disposition"),
        _text("field", ""),
        sa.Column("line", sa.Integer(), server_default="0", nullable=False),
        _text("value", ""),
        _text("message", ""),
        _text("remedy", ""),
        _text("candidates", "[]"),
        _text("payload_ref", ""),
        _text("mapping_version", ""),
        _text("source_version", ""),
        _text("run_id", ""),
        _text("task_id", ""),
        _text("dag_id", ""),
        sa.Column("try_number", sa.Integer(), server_default="0", nullable=False),
        _text("cause"),
        _text("state", "open"),
        sa.Column("attempts", sa.Integer(), server_default="1", nullable=False),
        _instant("first_seen"),
        _instant("last_seen"),
        _instant("resolved_at", nullable=True),
        _text("resolution", ""),
        sa.CheckConstraint(
            "(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("ck_exceptions_resolved_when")
        ),
        sa.CheckConstraint("disposition IN ('parked', 'rejected')", name=op.f("ck_exceptions_disposition")),
        sa.CheckConstraint("state IN ('open', 'retrying', 'resolved')", name=op.f("ck_exceptions_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exceptions")),
        sa.UniqueConstraint(
            "flow", "record_key", "code", "field", "line", "value", name=op.f("uq_exceptions_identity")
        ),
    )
    op.create_index(
        "ix_exceptions_blocking",
        "exceptions",
        ["flow", "record_key", "disposition"],
        **_where(sa.text("state = 'open'")),
    )
    op.create_index("ix_exceptions_cause", "exceptions", ["flow", "state", "cause", "id"])
    op.create_index("ix_exceptions_flow_page", "exceptions", ["flow", "state", "id"])
    op.create_index("ix_exceptions_page", "exceptions", ["state", "id"])


def _shared() -> None:
    op.create_table(
        "cursors",
        _text("name"),
        _text("value"),
        _instant("updated_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "budgets",
        _text("name"),
        _text("seconds", "{}"),
        _text("day", ""),
        sa.Column("day_used", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("granted", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("day_used >= 0", name=op.f("ck_budgets_day_used")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_budgets")),
    )
    op.create_table(
        "budget_blocks",
        _text("name"),
        _instant("until"),
        _text("reason", ""),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_budget_blocks")),
    )
    op.create_table(
        "slots",
        _text("id"),
        _text("name"),
        _instant("lease_until"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slots")),
    )
    op.create_index("ix_slots_name", "slots", ["name", "lease_until"])
    op.create_table(
        "tokens",
        _text("name"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _instant("expires_at"),
        _instant("minted_at"),
        sa.Column("generation", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tokens")),
    )
    op.create_table(
        "run_reports",
        _text("flow"),
        _text("run_id"),
        _instant("finished_at"),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("balanced", sa.Boolean(), nullable=False),
        _text("counts", "{}"),
        sa.PrimaryKeyConstraint("flow", "run_id", name=op.f("pk_run_reports")),
    )
    op.create_index("ix_run_reports_finished", "run_reports", ["flow", "finished_at"])
    op.create_index("ix_run_reports_latest", "run_reports", ["finished_at"])
    op.create_table(
        "rates",
        _text("base"),
        _text("quote"),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=20, scale=10), nullable=False),
        _text("source", ""),
        _instant("stored_at"),
        sa.CheckConstraint("rate > 0", name=op.f("ck_rates_positive")),
        sa.PrimaryKeyConstraint("base", "quote", "on_date", name=op.f("pk_rates")),
    )


def _audit_is_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION tradebridge_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION tradebridge_audit_is_append_only()"
    )


def downgrade() -> None:
    for table in (
        "rates",
        "run_reports",
        "tokens",
        "slots",
        "budget_blocks",
        "budgets",
        "cursors",
        "exceptions",
        "audit",
        "writes",
        "write_claims",
        "crosswalk",
        "wakes",
        "key_leases",
        "batches",
        "inbox",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION tradebridge_audit_is_append_only()")
