"""Making payouts by hand, correcting and cancelling them; tax rates; revealing an account."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from crm_core.base import crypto, history
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.owners.models import Owner, OwnerAccount, OwnerContract
from crm_core.owners.service import account_columns
from crm_core.payouts.models import Payout, PayoutDeduction, WithholdingRate
from crm_core.payouts.queries import get_payout
from crm_core.payouts.schemas import (
    Because,
    DeductionCreate,
    DeductionKind,
    PayoutCreate,
    PayoutRead,
    PayoutStatus,
    PayoutUpdate,
    RateCreate,
    RateRead,
)
from crm_core.payouts.service import common
from crm_core.people.schemas import Actor, Permission

_CORRECTABLE = (PayoutStatus.PENDING, PayoutStatus.APPROVED, PayoutStatus.FAILED)


def create_payout(session: Session, data: PayoutCreate, *, actor: Actor) -> PayoutRead:
    """A pending payout, to be approved by somebody else than its maker."""
    actor.require(Permission.PAYOUTS_MAKE)
    hospital_id = _lock_owner(session, data)
    payout = Payout(
        **data.model_dump(
            include={
                "owner_id",
                "contract_id",
                "period_start",
                "period_end",
                "gross_revenue",
                "net_amount",
                "notes",
            }
        ),
        hospital_id=hospital_id,
        deductions=data.gross_revenue - data.net_amount,
        payment_method=data.payment_method.value,
        created_by=actor.person,
        **_account(session, data),
    )
    session.add(payout)
    with common.refusing():
        session.flush()
    _add_deductions(session, payout.id, _items(data))
    return get_payout(session, payout.id)


def update_payout(
    session: Session, payout_id: int, data: PayoutUpdate, *, actor: Actor
) -> PayoutRead:
    """Corrects a payout before it is sent; an approval of what it was before is void."""
    actor.require(Permission.PAYOUTS_MAKE)
    payout = common.lock_payout(session, payout_id)
    if payout.status not in _CORRECTABLE:
        raise Conflict(f"{payout.payout_code} is {payout.status}: it cannot be changed any more.")
    if data.version is not None and data.version != payout.version:
        raise Conflict("Somebody changed this payout since you opened it: look at it again.")
    values = data.model_dump(include={"notes", "payment_method"}, exclude_unset=True, mode="json")
    values |= _amounts(session, payout, data)
    values |= _new_account(session, payout, data)
    if values:
        with common.refusing():
            session.execute(update(Payout).where(Payout.id == payout_id).values(**values))
    return get_payout(session, payout_id)


def cancel_payout(session: Session, payout_id: int, data: Because, *, actor: Actor) -> PayoutRead:
    """Withdraws a payout that is not being paid yet."""
    actor.require(Permission.PAYOUTS_MAKE)
    payout = common.lock_payout(session, payout_id)
    common.refuse_transition(payout, PayoutStatus.CANCELLED)
    session.execute(
        update(Payout)
        .where(Payout.id == payout_id)
        .values(status=PayoutStatus.CANCELLED.value, status_reason=data.reason)
    )
    return get_payout(session, payout_id)


def reveal_account(session: Session, payout_id: int, *, why: str, actor: Actor) -> str:
    """The whole account number, for a reason that the history keeps."""
    actor.require(Permission.IDENTIFIERS_REVEAL)
    found = session.execute(
        select(Payout.account_encrypted).where(Payout.id == payout_id)
    ).one_or_none()
    if found is None:
        raise NotFound("Payout not found")
    if found[0] is None:
        raise Conflict("This payout has no account yet.")
    history.note(session, "reveal", "crm_payouts", payout_id, {"why": why})
    return crypto.decrypt(found[0])


def set_rate(session: Session, data: RateCreate, *, actor: Actor) -> RateRead:
    """A withholding tax rate from a day on; payouts already made keep theirs."""
    actor.require(Permission.SETTINGS_WRITE)
    rate = WithholdingRate(**data.model_dump())
    session.add(rate)
    with refusing_violations(
        uq_crm_withholding_rates_holds_from="There is a rate from that day on already."
    ):
        session.flush()
    return RateRead.model_validate(rate)


def _lock_owner(session: Session, data: PayoutCreate) -> int | None:
    """Locks the owner, checks that the contract is the owner's; gives the hospital."""
    owner = session.execute(
        select(Owner.hospital_id).where(Owner.id == data.owner_id).with_for_update(key_share=True)
    ).one_or_none()
    if owner is None:
        raise Invalid.field("owner_id", "There is no such owner.")
    if data.contract_id is None:
        return owner[0]
    contract = session.execute(
        select(OwnerContract.owner_id, OwnerContract.hospital_id).where(
            OwnerContract.id == data.contract_id
        )
    ).one_or_none()
    if contract is None or contract.owner_id != data.owner_id:
        raise Invalid.field("contract_id", "This owner has no such contract.")
    return int(contract.hospital_id)


def _account(session: Session, data: PayoutCreate) -> dict[str, Any]:
    """The account given, else the one kept with the owner, else none yet."""
    if data.bank_name and data.account_number:
        name = data.account_name or _name_of(session, data.owner_id)
        return account_columns(data.bank_name, data.account_number, name)
    kept = (
        session.execute(
            select(
                OwnerAccount.bank_code,
                OwnerAccount.bank_name,
                OwnerAccount.account_encrypted,
                OwnerAccount.account_hash,
                OwnerAccount.account_last4,
                OwnerAccount.account_name,
                OwnerAccount.nuban_ok,
            ).where(OwnerAccount.owner_id == data.owner_id)
        )
        .mappings()
        .one_or_none()
    )
    return dict(kept) if kept else {}


def _name_of(session: Session, owner_id: int) -> str:
    name = Owner.first_name + " " + Owner.last_name
    return session.scalars(select(name).where(Owner.id == owner_id)).one()


def _new_account(session: Session, payout: PayoutRead, data: PayoutUpdate) -> dict[str, Any]:
    """The account given; nothing where the payout has it already, so that no approval is void."""
    if not (data.bank_name and data.account_number and data.account_name):
        return {}
    columns = account_columns(data.bank_name, data.account_number, data.account_name)
    kept = session.execute(
        select(Payout.account_hash, Payout.bank_code, Payout.account_name).where(
            Payout.id == payout.id
        )
    ).one()
    return {} if all(columns[name] == value for name, value in kept._mapping.items()) else columns


def _items(data: PayoutCreate) -> list[DeductionCreate]:
    taken = data.gross_revenue - data.net_amount
    if data.deduction_items is not None:
        return data.deduction_items
    if taken == 0:
        return []
    return [DeductionCreate(kind=DeductionKind.OTHER, description="Deductions", amount=taken)]


def _add_deductions(session: Session, payout_id: int, items: Sequence[DeductionCreate]) -> None:
    if items:
        rows = [{"payout_id": payout_id, **item.model_dump(mode="python")} for item in items]
        session.execute(insert(PayoutDeduction), [{**r, "kind": r["kind"].value} for r in rows])


def _amounts(session: Session, payout: PayoutRead, data: PayoutUpdate) -> dict[str, Decimal]:
    """New gross, deductions and net where either was given; replaces the items."""
    if data.gross_revenue is None and data.deduction_items is None:
        return {}
    gross = payout.gross_revenue if data.gross_revenue is None else data.gross_revenue
    items, deductions = data.deduction_items, payout.deductions
    if items is not None:
        deductions = sum((item.amount for item in items), Decimal(0))
    if deductions > gross:
        raise Invalid.field("deduction_items", "The deductions are more than the gross.")
    if items is not None:
        session.execute(delete(PayoutDeduction).where(PayoutDeduction.payout_id == payout.id))
        _add_deductions(session, payout.id, items)
    return {"gross_revenue": gross, "deductions": deductions, "net_amount": gross - deductions}
