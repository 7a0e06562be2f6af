"""Every figure of the first page is the count, sum or mean of exactly the rows that it opens."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element

from crm_core.base.clock import last_months
from crm_core.base.money import naira_short
from crm_core.campaigns import service as campaigns
from crm_core.hospitals import service as hospitals
from crm_core.hospitals.schemas import HospitalCreate
from crm_core.owners import service as owners
from crm_core.owners.schemas import SurveyCreate
from crm_core.payouts import service as payouts
from crm_core.payouts.schemas import Because
from crm_core.people.schemas import Role
from crm_core.ui import charts
from crm_core.ui.charts import Chart
from tests.make_appointments import begin_ago, make_visit
from tests.make_business import FINANCE, approve, make_contract, make_owner, make_payout, pay
from tests.make_campaigns import DRAFTER, make_campaign, make_launched
from tests.make_feedback import make_feedback, resolve
from tests.make_messages import make_sent
from tests.make_patients import make_patient
from tests.observe import sql
from tests.pages.acting import cells, chips, errors, metric

Open = Callable[..., AppTest]
Place = Mapping[str, object]
"""What the address narrows the page to."""
ROLES = (Role.FINANCE, Role.APPROVER, Role.VIEWER, Role.ADMIN)


@dataclass(frozen=True)
class Way:
    """Where a figure leads, and what the link is called."""

    label: str
    page: str
    query: dict[str, str]


def make_place(session: Session, state: str, visits: int) -> int:
    """A hospital with some of everything that the page has a figure of, and who rules it."""
    wanted = HospitalCreate(name=f"Hospital of {state}", city=state, state=state)
    here = hospitals.create_hospital(session, wanted, actor=FINANCE).id
    for number in range(visits):
        owner = make_owner(session, hospital_id=here)
        make_contract(session, owner.id, here, days=20)
        survey = SurveyCreate.model_validate({"score": 5 - number})
        owners.record_survey(session, owner.id, survey, actor=FINANCE)
        _make_payouts(session, owner.id)
        visit = make_visit(session, hospital_id=here)
        begin_ago(session, visit.id, minutes=0)
        _make_feedback(session, here)
    sql(
        session,
        "UPDATE crm_appointments SET status = 'no_show' WHERE id = (SELECT max(id)"
        " FROM crm_appointments)",
    )
    return here


def _make_payouts(session: Session, owner_id: int) -> None:
    make_payout(session, owner_id, "100000")
    approve(session, make_payout(session, owner_id, "40000", months_ago=3).id)
    pay(session, make_payout(session, owner_id, "250000", months_ago=4).id)
    sent = approve(session, make_payout(session, owner_id, "5000", months_ago=5).id)
    plan = payouts.plan_file(session, [sent.id], actor=FINANCE)
    payouts.commit_file(session, plan.fingerprint, [sent.id], actor=FINANCE)
    payouts.fail_payout(session, sent.id, Because(reason="account closed"), actor=FINANCE)


def _make_feedback(session: Session, hospital_id: int) -> None:
    make_feedback(session, type="complaint", hospital_id=hospital_id)
    late = make_feedback(session, type="complaint", hospital_id=hospital_id)
    make_feedback(session, type="suggestion", hospital_id=hospital_id)
    resolve(session, make_feedback(session, type="complaint", hospital_id=hospital_id).id)
    sql(
        session,
        "UPDATE crm_feedback SET response_due_at = now() - interval '1 hour',"
        " escalated_at = now() WHERE id = :id",
        id=late.id,
    )


@pytest.fixture
def house(session: Session) -> dict[str, Place]:
    """Two states with different numbers of everything, and what belongs to no hospital."""
    lagos, kano = make_place(session, "Lagos", 2), make_place(session, "Kano", 1)
    make_feedback(session, type="complaint")
    patient = make_patient(session)
    for reference, status in (("a", "delivered"), ("b", "failed"), ("c", "unknown")):
        make_sent(session, patient.id, reference, status=status)
    # Of an unknown one nobody knows when it went out.
    sql(session, "UPDATE crm_communication_logs SET sent_at = NULL WHERE status = 'unknown'")
    make_launched(session)
    campaigns.submit_campaign(session, make_campaign(session).id, actor=DRAFTER)
    return {
        "everywhere": {},
        "a hospital": {"hospital": kano, "state": "Kano"},
        "a state": {"state": "Lagos"},
        "a hospital elsewhere": {"state": "Kano", "hospital": lagos},
    }


def found(page: AppTest) -> int:
    """How many rows the list has, which fit on one page here."""
    return sum(len(table.value) for table in page.dataframe)


def counted(page: AppTest) -> str:
    """The number of rows, as a card writes it."""
    return f"{found(page):,}"


def net(page: AppTest) -> str:
    """The sum of what the rows are worth, as a card writes it."""
    return naira_short(sum((Decimal(str(each)) for each in cells(page, "Net")), Decimal(0)))


def mean(page: AppTest) -> str:
    """The mean of the rows' scores."""
    scores = [Decimal(str(each)) for each in cells(page, "Score then")]
    return f"{sum(scores) / len(scores):.2f} / 5" if scores else "–"


def delivered(page: AppTest) -> str:
    """How many of the log's messages arrived."""
    states = [state for row in chips(page, "Status") for state in row]
    return f"{Decimal(states.count('Delivered')) / len(states) * 100:.1f} %"


ROWS: dict[str, Callable[[AppTest], str]] = {
    "Awaiting approval": net,
    "Overdue": net,
    "Paid this month": net,
    "Satisfaction": mean,
    "Visits today": counted,
    "Missed today": counted,
    "Open complaints": counted,
    "Past their time": counted,
    "Campaigns running": counted,
    "Delivered": delivered,
    "Loyalty liability": lambda page: metric(page, "What is owed"),
    "Escalated": counted,
}
"""How each card's figure follows from what it opens."""


@pytest.mark.parametrize("place", ["everywhere", "a hospital", "a state"])
def test_each_card_is_worth_what_it_opens(
    open_page: Open, visit: Open, house: dict[str, Place], place: str
) -> None:
    page = open_page("Home.py", *ROLES, **house[place])
    ways = dict(_cards(page.main))
    assert ways.keys() == ROWS.keys()

    shown = {label: metric(page, label) for label in ways}
    behind = {label: ROWS[label](_go(visit, way)) for label, way in ways.items()}

    assert shown == behind


def test_figures_of_a_state_are_those_of_its_hospitals(
    open_page: Open, house: dict[str, Place]
) -> None:
    whole, state, none = (
        open_page("Home.py", Role.VIEWER, **house[place])
        for place in ("everywhere", "a state", "a hospital")
    )
    for label in ("Visits today", "Open complaints", "Past their time", "Escalated"):
        alone = int(metric(state, label)) + int(metric(none, label))
        nowhere = 1 if label == "Open complaints" else 0
        assert int(metric(whole, label)) == alone + nowhere, label


def test_a_hospital_of_another_state_is_not_taken_for_one_of_this(
    open_page: Open, house: dict[str, Place]
) -> None:
    page = open_page("Home.py", Role.VIEWER, **house["a hospital elsewhere"])
    assert metric(page, "Visits today") == "1"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Chart]:
    """The charts of the page that was opened last, by name."""
    seen: dict[str, Chart] = {}
    monkeypatch.setattr(charts, "draw", lambda chart, *_: seen.update({chart.name: chart}))
    return seen


CHARTS: dict[str, Callable[[AppTest], Decimal]] = {
    "pipeline": lambda page: sum((Decimal(str(each)) for each in cells(page, "Net")), Decimal(0)),
    "home-satisfaction": lambda page: Decimal(mean(page).partition(" ")[0]),
    "home-visits": lambda page: Decimal(found(page)),
}


@pytest.mark.parametrize("place", ["everywhere", "a hospital", "a state"])
def test_each_bar_and_point_is_worth_what_it_opens(
    open_page: Open, visit: Open, house: dict[str, Place], drawn: dict[str, Chart], place: str
) -> None:
    open_page("Home.py", Role.VIEWER, **house[place])
    assert drawn.keys() == CHARTS.keys()

    for name, chart in list(drawn.items()):
        assert chart.opens is not None
        [series] = chart.series
        worth = {n: Decimal(value) for n, value in enumerate(series.values) if value is not None}
        assert worth, name
        for n, value in worth.items():
            params = {key: it for key, it in (chart.opens(n, 0) or {}).items() if it is not None}
            assert CHARTS[name](visit(chart.page, *ROLES, **params)) == value, (name, n)


def test_a_point_of_the_past_opens_the_scores_as_they_stood(
    open_page: Open, visit: Open, session: Session, drawn: dict[str, Chart]
) -> None:
    before = last_months(2)[0]
    for then, now in ((2, 4), (3, None)):
        owner = make_owner(session)
        for score, day in ((then, before), (now, None)):
            if score is not None:
                given = {"score": score} | ({"surveyed_on": day} if day else {})
                survey = SurveyCreate.model_validate(given)
                owners.record_survey(session, owner.id, survey, actor=FINANCE)
    open_page("Home.py", Role.VIEWER)
    chart = drawn["home-satisfaction"]
    assert chart.opens is not None

    opened = [visit(chart.page, Role.VIEWER, **(chart.opens(n, 0) or {})) for n in (-2, -1)]

    assert [sorted(map(str, cells(page, "Score then"))) for page in opened] == [
        ["2.0", "3.0"],
        ["3.0", "3.0"],
    ]
    assert list(chart.series[0].values)[-2:] == [Decimal("2.50"), Decimal("3.00")]


def test_each_thing_to_do_is_as_many_as_it_opens(
    open_page: Open, visit: Open, house: dict[str, Place]
) -> None:
    page = open_page("Home.py", *ROLES)

    needs = dict(_needs(page))

    assert {re.sub(r"^\d+ |:.*", "", sentence) for sentence in needs} == {
        "payouts to approve",
        "campaign to approve",
        "cases of feedback escalated",
        "cases of feedback past their time",
        "payments failed",
        "payouts to send to the bank",
        "message of which nobody knows whether it went out",
        "contracts about to expire",
    }
    for sentence, way in needs.items():
        assert int(sentence.partition(" ")[0]) == found(_go(visit, way)), sentence


def _needs(page: AppTest) -> Iterator[tuple[str, Way]]:
    """Sentences that begin with a number, and where they lead; months lead to what is to make."""
    of_cards = {way.label for _, way in _cards(page.main)}
    for way in map(_way, page.get("page_link")):
        if way.label[0].isdecimal() and way.label not in of_cards:
            yield way.label, way


def _cards(block: Block) -> Iterator[tuple[str, Way]]:
    """The label of each card with the way below it."""
    inside = list(block.children.values())
    metrics = [each for each in inside if isinstance(each, Element) and each.type == "metric"]
    links = [each for each in inside if isinstance(each, Element) and each.type == "page_link"]
    if metrics and links:
        yield metrics[0].proto.label, _way(links[0])
    for each in inside:
        if isinstance(each, Block):
            yield from _cards(each)


def _way(link: Element | Block) -> Way:
    assert isinstance(link, Element)
    label = link.proto.label.replace("\\", "")
    return Way(label, f"pages/{link.proto.page}.py", dict(parse_qsl(link.proto.query_string)))


def _go(visit: Open, way: Way) -> AppTest:
    page = visit(way.page, *ROLES, **way.query)
    assert not errors(page)
    return page
