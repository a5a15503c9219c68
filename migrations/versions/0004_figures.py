"""Figures: the day that response rates go by, markers, targets, summaries by mail."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

# The organisation's time zone is not known here: of what was asked before, the day it was made must do.
FIRST_DAYS = "UPDATE invitations SET asked_on = day"


def upgrade() -> None:
    op.create_table(
        "markers",
        sa.Column("id", sa.String(length=22), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.String(length=22), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_markers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_markers")),
    )
    op.create_table(
        "summaries",
        sa.Column("id", sa.String(length=22), nullable=False),
        sa.Column("user_id", sa.String(length=22), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=True),
        sa.Column("every", sa.String(length=10), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("send_at", INSTANT, nullable=True),
        sa.Column("claim", sa.String(length=22), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_first", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_summaries_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summaries")),
        sa.UniqueConstraint("address", "every", name=op.f("uq_summaries_address_every")),
        sa.UniqueConstraint("user_id", "every", name=op.f("uq_summaries_user_id_every")),
    )
    op.create_index("ix_summaries_send_at", "summaries", ["send_at"])
    op.create_table(
        "targets",
        sa.Column("metric", sa.String(length=10), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.String(length=22), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_targets_user_id")),
        sa.PrimaryKeyConstraint("metric", name=op.f("pk_targets")),
    )
    op.add_column("invitations", sa.Column("asked_on", sa.Date(), nullable=True))
    op.execute(FIRST_DAYS)
    op.create_index("ix_invitations_asked_on", "invitations", ["asked_on"])


def downgrade() -> None:
    op.drop_index("ix_invitations_asked_on", "invitations")
    op.drop_column("invitations", "asked_on")
    for table in ("targets", "summaries", "markers"):
        op.drop_table(table)
