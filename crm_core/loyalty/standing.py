"""What the rules say of a member's tier."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.loyalty.schemas import Tier


def tier_points(session: Session, patient_id: int) -> int:
    """Points earned in the months that decide the tier, those of merged records too.

    A visit that was undone counts for nothing, whether or not its points are paid back yet.
    """
    found: int = session.execute(_TIER_POINTS, {"patient_id": patient_id}).scalar_one()
    return found


def tier_for(session: Session, points: int) -> Tier:
    """The highest tier whose threshold these points reach."""
    reached = [tier for tier in Tier if points >= threshold(session, tier)]
    return reached[-1]


def threshold(session: Session, tier: Tier) -> int:
    """Points from which a tier is reached; 0 for bronze."""
    if tier is Tier.BRONZE:
        return 0
    return int(parameters.value_of(session, f"loyalty.{tier}_from"))


_TIER_POINTS = text(
    """
    SELECT coalesce(sum(t.points), 0) FROM crm_loyalty_transactions t
    WHERE t.patient_id IN (
            SELECT :patient_id
            UNION ALL SELECT id FROM crm_patients WHERE merged_into_id = :patient_id)
      AND t.counts_for_tier
      AND NOT EXISTS (SELECT FROM crm_loyalty_undone_visits u WHERE u.id = t.id)
      AND t.created_at > now() - make_interval(months => (
          SELECT value::int FROM crm_parameters WHERE name = 'loyalty.tier_months'))
    """
)
