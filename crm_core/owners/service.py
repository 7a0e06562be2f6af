"""Commands that change owners, their accounts, and what they told us."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import select, text, true, update
from sqlalchemy.orm import Session

from crm_core.base import crypto, history
from crm_core.base.clock import utc_now
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, NotFound
from crm_core.owners import queries
from crm_core.owners.banks import find_bank, nuban_holds
from crm_core.owners.models import Owner, OwnerAccount, OwnerContact, OwnerSurvey
from crm_core.owners.schemas import (
    AccountChange,
    AccountRead,
    ContactCreate,
    ContactRead,
    OwnerCreate,
    OwnerRead,
    OwnerUpdate,
    SurveyCreate,
    SurveyRead,
)
from crm_core.people.schemas import Actor, Permission


def create_owner(session: Session, data: OwnerCreate, *, actor: Actor) -> OwnerRead:
    """Adds an owner; an email address belongs to one owner."""
    actor.require(Permission.OWNERS_WRITE)
    values = data.model_dump(exclude={"nin"}, exclude_none=True)
    owner = Owner(**values, **_nin_columns(data.nin))
    session.add(owner)
    with _refusing():
        session.flush()
    return queries.get_owner(session, owner.id)


def update_owner(session: Session, owner_id: int, data: OwnerUpdate, *, actor: Actor) -> OwnerRead:
    """Changes what was given; with a ``version`` only if nobody changed the owner since."""
    actor.require(Permission.OWNERS_WRITE)
    owner = _locked(session, owner_id)
    if data.version is not None and data.version != owner.version:
        raise Conflict(
            "Somebody changed this owner since you opened it: look at it again, then edit."
        )
    values = data.model_dump(exclude_unset=True, exclude={"version", "nin"})
    if "nin" in data.model_fields_set:
        values |= _nin_columns(data.nin)
    for name, value in values.items():
        setattr(owner, name, value)
    with _refusing():
        session.flush()
    return queries.get_owner(session, owner_id)


def change_account(
    session: Session, owner_id: int, data: AccountChange, *, actor: Actor
) -> AccountRead:
    """Sets the bank account that payouts go to from now on; approvers see that it is new."""
    actor.require(Permission.OWNERS_WRITE)
    _locked(session, owner_id)
    values = account_columns(data.bank_name, data.account_number, data.account_name)
    account = session.scalars(
        select(OwnerAccount).where(OwnerAccount.owner_id == owner_id)
    ).one_or_none()
    if account is None:
        session.add(OwnerAccount(owner_id=owner_id, **values))
    elif (account.account_hash, account.bank_code) != (values["account_hash"], values["bank_code"]):
        for name, value in values.items():
            setattr(account, name, value)
        account.changed_at = utc_now()
    else:
        account.account_name = values["account_name"]
    session.flush()
    return queries.require_account(session, owner_id)


def reveal_identity(session: Session, owner_id: int, *, why: str, actor: Actor) -> dict[str, str]:
    """Whole NIN and account number, for a reason that the history keeps."""
    actor.require(Permission.IDENTIFIERS_REVEAL)
    found = session.execute(
        select(Owner.nin_encrypted, OwnerAccount.account_encrypted)
        .outerjoin(OwnerAccount, OwnerAccount.owner_id == Owner.id)
        .where(Owner.id == owner_id)
    ).first()
    if found is None:
        raise NotFound("Owner not found")
    history.note(session, "reveal", "crm_owners", owner_id, {"why": why})
    names = ("nin", "account_number")
    return {name: crypto.decrypt(value) for name, value in zip(names, found, strict=True) if value}


def record_survey(
    session: Session, owner_id: int, data: SurveyCreate, *, actor: Actor
) -> SurveyRead:
    """Keeps an owner's answer and brings the satisfaction score up to date."""
    actor.require(Permission.OWNERS_WRITE)
    _locked(session, owner_id)
    survey = OwnerSurvey(
        owner_id=owner_id, recorded_by=actor.name, **data.model_dump(exclude_none=True)
    )
    session.add(survey)
    session.flush()
    session.refresh(survey)
    # A survey entered late also changes how the score stood in the meantime.
    session.execute(_REWRITE_SCORES, {"owner_id": owner_id, "day": survey.surveyed_on})
    refresh_satisfaction(session, [owner_id])
    return SurveyRead.model_validate(survey)


def log_contact(
    session: Session, owner_id: int, data: ContactCreate, *, actor: Actor
) -> ContactRead:
    """Notes a conversation; the owner's last contact moves forward, never back."""
    actor.require(Permission.OWNERS_READ)
    owner = _locked(session, owner_id)
    contact = OwnerContact(
        owner_id=owner_id, recorded_by=actor.name, **data.model_dump(exclude_none=True)
    )
    session.add(contact)
    session.flush()
    session.refresh(contact)
    day = max(contact.contacted_on, owner.last_contact_date or contact.contacted_on)
    session.execute(update(Owner).where(Owner.id == owner_id).values(last_contact_date=day))
    return ContactRead.model_validate(contact)


def refresh_satisfaction(session: Session, owner_ids: Sequence[int] | None = None) -> int:
    """Recomputes scores (of all owners at night, as old surveys drop out); gives how many moved."""
    session.execute(
        select(Owner.id)
        .where(true() if owner_ids is None else Owner.id.in_(owner_ids))
        .order_by(Owner.id)
        .with_for_update(key_share=True)
    )
    moved = session.execute(_SATISFACTION, {"ids": owner_ids and list(owner_ids)}).all()
    return len(moved)


def account_columns(bank_name: str, account_number: str, account_name: str) -> dict[str, Any]:
    """How an account is kept: encrypted, findable by hash, with the check digit's verdict."""
    bank = find_bank(bank_name)
    return {
        "bank_code": bank.code,
        "bank_name": bank.name,
        "account_encrypted": crypto.encrypt(account_number),
        "account_hash": crypto.keyed_hash(account_number),
        "account_last4": account_number[-4:],
        "account_name": account_name,
        "nuban_ok": nuban_holds(bank.code, account_number),
    }


def _nin_columns(nin: str | None) -> dict[str, Any]:
    if nin is None:
        return {"nin_encrypted": None, "nin_hash": None, "nin_last4": None}
    return {
        "nin_encrypted": crypto.encrypt(nin),
        "nin_hash": crypto.keyed_hash(nin),
        "nin_last4": nin[-4:],
    }


def _locked(session: Session, owner_id: int) -> Owner:
    # The database counts the version, so an object that this session already holds may be stale.
    owner = session.get(
        Owner, owner_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if owner is None:
        raise NotFound("Owner not found")
    return owner


def _refusing() -> AbstractContextManager[None]:
    return refusing_violations(
        uq_crm_owners_email="Another owner has this email address.",
        fk_crm_owners_hospital_id="There is no such hospital.",
    )


_SATISFACTION = text(
    """
    WITH wanted AS (
        SELECT o.id, o.satisfaction_score AS old, round(avg(s.score), 2) AS new
        FROM crm_owners o
        LEFT JOIN crm_owner_surveys s ON s.owner_id = o.id
            AND s.surveyed_on > crm_lagos_today() - make_interval(months => (
                SELECT value::int FROM crm_parameters WHERE name = 'owners.satisfaction_months'))
        WHERE CAST(:ids AS bigint[]) IS NULL OR o.id = ANY(:ids)
        GROUP BY o.id
    ), moved AS (
        UPDATE crm_owners o SET satisfaction_score = w.new FROM wanted w
        WHERE o.id = w.id AND w.new IS DISTINCT FROM w.old
        RETURNING o.id, o.satisfaction_score
    ), kept AS (
        INSERT INTO crm_owner_scores (owner_id, as_of, score)
        SELECT id, crm_lagos_today(), satisfaction_score FROM moved
        WHERE satisfaction_score IS NOT NULL
        ON CONFLICT (owner_id, as_of) DO UPDATE SET score = excluded.score
    )
    SELECT id FROM moved
    """
)
_REWRITE_SCORES = text(
    """
    INSERT INTO crm_owner_scores (owner_id, as_of, score)
    SELECT :owner_id, d.day, round(avg(s.score), 2)
    FROM (SELECT CAST(:day AS date) AS day
          UNION SELECT as_of FROM crm_owner_scores WHERE owner_id = :owner_id AND as_of >= :day) d
    JOIN crm_owner_surveys s ON s.owner_id = :owner_id AND s.surveyed_on <= d.day
        AND s.surveyed_on > d.day - make_interval(months => (
            SELECT value::int FROM crm_parameters WHERE name = 'owners.satisfaction_months'))
    GROUP BY d.day
    ON CONFLICT (owner_id, as_of) DO UPDATE SET score = excluded.score
    """
)
