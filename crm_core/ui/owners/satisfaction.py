"""How content an owner is: the trend, the surveys, and a new one."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from crm_core.base.clock import last_months, month_end
from crm_core.owners import queries, service
from crm_core.owners.schemas import OwnerRead, ScorePoint, SurveyCreate, SurveyRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import charts, tables
from crm_core.ui.charts import Chart, Series
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.tables import Table

KNOWN_MONTHS = 24
_COLUMNS = {
    "Day": tables.on_day(width=105),
    "Score": tables.progress(most=5, width=130),
    "NPS": tables.number(width=70),
    "Comment": tables.text(width="large"),
    "Recorded by": tables.text(width=150),
}


def show(owner: OwnerRead, actor: Actor) -> None:
    """The trend, the surveys behind it, and the form for another."""
    with load() as session:
        scores = queries.score_history(session, owner.id, last_months(KNOWN_MONTHS)[0])
        surveys = queries.surveys_of(session, owner.id)
    with st.container(border=True):
        st.subheader("Satisfaction score", anchor=False)
        trend(scores)
    if actor.may(Permission.OWNERS_WRITE):
        _new_survey(owner, actor)
    tables.show(
        Table(
            rows=[_row(survey) for survey in surveys],
            columns=_COLUMNS,
            alt="Satisfaction surveys of the owner, newest first",
            empty="Nobody has asked this owner yet.",
        )
    )


def trend(scores: Sequence[ScorePoint]) -> None:
    """The score as it stood at the end of each of the last twelve months."""
    months = last_months(12)
    chart = Chart(
        labels=charts.month_labels(months),
        series=[Series("Score", [_stood(scores, month_end(first)) for first in months])],
        alt="The owner's satisfaction score by month, out of 5",
        empty="No survey in the last year, so there is no score.",
        name="owner-satisfaction",
        money=False,
    )
    charts.lines(chart, between=charts.around(chart.series[0].values, lowest=1, highest=5))


def _stood(scores: Sequence[ScorePoint], last_day: date) -> Decimal | None:
    known = [point.score for point in scores if point.as_of <= last_day]
    return known[-1] if known else None


def _new_survey(owner: OwnerRead, actor: Actor) -> None:
    with st.expander("Record a survey"), Form(f"survey-{owner.id}", border=False) as form:
        left, middle, right = st.columns(3)
        with left:
            form.number("score", "Score, 1 to 5", help="With a decimal where there is one: 4.5")
        with middle:
            form.number("nps", "Would recommend us, 0 to 10 (optional)")
        with right:
            form.day("surveyed_on", "Day (today if empty)")
        form.prose("comment", "Comment (optional)")
        sent = form.submit("Record the survey")
    if not sent:
        return
    with act("The survey was recorded", once=form.token) as session:
        data = SurveyCreate.model_validate(form.given())
        service.record_survey(session, owner.id, data, actor=actor)


def _row(survey: SurveyRead) -> dict[str, object]:
    return {
        "Day": survey.surveyed_on,
        "Score": survey.score,
        "NPS": survey.nps,
        "Comment": survey.comment,
        "Recorded by": survey.recorded_by,
    }
