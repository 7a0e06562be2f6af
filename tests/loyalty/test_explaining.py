"""Explain my balance: every lot says what took points from it."""

from sqlalchemy.orm import Session

from tests.loyalty.acts import cancel, earn, explain, latest_redemption, spend
from tests.make_patients import make_patient


def test_a_lot_says_what_consumed_it_and_what_came_back(session: Session) -> None:
    member = make_patient(session)  # with 100 points of welcome
    earn(session, member.id, 50)
    spend(session, member.id, 30)
    [welcome, given] = explain(session, member.id).lots

    assert (welcome.remaining, [used.points for used in welcome.consumed]) == (70, [30])
    assert given.consumed == []


def test_a_cancelled_redemption_is_told_beside_what_it_cancelled(session: Session) -> None:
    member = make_patient(session)
    spend(session, member.id, 30)
    cancel(session, latest_redemption(session, member.id))
    [welcome] = explain(session, member.id).lots

    assert (welcome.remaining, [used.points for used in welcome.consumed]) == (100, [30, -30])
