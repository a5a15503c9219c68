"""Run the migrations on the connection that `Database.upgrade` hands over."""

from alembic import context

from surveyapp.models import Invitation

connection = context.config.attributes["connection"]
# Our SQLite undoes schema changes with their transaction too, which Alembic does not expect of it.
context.configure(
    connection=connection,
    target_metadata=Invitation.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
