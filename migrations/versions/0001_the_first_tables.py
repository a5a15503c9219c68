"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "domains",
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("marked_until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_domains")),
    )
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "surveys",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=True),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_surveys")),
    )
    op.create_table(
        "survey_versions",
        sa.Column("survey_key", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("questions", JSON, nullable=False),
        sa.Column("texts", JSON, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["survey_key"], ["surveys.key"], name=op.f("fk_survey_versions_survey_key")),
        sa.PrimaryKeyConstraint("survey_key", "number", name=op.f("pk_survey_versions")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=22), nullable=False),
        sa.Column("survey_key", sa.String(length=40), nullable=False),
        sa.Column("survey_version", sa.Integer(), nullable=False),
        sa.Column("ticket_ref", sa.String(length=200), nullable=False),
        sa.Column("occasion", sa.String(length=200), nullable=False),
        sa.Column("agent_ref", sa.String(length=200), nullable=True),
        sa.Column("agent_name", sa.String(length=200), nullable=True),
        sa.Column("team", sa.String(length=200), nullable=True),
        sa.Column("case_type", sa.String(length=200), nullable=True),
        sa.Column("channel", sa.String(length=200), nullable=True),
        sa.Column("locale", sa.String(length=35), nullable=False),
        sa.Column("customer_ref", sa.String(length=200), nullable=True),
        sa.Column("properties", JSON, nullable=False),
        sa.Column("address", sa.String(length=320), nullable=True),
        sa.Column("recipient_name", sa.String(length=200), nullable=True),
        sa.Column("address_hash", sa.String(length=64), nullable=True),
        sa.Column("domain", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=True),
        sa.Column("send_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(length=22), nullable=True),
        sa.Column("marked_at", INSTANT, nullable=True),
        sa.Column("touch_count", sa.Integer(), nullable=False),
        sa.Column("scanned_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["survey_key", "survey_version"],
            ["survey_versions.survey_key", "survey_versions.number"],
            name=op.f("fk_invitations_survey_key_survey_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint(
            "survey_key", "ticket_ref", "occasion", name=op.f("uq_invitations_survey_key_ticket_ref_occasion")
        ),
    )
    op.create_index("ix_invitations_address_hash", "invitations", ["address_hash"], unique=False)
    op.create_index(
        "ix_invitations_domain_accepted_at", "invitations", ["domain", "accepted_at"], unique=False
    )
    op.create_index(
        "ix_invitations_due",
        "invitations",
        ["send_at"],
        unique=False,
        postgresql_where=sa.text("send_at IS NOT NULL"),
        sqlite_where=sa.text("send_at IS NOT NULL"),
    )
    op.create_index("ix_invitations_ticket_ref", "invitations", ["ticket_ref"], unique=False)

    op.create_table(
        "answers",
        sa.Column("invitation_id", sa.String(length=22), nullable=False),
        sa.Column("metric", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("evidence", sa.String(length=20), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("first_counted_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("seen", JSON, nullable=False),
        sa.Column("has_stayed", sa.Boolean(), nullable=False),
        sa.Column("is_automated", sa.Boolean(), nullable=False),
        sa.Column("is_unverified", sa.Boolean(), nullable=False),
        sa.Column("settle_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_answers_invitation_id")),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_answers")),
    )
    op.create_index("ix_answers_day", "answers", ["day"], unique=False)
    op.create_index(
        "ix_answers_settle_at",
        "answers",
        ["settle_at"],
        unique=False,
        postgresql_where=sa.text("settle_at IS NOT NULL"),
        sqlite_where=sa.text("settle_at IS NOT NULL"),
    )

    op.create_table(
        "touches",
        sa.Column("invitation_id", sa.String(length=22), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("link", sa.String(length=12), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("is_prefetch", sa.Boolean(), nullable=False),
        sa.Column("is_automated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_touches_invitation_id")),
        sa.PrimaryKeyConstraint("invitation_id", "number", name=op.f("pk_touches")),
    )
    op.create_index("ix_touches_at", "touches", ["at"], unique=False)

    op.create_table(
        "answer_events",
        sa.Column("invitation_id", sa.String(length=22), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("evidence", sa.String(length=20), nullable=True),
        sa.Column("ratings", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["answers.invitation_id"], name=op.f("fk_answer_events_invitation_id")
        ),
        sa.PrimaryKeyConstraint("invitation_id", "revision", name=op.f("pk_answer_events")),
    )
    op.create_table(
        "ratings",
        sa.Column("invitation_id", sa.String(length=22), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("metric", sa.String(length=10), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["answers.invitation_id"], name=op.f("fk_ratings_invitation_id")
        ),
        sa.PrimaryKeyConstraint("invitation_id", "question", name=op.f("pk_ratings")),
    )


def downgrade() -> None:
    op.drop_table("ratings")
    op.drop_table("answer_events")
    op.drop_index("ix_touches_at", "touches")

    op.drop_table("touches")
    op.drop_index(
        "ix_answers_settle_at",
        "answers",
        postgresql_where=sa.text("settle_at IS NOT NULL"),
        sqlite_where=sa.text("settle_at IS NOT NULL"),
    )
    op.drop_index("ix_answers_day", "answers")

    op.drop_table("answers")
    op.drop_index("ix_invitations_ticket_ref", "invitations")
    op.drop_index(
        "ix_invitations_due",
        "invitations",
        postgresql_where=sa.text("send_at IS NOT NULL"),
        sqlite_where=sa.text("send_at IS NOT NULL"),
    )
    op.drop_index("ix_invitations_domain_accepted_at", "invitations")
    op.drop_index("ix_invitations_address_hash", "invitations")

    op.drop_table("invitations")
    op.drop_table("survey_versions")
    op.drop_table("surveys")
    op.drop_table("suppressions")
    op.drop_table("domains")
