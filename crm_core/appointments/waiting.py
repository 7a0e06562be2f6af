"""Reads of the waitlist and of what was offered to those who wait."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from crm_core.appointments.models import SlotOffer, WaitlistEntry
from crm_core.appointments.schemas import (
    OfferFilter,
    OfferRead,
    WaitlistFilter,
    WaitlistRead,
)
from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.models import Doctor, Hospital
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.patients.models import Patient

_NAME: Any = cast(Patient.first_name + " " + Patient.last_name, Text).label("patient_name")
_OFFERS = (
    select(func.count())
    .where(SlotOffer.waitlist_id == WaitlistEntry.id)
    .correlate(WaitlistEntry)
    .scalar_subquery()
)

WAITLIST: Listing[WaitlistRead] = Listing(
    schema=WaitlistRead,
    statement=select(
        WaitlistEntry.id,
        WaitlistEntry.patient_id,
        Patient.patient_code,
        _NAME,
        Patient.phone.label("patient_phone"),
        LoyaltyAccount.tier.label("loyalty_tier"),
        WaitlistEntry.hospital_id,
        Hospital.name.label("hospital_name"),
        WaitlistEntry.department_id,
        WaitlistEntry.doctor_id,
        Doctor.name.label("doctor_name"),
        WaitlistEntry.type,
        WaitlistEntry.duration_minutes,
        WaitlistEntry.from_day,
        WaitlistEntry.to_day,
        WaitlistEntry.status,
        WaitlistEntry.appointment_id,
        _OFFERS.label("offers"),
        WaitlistEntry.notes,
        WaitlistEntry.created_by,
        WaitlistEntry.created_at,
    )
    .outerjoin(Patient, Patient.id == WaitlistEntry.patient_id)
    .outerjoin(LoyaltyAccount, LoyaltyAccount.id == WaitlistEntry.patient_id)
    .outerjoin(Hospital, Hospital.id == WaitlistEntry.hospital_id)
    .outerjoin(Doctor, Doctor.id == WaitlistEntry.doctor_id),
    filters={
        "hospital_id": WaitlistEntry.hospital_id == bindparam("hospital_id"),
        "patient_id": WaitlistEntry.patient_id == bindparam("patient_id"),
        "status": WaitlistEntry.status == bindparam("status"),
    },
    orders={"longest": Order((WaitlistEntry.id,), descending=False)},
    key=WaitlistEntry.id,
    noun="Place on the waitlist",
)
OFFERS: Listing[OfferRead] = Listing(
    schema=OfferRead,
    statement=select(
        SlotOffer.id,
        SlotOffer.waitlist_id,
        WaitlistEntry.patient_id,
        _NAME,
        SlotOffer.hospital_id,
        SlotOffer.doctor_id,
        Doctor.name.label("doctor_name"),
        SlotOffer.starts_at,
        SlotOffer.duration_minutes,
        SlotOffer.status,
        SlotOffer.opens_at,
        SlotOffer.expires_at,
        SlotOffer.skip_reason,
        SlotOffer.answered_by,
        SlotOffer.answered_at,
    )
    .outerjoin(WaitlistEntry, WaitlistEntry.id == SlotOffer.waitlist_id)
    .outerjoin(Patient, Patient.id == WaitlistEntry.patient_id)
    .outerjoin(Doctor, Doctor.id == SlotOffer.doctor_id),
    filters={
        "hospital_id": SlotOffer.hospital_id == bindparam("hospital_id"),
        "waitlist_id": SlotOffer.waitlist_id == bindparam("waitlist_id"),
        "status": SlotOffer.status == bindparam("status"),
    },
    orders={"newest": Order((SlotOffer.id,))},
    key=SlotOffer.id,
    noun="Offer",
)


def list_waitlist(filters: WaitlistFilter) -> Read[WaitlistRead]:
    """Who waits, those who wait longest first."""
    return WAITLIST.read(filters)


def get_entry(session: Session, waitlist_id: int) -> WaitlistRead:
    """One place on the waitlist; ``NotFound`` where there is none."""
    return WAITLIST.one(session, waitlist_id)


def list_offers(filters: OfferFilter) -> Read[OfferRead]:
    """Offers of freed times, the latest first."""
    return OFFERS.read(filters)


def some_offers(session: Session, ids: Sequence[int]) -> list[OfferRead]:
    """The offers with these ids, by id."""
    return OFFERS.some(session, ids)
