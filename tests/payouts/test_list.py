"""What a search finds, and that filters whose matches are sorted afterwards keep every order."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.payouts.queries import list_payouts
from crm_core.payouts.schemas import PayoutFilter, PayoutRead, PayoutSort
from tests.make_business import make_owner
from tests.payouts import acts


def found(session: Session, words: str) -> list[int]:
    """The ids that a search gives."""
    return [payout.id for payout in list_payouts(PayoutFilter(search=words)).page(session).rows]


def test_a_search_takes_name_code_or_reference(session: Session) -> None:
    owner = make_owner(session, "Zainab Tukur")
    payout = acts.create(session, owner.id)
    acts.new(session)
    acts.approve(session, payout.id)
    acts.pay(session, payout.id)

    for words in (
        "zain tuk",
        owner.email,
        owner.owner_code,
        payout.payout_code,
        payout.payout_code.lower(),
        payout.payment_reference,
        f"NIP{payout.id}",
    ):
        assert (words, found(session, words)) == (words, [payout.id])


def test_the_beginning_of_a_code_finds_all_that_begin_so(session: Session) -> None:
    payouts = [acts.new(session) for _ in range(3)]
    assert set(found(session, "PAY-")) >= {payout.id for payout in payouts}


@pytest.mark.parametrize("sort", PayoutSort)
def test_a_month_is_sorted_through_all_its_pages(session: Session, sort: PayoutSort) -> None:
    month = add_months(month_start(lagos_today()), -3)
    made = [_made(session, month, days, gross) for days, gross in ((1, 500), (9, 100), (5, 300))]
    _made(session, add_months(month, 1), 1, 900)

    seen: list[PayoutRead] = []
    cursor = None
    for _ in made:
        page = list_payouts(PayoutFilter(month=month, sort=sort, limit=1, cursor=cursor))
        shown = page.page(session)
        seen += shown.rows
        cursor = shown.next_cursor

    key = {
        PayoutSort.NEWEST: lambda payout: -payout.id,
        PayoutSort.DUE: lambda payout: payout.due_on,
        PayoutSort.LARGEST: lambda payout: -payout.net_amount,
    }[sort]
    assert [payout.id for payout in seen] == [payout.id for payout in sorted(made, key=key)]


def test_a_month_is_that_of_the_last_day_of_the_period(session: Session) -> None:
    month = add_months(month_start(lagos_today()), -3)
    first, last = _made(session, month, 1), _made(session, month, month_end(month).day)
    _made(session, month, 0)
    _made(session, add_months(month, 1), 1)

    within = list_payouts(PayoutFilter(month=month + timedelta(days=7))).page(session).rows
    assert {payout.id for payout in within} == {first.id, last.id}


def _made(session: Session, month: date, day: int, gross: int = 1000) -> PayoutRead:
    """A payout whose period ends on that day of the month; day 0 is the one before its first."""
    end = month + timedelta(days=day - 1)
    asked = {
        "period_start": end - timedelta(days=3),
        "period_end": end,
        "gross_revenue": str(gross),
    }
    return acts.create(session, make_owner(session).id, asked)
