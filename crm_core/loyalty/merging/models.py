"""The table of merges."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)


class PatientMerge(Base):
    """Two records that were made one.

    Attributes:
        before: what undoing it must know of the records, as ``patients.merging.Before`` has it.
        first_visit_on: of the one that stays, before.
        last_row_id: the last row of the ledger that the merge wrote; what follows came later.
    """

    __tablename__ = "crm_patient_merges"
    __table_args__ = (
        Index("ix_crm_patient_merges_stays_id", "stays_id"),
        Index(
            "uq_crm_patient_merges_gone_id",
            "gone_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    stays_id: Mapped[int] = mapped_column(
        ForeignKey("crm_loyalty_accounts.id", ondelete="RESTRICT")
    )
    gone_id: Mapped[int] = mapped_column(ForeignKey("crm_loyalty_accounts.id", ondelete="RESTRICT"))
    receipt_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_receipts.id", ondelete="RESTRICT"), unique=True
    )
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    first_visit_on: Mapped[date | None] = mapped_column()
    last_row_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    undone_at: Mapped[datetime | None] = mapped_column(_Instant)
