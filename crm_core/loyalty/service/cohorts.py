"""Counting the retention of cohorts, which takes the whole ledger: a job's work, at night."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def count_cohorts(session: Session) -> int:
    """Counts them anew; gives how many pairs of cohort and quarter there are."""
    session.execute(text("SET LOCAL statement_timeout = 0"))
    counted: int = session.execute(text("SELECT crm_loyalty_count_cohorts()")).scalar_one()
    return counted
