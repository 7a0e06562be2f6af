"""What the programme owes over the API, by the age of the points."""

from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.people.schemas import Role
from tests.api.calls import API, done
from tests.loyalty.acts import set_figure
from tests.make_patients import make_patient


def test_the_liability_is_told_by_the_month_that_points_end_in(
    signed_in: Callable[..., TestClient], session: Session
) -> None:
    make_patient(session)
    make_patient(session)
    set_figure(session, "naira_a_point", 1.5)
    client = signed_in(Role.ANALYST)

    told = done(client.get(f"{API}/loyalty/liability"))

    ends = add_months(month_start(lagos_today()), 12)
    assert told == [{"month": f"{ends}", "points": 200, "liability": "300.00"}]
    assert done(client.get(f"{API}/loyalty/stats"))["liability"] == "300.00"
