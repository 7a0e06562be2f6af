"""The explainable send: everyone, less those left out for each reason, and what the rest costs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.campaigns.audiences import Brief, audience_of, brief_of
from crm_core.campaigns.deciding import decided_table
from crm_core.campaigns.linting import lint_campaign
from crm_core.campaigns.queries import written
from crm_core.campaigns.schemas import (
    FATE_SENTENCES,
    LEFT_OUT,
    CampaignCreate,
    CampaignRead,
    ChannelCost,
    ChannelText,
    Excluded,
    Fate,
    PreviewRead,
    fields_of,
)
from crm_core.campaigns.segments.health import require_choice
from crm_core.messaging.contacts import contacts_of
from crm_core.messaging.dispatch.limits import limits_in_force
from crm_core.messaging.filling import fill
from crm_core.messaging.parts import prices_in_force, sms_parts
from crm_core.messaging.schemas import Channel, Purpose
from crm_core.people.schemas import Actor, Permission

SAMPLE = 1000
"""So many people's texts are written out to see how long they get."""

_KOBO = Decimal("0.01")


@dataclass(frozen=True)
class Tally:
    """How many people fare alike: as persons, and as messages by channel."""

    outcomes: Mapping[Fate, int]
    messages: Mapping[Channel, int]

    @property
    def people(self) -> int:
        """Everyone."""
        return sum(self.outcomes.values())

    @property
    def recipients(self) -> int:
        """Who gets something."""
        return self.outcomes.get(Fate.QUEUED, 0)

    @property
    def queued(self) -> int:
        """Their messages."""
        return sum(self.messages.values())


def preview_campaign(
    session: Session, campaign: CampaignCreate, *, actor: Actor, campaign_id: int = 0
) -> PreviewRead:
    """What launching this would do now; writes nothing.

    Args:
        campaign_id: of a saved campaign: its uploaded list and its control group are looked up
            by it. Without one the control group is drawn anew, so that it may differ by a few.
    """
    actor.require(Permission.CAMPAIGNS_READ)
    require_choice(session, campaign.segment_criteria, actor=actor)
    brief = brief_of(campaign, campaign_id=campaign_id)
    tally = tally_of(session, brief)
    costs = _costs(session, brief, tally)
    now = utc_now()
    waits = deferred_until(session, brief.purpose, max(campaign.scheduled_date or now, now))
    messages = tally.queued
    return PreviewRead(
        audience=tally.people,
        excluded=excluded(tally.outcomes),
        control=tally.outcomes.get(Fate.CONTROL, 0),
        recipients=tally.recipients,
        deferred=messages if waits else 0,
        deferred_until=waits,
        messages=messages,
        cost=sum((one.cost for one in costs), Decimal("0.00")),
        costs=costs,
        priced=min(SAMPLE, tally.people) if _named_fields(brief) else 0,
        findings=lint_campaign(campaign),
    )


def tally_of(session: Session, brief: Brief) -> Tally:
    """Everybody decided about, counted in one statement."""
    session.execute(text("SET LOCAL work_mem = '128MB'"))
    people = decided_table(brief)
    channels = [people.c[channel.value] for channel in brief.campaign.channels]
    alike = [people.c.outcome, *channels]
    outcomes: Counter[Fate] = Counter()
    messages: Counter[Channel] = Counter()
    for outcome, *fates, count in session.execute(select(*alike, func.count()).group_by(*alike)):
        outcomes[Fate(outcome)] += count
        for channel, fate in zip(brief.campaign.channels, fates, strict=True):
            messages[channel] += count if fate == Fate.QUEUED else 0
    return Tally(outcomes, messages)


def tally_of_saved(session: Session, campaign: CampaignRead) -> Tally:
    """The same of a campaign that is saved, as it is now."""
    return tally_of(session, brief_of(written(campaign), campaign_id=campaign.id))


def excluded(outcomes: Mapping[Fate, int]) -> list[Excluded]:
    """The reasons in the order in which they are taken off, without those that nobody has."""
    return [
        Excluded(reason=fate, sentence=FATE_SENTENCES[fate], count=outcomes[fate])
        for fate in LEFT_OUT
        if fate is not Fate.CONTROL and outcomes.get(fate)
    ]


def deferred_until(session: Session, purpose: Purpose, start: datetime) -> datetime | None:
    """The end of the quiet hours that the campaign would start in; None outside of them."""
    return limits_in_force(session).quiet_until(start) if purpose.needs_consent else None


def _costs(session: Session, brief: Brief, tally: Tally) -> list[ChannelCost]:
    values = _sample(session, brief)
    prices = prices_in_force(session)
    found = []
    for channel, said in brief.texts.items():
        messages = tally.messages.get(channel, 0)
        contents = [fill(said.body, one) for one in values]
        each = sum((prices.of(channel, one) for one in contents), Decimal(0)) / len(contents)
        parts = ceil(messages * _parts(channel, contents))
        cost = (each * messages).quantize(_KOBO)
        found.append(ChannelCost(channel=channel, messages=messages, parts=parts, cost=cost))
    return found


def _parts(channel: Channel, contents: Sequence[str]) -> float:
    """Parts a message, on average; only an SMS has several."""
    if channel is not Channel.SMS:
        return 1.0
    return sum(sms_parts(one).parts for one in contents) / len(contents)


def _sample(session: Session, brief: Brief) -> list[Mapping[str, str]]:
    """What the texts' fields are for some people; once nothing where the texts name no field."""
    named = _named_fields(brief)
    if not named:
        return [{}]
    ids = session.scalars(select(audience_of(brief).limit(SAMPLE).subquery().c.person_id))
    contacts = contacts_of(session, {(brief.recipient_type, one) for one in ids})
    return [STAND_IN | contact.fields() for contact in contacts.values()] or [STAND_IN]


def _named_fields(brief: Brief) -> set[str]:
    return set().union(*(fields_of(said.body) for said in brief.texts.values()))


STAND_IN = {
    "name": "Oluwaseun Abdullahi",
    "first_name": "Oluwaseun",
    "hospital": "Lekki General Hospital",
    "points": "1,250",
    "tier": "silver",
    "benefits": "1.1 times the points of every visit",
    "time": "09:30",
    "date": "24 November 2026",
}
"""What stands in a field of a preview where nobody in the audience says it."""


def filled_in(
    session: Session, brief: Brief, *, actor: Actor, people: int = 3
) -> list[tuple[str, Mapping[Channel, ChannelText]]]:
    """The texts as some real people would read them: name → text by channel.

    Raises:
        Forbidden: they are chosen by health, and the actor may not see whom.
    """
    actor.require(Permission.CAMPAIGNS_READ)
    require_choice(session, brief.campaign.segment_criteria, actor=actor)
    ids = list(session.scalars(select(audience_of(brief).limit(people).subquery().c.person_id)))
    contacts = contacts_of(session, {(brief.recipient_type, one) for one in ids})
    return [
        (contact.fields()["name"], _filled(brief.texts, STAND_IN | contact.fields()))
        for contact in contacts.values()
    ]


def made_up(brief: Brief) -> tuple[str, Mapping[Channel, ChannelText]]:
    """The same as somebody would read them who does not exist."""
    return STAND_IN["name"], _filled(brief.texts, STAND_IN)


def _filled(
    texts: Mapping[Channel, ChannelText], values: Mapping[str, str]
) -> Mapping[Channel, ChannelText]:
    return {
        channel: ChannelText.model_construct(
            body=fill(said.body, values), subject=fill(said.subject or "", values) or None
        )
        for channel, said in texts.items()
    }
