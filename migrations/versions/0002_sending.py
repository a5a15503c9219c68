"""Sending: policy, timelines, API keys, replies to repeat, and webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# The organisation's time zone is not known here; a day off does no harm to what was sent before.
FIRST_DAYS = {
    "sqlite": "UPDATE invitations SET day = date(created_at)",
    "postgresql": "UPDATE invitations SET day = (created_at AT TIME ZONE 'UTC')::date",
}


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "tickets",
        sa.Column("ticket_ref", sa.String(length=200), nullable=False),
        sa.Column("reopened_at", INSTANT, nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("ticket_ref", name=op.f("pk_tickets")),
    )
    op.create_table(
        "hooks",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("survey_key", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["survey_key"], ["surveys.key"], name=op.f("fk_hooks_survey_key")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hooks")),
    )
    op.create_table(
        "replies",
        sa.Column("api_key", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["api_key"], ["api_keys.prefix"], name=op.f("fk_replies_api_key")),
        sa.PrimaryKeyConstraint("api_key", "key", name=op.f("pk_replies")),
    )
    op.create_index("ix_replies_at", "replies", ["at"], unique=False)

    op.create_table(
        "hook_events",
        sa.Column("id", sa.String(length=22), nullable=False),
        sa.Column("hook", sa.String(length=40), nullable=False),
        sa.Column("delivery_id", sa.String(length=200), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("ticket_ref", sa.String(length=200), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.Column("empty", JSON, nullable=False),
        sa.Column("invitation_id", sa.String(length=22), nullable=True),
        sa.ForeignKeyConstraint(["hook"], ["hooks.name"], name=op.f("fk_hook_events_hook")),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name=op.f("fk_hook_events_invitation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_events")),
        sa.UniqueConstraint("hook", "delivery_id", name=op.f("uq_hook_events_hook_delivery_id")),
    )
    op.create_index(
        "ix_hook_events_due_at",
        "hook_events",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_hook_events_received_at", "hook_events", ["received_at"], unique=False)

    op.create_table(
        "invitation_events",
        sa.Column("invitation_id", sa.String(length=22), nullable=False),
        sa.Column("id", sa.String(length=22), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitations.id"], name=op.f("fk_invitation_events_invitation_id")
        ),
        sa.PrimaryKeyConstraint("invitation_id", "id", name=op.f("pk_invitation_events")),
    )
    op.create_index("ix_answers_changed_at", "answers", ["changed_at", "invitation_id"], unique=False)

    op.add_column("invitations", sa.Column("agent_replies", sa.Integer(), nullable=True))
    op.add_column("invitations", sa.Column("timezone", sa.String(length=64), nullable=True))
    op.add_column(
        "invitations", sa.Column("source", sa.String(length=20), nullable=False, server_default="command")
    )
    op.add_column("invitations", sa.Column("allowed_from", INSTANT, nullable=True))
    op.add_column(
        "invitations", sa.Column("ended_at", INSTANT, nullable=False, server_default="1970-01-01 00:00:00")
    )
    op.execute("UPDATE invitations SET ended_at = created_at")
    op.add_column("invitations", sa.Column("day", sa.Date(), nullable=False, server_default="1970-01-01"))
    op.execute(FIRST_DAYS[op.get_bind().dialect.name])
    op.add_column("invitations", sa.Column("planned_at", INSTANT, nullable=True))
    op.add_column(
        "invitations", sa.Column("is_reminder", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index("ix_invitations_created_at", "invitations", ["created_at", "id"], unique=False)
    op.create_index("ix_invitations_day", "invitations", ["day"], unique=False)

    op.add_column("surveys", sa.Column("policy", JSON, nullable=True))
