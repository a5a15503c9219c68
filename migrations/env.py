"""Run the migrations on the connection that `Database.upgrade` hands over."""

from alembic import context

from surveyapp.models import Invitation

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Invitation.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
