"""The sums of messages by the hour; triggers and a job keep them, nobody else writes them."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base
from crm_core.messaging.models import CHANNEL, STATUS

_Instant = DateTime(timezone=True)


class MessageHour(Base):
    """How messages of an hour, channel and provider fare; triggers and a job keep it."""

    __tablename__ = "crm_message_hours"
    __table_args__ = (UniqueConstraint("hour", "channel", "provider", "status"),)

    hour: Mapped[datetime] = mapped_column(_Instant)
    channel: Mapped[str] = mapped_column(CHANNEL)
    provider: Mapped[str] = mapped_column(String)
    status: Mapped[str] = mapped_column(STATUS)
    messages: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[Decimal] = mapped_column(Numeric(16, 4))
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)


class MessageHourLine(Base):
    """What one change adds to an hour or takes from it, until the job adds it up."""

    __tablename__ = "crm_message_hour_lines"

    hour: Mapped[datetime] = mapped_column(_Instant)
    channel: Mapped[str] = mapped_column(CHANNEL)
    provider: Mapped[str] = mapped_column(String)
    status: Mapped[str] = mapped_column(STATUS)
    messages: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[Decimal] = mapped_column(Numeric(16, 4))
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
