"""What a target was told of a record last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = ("entity", "source_system", "source_id", "target_system")


def upgrade() -> None:
    op.create_table(
        "told",
        *(sa.Column(name, sa.Text(), nullable=False) for name in KEY),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "source_id", "source_system", "entity", "target_system", name=op.f("pk_told")
        ),
    )


def downgrade() -> None:
    op.drop_table("told")
