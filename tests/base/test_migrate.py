"""An empty database becomes the present one, and what the code expects is what is there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.dialects.postgresql.base import ischema_names

from crm_core.base.db import APP_ROLE, CONNECTION
from crm_core.base.history import Xid8
from crm_core.base.migrate import DatabaseUnfit, is_current, migrate
from crm_core.migrations import METADATA
from tests.servers import Databases, as_uri


def test_an_empty_database_becomes_current(empty_database: str) -> None:
    with connected(empty_database) as connection:
        assert not is_current(connection)
    migrate(empty_database)
    with connected(empty_database) as connection:
        assert is_current(connection)


def test_migrating_again_changes_nothing(databases: Databases) -> None:
    url = databases.url(databases.clone(), role="crm_owner")
    migrate(url)
    with connected(url) as connection:
        assert is_current(connection)


def test_starts_at_the_same_moment_wait_for_each_other(empty_database: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate, [empty_database] * 3))
    with connected(empty_database) as connection:
        assert is_current(connection)


# Alembic compares all of such an index but its expression.
@pytest.mark.filterwarnings("ignore:Expression .* detected to include an operator clause")
def test_tables_and_models_say_the_same(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLAlchemy does not know this type of PostgreSQL, and would leave the column unchecked.
    monkeypatch.setitem(ischema_names, "xid8", Xid8)
    context = MigrationContext.configure(
        connection,
        opts={
            "include_name": lambda name, kind, _: kind != "table" or name.startswith("crm_"),
            "compare_type": True,
        },
    )
    assert compare_metadata(context, METADATA) == []


def test_every_table_that_people_change_is_in_the_history(connection: Connection) -> None:
    untracked = {
        name
        for name in METADATA.tables
        if not connection.exec_driver_sql(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'history_%%'"
            " AND tgrelid = %(name)s::regclass",
            {"name": name},
        ).scalar()
    }
    assert untracked == UNTRACKED


UNTRACKED = {
    "crm_appointment_sum_changes",
    "crm_appointment_sums",
    "crm_appointment_transitions",
    "crm_campaign_conversions",
    "crm_campaign_count_changes",
    "crm_campaign_counts",
    "crm_campaign_lists",
    "crm_campaign_recipients",
    "crm_campaign_transitions",
    "crm_history",
    "crm_history_seals",
    "crm_events",
    "crm_integration_events",
    "crm_webhook_deliveries",
    "crm_communication_logs",
    "crm_contact_choices",
    "crm_early_receipts",
    "crm_inbound_messages",
    "crm_message_batches",
    "crm_message_hour_lines",
    "crm_message_hours",
    "crm_idempotency_keys",
    "crm_worker_beats",
    "crm_owner_scores",
    "crm_feedback_entries",
    "crm_feedback_sum_changes",
    "crm_feedback_sums",
    "crm_feedback_transitions",
    "crm_loyalty_accounts",
    "crm_loyalty_cohorts",
    "crm_loyalty_consumptions",
    "crm_loyalty_lots",
    "crm_loyalty_sum_changes",
    "crm_loyalty_sums",
    "crm_loyalty_tier_movements",
    "crm_loyalty_transactions",
    "crm_loyalty_undone_visits",
    "crm_name_neighbours",
    "crm_name_words",
    "crm_patient_import_parts",
    "crm_patient_import_progress",
    "crm_patient_import_rows",
    "crm_payout_totals",
    "crm_payout_transitions",
    "crm_transfer_answers",
    "crm_webhook_events",
}
"""The history itself, what only the machinery writes, what follows from tracked tables, the outbox
(each message is its own record, and millions would be written twice), and the
ledger, which is appended to and never changed."""


def test_a_role_that_may_not_create_is_told_so_in_a_sentence(empty_database: str) -> None:
    url = empty_database.replace("crm_owner", "crm_app")
    with pytest.raises(DatabaseUnfit, match="may not"):
        migrate(url)


def test_one_login_for_everything_becomes_the_application(lone_login: str) -> None:
    migrate(lone_login)

    with psycopg.connect(lone_login, **CONNECTION) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (APP_ROLE,)


@pytest.fixture
def lone_login(databases: Databases) -> Iterator[str]:
    """An empty database of a login that made the application's role, as an administrator gives it.

    Since PostgreSQL 16 it may give the role away then, and not put it on.
    """
    login, name = f"{databases.run}_alone", databases.empty()
    with psycopg.connect(databases.admin_url, autocommit=True) as admin:
        if admin.info.server_version < 160_000:
            pytest.skip("Until PostgreSQL 15 every member of a role may put it on.")
        admin.execute(f"CREATE ROLE {login} LOGIN CREATEROLE PASSWORD 'alone'")
        admin.execute(f"GRANT {APP_ROLE} TO {login} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        admin.execute(f"ALTER DATABASE {name} OWNER TO {login}")
        yield as_uri(make_conninfo(databases.admin_url, dbname=name, user=login, password="alone"))
        databases.drop(name)
        admin.execute(f"REVOKE {APP_ROLE} FROM {login} CASCADE")
        admin.execute(f"DROP ROLE {login}")


def test_the_application_may_not_change_tables(own_database: str) -> None:
    with (
        psycopg.connect(own_database, options="-c role=crm_app") as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute("CREATE TABLE crm_mine ()")


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of its own to any database."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )
    with engine.connect() as connection:
        yield connection
