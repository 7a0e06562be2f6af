"""What the tests of the data-subject desk do over and over."""

from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.loyalty import merging
from crm_core.loyalty.merging.schemas import Merge, MergeCommit
from crm_core.people.schemas import Actor, Role
from crm_core.privacy import erasures
from crm_core.privacy.schemas import (
    ErasureApproval,
    ErasureCreate,
    ErasureRead,
    ErasureRefusal,
)
from tests.make import make_actor
from tests.make_patients import DESK
from tests.observe import sql

DESK_ADMIN, APPROVER = make_actor(Role.ADMIN), make_actor(Role.APPROVER)


def requested(
    session: Session, code: str, *, actor: Actor = DESK_ADMIN, **more: object
) -> ErasureRead:
    """Somebody asked at the desk to be erased."""
    asked = {"patient_code": code, "asked_on": lagos_today(), "reason": "asked, passport seen"}
    data = ErasureCreate.model_validate(asked | more)
    return erasures.request_erasure(session, data, actor=actor)


def approved(session: Session, asked: ErasureRead, *, actor: Actor = APPROVER) -> ErasureRead:
    """Approved by somebody else, and so carried out."""
    approval = ErasureApproval(version=asked.version)
    return erasures.approve_erasure(session, asked.id, approval, actor=actor)


def erased(session: Session, code: str) -> ErasureRead:
    """Asked for and approved."""
    return approved(session, requested(session, code))


def refused(session: Session, asked: ErasureRead, *, actor: Actor = APPROVER) -> ErasureRead:
    """Refused with a reason."""
    data = ErasureRefusal(version=asked.version, refusal="A court asks for the file")
    return erasures.refuse_erasure(session, asked.id, data, actor=actor)


def change(session: Session, erasure_id: int, to: str) -> None:
    """The request, by plain SQL."""
    sql(session, f"UPDATE crm_erasures SET {to} WHERE id = :id", id=erasure_id)


def merged(session: Session, stays_id: int, gone_id: int) -> int:
    """Two records made one, as it was shown; gives the receipt."""
    both = Merge(stays_id=stays_id, gone_id=gone_id)
    plan = merging.plan_merge(session, both, actor=DESK)
    commit = MergeCommit(
        **both.model_dump(), fingerprint=plan.fingerprint, reason="the same person"
    )
    return merging.commit_merge(session, commit, actor=DESK).receipt_id
