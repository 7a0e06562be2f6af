"""Reads of the files that were written for the bank."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.payouts.models import Payout, PayoutFile
from crm_core.payouts.schemas import FileRead


def list_files(session: Session, *, limit: int = 50, code: str | None = None) -> list[FileRead]:
    """The latest bank files, newest first, with how many of their payouts are still open.

    Args:
        code: the one file that has it, in capitals or not.
    """
    wanted = _files().order_by(PayoutFile.id.desc()).limit(limit)
    if code is not None:
        wanted = wanted.where(PayoutFile.file_code == code.upper())
    return [FileRead.model_validate(row) for row in session.execute(wanted)]


def get_file(session: Session, file_id: int) -> FileRead:
    """One bank file, however old; ``NotFound`` where there is none."""
    found = session.execute(_files().where(PayoutFile.id == file_id)).first()
    if found is None:
        raise NotFound("Bank file not found")
    return FileRead.model_validate(found)


def file_code(session: Session, file_id: int) -> str | None:
    """What a bank file is called; None where there is none."""
    return session.scalars(select(PayoutFile.file_code).where(PayoutFile.id == file_id)).first()


def _files() -> Select[*tuple[Any, ...]]:
    state = func.count().filter
    return (
        select(
            PayoutFile.id,
            PayoutFile.file_code,
            PayoutFile.payout_count,
            PayoutFile.control_total,
            PayoutFile.digest,
            PayoutFile.created_by,
            PayoutFile.created_at,
            state(Payout.status == "paid").label("paid"),
            state(Payout.status.in_(("processing", "unknown"))).label("open"),
        )
        .outerjoin(Payout, Payout.file_id == PayoutFile.id)
        .group_by(PayoutFile.id)
    )
