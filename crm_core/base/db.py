"""The database: one engine a process, and the session factory that every door uses.

``connect()`` binds the factory once at start; tests bind it to a single connection instead,
so that everything they do rolls back. Addresses are plain libpq ones (``postgresql://…``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.errors import ExclusionViolation
from sqlalchemy import BigInteger, Engine, Identity, MetaData, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from crm_core.base.errors import Conflict, Invalid
from crm_core.base.settings import settings

APP_ROLE = "crm_app"

# A dead link would hang for the kernel's minutes; these make it an error in about three seconds.
# Values of parameters vary too much for a generic plan (a name search took 2,500 ms on one).
CONNECTION: dict[str, Any] = {
    "options": f"-c role={APP_ROLE} -c plan_cache_mode=force_custom_plan -c timezone=UTC"
    " -c statement_timeout=60s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
    "connect_timeout": 5,
    "tcp_user_timeout": 3000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
}

# A pooler in transaction mode gives every transaction another connection of the server: nothing
# may be prepared on one, and what it is set to is said to the server, by ALTER ROLE.
POOLED: dict[str, Any] = {
    **{name: value for name, value in CONNECTION.items() if name != "options"},
    "prepare_threshold": None,
}

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table: named ``crm_…``, with a bigint ``id`` that the history can point at."""

    metadata = MetaData(naming_convention=NAMES)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


SessionFactory: sessionmaker[Session] = sessionmaker(expire_on_commit=False)


def connect(url: str) -> Engine:
    """Binds the session factory to the database at ``url``, as the application's role."""
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, **(POOLED if pooled() else CONNECTION)),
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
    )
    SessionFactory.configure(bind=engine)
    return engine


def pooled() -> bool:
    """Whether the application's connections come from a pooler in transaction mode."""
    return settings().crm_database_pooled


@contextmanager
def connected(url: str) -> Iterator[Engine]:
    """``connect`` for as long as the block runs: the connections are given back however it ends."""
    engine = connect(url)
    try:
        yield engine
    finally:
        SessionFactory.configure(bind=None)
        engine.dispose()


@contextmanager
def transaction(*, who: str, why: str = "", request_id: str = "") -> Iterator[Session]:
    """One transaction, attributed in the history; commits at the end, rolls back on any error.

    Args:
        who: key of the actor, such as ``staff:12``.
        why: the reason a person gave, or the name of the act.
        request_id: ties the history to the log.
    """
    with SessionFactory.begin() as session:
        attribute(session, who=who, why=why, request_id=request_id)
        yield session


def attribute(session: Session, *, who: str, why: str = "", request_id: str = "") -> None:
    """Says who changes what follows, and why; the history triggers write it down."""
    session.execute(
        _ATTRIBUTE, {"who": who, "why": why.replace("\0", ""), "request_id": request_id}
    )


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reads: whatever happens in it is rolled back."""
    with SessionFactory() as session:
        yield session
        session.rollback()


@contextmanager
def refusing_violations(**sentences: str) -> Iterator[None]:
    """Turns a violated constraint, by its name, into the sentence that a person can act on.

    A race that the checks before could not see ends here: unique and exclusion violations
    become ``Conflict``, all others ``Invalid``. Constraints that are not named are bugs.
    """
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if name not in sentences:
            raise
        clash = isinstance(error.orig, psycopg.errors.UniqueViolation | ExclusionViolation)
        raise (Conflict if clash else Invalid)(sentences[name]) from error


def escape_like(word: str) -> str:
    """``word`` with the wildcards of LIKE taken literally."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_ATTRIBUTE = text(
    "SELECT set_config('crm.who', :who, true), set_config('crm.why', :why, true),"
    " set_config('crm.request_id', :request_id, true)"
)
