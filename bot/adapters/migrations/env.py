"""Alembic's door: it loads this file and runs the steps on the connection it was handed, in that transaction."""

from alembic import context

from bot.adapters.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by copying its table
    transactional_ddl=True,
)
context.run_migrations()
