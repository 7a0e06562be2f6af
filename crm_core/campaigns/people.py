"""The people of an audience, one by one: how they would fare before a launch, and did after it."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    FromClause,
    String,
    Text,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from crm_core.base.read import Listing, Order, Read
from crm_core.campaigns.audiences import Brief, brief_of
from crm_core.campaigns.deciding import decided_table
from crm_core.campaigns.models import (
    FATE,
    Campaign,
    CampaignConversion,
    CampaignRecipient,
    CampaignRun,
)
from crm_core.campaigns.queries import get_campaign, runs_of, written
from crm_core.campaigns.schemas import (
    CampaignRead,
    Fate,
    RecipientFilter,
    RecipientRead,
    TargetAudience,
)
from crm_core.campaigns.segments.health import require_choice
from crm_core.messaging.models import CHANNEL, RECIPIENT, UNWRITTEN, Communication
from crm_core.messaging.schemas import Channel, RecipientType
from crm_core.owners.models import Owner
from crm_core.patients.models import Patient
from crm_core.people.schemas import Actor, Permission


def list_recipients(
    session: Session, campaign_id: int, filters: RecipientFilter, *, actor: Actor
) -> Read[RecipientRead]:
    """The people of a campaign's audience; of one that is still to be launched, as they would fare
    now. One that was cancelled before has none.

    Raises:
        Forbidden: they are chosen by health, and the actor may not see whom.
    """
    actor.require(Permission.CAMPAIGNS_READ)
    campaign = get_campaign(session, campaign_id)
    draft = written(campaign)
    require_choice(session, draft.segment_criteria, actor=actor)
    if campaign.status.editable:
        return planned_people(brief_of(draft, campaign_id=campaign_id)).read(filters)
    wanted: dict[str, int] = {"campaign_id": campaign_id}
    latest = runs_of(session, campaign_id, limit=1)
    if latest and filters.run_id is None and filters.person_id is None:
        # One run's people lie in the order of the list; those of all runs would have to be sorted.
        wanted["run_id"] = latest[0].id
    return RECIPIENTS.read(filters.model_copy(update=wanted))


def person_of_code(session: Session, campaign: CampaignRead, code: str) -> int | None:
    """The patient with this code, or the owner where the campaign is for owners."""
    owners = campaign.target_audience is TargetAudience.ALL_OWNERS
    person = (Owner.id, Owner.owner_code) if owners else (Patient.id, Patient.patient_code)
    return session.scalars(select(person[0]).where(person[1] == code.upper())).one_or_none()


def planned_people(brief: Brief) -> Listing[RecipientRead]:
    """How everybody would fare if the campaign were launched now, by the same statement."""
    people = decided_table(brief)
    person = people.c.person_id
    channels = [channel.value for channel in brief.campaign.channels]
    return _listing(
        people,
        columns=[
            null().cast(BigInteger).label("run_id"),
            literal(brief.recipient_type.value, String).label("recipient_type"),
            *_named(literal(brief.recipient_type is RecipientType.OWNER, Boolean), person),
            people.c.outcome,
            _channels({channel: people.c[channel] for channel in channels}, None),
            literal(False, Boolean).label("converted"),
        ],
        order=Order([person], descending=False),
    )


def _named(owners: ColumnElement[bool], person: Any) -> list[ColumnElement[Any]]:
    """Code and name of the person, looked up for the rows of the page alone."""
    found: list[ColumnElement[Any]] = []
    for label, patient, owner in (
        ("code", Patient.patient_code, Owner.owner_code),
        (
            "name",
            Patient.first_name + " " + Patient.last_name,
            Owner.first_name + " " + Owner.last_name,
        ),
    ):
        of_patient = select(patient).where(Patient.id == person).scalar_subquery()
        of_owner = select(owner).where(Owner.id == person).scalar_subquery()
        found.append(case((owners, of_owner), else_=of_patient).label(label))
    return found


def _channels(fates: dict[str, Any], campaign_id: Any | None) -> ColumnElement[Any]:
    """Each channel's fate, with its message, or where there will be one, how it waits."""
    pairs: list[Any] = []
    for channel, fate in fates.items():
        pairs += [literal(channel, Text), cast(fate, Text)]
    given = func.jsonb_each_text(func.jsonb_strip_nulls(func.jsonb_build_object(*pairs)))
    each = given.table_valued(column("key", Text), column("value", Text)).alias("each")
    outcome: Any = func.jsonb_build_object(literal("fate", Text), each.c.value)
    if campaign_id is not None:
        outcome = outcome.op("||")(_message(each, campaign_id))
    merged = select(func.jsonb_object_agg(each.c.key, outcome)).select_from(each).scalar_subquery()
    return func.coalesce(merged, literal("{}", Text).cast(JSONB)).label("channels")


def _message(each: FromClause, campaign_id: Any) -> ColumnElement[Any]:
    """The latest message of this campaign to the person on the channel, as an object."""
    taken = CampaignRecipient.c
    found = (
        select(
            func.jsonb_build_object(
                literal("message_id", Text),
                Communication.id,
                literal("status", Text),
                Communication.status,
                literal("reason", Text),
                Communication.reason,
            )
        )
        .where(
            Communication.recipient_type == cast(_kind(), RECIPIENT),
            Communication.recipient_id == taken.person_id,
            Communication.campaign_id == campaign_id,
            cast(Communication.channel, Text) == each.c.key,
        )
        .order_by(Communication.id.desc())
        .limit(1)
        .correlate_except(Communication)
        .scalar_subquery()
    )
    return func.coalesce(found, _unwritten(each), literal("{}", Text).cast(JSONB))


def _unwritten(each: FromClause) -> ColumnElement[Any]:
    """How a message waits, or what ended it, that no worker has taken up to write it."""
    person, batch = CampaignRecipient.c, UNWRITTEN.c
    return (
        select(
            func.jsonb_build_object(
                literal("status", Text), batch.status, literal("reason", Text), batch.reason
            )
        )
        .where(
            each.c.value == Fate.QUEUED.value,
            batch.run_id == person.run_id,
            batch.channel == cast(each.c.key, CHANNEL),
            batch.first_person <= person.person_id,
            batch.last_person >= person.person_id,
        )
        .order_by(batch.first_person.desc())
        .limit(1)
        .correlate_except(UNWRITTEN)
        .scalar_subquery()
    )


def _kind() -> ColumnElement[str]:
    owners = Campaign.target_audience == TargetAudience.ALL_OWNERS.value
    return case((owners, literal("owner", String)), else_=literal("patient", String))


def _listing(
    people: FromClause, *, columns: list[Any], order: Order, **more: ColumnElement[bool]
) -> Listing[RecipientRead]:
    person = people.c.person_id
    return Listing(
        schema=RecipientRead,
        statement=select(person.label("id"), *columns).select_from(people),
        filters={
            "outcome": people.c.outcome == bindparam("outcome", type_=FATE),
            "person_id": person == bindparam("person_id", type_=BigInteger),
            **more,
        },
        orders={"people": order},
        key=person,
        noun="Recipient",
    )


def _recipients() -> Listing[RecipientRead]:
    taken = CampaignRecipient
    joined = taken.join(CampaignRun, CampaignRun.id == taken.c.run_id).join(
        Campaign, Campaign.id == CampaignRun.campaign_id
    )
    converted = exists(literal(1)).where(
        CampaignConversion.c.run_id == taken.c.run_id,
        CampaignConversion.c.person_id == taken.c.person_id,
    )
    fates = {channel.value: taken.c[channel.value] for channel in Channel}
    owners = Campaign.target_audience == TargetAudience.ALL_OWNERS.value
    listing = _listing(
        taken,
        columns=[
            taken.c.run_id,
            _kind().label("recipient_type"),
            *_named(owners, taken.c.person_id),
            taken.c.outcome,
            _channels(fates, Campaign.id),
            converted.label("converted"),
        ],
        order=Order([taken.c.run_id, taken.c.person_id]),
        campaign_id=CampaignRun.campaign_id == bindparam("campaign_id", type_=BigInteger),
        run_id=taken.c.run_id == bindparam("run_id", type_=BigInteger),
    )
    listing.statement = listing.statement.select_from(joined)
    return listing


RECIPIENTS: Listing[RecipientRead] = _recipients()
"""What was decided about each person when a campaign was launched, and what came of it."""
