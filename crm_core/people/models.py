"""The tables of staff accounts, their sessions, and API tokens."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

Instant = DateTime(timezone=True)


class Staff(Base):
    """A person who signs in."""

    __tablename__ = "crm_staff"
    __table_args__ = (Index("uq_crm_staff_email", text("lower(email)"), unique=True),)

    email: Mapped[str] = mapped_column(String)
    name: Mapped[str] = mapped_column(String)
    password_hash: Mapped[str | None] = mapped_column(String)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    failed_sign_ins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class StaffSession(Base):
    """A sign-in; the cookie holds a token of which only the hash is kept."""

    __tablename__ = "crm_sessions"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("crm_staff.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    method: Mapped[str] = mapped_column(String)
    user_agent: Mapped[str] = mapped_column(String, server_default="")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class SignInLink(Base):
    """A one-time link: used once, and only until it expires."""

    __tablename__ = "crm_sign_in_links"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("crm_staff.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class ApiToken(Base):
    """A bearer token of another system; acts for ``staff_id`` where it was made by a person."""

    __tablename__ = "crm_api_tokens"

    name: Mapped[str] = mapped_column(String)
    prefix: Mapped[str] = mapped_column(String)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    staff_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_staff.id", ondelete="RESTRICT"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class SavedView(Base):
    """A list as somebody likes to see it: the parameters of the page's address."""

    __tablename__ = "crm_saved_views"
    __table_args__ = (
        CheckConstraint("jsonb_typeof(query) = 'object'", name="query"),
        Index("uq_crm_saved_views_name", "staff_id", "page", text("lower(name)"), unique=True),
        Index(
            "uq_crm_saved_views_default",
            "staff_id",
            "page",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        Index("ix_crm_saved_views_shared", "page", postgresql_where=text("shared")),
    )

    staff_id: Mapped[int] = mapped_column(ForeignKey("crm_staff.id", ondelete="CASCADE"))
    page: Mapped[str] = mapped_column(String)
    name: Mapped[str] = mapped_column(String)
    query: Mapped[dict[str, str]] = mapped_column(JSONB)
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
