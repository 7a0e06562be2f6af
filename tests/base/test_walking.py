"""From one record to the next, in the list's order and within its filters."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.walking import Neighbours, neighbours
from crm_core.payouts.queries import PAYOUTS
from crm_core.payouts.schemas import PayoutFilter, PayoutSort
from tests.make_business import approve, make_owner, make_payout


@pytest.fixture
def ids(session: Session) -> list[int]:
    """Three payouts, the oldest first; the one in the middle is approved."""
    made = [make_payout(session, make_owner(session).id).id for _ in range(3)]
    approve(session, made[1])
    return made


def test_the_newest_first(session: Session, ids: list[int]) -> None:
    first, middle, last = ids
    assert neighbours(session, PAYOUTS, PayoutFilter(), middle) == Neighbours(last, first)
    assert neighbours(session, PAYOUTS, PayoutFilter(), last) == Neighbours(None, middle)
    assert neighbours(session, PAYOUTS, PayoutFilter(), first) == Neighbours(middle, None)


def test_in_another_order(session: Session, ids: list[int]) -> None:
    _, middle, _ = ids
    newest = neighbours(session, PAYOUTS, PayoutFilter(), middle)
    due = neighbours(session, PAYOUTS, PayoutFilter(sort=PayoutSort.DUE), middle)
    assert due == Neighbours(newest.next, newest.previous)


def test_within_the_filters(session: Session, ids: list[int]) -> None:
    first, _, last = ids
    waiting = PayoutFilter.model_validate({"status": "pending"})
    assert neighbours(session, PAYOUTS, waiting, last) == Neighbours(None, first)


def test_a_record_that_is_not_there_has_none(session: Session) -> None:
    assert neighbours(session, PAYOUTS, PayoutFilter(), 987_654) == Neighbours(None, None)
