"""Alembic's entry: runs the migrations on the connection that `migrate` hands over."""

from alembic import context

from dispatch.storage.column_types import metadata
from dispatch.storage.tables import (  # noqa: F401 — they fill the metadata
    access,
    accounts,
    billing,
    complaints,
    devices,
    identity,
    keys,
    referrals,
    seals,
    search,
    signatures,
    tickets,
)

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
