"""How messages fare: figures, channels, and sending again what failed."""

from typing import Annotated

from fastapi import APIRouter, Path

from crm_core.api.deps import CurrentActor, Db, ReadDb, needs
from crm_core.api.responses import Done, Envelope
from crm_core.api.route import Route
from crm_core.base.preflight import Plan, Receipt
from crm_core.base.words import RecordId
from crm_core.insights.communications import CommunicationRow, get_logged
from crm_core.messaging import service
from crm_core.messaging.figures import queries
from crm_core.messaging.figures.schemas import ChannelHealth, CommunicationStats
from crm_core.messaging.schemas import Channel, ChannelPause, MessageSettlement
from crm_core.payouts.schemas import Commit, Selection
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/communications",
    tags=["Communications"],
    route_class=Route,
    dependencies=[needs(Permission.MESSAGES_READ)],
)


class SettlementPlan(Selection):
    """Messages in doubt, and what somebody found out about them."""

    settlement: MessageSettlement


class SettlementCommit(Commit):
    """The same, with the fingerprint of the plan that was looked at."""

    settlement: MessageSettlement


@router.get("/stats")
def communication_stats(db: ReadDb) -> Envelope[CommunicationStats]:
    """The last thirty days in all and by channel; what waits, and what is in doubt."""
    return Envelope(data=queries.communication_stats(db))


@router.get("/channels")
def list_channels(db: ReadDb) -> Envelope[list[ChannelHealth]]:
    """Who serves each channel, whether it sends at present, and how much waits for it."""
    return Envelope(data=queries.channel_states(db))


@router.post("/plan-resend")
def plan_resend(db: ReadDb, actor: CurrentActor, data: Selection) -> Envelope[Plan]:
    """What sending these again would do, one verdict a message; sends nothing."""
    return Envelope(data=service.plan_resend(db, data.ids, actor=actor))


@router.post("/commit-resend")
def commit_resend(db: Db, actor: CurrentActor, data: Commit) -> Done[Receipt]:
    """Sends again what the plan showed and has not changed since."""
    receipt = service.commit_resend(db, data.fingerprint, data.ids, actor=actor)
    return Done(message=f"{receipt.changed:,} sent again", data=receipt)


@router.post("/plan-settlement")
def plan_settlement(db: ReadDb, actor: CurrentActor, data: SettlementPlan) -> Envelope[Plan]:
    """Which of these are unknown and would be settled so; changes nothing."""
    return Envelope(data=service.plan_settle(db, data.ids, data.settlement, actor=actor))


@router.post("/commit-settlement")
def commit_settlement(db: Db, actor: CurrentActor, data: SettlementCommit) -> Done[Receipt]:
    """Writes down what somebody found out about messages in doubt."""
    receipt = service.commit_settle(db, data.fingerprint, data.ids, data.settlement, actor=actor)
    return Done(message=f"{receipt.changed:,} settled", data=receipt)


@router.post("/channels/{channel}/pause")
def pause_channel(
    db: Db, actor: CurrentActor, channel: Channel, data: ChannelPause
) -> Done[ChannelHealth]:
    """Sends nothing by this channel until somebody resumes it."""
    service.pause_channel(db, channel, data, actor=actor)
    return Done(message="Channel paused", data=queries.channel_state(db, channel))


@router.post("/channels/{channel}/resume")
def resume_channel(db: Db, actor: CurrentActor, channel: Channel) -> Done[ChannelHealth]:
    """Sends by this channel again."""
    service.resume_channel(db, channel, actor=actor)
    return Done(message="Channel resumed", data=queries.channel_state(db, channel))


@router.post("/{message_id}/resend")
def resend_message(
    db: Db, actor: CurrentActor, message_id: Annotated[RecordId, Path()]
) -> Done[CommunicationRow]:
    """Sends one message again: a new message with the same text."""
    sent = service.resend_message(db, message_id, actor=actor)
    return Done(message="Message queued again", data=get_logged(db, sent.id))
