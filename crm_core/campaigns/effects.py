"""Did it work: what people did who were written to, beside those who were left out by lot."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid
from crm_core.campaigns.figures import campaign_stats
from crm_core.campaigns.intervals import newcombe
from crm_core.campaigns.queries import CAMPAIGNS, get_campaign
from crm_core.campaigns.schemas import CampaignRead, Comparison, Conclusion, EffectRead, Goal, Group
from crm_core.people.schemas import Actor, Permission

FEWEST_PEOPLE = 30
FEWEST_CONVERSIONS = 10
"""With fewer than these a comparison is no more than chance."""

MOST_COMPARED = 20

_DONE = {
    Goal.APPOINTMENT_BOOKED: "booked an appointment",
    Goal.VISIT_COMPLETED: "completed a visit",
    Goal.SURVEY_ANSWERED: "answered a survey",
}


@dataclass(frozen=True)
class Outcome:
    """What a campaign was for, who did it, and whether more may still come."""

    goal: Goal
    days: int
    treated: Group
    control: Group
    over: bool


def effect_of(session: Session, campaign_id: int, *, actor: Actor) -> EffectRead:
    """The difference that a campaign made, with its 95 % interval."""
    actor.require(Permission.CAMPAIGNS_READ)
    campaign = get_campaign(session, campaign_id)
    found = session.execute(_GROUPS, {"campaign_id": campaign_id, "days": campaign.goal_days}).one()
    outcome = Outcome(
        goal=campaign.goal,
        days=campaign.goal_days,
        treated=Group(people=found.chosen, converted=found.chosen_converted),
        control=Group(people=found.control, converted=found.control_converted),
        over=found.over,
    )
    return judge(outcome)


def judge(outcome: Outcome) -> EffectRead:
    """What two groups tell of each other."""
    treated, control = outcome.treated, outcome.control
    difference = low = high = None
    if treated.people and control.people:
        difference, low, high = newcombe(
            (treated.converted, treated.people), (control.converted, control.people)
        )
    conclusion = _conclusion(outcome, low, high)
    return EffectRead(
        goal=outcome.goal,
        days=outcome.days,
        treated=treated,
        control=control,
        difference=difference,
        low=low,
        high=high,
        conclusion=conclusion,
        sentence=_sentence(conclusion, outcome.goal),
    )


def compare_campaigns(
    session: Session, campaign_ids: Sequence[int], *, actor: Actor
) -> list[Comparison]:
    """Campaigns beside each other, in the order of their ids; at most twenty."""
    actor.require(Permission.CAMPAIGNS_READ)
    if len(campaign_ids) > MOST_COMPARED:
        raise Invalid.field("ids", f"Compare at most {MOST_COMPARED} campaigns at once.")
    found = CAMPAIGNS.some(session, campaign_ids)
    return [_compared(session, campaign, actor) for campaign in found]


def _compared(session: Session, campaign: CampaignRead, actor: Actor) -> Comparison:
    stats = campaign_stats(session, campaign.id)
    total = stats.total
    return Comparison(
        id=campaign.id,
        name=campaign.name,
        type=campaign.type,
        status=campaign.status,
        recipients=stats.recipients,
        sent=total.sent,
        delivered=total.delivered,
        read=total.read,
        answered=total.answered,
        failed=total.failed,
        cost=total.cost,
        effect=effect_of(session, campaign.id, actor=actor),
    )


def _conclusion(outcome: Outcome, low: float | None, high: float | None) -> Conclusion:
    if outcome.goal is Goal.NONE:
        return Conclusion.NO_GOAL
    if low is None or high is None or not outcome.control.people:
        return Conclusion.NO_CONTROL
    groups = (outcome.treated, outcome.control)
    few_people = min(group.people for group in groups) < FEWEST_PEOPLE
    if few_people or sum(group.converted for group in groups) < FEWEST_CONVERSIONS:
        return Conclusion.TOO_EARLY
    if low > 0 or high < 0:
        return Conclusion.MORE if low > 0 else Conclusion.FEWER
    return Conclusion.NO_DIFFERENCE if outcome.over else Conclusion.TOO_EARLY


def _sentence(conclusion: Conclusion, goal: Goal) -> str:
    did = _DONE.get(goal, "")
    return {
        Conclusion.NO_GOAL: "This campaign has no goal to measure it by.",
        Conclusion.NO_CONTROL: "Without a control group nobody can tell what would have happened.",
        Conclusion.TOO_EARLY: "It is too early to tell.",
        Conclusion.MORE: f"More of those who were written to {did}.",
        Conclusion.FEWER: f"Fewer of those who were written to {did}.",
        Conclusion.NO_DIFFERENCE: f"About as many {did} without a message.",
    }[conclusion]


_GROUPS = text(
    """
    SELECT coalesce(sum(r.chosen), 0)::integer AS chosen,
           coalesce(sum(r.control), 0)::integer AS control,
           coalesce(sum(v.chosen), 0)::integer AS chosen_converted,
           coalesce(sum(v.control), 0)::integer AS control_converted,
           coalesce(max(r.frozen_at) + make_interval(days => :days) < now(), false) AS over
    FROM crm_campaign_runs r
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE NOT c.control) AS chosen,
               count(*) FILTER (WHERE c.control) AS control
        FROM crm_campaign_conversions c WHERE c.run_id = r.id) AS v
    WHERE r.campaign_id = :campaign_id
    """
)
