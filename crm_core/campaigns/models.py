"""The tables of campaigns: what is approved, its runs, who was in them and what came of it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base
from crm_core.campaigns.schemas.states import (
    CampaignStatus,
    CampaignType,
    Fate,
    Goal,
    RunState,
    TargetAudience,
)
from crm_core.messaging.models import CHANNEL

_Instant = DateTime(timezone=True)


def _one_of(words: type[StrEnum]) -> str:
    return ",".join(f"'{word.value}'" for word in words)


FATE = Enum(*(fate.value for fate in Fate), name="crm_fate", create_type=False)

# The transition table as the database holds it; CampaignStatus.can_become() says the same.
CampaignTransition = Table(
    "crm_campaign_transitions",
    Base.metadata,
    Column("old_status", String, primary_key=True),
    Column("new_status", String, primary_key=True),
)


class Campaign(Base):
    """One message to many. A trigger keeps ``digest``, what an approval binds to."""

    __tablename__ = "crm_campaigns"
    __table_args__ = (
        CheckConstraint(f"status IN ({_one_of(CampaignStatus)})", name="status"),
        CheckConstraint(f"type IN ({_one_of(CampaignType)})", name="type"),
        CheckConstraint(f"target_audience IN ({_one_of(TargetAudience)})", name="audience"),
        CheckConstraint(f"goal IN ({_one_of(Goal)})", name="goal"),
        CheckConstraint("control_percent BETWEEN 0 AND 50", name="control"),
        CheckConstraint("goal_days BETWEEN 1 AND 365", name="goal_days"),
        CheckConstraint("cardinality(channels) > 0", name="channels"),
        CheckConstraint("approved_by IS NULL OR approved_by <> ALL (drafters)", name="four_eyes"),
        CheckConstraint(
            "approved_by IS NOT NULL OR status IN ('draft','pending_approval','cancelled')",
            name="approved",
        ),
        Index("ix_crm_campaigns_status_id", "status", "id"),
        Index("ix_crm_campaigns_type_id", "type", "id"),
    )

    name: Mapped[str] = mapped_column(String)
    description: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String)
    target_audience: Mapped[str] = mapped_column(String)
    segment_criteria: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    channels: Mapped[list[str]] = mapped_column(ARRAY(String))
    message_template: Mapped[str] = mapped_column(Text)
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    control_percent: Mapped[int] = mapped_column(SmallInteger, server_default=text("10"))
    goal: Mapped[str] = mapped_column(String, server_default="none")
    goal_days: Mapped[int] = mapped_column(SmallInteger, server_default=text("14"))
    repeat_after_days: Mapped[int | None] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(String, server_default="draft")
    status_note: Mapped[str | None] = mapped_column(Text)
    scheduled_date: Mapped[datetime | None] = mapped_column(_Instant)
    start_date: Mapped[datetime | None] = mapped_column(_Instant)
    end_date: Mapped[datetime | None] = mapped_column(_Instant)
    created_by: Mapped[str] = mapped_column(String)
    created_by_name: Mapped[str] = mapped_column(String)
    drafters: Mapped[list[str]] = mapped_column(ARRAY(String))
    submitted_at: Mapped[datetime | None] = mapped_column(_Instant)
    approved_by: Mapped[str | None] = mapped_column(String)
    approved_by_name: Mapped[str | None] = mapped_column(String)
    approved_at: Mapped[datetime | None] = mapped_column(_Instant)
    launched_by: Mapped[str | None] = mapped_column(String)
    digest: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class CampaignListEntry(Base):
    """A patient of an uploaded list."""

    __tablename__ = "crm_campaign_lists"
    __table_args__ = (UniqueConstraint("campaign_id", "person_id"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("crm_campaigns.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(BigInteger)


class CampaignRun(Base):
    """A launch; an open campaign has one a day. What is not queued yet lies beyond the cursor."""

    __tablename__ = "crm_campaign_runs"
    __table_args__ = (
        UniqueConstraint("campaign_id", "day"),
        CheckConstraint(f"state IN ({_one_of(RunState)})", name="state"),
        Index(
            "ix_crm_campaign_runs_open",
            "id",
            postgresql_where=text("state IN ('waiting', 'queueing')"),
        ),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("crm_campaigns.id", ondelete="RESTRICT"))
    day: Mapped[date] = mapped_column(server_default=text("crm_lagos_today()"))
    state: Mapped[str] = mapped_column(String, server_default="waiting")
    people: Mapped[int] = mapped_column(server_default=text("0"))
    chosen: Mapped[int] = mapped_column(server_default=text("0"))
    control: Mapped[int] = mapped_column(server_default=text("0"))
    messages: Mapped[int] = mapped_column(server_default=text("0"))
    outcomes: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    cursor_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    frozen_at: Mapped[datetime | None] = mapped_column(_Instant)
    finished_at: Mapped[datetime | None] = mapped_column(_Instant)


# One row a person, millions of them: narrow, without foreign keys, not under the history.
CampaignRecipient = Table(
    "crm_campaign_recipients",
    Base.metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("outcome", FATE, nullable=False),
    Column("sms", FATE),
    Column("email", FATE),
    Column("whatsapp", FATE),
    Column("push", FATE),
    Column("call", FATE),
    Index(
        "ix_crm_campaign_recipients_left_out",
        "run_id",
        "person_id",
        "outcome",
        postgresql_where=text("outcome <> 'queued'"),
    ),
)

# What people did that the campaign was for, found by a job; a person counts once a run.
CampaignConversion = Table(
    "crm_campaign_conversions",
    Base.metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("control", Boolean, nullable=False),
    Column("happened_at", _Instant, nullable=False),
)


def _count_columns() -> tuple[Column[Any], ...]:
    return (
        Column("messages", BigInteger, nullable=False),
        Column("parts", BigInteger, nullable=False),
        Column("cost", Numeric(14, 4), nullable=False),
    )


# Messages by status, kept by a trigger on the log (see the migration), read through the view
# crm_campaign_message_counts.
CampaignCount = Table(
    "crm_campaign_counts",
    Base.metadata,
    Column("campaign_id", BigInteger, primary_key=True),
    Column("channel", CHANNEL, primary_key=True),
    Column("status", String, primary_key=True),
    Column("reason", String, primary_key=True),
    *_count_columns(),
)
CampaignCountChange = Table(
    "crm_campaign_count_changes",
    Base.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("campaign_id", BigInteger, nullable=False),
    Column("channel", CHANNEL, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    *_count_columns(),
    Index("ix_crm_campaign_count_changes_campaign_id", "campaign_id"),
)
