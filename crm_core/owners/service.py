"""Commands that change owners, their accounts, and what they told us."""

from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.base import crypto, history
from crm_core.base.clock import utc_now
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, NotFound
from crm_core.owners import queries
from crm_core.owners.banks import find_bank, nuban_holds
from crm_core.owners.models import Owner, OwnerAccount, OwnerContact
from crm_core.owners.satisfaction import (
    lock_owner,
    record_rating,
    record_survey,
    refresh_satisfaction,
    withdraw_ratings,
)
from crm_core.owners.schemas import (
    AccountChange,
    AccountRead,
    ContactCreate,
    ContactRead,
    OwnerCreate,
    OwnerRead,
    OwnerUpdate,
)
from crm_core.people.schemas import Actor, Permission

__all__ = [
    "account_columns",
    "change_account",
    "create_owner",
    "log_contact",
    "record_rating",
    "record_survey",
    "refresh_satisfaction",
    "reveal_identity",
    "update_owner",
    "withdraw_ratings",
]


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
    owner = lock_owner(session, owner_id)
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
    lock_owner(session, owner_id)
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


def log_contact(
    session: Session, owner_id: int, data: ContactCreate, *, actor: Actor
) -> ContactRead:
    """Notes a conversation; the owner's last contact moves forward, never back."""
    actor.require(Permission.OWNERS_READ)
    owner = lock_owner(session, owner_id)
    contact = OwnerContact(
        owner_id=owner_id, recorded_by=actor.name, **data.model_dump(exclude_none=True)
    )
    session.add(contact)
    session.flush()
    session.refresh(contact)
    day = max(contact.contacted_on, owner.last_contact_date or contact.contacted_on)
    session.execute(update(Owner).where(Owner.id == owner_id).values(last_contact_date=day))
    return ContactRead.model_validate(contact)


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


def _refusing() -> AbstractContextManager[None]:
    return refusing_violations(
        uq_crm_owners_email="Another owner has this email address.",
        fk_crm_owners_hospital_id="There is no such hospital.",
    )
