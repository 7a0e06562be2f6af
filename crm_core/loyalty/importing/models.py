"""The tables of imports: the file that was looked at, and a row for each of its lines."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)
_ZERO = text("0")


class PatientImport(Base):
    """A file of patients: looked at, then perhaps committed, then perhaps undone."""

    __tablename__ = "crm_patient_imports"
    __table_args__ = (
        CheckConstraint(
            "state IN ('reading','failed','planned','committing','committed','undoing','undone',"
            "'forgotten')",
            name="state",
        ),
        Index("ix_crm_patient_imports_receipt_id", "receipt_id"),
        Index("ix_crm_patient_imports_state_id", "state", "id"),
        Index(
            "ix_crm_patient_imports_looked_at",
            "created_at",
            postgresql_where=text("state IN ('reading','failed','planned')"),
        ),
    )

    file_name: Mapped[str] = mapped_column(String)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    header: Mapped[list[str]] = mapped_column(ARRAY(String))
    state: Mapped[str] = mapped_column(String, server_default="planned")
    fingerprint: Mapped[str] = mapped_column(String, server_default="")
    row_count: Mapped[int] = mapped_column(server_default=_ZERO)
    ok_count: Mapped[int] = mapped_column(server_default=_ZERO)
    refused_count: Mapped[int] = mapped_column(server_default=_ZERO)
    duplicate_count: Mapped[int] = mapped_column(server_default=_ZERO)
    imported_count: Mapped[int] = mapped_column(server_default=_ZERO)
    changed_count: Mapped[int] = mapped_column(server_default=_ZERO)
    withdrawn_count: Mapped[int] = mapped_column(server_default=_ZERO)
    problem: Mapped[str] = mapped_column(Text, server_default="")
    receipt_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_receipts.id", ondelete="RESTRICT")
    )
    who: Mapped[str] = mapped_column(String)
    who_name: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    committed_at: Mapped[datetime | None] = mapped_column(_Instant)
    undone_at: Mapped[datetime | None] = mapped_column(_Instant)


class ImportPart(Base):
    """A part of a large file, encrypted, until the worker has looked at it."""

    __tablename__ = "crm_patient_import_parts"
    __table_args__ = (Index("ix_crm_patient_import_parts_import_id", "import_id", "id"),)

    import_id: Mapped[int] = mapped_column(
        ForeignKey("crm_patient_imports.id", ondelete="RESTRICT")
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportProgress(Base):
    """How far the worker has come with an import; ``id`` is the import's."""

    __tablename__ = "crm_patient_import_progress"
    __table_args__ = (CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),)

    id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("crm_patient_imports.id", ondelete="RESTRICT"),
        primary_key=True,
        autoincrement=False,
    )
    percent: Mapped[int] = mapped_column(server_default=_ZERO)


class ImportRow(Base):
    """A line of the file with its verdict; what it held is kept only until it is imported."""

    __tablename__ = "crm_patient_import_rows"
    __table_args__ = (
        UniqueConstraint("import_id", "line", name="uq_crm_patient_import_rows_import_id_line"),
        CheckConstraint(
            "verdict IN ('ok','refused','duplicate','imported','changed','withdrawn','kept')",
            name="verdict",
        ),
        Index("ix_crm_patient_import_rows_verdict", "import_id", "verdict", "line"),
        Index("ix_crm_patient_import_rows_patient_id", "patient_id"),
    )

    import_id: Mapped[int] = mapped_column(
        ForeignKey("crm_patient_imports.id", ondelete="RESTRICT")
    )
    line: Mapped[int] = mapped_column()
    verdict: Mapped[str] = mapped_column(String)
    code: Mapped[str] = mapped_column(String, server_default="")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    label: Mapped[str] = mapped_column(String, server_default="")
    cells: Mapped[bytes | None] = mapped_column(LargeBinary)
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    name: Mapped[str | None] = mapped_column(String)
    born: Mapped[date | None] = mapped_column()
    phone: Mapped[str | None] = mapped_column(String)
    email: Mapped[str | None] = mapped_column(String)
    nin_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary)
    nin_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    nin_last4: Mapped[str | None] = mapped_column(String)
    referral_code: Mapped[str | None] = mapped_column(String)
    referred_by_id: Mapped[int | None] = mapped_column(BigInteger)
    patient_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="RESTRICT")
    )
