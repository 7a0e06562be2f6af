"""A campaign's figures: of one moment, and as quick to look at however many people are in it."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.campaigns.figures import campaign_stats
from tests.campaigns.test_launching import make_crowd
from tests.make_campaigns import make_launched, run_of, segment, where
from tests.make_patients import make_patient
from tests.observe import executed, sql


def test_the_figures_are_one_statement_and_so_of_one_moment(session: Session) -> None:
    make_crowd(session, 3)
    campaign = make_launched(session, channels=["sms", "email"])

    with executed(session) as looked:
        stats = campaign_stats(session, campaign.id)

    # Between two statements a message could be sent: it would count twice or not at all.
    assert len(looked) == 1
    assert (stats.people, stats.total.waiting, len(stats.channels)) == (3, 5, 2)


def test_a_look_counts_nobody_anew(session: Session) -> None:
    make_crowd(session, 3)
    campaign = make_launched(session)

    with executed(session) as looked:
        campaign_stats(session, campaign.id)

    assert not any("crm_campaign_recipients" in one.statement for one in looked)


def test_a_run_keeps_how_many_had_which_outcome(session: Session) -> None:
    make_crowd(session, 40)
    for _ in range(2):
        make_patient(session, communication_preferences={"sms": False})
    gone = make_patient(session)
    sql(
        session,
        "INSERT INTO crm_suppressed_addresses (channel, address, reason)"
        " VALUES ('sms', :phone, 'not in service')",
        phone=gone.phone,
    )

    campaign = make_launched(session, control_percent=50)

    run, stats = run_of(session, campaign.id), campaign_stats(session, campaign.id)
    assert (run.outcomes["no_consent"], run.outcomes["suppressed"]) == (2, 1)
    assert run.outcomes["queued"] + run.outcomes["control"] == 40
    assert sum(run.outcomes.values()) == run.people == stats.people == 43
    assert (stats.recipients, stats.control) == (run.chosen, run.control)
    assert {one.reason: one.count for one in stats.left_out} == {
        "no_consent": 2,
        "suppressed": 1,
    }


def test_nobody_in_the_audience_is_no_outcome(session: Session) -> None:
    rule = segment(where("age", "at_least", 150))
    campaign = make_launched(session, target_audience="specific_segment", segment_criteria=rule)

    assert run_of(session, campaign.id).outcomes == {}
    assert campaign_stats(session, campaign.id).people == 0


def test_a_campaign_that_is_not_there_has_no_figures(session: Session) -> None:
    with pytest.raises(NotFound):
        campaign_stats(session, 987_654)
