"""Alembic's entry: runs on the connection that ``crm_core.base.migrate`` hands over."""

from alembic import context

from crm_core.migrations import METADATA


def _ours(name: str | None, kind: str, _: object) -> bool:
    """Only our own tables: the job queue brings its schema along."""
    return kind != "table" or (name or "").startswith("crm_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_name=_ours,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
