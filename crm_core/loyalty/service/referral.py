"""Referral: both sides are thanked at the referred patient's first completed visit."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.schemas import Rule
from crm_core.loyalty.service import ledger
from crm_core.loyalty.service.ledger import Credit


def referrers_of(session: Session, patient_ids: Sequence[int]) -> list[int]:
    """Who referred these patients, if anybody; a merged record stands for the one that stayed."""
    return list(session.execute(_REFERRERS, {"patient_ids": list(patient_ids)}).scalars())


def award_first_visit(session: Session, account: LoyaltyAccount, referrer: Sequence[int]) -> None:
    """Thanks both sides if this is the first visit of a locked member; the referrer is locked too.

    A referrer beyond the month's cap is not thanked later either: the visit has been.
    """
    if account.first_visit_on is not None:
        return
    account.first_visit_on = lagos_today()
    session.flush()
    for referrer_id in referrer:
        if referrer_id != account.id:
            _thank_referred(session, account)
            _thank_referrer(session, referrer_id, account.id)


def _thank_referred(session: Session, account: LoyaltyAccount) -> None:
    thanks = Credit(
        points=int(parameters.value_of(session, "loyalty.referred")),
        rule=Rule.REFERRED,
        description="First visit after a referral",
        reference_type="patient",
        reference_id=str(account.id),
    )
    ledger.credit(session, account, thanks)


def _thank_referrer(session: Session, referrer_id: int, patient_id: int) -> None:
    referrer = ledger.lock_account(session, referrer_id)
    cap = int(parameters.value_of(session, "loyalty.referrals_a_month"))
    if session.execute(_REFERRALS, {"patient_id": referrer_id}).scalar_one() >= cap:
        return
    thanks = Credit(
        points=int(parameters.value_of(session, "loyalty.referrer")),
        rule=Rule.REFERRER,
        description="Referred a patient",
        reference_type="patient",
        reference_id=str(patient_id),
    )
    ledger.credit(session, referrer, thanks)


# The visit may be of a record that was merged: the referrer is that of the one that stayed.
_REFERRERS = text(
    """
    SELECT DISTINCT r.id FROM crm_patients given
    JOIN crm_patients p ON p.id = coalesce(given.merged_into_id, given.id)
    JOIN crm_patients r ON r.id = p.referred_by_id
    WHERE given.id = ANY(:patient_ids)
    """
)
_REFERRALS = text(
    """
    SELECT count(*) FROM crm_loyalty_transactions
    WHERE patient_id IN (
            SELECT :patient_id
            UNION ALL SELECT id FROM crm_patients WHERE merged_into_id = :patient_id)
      AND rule = 'referrer' AND created_at >= crm_lagos_month(crm_lagos_today(), 0)
    """
)
