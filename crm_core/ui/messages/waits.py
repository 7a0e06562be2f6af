"""What of messages waits for the person who opens the home page."""

from sqlalchemy.orm import Session

from crm_core.messaging.figures import queries
from crm_core.messaging.replies import ReplyFilter, list_replies
from crm_core.messaging.schemas import ChannelState
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.formatting import counted
from crm_core.ui.messages.words import ALL_CHANNELS, PAGE
from crm_core.ui.needs import Need
from crm_core.ui.page import load


def needs_of(actor: Actor) -> list[Need]:
    """Replies for those who write to people; for who keeps the channels what does not go out."""
    with load() as session:
        return [
            *(_replies(session) if actor.may(Permission.MESSAGES_SEND) else []),
            *(_channels(session) if actor.may(Permission.MESSAGES_MANAGE) else []),
        ]


def _replies(session: Session) -> list[Need]:
    waiting = list_replies(ReplyFilter(open=True, limit=1)).page(session).total
    if not waiting:
        return []
    told = f"{counted(waiting, 'reply', 'replies')} that no rule could answer"
    return [Need(told, ":material/reply:", PAGE, {"tab": "replies"})]


def _channels(session: Session) -> list[Need]:
    opens = {"tab": "channels"}
    return [
        Need(f"{ALL_CHANNELS[each.channel]} does not go out", ":material/error:", PAGE, opens)
        for each in queries.channel_states(session)
        if each.state is not ChannelState.CLOSED
    ]
