"""Reads of campaigns."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Numeric,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    table,
)
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid
from crm_core.base.read import Listing, Order, Read
from crm_core.base.validation import problems_of
from crm_core.campaigns.audiences import listed
from crm_core.campaigns.models import Campaign, CampaignRun
from crm_core.campaigns.schemas import (
    CampaignCreate,
    CampaignFilter,
    CampaignRead,
    RunRead,
)

COUNTS = table(
    "crm_campaign_message_counts",
    column("campaign_id"),
    column("channel"),
    column("status"),
    column("reason"),
    column("messages"),
    column("parts"),
    column("cost"),
)
"""A campaign's messages by status: the log's own, kept as sums by a trigger."""

HANDED_OVER = ("sent", "delivered", "read")
ARRIVED = ("delivered", "read")


def _messages(*statuses: str) -> ColumnElement[int]:
    """How many of the row's messages are in one of these states."""
    counted = func.coalesce(func.sum(COUNTS.c.messages), 0)
    return (
        select(cast(counted, Campaign.id.type))
        .where(
            COUNTS.c.campaign_id == Campaign.id,
            COUNTS.c.status == func.any(literal(list(statuses), ARRAY(Text))),
        )
        .scalar_subquery()
    )


def _response_rate() -> ColumnElement[Any]:
    """Answered, in per cent of those that arrived."""
    answered, arrived = _messages("answered"), _messages(*ARRIVED)
    per_cent = func.round(answered * Decimal(100) / func.nullif(arrived, 0), 2)
    return cast(func.coalesce(per_cent, Decimal("0.00")), Numeric(8, 2))


_RECIPIENTS = (
    select(func.coalesce(func.sum(CampaignRun.chosen), 0))
    .where(CampaignRun.campaign_id == Campaign.id)
    .scalar_subquery()
)

CAMPAIGNS: Listing[CampaignRead] = Listing(
    schema=CampaignRead,
    statement=select(
        Campaign.id,
        Campaign.name,
        Campaign.description,
        Campaign.type,
        Campaign.target_audience,
        Campaign.segment_criteria,
        Campaign.channels,
        Campaign.message_template,
        Campaign.texts,
        Campaign.control_percent,
        Campaign.goal,
        Campaign.goal_days,
        Campaign.repeat_after_days,
        Campaign.status,
        Campaign.status_note,
        Campaign.scheduled_date,
        Campaign.start_date,
        Campaign.end_date,
        cast(_RECIPIENTS, Campaign.id.type).label("total_recipients"),
        _messages(*HANDED_OVER).label("messages_sent"),
        _messages(*ARRIVED).label("messages_delivered"),
        _messages("read").label("messages_read"),
        _response_rate().label("response_rate"),
        Campaign.created_by,
        Campaign.created_by_name,
        Campaign.submitted_at,
        Campaign.approved_by,
        Campaign.approved_by_name,
        Campaign.approved_at,
        Campaign.version,
        Campaign.created_at,
        Campaign.updated_at,
    ),
    filters={
        "status": Campaign.status == bindparam("status"),
        "type": Campaign.type == bindparam("type"),
    },
    orders={"newest": Order((Campaign.id,))},
    key=Campaign.id,
    noun="Campaign",
)


def list_campaigns(filters: CampaignFilter) -> Read[CampaignRead]:
    """Campaigns, newest first."""
    return CAMPAIGNS.read(filters)


def get_campaign(session: Session, campaign_id: int) -> CampaignRead:
    """One campaign; ``NotFound`` where there is none."""
    return CAMPAIGNS.one(session, campaign_id)


def written(campaign: CampaignRead) -> CampaignCreate:
    """A campaign as its drafter wrote it: what a form shows and a preview takes.

    Raises:
        Invalid: it was saved before a rule that it breaks; it is cancelled and drafted anew.
    """
    fields = set(CampaignCreate.model_fields)
    kept = campaign.model_dump(include=fields)
    try:
        return CampaignCreate.model_validate({k: v for k, v in kept.items() if v is not None})
    except ValidationError as error:
        problems = problems_of(error)
        raise Invalid(
            f"This campaign is not sent any more, draft it anew: {problems[0].message}", problems
        ) from error


def runs_of(session: Session, campaign_id: int, *, limit: int = 30) -> list[RunRead]:
    """The launch; of an open campaign its latest days, the newest first."""
    found = session.scalars(
        select(CampaignRun)
        .where(CampaignRun.campaign_id == campaign_id)
        .order_by(CampaignRun.id.desc())
        .limit(limit)
    )
    return [RunRead.model_validate(run) for run in found]


def names_of(session: Session, campaign_ids: Sequence[int]) -> dict[int, str]:
    """Names for labels, such as those of the messages' list."""
    found = session.execute(
        select(Campaign.id, Campaign.name).where(Campaign.id == func.any(list(campaign_ids)))
    )
    return {row[0]: row[1] for row in found}


def list_size(session: Session, campaign_id: int) -> int:
    """How many patients the uploaded list of a campaign holds, each once."""
    people = listed(campaign_id).distinct().subquery()
    return session.execute(select(func.count()).select_from(people)).scalar_one()
