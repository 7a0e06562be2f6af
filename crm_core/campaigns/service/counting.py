"""What a campaign's figures are told by its commands; the rest the log itself tells them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert
from sqlalchemy.orm import Session

from crm_core.campaigns.models import CampaignCountChange
from crm_core.messaging.schemas import Channel, MessageStatus

Line = tuple[Channel, MessageStatus, str, int]
"""Channel, status and reason of so many messages more, or fewer."""


def add_lines(session: Session, campaign_id: int, lines: Sequence[Line]) -> None:
    """Messages that have no row yet, or never will, are counted by these lines."""
    rows = [
        {
            "campaign_id": campaign_id,
            "channel": channel.value,
            "status": status.value,
            "reason": reason,
            "messages": messages,
            "parts": 0,
            "cost": 0,
        }
        for channel, status, reason, messages in lines
    ]
    if rows:
        session.execute(insert(CampaignCountChange), rows)


def skip_unwritten(
    session: Session,
    campaign_id: int,
    unwritten: Mapping[tuple[Channel, MessageStatus], int],
    *,
    reason: str,
) -> None:
    """Messages that waited and never will be written count as skipped."""
    for (channel, waited), messages in unwritten.items():
        add_lines(
            session,
            campaign_id,
            [
                (channel, waited, "", -messages),
                (channel, MessageStatus.SKIPPED, reason, messages),
            ],
        )
