"""Owners, hospitals, contracts and payouts to arrange a test with, made by the services."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.hospitals import service as hospitals
from crm_core.hospitals.schemas import HospitalCreate, HospitalRead, RevenueRecord
from crm_core.owners import contracts
from crm_core.owners import service as owners
from crm_core.owners.schemas import (
    AccountChange,
    ContractCreate,
    ContractRead,
    OwnerCreate,
    OwnerRead,
)
from crm_core.payouts import service as payouts
from crm_core.payouts.schemas import Approval, Payment, PayoutCreate, PayoutRead
from crm_core.people.schemas import Actor, Role
from tests.make import make_actor

FINANCE, APPROVER = make_actor(Role.FINANCE), make_actor(Role.APPROVER)
# First Bank, and a number whose last digit checks.
GOOD_ACCOUNT = AccountChange(
    bank_name="First Bank", account_number="0000014579", account_name="ADA OBI"
)

_numbers = count(1)


def last_month() -> date:
    """The first day of the latest month that has ended."""
    return add_months(month_start(lagos_today()), -1)


def make_hospital(session: Session, name: str = "") -> HospitalRead:
    """A hospital in Lekki."""
    wanted = HospitalCreate(name=name or f"Hospital {next(_numbers)}", city="Lekki", state="Lagos")
    return hospitals.create_hospital(session, wanted, actor=FINANCE)


def make_revenue(session: Session, hospital_id: int, amount: str, month: date) -> None:
    """What the hospital took in that month."""
    taken = RevenueRecord(hospital_id=hospital_id, month=month, gross_revenue=Decimal(amount))
    hospitals.record_revenue(session, taken, actor=FINANCE)


def make_owner(session: Session, name: str = "Ada Obi", **more: object) -> OwnerRead:
    """An active owner with a First Bank account."""
    first, _, last = name.partition(" ")
    email = f"owner{next(_numbers)}@example.ng"
    asked = {"first_name": first, "last_name": last, "email": email, "phone": "08031234567"}
    owner = owners.create_owner(session, OwnerCreate.model_validate(asked | more), actor=FINANCE)
    owners.change_account(session, owner.id, GOOD_ACCOUNT, actor=FINANCE)
    return owner


def make_contract(
    session: Session, owner_id: int, hospital_id: int, *, days: int = 400, signed: bool = True
) -> ContractRead:
    """Ten per cent for a year back, and for so many days from today."""
    today = lagos_today()
    wanted = ContractCreate(
        owner_id=owner_id,
        hospital_id=hospital_id,
        revenue_share_percent=Decimal(10),
        start_date=today - timedelta(days=365),
        end_date=today + timedelta(days=days),
    )
    contract = contracts.draft_contract(session, wanted, actor=FINANCE)
    if signed:
        contract = contracts.sign_contract(session, contract.id, actor=FINANCE)
    return contract


def make_payout(
    session: Session,
    owner_id: int,
    gross: str = "100000",
    *,
    months_ago: int = 1,
    actor: Actor = FINANCE,
) -> PayoutRead:
    """A pending payout for a month, without deductions."""
    month = add_months(month_start(lagos_today()), -months_ago)
    wanted = PayoutCreate(
        owner_id=owner_id,
        period_start=month,
        period_end=month_end(month),
        gross_revenue=Decimal(gross),
        net_amount=Decimal(gross),
    )
    return payouts.create_payout(session, wanted, actor=actor)


def approve(session: Session, payout_id: int) -> PayoutRead:
    """Approved by somebody who makes none."""
    return payouts.approve_payout(session, payout_id, Approval(), actor=APPROVER)


def pay(session: Session, payout_id: int) -> PayoutRead:
    """Approved and paid by the bank."""
    approve(session, payout_id)
    payment = Payment(bank_reference=f"NIP{payout_id}")
    return payouts.pay_payout(session, payout_id, payment, actor=FINANCE)
