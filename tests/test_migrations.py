"""The migrations make exactly the tables that the models describe."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from surveyapp.core.errors import SchemaError
from surveyapp.db import Database
from surveyapp.models import Invitation


@pytest.mark.static
def test_models_and_migrations_agree(own_database: Database) -> None:
    with own_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Invitation.metadata) == []


def test_a_second_upgrade_does_nothing(own_database: Database) -> None:
    own_database.upgrade()
    own_database.check()


def test_a_database_of_another_release_is_not_ready(own_database: Database) -> None:
    with own_database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="9999"):
        own_database.check()
